"""One calendar's first listing takes its time: what she types in another one meanwhile is answered, and nothing is
judged before all is known (docs/design.md#slices)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.core.context import Source
from sync.store import bookings
from tests.office import calendar_of, make_office
from tests.sync.test_beside import Hanging
from tests.working import OTHER, Working, until

First = tuple[Working, Hanging]


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[First]:
    """The practice was just configured; Dr Martin's calendar is still being listed, Dr Bernard's has an appointment."""
    monkeypatch.setattr("sync.worker.scheduler.HEALTHY_WAIT_S", 0.2)
    hanging = Hanging("martin")
    office = make_office(tmp_path, sources=[Source(hanging, "martin"), Source(calendar_of("bernard"), "bernard")])
    office.she_books("old", day=6, dentist="bernard")
    hanging.answers.clear()
    working = Working(office)
    working.once()
    yield working, hanging
    hanging.answers.set()
    working.readers.close()


def judged(working: Working) -> int:
    with working.office.world.store.read() as tx:
        return bookings.count_future(tx, "memory:bernard", working.office.now)


def test_what_she_types_is_answered_within_ten_seconds_and_nothing_is_judged(first: First) -> None:
    working, _ = first
    working.office.she_books("new", day=8, dentist="bernard", text=OTHER)
    working.rounds(10)
    assert "Détartrage" in working.office.block("new", "bernard")
    assert judged(working) == 0
    assert working.office.sms.sent == []


def test_l7_once_it_is_listed_all_is_judged_and_only_what_she_typed_since_is_told(first: First) -> None:
    working, hanging = first
    office = working.office
    office.she_books("new", day=8, dentist="bernard", text=OTHER)
    working.rounds(10)
    hanging.answers.set()
    until(lambda: not working.readers._done.empty())
    working.rounds(30)
    assert judged(working) == 2
    assert len(office.sms.sent) == 1


def test_it_is_waited_for_a_minute_and_no_longer(first: First, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.worker.scheduler.FIRST_READING_WAIT_S", 0.0)
    working, _ = first
    working.rounds(30)
    assert judged(working) == 1
