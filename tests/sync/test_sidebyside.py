"""A pass that reads several calendars at once ends when it is asked to, whatever hangs."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.calendars.memory import MemoryCalendar
from sync.store import resources
from sync.store.problems import StoreProblem
from sync.worker import reading_job
from sync.worker.one_pass import one_pass
from tests.office import Office


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell without job control starts its background work with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_wait_for_a_calendar_that_hangs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    never, hanging = threading.Event(), threading.Event()

    def changes(self: MemoryCalendar, *_: object) -> Iterator[object]:
        if self.address == "memory:martin":
            hanging.set()
            never.wait()
        else:
            hanging.wait()
            os.kill(os.getpid(), signal.SIGINT)
        yield from ()

    monkeypatch.setattr(MemoryCalendar, "changes", changes)
    try:
        with pytest.raises(KeyboardInterrupt):
            one_pass(office.world)
    finally:
        never.set()


def test_what_hung_stores_nothing_once_nobody_waits(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    late, begun = threading.Event(), []
    read = MemoryCalendar.changes

    def changes(self: MemoryCalendar, *known: Any) -> Iterator[Any]:
        if self.address == "memory:martin":
            late.wait()
        else:
            os.kill(os.getpid(), signal.SIGINT)
        yield from read(self, *known)

    def beside(work: Callable[[], None]) -> None:
        begun.append(threading.Thread(target=work, daemon=True))
        begun[-1].start()

    monkeypatch.setattr(MemoryCalendar, "changes", changes)
    monkeypatch.setattr(reading_job, "in_a_thread", beside)
    office.she_books("visite")
    with pytest.raises(KeyboardInterrupt):
        one_pass(office.world)
    late.set()
    for thread in begun:
        thread.join()
    with office.world.store.read() as tx:
        assert resources.get(tx, "memory:martin", "visite.ics") is None


def test_the_store_s_trouble_is_raised_after_the_others_had_their_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = MemoryCalendar.changes

    def changes(self: MemoryCalendar, *known: Any) -> Iterator[Any]:
        if self.address == "memory:martin":
            raise StoreProblem("La base est pleine.")
        yield from read(self, *known)

    monkeypatch.setattr(MemoryCalendar, "changes", changes)
    office.she_books("visite", dentist="bernard")
    with pytest.raises(StoreProblem):
        one_pass(office.world)
    with office.world.store.read() as tx:
        assert resources.get(tx, "memory:bernard", "visite.ics") is not None
