"""A freed slot is offered to the waiting list (P43, P44, P46, ruling 14)."""

from pathlib import Path

import pytest

from adapters.base import NOTHING_KNOWN, Permanent
from adapters.web.patients import What
from rules.telling.digest import plain
from sync.evaluate.brake import release
from sync.store import bookings
from sync.waiting import report
from sync.worker.daily_digest import todays
from tests.at_the_page import Patient as AtThePage
from tests.desk import LUC, MARIE, NEW, Desk, make_desk, moment
from tests.procedure.waiting import OFFERING, PAUL, ZOE, Phone, frees, phone_of, practice_that, titles

WAITS = "Liste d'attente"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Tuesday, nine o'clock; all of them are Dr Martin's patients."""
    return make_desk(tmp_path, OFFERING, [MARIE, LUC, ZOE, PAUL])


@pytest.fixture
def marie(desk: Desk) -> Phone:
    return phone_of(desk, MARIE)


@pytest.fixture
def zoe(desk: Desk) -> Phone:
    return phone_of(desk, ZOE)


def test_p44_a_freed_slot_goes_to_who_waits_and_both_are_told(desk: Desk, marie: Phone) -> None:
    waiting = desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    freed = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    freed.deletes()
    desk.waits(minutes=1)
    [offer] = marie.offers
    assert "un RDV se libère le mar. 01/12 à 10h avec le Dr Martin. Répondre avant 9h31 le 24/11 : https" in offer
    assert titles(desk) == ["Proposé : DUPONT M. jusqu'à 9 h 31", "DUPONT Marie – détartrage"]
    page = marie.sees()
    assert dict(page.offered)["Date et heure"] == "mardi 1er décembre 2026 à 10 h (heure de Paris)"
    assert dict(page.rows)["Date et heure"] == "mardi 15 décembre 2026 à 10 h (heure de Paris)"
    assert marie.presses(What.ACCEPT).pending
    desk.waits(minutes=1)
    desk.waits(minutes=1)
    assert desk.office.event(waiting.uid).start == moment("01/12 10:00")
    assert titles(desk) == ["DUPONT Marie – détartrage"]
    assert "RDV déplacé au mar. 01/12 à 10h" in marie.desk.sms(MARIE.mobile)[-1]
    assert "est annulé" in desk.sms(LUC.mobile)[-1]
    assert marie.sees().news == "C'est noté : ce rendez-vous est à vous."
    assert waiting.said("✓") == [
        "✓ Créneau de la liste d'attente, accepté par le patient, par lien, le 24/11 à 9 h 02.",
        "✓ N'est plus sur la liste d'attente : a accepté un créneau plus tôt.",
    ]
    waiting.retypes("")
    waiting.retypes(WAITS)
    assert "Sur la liste d'attente : ce rendez-vous reste, rien d'autre n'est réservé." in waiting.reads


def test_p44_p17_the_hour_in_the_title_of_the_appointment_held_keeps_nobody_from_an_offer(
    desk: Desk, marie: Phone
) -> None:
    waiting = desk.books("10h30 DUPONT Marie – détartrage", WAITS, at="15/12 10:30")
    frees(desk)
    marie.presses(What.ACCEPT)
    for _ in range(3):
        desk.waits(minutes=1)
    assert "RDV déplacé au mar. 01/12 à 10h" in marie.desk.sms(MARIE.mobile)[-1]
    assert not waiting.wrong


def test_p44_a_refusal_keeps_the_place_and_the_next_is_asked(desk: Desk, marie: Phone, zoe: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    desk.waits(days=1)
    desk.books("PETIT Zoé – détartrage", WAITS, at="16/12 10:00")
    frees(desk)
    assert (len(marie.offers), len(zoe.offers)) == (1, 0)
    said = marie.presses(What.REFUSE).news
    assert (
        said == "C'est noté : vous gardez votre place sur la liste. "
        "Votre rendez-vous du mardi 15 décembre à 10 h reste réservé."
    )
    desk.waits(minutes=1)
    assert (len(marie.offers), len(zoe.offers)) == (1, 1)
    assert titles(desk)[0].startswith("Proposé : PETIT Z. jusqu'à")
    zoe.presses(What.REFUSE)
    desk.waits(days=1)
    frees(desk, at="02/12 11:00")
    assert len(marie.offers) == 2


def test_p44_under_a_day_three_are_asked_and_the_second_is_faster(desk: Desk, marie: Phone, zoe: Phone) -> None:
    paul = phone_of(desk, PAUL)
    for day, name in ((15, "DUPONT Marie"), (16, "PETIT Zoé"), (17, "ROUX Paul")):
        desk.books(f"{name} – détartrage", WAITS, at=f"{day}/12 10:00")
    frees(desk, at="24/11 17:00")
    assert [len(one.offers) for one in (marie, zoe, paul)] == [1, 1, 1]
    zoe.presses(What.ACCEPT)
    said = "Ce créneau est déjà pris. Votre rendez-vous du mardi 15 décembre à 10 h reste réservé. "
    assert marie.presses(What.ACCEPT).news == f"{said}Vous gardez votre place sur la liste."
    desk.waits(minutes=1)
    desk.waits(minutes=1)
    assert "PETIT Zoé – détartrage" in titles(desk)[0]
    assert not [title for title in titles(desk) if title.startswith("Proposé")]
    assert paul.sees().may == (What.NO_MORE,)


def test_p44_silence_twice_pauses_and_asks_once_whether_it_still_stands(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk)
    desk.waits(minutes=31)
    assert marie.sees().news.startswith("Le délai de réponse est passé.")
    desk.waits(days=1)
    frees(desk, at="02/12 11:00")
    assert len(marie.offers) == 2
    desk.waits(minutes=31)
    desk.waits(minutes=1)
    assert "souhaitez-vous toujours avancer votre RDV avec le Dr Martin ?" in marie.offers[-1]
    assert len(marie.offers) == 3
    desk.waits(days=1)
    frees(desk, at="03/12 11:00")
    assert len(marie.offers) == 3
    assert marie.presses(What.ACCEPT).news == "C'est noté : vous restez sur la liste d'attente."
    desk.waits(days=1)
    frees(desk, at="04/12 11:00")
    assert len(marie.offers) == 4


def test_p44_who_does_not_say_that_they_still_wait_leaves_the_list(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="10/03/2027 10:00")
    desk.waits(days=90)
    desk.waits(days=1)
    assert len(marie.offers) == 1
    desk.waits(days=7)
    frees(desk, at="05/03/2027 10:00")
    assert len(marie.offers) == 1


def test_p44_whoever_wants_no_more_is_asked_no_more(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk)
    assert marie.presses(What.NO_MORE).news == "C'est noté : nous ne vous proposerons plus de créneau."
    desk.waits(days=1)
    assert "N'est plus sur la liste d'attente : ne veut plus de propositions." in event.reads
    event.adds("Commentaire : rappelle demain")
    frees(desk, at="02/12 11:00")
    assert len(marie.offers) == 1


def test_p44_at_night_nobody_is_written_to(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    desk.waits(hours=11, minutes=30)
    frees(desk)
    assert not marie.offers
    desk.waits(hours=11, minutes=29)
    assert len(marie.offers) == 1


def test_p44_an_appointment_booked_over_it_withdraws_the_offer(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk)
    desk.books("ROUX Paul – détartrage", at="01/12 10:00")
    said = "Ce créneau a été repris par le cabinet. Votre rendez-vous du mardi 15 décembre à 10 h reste réservé. "
    assert marie.sees().news == f"{said}Vous gardez votre place sur la liste."
    assert titles(desk) == ["ROUX Paul – détartrage", "DUPONT Marie – détartrage"]


@pytest.mark.parametrize("how", ["deleted", "moved", "renamed"])
def test_p44_whatever_she_does_to_the_proposal_withdraws_it(desk: Desk, marie: Phone, how: str) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk)
    calendar = desk.office.calendars["martin"]
    desk.waits(minutes=1)
    [ref] = [
        one.ref for page in calendar.changes(None, NOTHING_KNOWN) for one in page.resources if "propose" in one.ref
    ]
    body = calendar.get(ref)
    assert body is not None
    if how == "deleted":
        calendar.delete(ref)
    else:
        old, new = ("20261201T090000Z", "20261201T083000Z") if how == "moved" else ("Proposé : DUPONT M.", "non")
        calendar.put(ref, body.payload.replace(old.encode(), new.encode()))
    desk.waits(minutes=1)
    assert "repris par le cabinet" in marie.sees().news
    desk.waits(hours=2)
    assert len(marie.offers) == 1


def test_p44_a_slot_typed_without_list_is_not_offered(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk, text="sans liste")
    desk.waits(hours=2)
    assert not marie.offers


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("jamais le lundi", "Sur la liste d'attente (tous les jours, sauf lundi)"),
        ("la semaine prochaine", "Gardé comme commentaire : « la semaine prochaine »"),
        ("dès que possible", "Sur la liste d'attente :"),
    ],
)
def test_p44_a_wish_is_kept_to_or_said_to_be_no_wish(desk: Desk, typed: str, read: str) -> None:
    event = desk.books("DUPONT Marie – détartrage", f"{WAITS} : {typed}", at="15/12 10:00")
    assert read in " ".join(event.said("✓"))
    assert "Sur la liste d'attente" in " ".join(event.said("✓"))


def test_p44_only_whom_it_fits(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente : jeudi", at="15/12 10:00")
    desk.books("PETIT Zoé – couronne", WAITS, at="16/12 10:00", minutes=60)
    desk.books("ROUX Paul – détartrage", WAITS, at="03/12 10:00")
    for at in ("01/12 9:30", "01/12 10:30"):
        desk.books("Réunion", at=at)
    frees(desk)
    assert why(desk) == {
        "DUPONT Marie": "souhaite jeudi",
        "PETIT Zoé": "il faut 1 h, 30 min sont libres",
        "ROUX Paul": "son rendez-vous est le jeudi 3 décembre à 10 h, gain de moins de 3 jours",
    }
    desk.waits(hours=2)
    assert not [text for text in desk.sms() if "se libère" in text]


def test_p44_the_whole_gap_is_offered_not_the_old_event(desk: Desk, zoe: Phone) -> None:
    desk.books("PETIT Zoé – couronne", WAITS, at="16/12 10:00", minutes=60)
    desk.books("Réunion", at="01/12 9:00", minutes=30)
    frees(desk)
    assert "à 10h" in zoe.offers[0]


def why(desk: Desk) -> dict[str, str]:
    """Why the last freed slot is not for each who waits."""
    with desk.office.world.store.read() as tx:
        [luc] = bookings.with_uid(tx, f"e{desk.typed}", "", desk.office.world.practice.zone)
        return dict(report.freed_by(desk.office.world, tx, luc.id)[-1].others)


def test_p44_p49_another_dentist_only_with_an_agreement_for_this_booking(desk: Desk, marie: Phone, zoe: Phone) -> None:
    agreed = "Liste d'attente\nAccord patient : oui (tél. 20/11)"
    desk.books("DUPONT Marie – détartrage", agreed, at="15/12 10:00", dentist="bernard")
    desk.books("PETIT Zoé – détartrage", WAITS, at="16/12 10:00")
    consent = "Accord patient : oui (tél. 19/11)"
    event = desk.books("MOREAU Luc – détartrage", consent, at="01/12 10:00", dentist="bernard")
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)
    assert (len(marie.offers), len(zoe.offers)) == (1, 0)


def test_p44_who_asks_on_the_page_joins_the_list(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", at="15/12 10:00")
    AtThePage(desk).does(What.WAIT, jour=("mar",), moment=("matin",))
    desk.waits(minutes=1)
    assert "Cherche un autre créneau" in event.reads
    frees(desk, at="02/12 10:00")
    assert not marie.offers
    frees(desk)
    assert len(marie.offers) == 1
    marie.presses(What.NO_MORE)
    desk.waits(minutes=1)
    assert "Cherche un autre créneau" not in event.reads


def test_p44_an_urgency_comes_first(desk: Desk, marie: Phone, zoe: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    desk.waits(days=1)
    desk.books("PETIT Zoé – douleur", WAITS, at="16/12 10:00", minutes=20)
    frees(desk)
    assert (len(marie.offers), len(zoe.offers)) == (0, 1)


def test_p44_what_an_accepted_offer_gives_up_is_offered_on(desk: Desk, marie: Phone, zoe: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    desk.waits(days=1)
    desk.books("PETIT Zoé – détartrage", WAITS, at="22/12 10:00")
    frees(desk)
    marie.presses(What.ACCEPT)
    for _ in range(3):
        desk.waits(minutes=1)
    assert "15/12 à 10h" in zoe.offers[0]
    zoe.presses(What.ACCEPT)
    for _ in range(3):
        desk.waits(minutes=1)
    assert titles(desk) == ["DUPONT Marie – détartrage", "PETIT Zoé – détartrage"]


def test_p44_too_near_for_a_message_whom_to_call_stands_in_its_place(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk, at="24/11 10:00")
    assert not marie.offers
    assert titles(desk) == ["Libre, à proposer par téléphone : 1 patient", "DUPONT Marie – détartrage"]
    assert not [text for text in desk.sms(MARIE.mobile) if "se libère" in text]
    desk.books("ROUX Paul – détartrage", at="24/11 10:00")
    desk.waits(minutes=1)
    assert titles(desk) == ["ROUX Paul – détartrage", "DUPONT Marie – détartrage"]


def test_p44_the_digest_says_whom_to_call_and_how_offers_ended(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk)
    marie.presses(What.ACCEPT)
    for _ in range(3):
        desk.waits(minutes=1)
    desk.waits(hours=22)
    event = desk.books("MOREAU Luc – détartrage", at="25/11 8:30")
    desk.books("PETIT Zoé – détartrage", WAITS, at="17/12 10:00")
    event.deletes()
    desk.waits(minutes=1)
    letter = todays(desk.office.world)
    assert letter is not None
    assert "- mardi 1er décembre à 10 h, Dr Claire Martin : accepté" in plain(letter)
    assert "    Appelez PETIT Zoé au 06 45 67 89 01." in plain(letter)


def test_p44_two_rounds_deep_and_no_deeper(desk: Desk, marie: Phone, zoe: Phone) -> None:
    paul, luc = phone_of(desk, PAUL), phone_of(desk, LUC)
    for day, name in ((15, "DUPONT Marie"), (22, "PETIT Zoé"), (29, "ROUX Paul")):
        desk.books(f"{name} – détartrage", WAITS, at=f"{day}/12 10:00")
        desk.waits(days=1)
    desk.books("MOREAU Luc – contrôle", WAITS, at="05/01/2027 10:00", minutes=20)
    event = desk.books("GRAND Éva – détartrage", NEW, at="01/12 10:00")
    desk.waits(minutes=1)
    event.deletes()
    for phone in (marie, zoe, paul):
        desk.waits(minutes=1)
        phone.presses(What.ACCEPT)
        desk.waits(minutes=1)
    for _ in range(4):
        desk.waits(minutes=1)
    assert not luc.offers
    assert "Libre, à proposer par téléphone : 1 patient" in titles(desk)


def test_p44_all_at_once_and_a_days_cap(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, practice_that(at_once=True, per_day=3), [MARIE, LUC, ZOE, PAUL])
    for day, name in ((15, "DUPONT Marie"), (16, "PETIT Zoé")):
        desk.books(f"{name} – détartrage", WAITS, at=f"{day}/12 10:00")
    frees(desk)
    assert [len(phone_of(desk, one).offers) for one in (MARIE, ZOE)] == [1, 1]
    for day, name in ((17, "ROUX Paul"), (18, "MOREAU Luc")):
        desk.books(f"{name} – contrôle", WAITS, at=f"{day}/12 10:00", minutes=20)
    event = desk.books("GRAND Éva – détartrage", NEW, at="02/12 10:00")
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)
    assert [len(phone_of(desk, one).offers) for one in (PAUL, LUC)] == [1, 0]


def test_p44_l10_a_message_that_never_left_is_no_silence(desk: Desk, marie: Phone, zoe: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", f"{WAITS}\nSans e-mail : oui (aucun)", at="15/12 10:00")
    desk.waits(days=1)
    desk.books("PETIT Zoé – détartrage", WAITS, at="16/12 10:00")
    event = desk.books("MOREAU Luc – détartrage", "Sans mobile : oui (perdu)", at="01/12 10:00")
    desk.waits(minutes=1)
    desk.office.sms.fail(Permanent("Numéro inconnu."))
    event.deletes()
    desk.waits(minutes=1)
    assert not marie.offers
    desk.waits(minutes=31)
    assert len(zoe.offers) == 1
    zoe.presses(What.REFUSE)
    with desk.office.world.store.read() as tx:
        [mine] = [one for one in report.entries(desk.office.world, tx) if one.standing.name == "DUPONT Marie"]
    assert mine.silences == 0


def test_p44_l6_while_the_brake_holds_nothing_is_offered(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    others = [
        desk.books(f"{one} – détartrage", at=f"01/12 {10 + n}:00")
        for n, one in enumerate(("MOREAU Luc", "ROUX Paul", "PETIT Zoé"))
    ]
    desk.waits(minutes=1)
    for one in others:
        desk.office.calendars["martin"].delete(f"{one.uid}.ics")
    desk.waits(minutes=1)
    desk.waits(minutes=10)
    assert not marie.offers
    with desk.office.world.store.write() as tx:
        release(desk.office.world, tx, "memory:martin", desk.office.now)
    desk.waits(minutes=1)
    assert len(marie.offers) == 1
