"""Objects with two events of one UID, without UID, or without a body: one resource's trouble, in the engine
(law L10)."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.office import COMPLETE, PARIS, ics
from tests.sync.test_hard_series import TITLE, start_of, starts

if TYPE_CHECKING:
    from tests.sync.conftest import Office

MINUTE = timedelta(seconds=61)


def booked(uid: str, day: int, *more: str) -> bytes:
    return ics(uid, TITLE, start_of(day), 30, COMPLETE, *more)


def both(one: bytes, other: bytes) -> bytes:
    """One object of two events."""
    event = b"BEGIN:VEVENT" + other.partition(b"BEGIN:VEVENT")[2].partition(b"END:VCALENDAR")[0]
    return one.replace(b"END:VCALENDAR", event + b"END:VCALENDAR")


def without_uid(payload: bytes) -> bytes:
    return b"".join(line for line in payload.splitlines(keepends=True) if not line.startswith(b"UID"))


ODD = {
    "one UID twice": both(booked("two", 8), booked("two", 10)),
    "no UID twice": without_uid(both(booked("two", 8), booked("two", 10))),
    "a series twice": both(booked("two", 8, "RRULE:FREQ=WEEKLY;COUNT=2"), booked("two", 8, "RRULE:FREQ=DAILY;COUNT=2")),
    "an empty body": b"",
    "a body of nothing": b"\r\n\r\n",
    "a start behind all dates": booked("far", 8).replace(f"{start_of(8):%Y%m%d}".encode(), b"99991231"),
}


@pytest.mark.parametrize("what", sorted(ODD))
def test_l10_an_odd_object_is_said_and_everybody_else_is_served(office: "Office", what: str) -> None:
    office.calendars["martin"].put("odd.ics", ODD[what])
    office.calendars["martin"].put("m.ics", booked("m", 7))
    office.calendars["bernard"].put("b.ics", booked("b", 9))
    for _ in range(2):
        office.passes(later=MINUTE)
    assert {start_of(7), start_of(9)} <= set(starts(office))
    assert any("événement n'a pas pu être lu" in subject for subject in office.to_practice())


def test_of_two_versions_only_the_newer_is_told(office: "Office") -> None:
    office.calendars["martin"].put("v.ics", both(booked("v", 8, "SEQUENCE:2"), booked("v", 10, "SEQUENCE:1")))
    office.passes()
    assert starts(office) == [start_of(8)]
    assert office.told("confirmation") == ["sent"]


def test_a_series_written_in_utc_is_booked_at_its_hours_and_not_on_its_deleted_day(office: "Office") -> None:
    """The clocks change between its first and its second visit."""
    rule = "RRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE:20270406T083000Z"
    written = ics("u", TITLE, datetime(2027, 3, 23, 9, 30, tzinfo=PARIS), 30, COMPLETE, rule).decode()
    utc = re.sub(r"(DTSTART|DTEND);TZID=Europe/Paris:20270323T(..)(..)00", _in_utc, written)
    assert "DTSTART:20270323T083000Z" in utc
    office.calendars["martin"].put("u.ics", utc.encode())
    office.passes()
    assert [f"{start:%d/%m %H:%M}" for start in starts(office)] == ["23/03 09:30", "30/03 10:30"]


def _in_utc(found: re.Match[str]) -> str:
    return f"{found[1]}:20270323T{int(found[2]) - 1:02d}{found[3]}00Z"
