"""P27 and P48 with a series that goes on for years: visits that took place stay visits (docs/design.md#series)."""

from msgspec.structs import replace
from sqlalchemy import select

from sync.store import attendance, tables
from tests.desk import Desk, Event, moment
from tests.office import PARIS

TITLE = "DUPONT Marie – contrôle"
SIX_MONTHLY = "RRULE:FREQ=MONTHLY;INTERVAL=6;COUNT=4"
THREE_WEEKS = "RRULE:FREQ=WEEKLY;COUNT=3"


def seen_once(desk: Desk, rule: str = SIX_MONTHLY) -> Event:
    """Marie's series: its first visit took place forty days ago, and nobody typed how it ended."""
    event = desk.books(TITLE, at="26/11 10:00", minutes=20, extra=rule)
    desk.waits(days=42)
    return event


def visits(desk: Desk) -> int:
    """How many visits « attitre absences » counts beside the absences."""
    with desk.office.world.store.read() as tx:
        return attendance.visits(tx, moment("01/11 00:00"), desk.office.now).total()


def undecided(desk: Desk) -> list[str]:
    """The days of the appointments of which « attitre absences » asks how they ended."""
    with desk.office.world.store.read() as tx:
        endings = attendance.endings(tx, moment("01/11 00:00"), desk.office.now, PARIS)
    return [f"{one.start:%d/%m}" for one in endings if one.attendance == attendance.UNDECIDED]


def vanished(desk: Desk) -> int:
    """How many bookings were noted as vanished."""
    with desk.office.world.store.read() as tx:
        events = tx.connection.execute(select(tables.journal.c.event)).scalars()
        return list(events).count("vanished")


def test_e17_p27_a_visit_of_six_months_ago_is_known_when_the_series_is_edited(known: Desk) -> None:
    event = seen_once(known)
    event.adds("Suivi")
    assert event.wrong == []
    assert (visits(known), vanished(known)) == (1, 0)


def test_p27_a_visit_of_six_months_ago_is_known_after_the_whole_series_was_deleted(known: Desk) -> None:
    seen_once(known).deletes()
    known.waits(minutes=1)
    assert (visits(known), undecided(known)) == (1, [])
    assert known.books(TITLE, "Suivi", at="12/01/2027 10:00", minutes=20).wrong == []


def test_p27_the_first_visit_stays_one_after_its_event_became_a_series(known: Desk) -> None:
    event = known.books(TITLE, at="26/11 10:00", minutes=20)
    known.waits(days=42)
    event.extra = SIX_MONTHLY
    event.save()
    assert (visits(known), vanished(known)) == (1, 0)
    event.deletes()
    assert visits(known) == 1


def test_p37_a_new_appointment_of_the_same_motif_takes_no_past_visit_s_place(known: Desk) -> None:
    event = seen_once(known, THREE_WEEKS)
    policy = replace(known.office.world.practice.policy, settle_seconds=600)
    known.runs(replace(known.office.world.practice, policy=policy))
    told = len(known.sms())
    known.books(TITLE, at="12/01/2027 10:00", minutes=20)
    event.adds("Vient avec sa fille")
    known.waits(minutes=11)
    (confirmed,) = known.sms()[told:]
    assert "confirmé" in confirmed
    assert visits(known) == 3


def test_p48_a_past_visit_that_she_takes_out_of_the_series_is_asked_about(known: Desk) -> None:
    event = known.books(TITLE, at="26/11 10:00", minutes=20, extra=THREE_WEEKS)
    known.waits(days=20)
    event.extra = f"{THREE_WEEKS}\r\nEXDATE;TZID=Europe/Paris:20261203T100000"
    event.save()
    assert (visits(known), undecided(known)) == (2, ["03/12"])


def test_p48_of_a_deleted_series_each_visit_of_the_last_weeks_is_asked_about(known: Desk) -> None:
    event = seen_once(known, THREE_WEEKS)
    event.deletes()
    known.waits(minutes=1)
    assert (visits(known), undecided(known)) == (1, ["03/12", "10/12"])
