"""One reminder for all appointments of one address on one day: whatever is lost, late or killed (P41, ruling 6,
law L4)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Permanent, TryLater, Uncertain
from rules.model import Channel, Send
from sync.outbox import deliver, results
from sync.outbox import reminders as sweep
from sync.store import messages, notices
from sync.store.bookings import BookingRow

if TYPE_CHECKING:
    from tests.sync.conftest import Office

DAY_BEFORE = timedelta(days=2, hours=1, minutes=1)  # the stories begin on Tuesday at nine; the day is Friday
MINUTE = timedelta(minutes=1)
LUC = "03/02/2012"


def books(
    office: "Office", uid: str, name: str, hour: int, *, day: int = 3, dentist: str = "martin", **own: str
) -> None:
    from tests.sync.conftest import COMPLETE, MORNING, ics

    text = COMPLETE.replace("12/05/1981", own.get("born", "12/05/1981"))
    text = text.replace("marie@example.org", own.get("email", "marie@example.org"))
    text = text.replace("06 12 34 56 78", own.get("mobile", "06 12 34 56 78"))
    start = (MORNING + timedelta(days=day)).replace(hour=hour)
    office.calendars[dentist].put(f"{uid}.ics", ics(uid, f"{name} – détartrage", start, 30, text))


@pytest.fixture
def family(office: "Office") -> "Office":
    """Marie at ten, Luc at eleven with the other dentist; one phone, one mailbox; confirmed."""
    books(office, "a", "DUPONT Marie", 10)
    books(office, "b", "DUPONT Luc", 11, dentist="bernard", born=LUC)
    office.passes()
    assert office.told("confirmation") == ["sent", "sent"]
    return office


def reminders(office: "Office") -> list[str]:
    return [message.text for message in office.sms.sent if "rappel" in message.text]


def letters(office: "Office") -> list[Any]:
    return [message for message in office.email.sent if "Rappel" in message.subject]


def test_p41_two_of_a_family_are_named_with_hour_and_dentist_in_one_sms_and_one_letter(family: "Office") -> None:
    family.passes(later=DAY_BEFORE)
    family.passes(later=timedelta(hours=2))
    assert reminders(family) == [
        "Cabinet des Lilas : rappel de vos RDV du vendredi 27 novembre : DUPONT Marie à 10h avec le Dr Martin et "
        "DUPONT Luc à 11h avec le Dr Bernard. Tél. 01 43 00 00 00"
    ]
    (letter,) = letters(family)
    assert letter.subject == "Rappel de vos rendez-vous : vendredi 27 novembre 2026"
    assert "10 h : DUPONT Marie, Dr Claire Martin (Dentiste), Détartrage – première consultation, 30 min" in letter.text
    assert (
        "11 h : DUPONT Luc, Dr Paul Bernard (Orthodontiste), Détartrage – première consultation, 30 min" in letter.text
    )
    assert len(letter.attachments) == 2
    assert "SMS de rappel envoyé" in family.block("a")
    assert "SMS de rappel envoyé" in family.block("b", "bernard")


def test_p41_one_patient_twice_a_day_is_not_named_in_the_sms(office: "Office") -> None:
    books(office, "a", "DUPONT Marie", 10)
    books(office, "b", "DUPONT Marie", 15)
    office.passes()
    office.passes(later=DAY_BEFORE)
    office.passes(later=timedelta(hours=6))
    (text,) = reminders(office)
    assert "vendredi 27 novembre : 10h avec le Dr Martin et 15h avec le Dr Martin" in text
    assert "DUPONT" not in text


def test_p41_other_days_and_other_phones_stay_apart(office: "Office") -> None:
    books(office, "a", "DUPONT Marie", 10)
    books(office, "b", "DUPONT Luc", 11, born=LUC, mobile="06 12 34 56 79")
    books(office, "c", "DUPONT Zoé", 10, day=4, born="03/02/2014")
    office.passes()
    for _ in range(80):
        office.passes(later=timedelta(hours=1))
    assert len(reminders(office)) == 3
    assert sorted(len(letter.attachments) for letter in letters(office)) == [1, 2]  # one mailbox all the same


def test_p41_booked_after_the_reminder_went_it_waits_for_its_own_hour(office: "Office") -> None:
    books(office, "a", "DUPONT Marie", 10)
    office.passes()
    office.passes(later=DAY_BEFORE)
    books(office, "b", "DUPONT Luc", 16, dentist="bernard", born=LUC)
    office.passes(later=timedelta(hours=2))
    office.passes(later=MINUTE)
    assert len(reminders(office)) == 1
    office.passes(later=timedelta(hours=4))
    assert len(reminders(office)) == 2
    assert "16h" in reminders(office)[1]


def test_p41_cancelled_between_owing_and_sending_only_the_other_is_named(family: "Office") -> None:
    family.turned += DAY_BEFORE
    sweep.sweep(family.world)
    family.calendars["martin"].delete("a.ics")
    family.passes()
    assert len(reminders(family)) == 1
    assert "11h" in reminders(family)[0]
    assert "10h" not in reminders(family)[0]


@pytest.mark.parametrize("error", [TryLater("…"), Uncertain("…")])
def test_p41_l4_tried_again_it_is_still_one(family: "Office", error: Exception) -> None:
    family.sms.fail(error)
    family.passes(later=DAY_BEFORE)
    for _ in range(6):
        family.passes(later=timedelta(hours=1))
    assert len(reminders(family)) == 1
    assert family.told("reminder") == ["sent", "sent"]


def test_l4_an_answer_lost_after_the_gateway_took_it_repeats_the_same_key(family: "Office") -> None:
    family.sms.fail(Uncertain("…"), taken=True)
    family.passes(later=DAY_BEFORE)
    for _ in range(6):
        family.passes(later=timedelta(hours=1))
    assert len(reminders(family)) == 1
    assert family.told("reminder") == ["sent", "sent"]


def test_l4_cancelled_after_an_unclear_call_the_other_keeps_the_key(family: "Office") -> None:
    family.sms.fail(Uncertain("…"), taken=True)
    family.passes(later=DAY_BEFORE)
    family.calendars["martin"].delete("a.ics")
    for _ in range(6):
        family.passes(later=timedelta(hours=1))
    assert len(reminders(family)) == 1  # the gateway knows the key: nobody is reminded twice


def test_p41_refused_for_good_is_told_once_to_the_practice(family: "Office") -> None:
    family.sms.fail(Permanent("Numéro refusé."))
    family.passes(later=DAY_BEFORE)
    family.passes(later=timedelta(hours=2))
    assert family.told("reminder") == ["failed", "failed"]
    assert family.to_practice().count("attitre : SMS non remis") == 1


@pytest.mark.parametrize("where", ["_render", "_call", "after"])
def test_l4_killed_anywhere_nobody_is_reminded_twice(
    family: "Office", monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as kill:
        kill.setattr(results if where == "after" else deliver, "sent" if where == "after" else where, killed)
        with pytest.raises(KeyboardInterrupt):
            family.passes(later=DAY_BEFORE)
    for _ in range(6):
        family.passes(later=timedelta(hours=1))
    assert len(reminders(family)) == 1
    assert family.told("reminder") == ["sent", "sent"]


def test_p41_a_worker_that_was_down_reminds_of_what_is_still_useful(family: "Office") -> None:
    family.passes(later=timedelta(days=2, hours=22, minutes=45))  # Friday, 7.45: too late for ten, not for eleven
    assert len(reminders(family)) == 1
    assert "11h" in reminders(family)[0]
    assert "10h" not in reminders(family)[0]


# --- one bad thing stays one (law L10) --------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["reminders", "add"])
def test_l10_a_booking_that_cannot_be_planned_leaves_the_others_reminded(
    office: "Office", monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    books(office, "a", "DUPONT Marie", 10)
    books(office, "b", "DUPONT Luc", 10, dentist="bernard", born=LUC, mobile="06 12 34 56 79")
    office.passes()
    owner: Any = sweep if broken == "reminders" else messages
    works = getattr(owner, broken)

    def unlucky(*args: Any, **options: Any) -> Any:
        if any("DUPONT Marie" in repr(one) for one in args if isinstance(one, BookingRow | Send)):
            raise ValueError("DUPONT Marie")
        return works(*args, **options)

    monkeypatch.setattr(owner, broken, unlucky)
    office.passes(later=DAY_BEFORE)
    assert [one.to for one in office.sms.sent if "rappel" in one.text] == ["+33612345679"]


def test_l10_an_alert_that_cannot_be_sent_leaves_the_others_and_waits(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.world.store.write() as tx:
        for name in ("un", "deux"):
            notices.raise_once(tx, name, name, "…", office.now)
    send = office.email.__class__.send

    def unlucky(sender: Any, message: Any) -> str:
        if message.subject == "deux":
            raise ValueError("…")
        return send(sender, message)

    monkeypatch.setattr(office.email.__class__, "send", unlucky)
    office.passes()
    assert office.to_practice() == ["un"]
    monkeypatch.undo()
    office.passes(later=timedelta(hours=2))
    assert sorted(office.to_practice()) == ["deux", "un"]


@pytest.mark.parametrize("broken", ["held_count", "_answer"])
def test_l10_a_calendar_whose_brake_cannot_be_asked_leaves_the_other(
    office: "Office", monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from sync.annotate import brake_event

    for number in range(7):
        books(office, f"martin{number}", "DUPONT Marie", 10, day=7 + number)
        books(office, f"bernard{number}", "DUPONT Luc", 10, day=7 + number, dentist="bernard", born=LUC)
    office.passes()
    for dentist in ("martin", "bernard"):
        for number in range(7):
            office.calendars[dentist].delete(f"{dentist}{number}.ics")
    works = getattr(brake_event, broken)

    def unlucky(*args: Any) -> Any:
        if "memory:martin" in {one if isinstance(one, str) else getattr(one, "address", "") for one in args}:
            raise ValueError("…")
        return works(*args)

    monkeypatch.setattr(brake_event, broken, unlucky)
    office.passes()
    office.passes(later=MINUTE)
    shown = [ref for ref in office.calendars["bernard"]._held if ref.startswith("attitre-frein")]
    assert len(shown) == 1


def test_ruling_6_by_either_channel_alone(office: "Office") -> None:
    books(office, "a", "DUPONT Marie", 10)
    books(office, "b", "DUPONT Luc", 11, born=LUC, email="luc@example.org")
    office.passes()
    office.passes(later=DAY_BEFORE)
    office.passes(later=timedelta(hours=2))
    assert len(reminders(office)) == 1
    assert sorted(letter.to for letter in letters(office)) == ["luc@example.org", "marie@example.org"]
    with office.world.store.read() as tx:
        rows = messages.with_state(tx, "sent", zone=office.world.practice.zone)
    joined = {row.channel for row in rows if row.together}
    assert joined == {Channel.SMS}
    assert isinstance(rows[0].due_at, datetime)
