"""A pass that finds nothing changed writes nothing (docs/benchmark.md B3), and the store knows within a minute when it
last was so."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from adapters.base import TryLater
from sync.core.last_reads import Noted
from sync.store import calendars
from sync.store.calendars import CalendarRow

if TYPE_CHECKING:
    from conftest import Office


def told(office: "Office", dentist: str = "martin") -> CalendarRow:
    with office.world.store.read() as tx:
        row = calendars.get(tx, office.calendars[dentist].address)
    assert row is not None
    return row


def read(office: "Office") -> datetime:
    moment = told(office).last_success
    assert moment is not None
    return moment


def test_b3_the_store_is_told_of_a_reading_once_a_minute(office: "Office") -> None:
    office.passes()
    first = read(office)
    office.passes(later=timedelta(seconds=59))
    assert read(office) == first
    assert office.world.noted.last(told(office)) == first + timedelta(seconds=59)
    office.passes(later=timedelta(seconds=1))
    assert read(office) == first + timedelta(seconds=60)


def test_b3_a_process_of_its_own_tells_what_it_read(office: "Office") -> None:
    office.passes()
    first = read(office)
    office.world = replace(office.world, noted=Noted())
    office.passes(later=timedelta(seconds=5))
    assert read(office) == first + timedelta(seconds=5)


def test_b3_a_calendar_that_failed_and_answers_again_is_well_at_once(office: "Office") -> None:
    office.passes()
    office.calendars["martin"].fail_next(TryLater("occupé"))
    office.passes(later=timedelta(seconds=5))
    assert told(office).fail_count == 1
    office.passes(later=timedelta(seconds=5))
    assert (told(office).fail_count, told(office).trouble) == (0, None)


def test_b3_a_clock_that_was_set_back_is_told(office: "Office") -> None:
    office.passes()
    first = read(office)
    office.passes(later=timedelta(seconds=-3600))
    assert read(office) == first - timedelta(hours=1)


def test_b3_where_something_vanished_each_reading_is_told(office: "Office") -> None:
    office.she_books("a")
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes(later=timedelta(seconds=5))
    before = read(office)
    office.passes(later=timedelta(seconds=5))
    assert read(office) == before + timedelta(seconds=5)
