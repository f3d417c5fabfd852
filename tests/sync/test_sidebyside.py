"""A pass that reads several calendars at once ends when it is asked to, whatever hangs."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.calendars.memory import MemoryCalendar
from sync.passes import one_pass
from sync.sidebyside import Over, for_each
from sync.store import basics
from sync.store.engine import Store
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
            one_pass(replace(office.world))
    finally:
        never.set()


def test_what_hung_stores_nothing_once_nobody_waits(office: Office) -> None:
    late, ended = threading.Event(), threading.Event()
    became: list[BaseException] = []

    def work(item: str, store: Store) -> None:
        if item == "interrupts":
            os.kill(os.getpid(), signal.SIGINT)
            return
        late.wait()
        try:
            with store.write() as tx:
                basics.put(tx, "late", "1")
        except BaseException as error:
            became.append(error)
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        for_each(["hangs", "interrupts"], work, office.world.store)
    late.set()
    ended.wait()
    assert [type(one) for one in became] == [Over]
    with office.world.store.read() as tx:
        assert basics.get(tx, "late") is None


def test_a_fault_is_raised_after_the_others_had_their_turn(office: Office) -> None:
    seen: list[str] = []

    def work(item: str, _store: Store) -> None:
        seen.append(item)
        if item == "a":
            raise ValueError

    with pytest.raises(ValueError):
        for_each(["a", "b", "c"], work, office.world.store)
    assert sorted(seen) == ["a", "b", "c"]
