"""When each calendar is read: its pace, hints, waits (SYNC 2.12)."""

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep

from sync.loop import Stop, Worker, run
from sync.store import calendars
from sync.store.calendars import CalendarRow
from tests.office import Office


def row_of(office: Office, dentist: str = "martin") -> CalendarRow:
    with office.world.store.read() as tx:
        found = calendars.get(tx, f"memory:{dentist}")
    assert found is not None
    return found


def test_a_hint_is_due_until_the_calendar_was_read_and_one_that_comes_meanwhile_stands(office: Office) -> None:
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now)
    assert row_of(office).due_at == office.now
    office.passes(later=timedelta(seconds=5))
    assert row_of(office).due_at is None
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now + timedelta(seconds=1))
        calendars.were_read(tx, ["memory:martin"], office.now)
    assert row_of(office).due_at == office.now + timedelta(seconds=1)


def test_a_wake_from_another_thread_brings_the_next_pass_forward(office: Office) -> None:
    stop, workers = Stop(), list[Worker]()
    done = threading.Thread(target=run, args=([(office.world, 3600)], stop, workers.extend), daemon=True)
    done.start()
    asked = office.calendars["martin"].calls
    until(lambda: asked["changes"] == 2)
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now)
    workers[0].wake()
    until(lambda: asked["changes"] == 3)
    stop(15)
    done.join(10)
    assert not done.is_alive()


def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    end = monotonic() + 10
    while not true():
        assert monotonic() < end
        sleep(0.01)
