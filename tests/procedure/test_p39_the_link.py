"""P39: the patient's link: which messages bear it, for how long it opens what, and for whom."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import Act, LinkTo, What
from sync.people.desk import PagesOfPatients
from sync.people.erase import erase
from sync.people.merge import merge, preview
from sync.store import links, patients
from tests.at_the_page import ONLINE, URL, Patient, secrets
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.typed import TITLE

MOBILE, MAIL = MARIE.mobile, MARIE.email


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont is known, and the practice has a page."""
    return make_desk(tmp_path, ONLINE, known=[MARIE])


def without_links(desk: Desk) -> list[str]:
    return [text for text in desk.sms() if "http" in text]


def test_p39_the_confirmation_bears_a_link_by_sms_and_by_mail(desk: Desk) -> None:
    desk.books(TITLE)
    [sms], [mail] = desk.sms(MOBILE), desk.mails(MAIL)
    [by_sms], [by_mail] = secrets(sms), set(secrets(mail))
    assert by_sms != by_mail
    assert (
        sms
        == (
            "Cabinet des Lilas : RDV confirmé le mardi 1er décembre à 10h avec le Dr Martin. "
            f"Modifier ou annuler : {URL}/r/{by_sms}"
        )
        or f"{URL}/r/{by_sms}" in sms
    )


def test_p39_only_a_hash_of_the_link_is_stored(desk: Desk) -> None:
    desk.books(TITLE)
    [secret] = secrets(desk.sms(MOBILE)[0])
    stored = desk.office.world.store.file.read_bytes()  # type: ignore[union-attr]
    assert secret.encode() not in stored


def test_p39_the_same_message_again_bears_the_same_link_and_a_later_one_too(desk: Desk) -> None:
    event = desk.books(TITLE)
    event.moves(at="02/12 11:00")
    first, second = desk.sms(MOBILE)
    assert secrets(first) == secrets(second)
    assert Patient(desk, first).sees().rows[0] == (
        "Date et heure", "mercredi 2 décembre 2026 à 11 h (heure de Paris)",
    )  # fmt: skip


def test_p39_the_link_dies_a_day_after_the_appointment(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    desk.waits(days=7, hours=2)
    assert marie.sees().title == "Rendez-vous passé"
    desk.waits(days=1)
    assert marie.pages.shown(LinkTo.APPOINTMENT, marie.secret) is None
    assert marie.pages.act(LinkTo.APPOINTMENT, marie.secret, Act(What.CALL, "")) is None


def test_p39_another_patient_in_the_event_and_the_link_leads_nowhere(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, ONLINE, known=[MARIE, LUC])
    event = desk.books(TITLE)
    marie = Patient(desk)
    event.retypes(title="MOREAU Luc – détartrage")
    assert marie.pages.shown(LinkTo.APPOINTMENT, marie.secret) is None
    assert Patient(desk, desk.sms(LUC.mobile)[-1]).sees().rows[2] == ("Patient", "Luc M.")


def test_p39_a_number_that_was_corrected_sees_nothing_any_more(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    event.adds("Mobile : 06 99 88 77 66")
    assert marie.pages.shown(LinkTo.APPOINTMENT, marie.secret) is None


@pytest.mark.parametrize("secret", ["", "x", "\udcff" * 22, "é" * 22, "A" * 22, "A" * 5000, "../healthz"])
def test_p39_a_wrong_link_shows_nothing(desk: Desk, secret: str) -> None:
    desk.books(TITLE)
    pages = PagesOfPatients(desk.office.world, lambda: None)
    for to in LinkTo:
        assert pages.shown(to, secret) is None
        assert pages.act(to, secret, Act(What.CANCEL, "")) is None
    [right] = secrets(desk.sms(MOBILE)[0])
    assert pages.shown(LinkTo.OFFER, right) is None


def test_p39_without_an_address_there_are_no_links(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE])
    desk.books(TITLE)
    assert without_links(desk) == []
    assert desk.sms()


def test_p39_after_revoking_the_next_message_bears_another_link(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    with desk.office.world.store.write() as tx:
        assert links.revoke(tx, desk.office.now, booking=1) == 2
    assert marie.pages.shown(LinkTo.APPOINTMENT, marie.secret) is None
    event.moves(at="02/12 11:00")
    again = Patient(desk)
    assert again.secret != marie.secret
    assert again.sees().rows[0][1].startswith("mercredi 2 décembre")
    assert marie.pages.shown(LinkTo.APPOINTMENT, marie.secret) is None


def test_p39_a_merged_record_keeps_its_links(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    desk.knows(replace(MARIE, id=None, given_name="Marie-Anne", email=None, mobile=None))
    world = desk.office.world
    with world.store.write() as tx:
        first, second = (patients.get(tx, number) for number in (2, 1))
        assert first and second
        merge(tx, preview(tx, first, second, world.practice.zone), world.now(), world.practice.zone)
    desk.waits(seconds=5)
    assert marie.sees().rows[2] == ("Patient", "Marie-Anne D.")


def test_p39_the_link_of_an_erased_patient_leads_nowhere(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    world = desk.office.world
    with world.store.write() as tx:
        record = patients.get(tx, 1)
        assert record
        erase(world, tx, record)
    assert marie.pages.shown(LinkTo.APPOINTMENT, marie.secret) is None


def test_p39_two_people_with_one_telephone_each_see_their_own(tmp_path: Path) -> None:
    child = replace(MARIE, given_name="Léa", birth_date=date(2016, 5, 12), guardian="Mme Dupont", email=None)
    desk = make_desk(tmp_path, ONLINE, known=[MARIE, child])
    desk.books(TITLE)
    desk.books("DUPONT Léa – détartrage", "E-mail : lea@example.org", at="01/12 11:00")
    both = [Patient(desk, text) for text in desk.sms(MOBILE)]
    assert [one.sees().rows[2][1] for one in both] == ["Marie D.", "Léa D."]
    both[0].does(What.CANCEL)
    desk.waits(seconds=5)
    assert desk.office.calendars["martin"].get("e1.ics") is None
    assert desk.office.event("e2").start.hour == 11
    desk.waits(days=6)
    joint = [text for text in desk.sms(MOBILE) if "rappel" in text]
    assert all(not secrets(text) or "vos RDV" not in text for text in joint)


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_p39_fewer_messages_revive_no_link_to_a_corrected_address(tmp_path: Path, channel: str) -> None:
    wrong = replace(MARIE, mobile="+33699887766", email="dupond.marie@example.org")
    desk = make_desk(tmp_path, ONLINE, known=[wrong])
    event = desk.books(TITLE)
    sent = {"sms": desk.sms, "email": desk.mails}
    stranger = Patient(desk, secret_text(sent[channel](wrong.mobile if channel == "sms" else wrong.email)[0]))
    event.adds("Mobile : 06 12 34 56 78\nE-mail : marie.dupont@example.org")
    event.moves(at="02/12 11:00")
    marie = Patient(desk, secret_text(sent[channel](MOBILE if channel == "sms" else MAIL)[-1]))
    marie.does(What.FEWER, sans=(channel,))
    desk.waits(minutes=1)
    assert stranger.pages.shown(LinkTo.APPOINTMENT, stranger.secret) is None
    assert What.CANCEL in marie.sees().may


def secret_text(text: str) -> str:
    """The first address of a link in it: an e-mail bears it more than once."""
    return f"{URL}/r/{secrets(text)[0]}"
