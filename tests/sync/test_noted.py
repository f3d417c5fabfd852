"""A pass that finds nothing changed writes nothing (docs/benchmark.md B3), and the store knows within four minutes, or
two intervals, when it last was so."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.engine import Engine

from adapters.base import TryLater
from rules.model import Practice
from sync.core import pace
from sync.core.context import Source, nobody_watches
from sync.core.last_reads import Noted
from sync.core.pace import longest_interval, pace_at
from sync.pull.reading import tell_quiet
from sync.report.next_read import upcoming
from sync.store import calendars
from sync.store.calendars import CalendarRow
from sync.waiting.offering import is_sure
from sync.worker import health, step_troubles
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.office import PRACTICE, calendar_of, make_office

if TYPE_CHECKING:
    from conftest import Office

SETTINGS: Any = SimpleNamespace(sync=SimpleNamespace(every_seconds=60))
MINUTE, TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)


def told(office: "Office", dentist: str = "martin") -> CalendarRow:
    with office.world.store.read() as tx:
        row = calendars.get(tx, office.calendars[dentist].address)
    assert row is not None
    return row


def read(office: "Office") -> datetime:
    moment = told(office).last_success
    assert moment is not None
    return moment


def test_b3_the_store_is_told_of_a_reading_every_four_minutes(office: "Office") -> None:
    office.passes()
    first = read(office)
    office.passes(later=timedelta(seconds=239))
    assert read(office) == first
    assert office.world.noted.last(told(office), office.now) == first + timedelta(seconds=239)
    office.passes(later=timedelta(seconds=1))
    assert read(office) == first + timedelta(seconds=240)


@contextmanager
def counted() -> Iterator[list[str]]:
    """What is written: one line for each statement, an empty one where a transaction ends."""
    said = list[str]()

    def note(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        said.extend([sql] if sql.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"} else [])

    def end(_connection: object) -> None:
        said.append("")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", end)
    yield said
    event.remove(Engine, "before_cursor_execute", note)
    event.remove(Engine, "commit", end)


def writing(said: list[str]) -> int:
    """How many transactions wrote."""
    return sum(bool(sql) and not after for sql, after in pairwise([*said, ""]))


def quiet_rounds(office: "Office", later: timedelta, dentist: str = "martin") -> list[int]:
    """Rounds in which nothing happens, each so much later: how many transactions wrote in each. In between, `status`
    never calls a calendar stale, and knows when it is read next."""
    readers, each = Readers(office.world, 60, chance=lambda: 0.5), []
    one_round(readers, nobody_watches)
    for _ in range(20):
        for _ in range(4):
            office.turned += later / 4
            row = told(office, dentist)
            assert health.late(office.world, row, SETTINGS) == ""
            assert is_expected(office, row)
        with counted() as said:
            one_round(readers, nobody_watches)
        each.append(writing(said))
    assert office.world.noted.last(told(office, dentist), office.now) == office.now  # each round read
    readers.close()
    return each


def is_expected(office: "Office", row: CalendarRow) -> bool:
    """Whether `status` knows when the calendar is read next."""
    longest = longest_interval(office.world, row, 60, row.last_attempt)
    return upcoming(row, pace_at(office.world, row, 60, office.now), longest, office.now)[0] is not None


def closed_office(place: Path) -> "Office":
    """Nobody is there on a Tuesday."""
    hours = {2: ((time(9), time(18)),)}
    dentists = tuple(replace(one, hours=hours) for one in PRACTICE.dentists)
    return make_office(place, replace(PRACTICE, dentists=dentists))


@pytest.mark.parametrize(("later", "at_most"), [(MINUTE, 5), (TEN_MINUTES, 10)], ids=["open", "closed"])
def test_b3_in_life_most_quiet_rounds_write_nothing(tmp_path: Path, later: timedelta, at_most: int) -> None:
    office = make_office(tmp_path) if later == MINUTE else closed_office(tmp_path)
    office.passes()
    each = quiet_rounds(office, later)
    assert sum(count > 0 for count in each) <= at_most
    assert max(each) <= 1


def test_b3_what_many_calendars_have_to_tell_is_one_transaction_a_round(tmp_path: Path) -> None:
    office = many(tmp_path / "many", 25)
    office.passes()
    assert max(quiet_rounds(office, MINUTE, "n7")) == 1


def many(place: Path, count: int) -> "Office":
    """A dentist and a calendar each, so many."""
    place.mkdir()
    keys = [f"n{number}" for number in range(count)]
    dentists = tuple(replace(PRACTICE.dentists[0], key=key) for key in keys)
    return make_office(place, replace(PRACTICE, dentists=dentists), [Source(calendar_of(key), key) for key in keys])


def test_b6_a_quiet_round_asks_the_store_no_more_for_many_accounts_than_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, looked = list[str](), list[Practice]()
    monkeypatch.setattr(pace, "at_work", lambda practice, _: bool(looked.append(practice)) or True)
    event.listen(Engine, "before_cursor_execute", note := lambda _c, _s, sql, *_: asked.append(sql))
    each = []
    for count in (1, 25):
        office = many(tmp_path / str(count), count)
        office.passes()
        readers = Readers(office.world, 60, chance=lambda: 0.5)
        one_round(readers, nobody_watches)
        office.turned += MINUTE
        asked.clear()
        looked.clear()
        one_round(readers, nobody_watches)
        each.append((len(asked), len(looked)))
        readers.close()
    event.remove(Engine, "before_cursor_execute", note)
    assert each[0] == each[1]


def test_a_worker_that_stopped_is_noticed_after_two_intervals_and_ten_minutes_at_least(tmp_path: Path) -> None:
    for name, made, late in (("open", make_office, 10), ("closed", closed_office, 25)):
        (tmp_path / name).mkdir()
        office = made(tmp_path / name)
        office.passes()
        office.turned += timedelta(minutes=late)
        assert health.late(office.world, told(office), SETTINGS) == ""
        office.turned += timedelta(minutes=1, seconds=1)
        assert health.late(office.world, told(office), SETTINGS) != ""


@pytest.mark.parametrize("sooner_since", ["somebody is at work", "nothing is pushed"])
def test_where_readings_just_became_more_frequent_nobody_says_stale(tmp_path: Path, sooner_since: str) -> None:
    hours = {number: ((time(9), time(18)),) for number in range(7)} if sooner_since == "somebody is at work" else None
    office = make_office(
        tmp_path, replace(PRACTICE, dentists=tuple(replace(one, hours=hours) for one in PRACTICE.dentists))
    )
    eight = office.now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1)
    office.turned += eight - timedelta(minutes=18) - office.now
    if hours is None:
        office.passes()
        office.world = replace(office.world, noted=Noted())
        with office.world.store.write() as tx:
            calendars.change(tx, told(office).calendar, pushed_until=eight)
    readers = Readers(office.world, 60, chance=lambda: 0.5)
    for _ in range(2):  # the second one, at 7 h 52, is not stored
        one_round(readers, nobody_watches)
        office.turned += TEN_MINUTES
    office.turned += eight + timedelta(seconds=30) - office.now
    row = told(office)
    assert row.last_success == eight - timedelta(minutes=18)
    assert health.late(office.world, row, SETTINGS) == ""
    assert is_expected(office, row)


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


def test_a_clock_set_back_behind_a_reading_that_is_not_stored_is_noticed_once(office: "Office") -> None:
    office.passes()
    passed = [0.0]
    office.world = replace(office.world, steady=lambda: passed[0])
    readers, stored = Readers(office.world, 60, chance=lambda: 0.5), read(office)
    for _ in range(3):
        office.turned, passed[0] = office.turned + MINUTE, passed[0] + 60
        one_round(readers, nobody_watches)
    assert read(office) == stored
    office.turned -= timedelta(minutes=2, seconds=30)  # the stored one is not in the future
    for _ in range(3):
        one_round(readers, nobody_watches)
        office.turned, passed[0] = office.turned + timedelta(seconds=5), passed[0] + 5
    readers.close()
    assert sum("horloge" in one for one in office.to_practice()) == 1


def test_b3_where_something_vanished_each_reading_is_told(office: "Office") -> None:
    office.she_books("a")
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes(later=timedelta(seconds=5))
    before = read(office)
    office.passes(later=timedelta(seconds=5))
    assert read(office) == before + timedelta(seconds=5)


def test_p44_a_freed_time_waits_for_a_reading_not_until_the_store_is_told(office: "Office") -> None:
    office.passes()
    office.turned += timedelta(seconds=30)
    freed: Any = SimpleNamespace(calendar="memory:martin", seen_at=office.now)
    office.turned += timedelta(seconds=10)
    with office.world.store.read() as tx:
        assert not is_sure(office.world, tx, freed, office.now)
    office.passes()
    assert read(office) < freed.seen_at
    with office.world.store.read() as tx:
        assert is_sure(office.world, tx, freed, office.now)


def test_b3_what_was_read_in_a_future_that_never_came_counts_for_nothing(office: "Office") -> None:
    office.passes()
    office.passes(later=timedelta(seconds=30))
    assert office.world.noted.last(told(office), office.now - timedelta(seconds=20)) == read(office)


def test_b3_what_is_told_late_hides_nothing_that_another_process_noted_since(office: "Office") -> None:
    office.passes()
    calendar, quiet = office.calendars["martin"], office.now
    office.calendars["martin"].fail_next(TryLater("occupé"))
    office.passes(later=timedelta(minutes=5))
    failed = told(office)
    office.world.noted.tell_later([calendar.address], quiet)
    tell_quiet(office.world)
    assert told(office) == failed
    office.world.noted.tell_later([calendar.address], office.now)
    tell_quiet(office.world)
    assert (told(office).fail_count, read(office)) == (0, office.now)


def test_i07_that_its_readers_have_ended_does_not_stop_what_the_pass_itself_writes(office: "Office") -> None:
    office.passes()
    readers = Readers(office.world, 60, chance=lambda: 0.5)
    office.turned += TEN_MINUTES
    office.world.noted.tell_later([office.calendars["martin"].address], office.now)
    readers.over.set()
    readers.wait()
    step_troubles.taken(readers.in_turn, "audit", lambda: 1 // 0)
    assert read(office) == office.now
