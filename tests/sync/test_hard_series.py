"""Hard cases of series, identities and changed numbers, through the whole engine (docs/hard-cases.md E, G, H)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from sync.store import tables
from tests.office import COMPLETE, MORNING, PARIS, ics

if TYPE_CHECKING:
    from tests.sync.conftest import Office

MINUTE = timedelta(seconds=61)
TITLE = "DUPONT Marie – détartrage"


def start_of(day: int, hour: int = 10) -> datetime:
    return (MORNING + timedelta(days=day)).replace(hour=hour)


def series(uid: str, day: int, rule: str, *more: str, text: str = COMPLETE) -> bytes:
    """A weekly appointment; `more`: whole further events of the object."""
    whole = ics(uid, TITLE, start_of(day), 30, text, f"RRULE:{rule}").decode()
    return whole.replace("END:VCALENDAR", "".join(more) + "END:VCALENDAR").encode()


def exception(uid: str, day: int, new_hour: int, *, rule: str = "", text: str = COMPLETE) -> str:
    """One occurrence of the series, at another hour."""
    stamp = f"RECURRENCE-ID;TZID=Europe/Paris:{start_of(day):%Y%m%dT%H%M%S}"
    extra = f"{stamp}\r\nRRULE:{rule}" if rule else stamp
    whole = ics(uid, TITLE, start_of(day, new_hour), 30, text, extra).decode()
    return "BEGIN:VEVENT" + whole.partition("BEGIN:VEVENT")[2].partition("END:VCALENDAR")[0]


def starts(office: "Office") -> list[datetime]:
    """When the bookings that stand begin."""
    b = tables.booking.c
    with office.world.store.read() as tx:
        found = tx.connection.execute(select(b.start).where(b.vanished_at.is_(None))).scalars()
        return sorted(moment.astimezone(PARIS) for moment in found)


def test_e10_a_rule_inside_an_exception_makes_no_second_series(office: "Office") -> None:
    odd = exception("e0", 14, 16, rule="FREQ=DAILY;COUNT=20")
    office.calendars["martin"].put("e0.ics", series("e0", 7, "FREQ=WEEKLY;COUNT=3", odd))
    office.passes()
    assert starts(office) == [start_of(7), start_of(14, 16), start_of(21)]
    assert office.told("confirmation") == ["sent"] * 3


def test_e15_a_whole_series_deleted_tells_each_coming_visit_once_and_no_past_one(office: "Office") -> None:
    office.calendars["martin"].put("e0.ics", series("e0", 1, "FREQ=WEEKLY;COUNT=3"))
    office.passes()
    assert office.told("confirmation") == ["sent"] * 3
    office.passes(later=timedelta(days=3))
    office.calendars["martin"].delete("e0.ics")
    for _ in range(4):
        office.passes(later=MINUTE)
    assert office.told("cancellation") == ["sent"] * 2


def test_e15_a_long_series_deleted_is_one_event_to_the_brake(office: "Office") -> None:
    office.calendars["martin"].put("e0.ics", series("e0", 1, "FREQ=WEEKLY;COUNT=12"))
    office.passes()
    office.calendars["martin"].delete("e0.ics")
    for _ in range(4):
        office.passes(later=MINUTE)
    assert office.told("cancellation") == ["sent"] * 12
    assert len(office.sms.sent) == 2  # told in one message, taken back in one
    assert not any("retenues" in subject for subject in office.to_practice())


def test_g06_one_uid_twice_in_a_calendar_is_two_appointments_and_none_overwrites_the_other(office: "Office") -> None:
    office.calendars["martin"].put("a.ics", ics("same", TITLE, start_of(7), 30, COMPLETE))
    office.passes()
    known = "Né(e) le : 12/05/1981"
    office.calendars["martin"].put("b.ics", ics("same", TITLE, start_of(9), 30, known))
    for _ in range(3):
        office.passes(later=MINUTE)
    assert starts(office) == [start_of(7), start_of(9)]
    assert office.told("cancellation") == []
    assert office.told("confirmation") == ["sent", "sent"]
    assert "a déjà un rendez-vous pour ce motif" in office.block("b")
    office.calendars["martin"].delete("b.ics")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert starts(office) == [start_of(7)]
    assert office.told("cancellation") == ["sent"]


def test_h10_a_new_mobile_after_the_confirmation_gets_the_reminder_and_the_old_one_nothing(office: "Office") -> None:
    office.she_books("e0")
    office.passes()
    office.she_books("e0", text=COMPLETE.replace("06 12 34 56 78", "06 98 76 54 32"))
    for _ in range(3):
        office.passes(later=MINUTE)
    office.passes(later=timedelta(days=6, hours=2))
    first, *later = [message.to for message in office.sms.sent]
    assert (first, set(later)) == ("+33612345678", {"+33698765432"})
    assert office.told("reminder") == ["sent"]
    assert office.told("modification") == []


def test_e16_a_series_and_its_exception_in_two_resources_are_one_series(office: "Office") -> None:
    """Bedework keeps them apart: the exception replaces its occurrence, it does not stand beside it."""
    alone = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//client//FR\r\n" + exception("e0", 14, 16).encode()
    office.calendars["martin"].put("e0.ics", series("e0", 7, "FREQ=WEEKLY;COUNT=3"))
    office.calendars["martin"].put("e0-1.ics", alone + b"END:VCALENDAR\r\n")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert starts(office) == [start_of(7), start_of(14, 16), start_of(21)]
    assert len(office.told("confirmation")) == 3


def test_e16_an_exception_that_comes_later_moves_the_visit(office: "Office") -> None:
    office.calendars["martin"].put("e0.ics", series("e0", 7, "FREQ=WEEKLY;COUNT=3"))
    office.passes()
    alone = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//client//FR\r\n" + exception("e0", 14, 16).encode()
    office.calendars["martin"].put("e0-1.ics", alone + b"END:VCALENDAR\r\n")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert starts(office) == [start_of(7), start_of(14, 16), start_of(21)]
    assert (office.told("modification"), office.told("cancellation")) == (["sent"], [])
    office.calendars["martin"].delete("e0-1.ics")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert starts(office) == [start_of(7), start_of(14), start_of(21)]
