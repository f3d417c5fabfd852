"""A calendar that takes a write and never answers holds up no other calendar, and nobody's message."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import select

from adapters.base import Edit, EditResult
from adapters.calendars.memory import MemoryCalendar
from rules.model import Annotation
from sync.core.calls import Pool
from sync.core.context import Source
from sync.store import edits
from sync.store import tables as t
from sync.store.edits import EditRow
from tests.office import PARIS, Office, calendar_of, make_office
from tests.working import OTHER, Working, until

SOON = 5.0  # far less than the deadline of a write


class Takes(MemoryCalendar):
    """Reads well; a write is taken, and answered when it may."""

    def __init__(self, name: str) -> None:
        super().__init__(f"memory:{name}", PARIS, b"s" * 32)
        self.answers, self.asked = threading.Event(), 0
        self.answers.set()

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        self.asked += 1
        result = super().apply(ref, version, edit)
        assert self.answers.wait(60)
        return result


class Worked(Working):
    """The office with a worker that writes beside its rounds."""

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self.woken = threading.Event()
        readers = self.readers
        readers.call_in_background(Pool(readers.turn, readers.let_go, readers.over, self.woken.set))

    def goes_on(self) -> None:
        self.office.turned += timedelta(minutes=1)
        self.once()

    def ends_beside(self) -> None:
        until(lambda: not self.readers.under_way)
        self.once()


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Worked, Takes]]:
    """Dr Martin's calendar answers no write from now on."""
    monkeypatch.setattr("sync.core.calls.CALL_WAIT_S", 0.2)
    takes = Takes("martin")
    office = make_office(tmp_path, sources=[Source(takes, "martin"), Source(calendar_of("bernard"), "bernard")])
    office.passes()
    worked = Worked(office)
    worked.once()
    takes.answers.clear()
    yield worked, takes
    takes.answers.set()


def test_e_the_other_calendar_is_written_to_and_its_patient_told(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.office.she_books("b", day=8, dentist="bernard", text=OTHER)
    began = monotonic()
    worked.goes_on()
    worked.goes_on()
    assert monotonic() - began < SOON
    assert worked.office.block("b", "bernard").startswith("✓")
    assert takes.asked == 1
    assert len(worked.office.sms.sent) == 2


def test_l1_what_she_types_while_it_hangs_is_read_once_it_answers(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    assert worked.readers.under_way == {"memory:martin"}
    worked.office.she_books("a", day=9)
    takes.answers.set()
    assert worked.woken.wait(10)
    worked.ends_beside()
    worked.goes_on()
    worked.goes_on()
    assert (worked.office.event("a").start.date() - worked.office.now.date()).days == 9
    assert worked.office.block("a").startswith("✓")


def test_l2_what_is_planned_meanwhile_outlives_the_older_text(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    newer = Annotation("✓ ", ("plus récent",))
    with worked.office.world.store.write() as tx:
        edits.want(tx, "memory:martin", "a.ics", newer, due=worked.office.now)
    takes.answers.set()
    until(lambda: not worked.readers.under_way)
    assert [row.annotation for row in planned(worked.office)] == [newer]


def test_l2_what_is_dropped_meanwhile_is_evaluated_once_more(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    with worked.office.world.store.write() as tx:
        edits.drop(tx, "memory:martin", "a.ics")
    takes.answers.set()
    assert worked.woken.wait(10)
    until(lambda: not worked.readers.under_way)
    assert dirty(worked.office) == ["a.ics"]
    worked.goes_on()
    assert dirty(worked.office) == []


def test_l5_what_hangs_when_the_worker_ends_leaves_its_edit(stuck: tuple[Worked, Takes]) -> None:
    """As after a crash (K8): the next worker finds the edit, and our text in the event."""
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    worked.readers.close()
    takes.answers.set()
    until(lambda: not worked.readers.under_way)
    assert len(planned(worked.office)) == 1
    worked.office.passes(later=timedelta(minutes=1))
    assert planned(worked.office) == []
    assert worked.office.block("a").startswith("✓")


def planned(office: Office) -> list[EditRow]:
    with office.world.store.read() as tx:
        return edits.at(tx, "memory:martin", "a.ics")


def dirty(office: Office) -> list[str]:
    with office.world.store.read() as tx:
        query = select(t.resource.c.ref).where(t.resource.c.practice == "lilas", t.resource.c.dirty_at.is_not(None))
        return list(tx.connection.execute(query).scalars())
