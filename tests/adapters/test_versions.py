"""Several components of one UID: which counts, and that nothing of the others is lost (RFC 5545 3.8.7.4)."""

import pytest

from adapters.base import Reading
from tests.adapters.said import read, starts

WEEKLY = "DTSTART;TZID=Europe/Paris:20270104T090000 DURATION:PT30M RRULE:FREQ=WEEKLY;COUNT=2"
OLD, NEW = "DTSTAMP:20261101T080000Z", "DTSTAMP:20261102T080000Z"


def moved(hour: int, *more: str) -> str:
    named = "RECURRENCE-ID;TZID=Europe/Paris:20270111T090000"
    return " ".join((named, f"DTSTART;TZID=Europe/Paris:20270111T{hour}0000", "DURATION:PT30M", *more))


NEWER = {
    "the greater SEQUENCE": (("SEQUENCE:2", OLD), ("SEQUENCE:1", NEW)),
    "the greater SEQUENCE as a number": (("SEQUENCE:10",), ("SEQUENCE:9",)),
    "then the later stamp": (("SEQUENCE:1", NEW), ("SEQUENCE:1", OLD)),
    "a stamp before none": ((OLD,), ()),
    "then what changed later": ((OLD, "LAST-MODIFIED:20261103T080000Z"), (OLD, "LAST-MODIFIED:20261102T080000Z")),
}


@pytest.mark.parametrize("why", sorted(NEWER))
def test_of_two_versions_of_a_visit_the_newer_counts_wherever_it_stands(why: str) -> None:
    new, old = moved(14, *NEWER[why][0]), moved(16, *NEWER[why][1])
    for order in ((new, old), (old, new)):
        assert starts(WEEKLY, *order) == ["04/01 09:00", "11/01 14:00"]
    assert read(WEEKLY, new, old).semantic == read(WEEKLY, new).semantic


def test_of_two_versions_that_say_nothing_the_last_counts() -> None:
    assert starts(WEEKLY, moved(14), moved(16)) == ["04/01 09:00", "11/01 16:00"]


@pytest.mark.parametrize("why", sorted(NEWER))
def test_of_two_versions_of_an_event_the_newer_counts_wherever_it_stands(why: str) -> None:
    alone = "DTSTART;TZID=Europe/Paris:202701{}T090000 DURATION:PT30M"
    new, old = (" ".join((alone.format(day), *NEWER[why][index])) for index, day in ((0, 12), (1, 13)))
    for order in ((new, old), (old, new)):
        assert starts(*order) == ["12/01 09:00"]
        assert (read(*order).sole, read(*order).blocked) == (False, "twice")


def test_of_two_series_of_one_uid_the_newer_counts() -> None:
    later = WEEKLY.replace("20270104T09", "20270105T10") + " SEQUENCE:1"
    assert starts(later, WEEKLY) == ["05/01 10:00", "12/01 10:00"]


def keys(reading: Reading) -> list[tuple[str, str]]:
    return [(event.uid, event.recurrence) for event in reading.events]


def test_two_patients_under_one_uid_both_stand_and_it_is_said() -> None:
    one, two = "DTSTART:20270112T090000Z SUMMARY:x", "DTSTART:20270113T090000Z SUMMARY:y"
    for stamps in (("", ""), (OLD, OLD)):
        reading = read(*(f"{event} {stamp}" for event, stamp in zip((one, two), stamps, strict=True)))
        assert keys(reading) == [("u1", ""), ("u1 (2)", "")]
        assert (reading.problem, reading.blocked, reading.sole) == ("event-unreadable", "twice", False)


def test_the_older_of_two_patients_under_one_uid_keeps_it_whatever_stands_first() -> None:
    one = "DTSTART:20270113T090000Z CREATED:20261101T080000Z"
    two = "DTSTART:20270112T090000Z CREATED:20261102T080000Z"
    for order in ((one, two), (two, one)):
        assert keys(read(*order)) == [("u1 (2)", ""), ("u1", "")]


def test_two_events_without_uid_both_stand_and_it_is_said() -> None:
    reading = read("DTSTART:20270112T090000Z SEQUENCE:1", "DTSTART:20270113T090000Z", uid="")
    assert keys(reading) == [("", ""), (" (2)", "")]
    assert reading.problem == "event-unreadable"


def test_the_same_event_twice_is_one() -> None:
    reading = read(WEEKLY, WEEKLY)
    assert (len(reading.events), reading.problem) == (2, "")
