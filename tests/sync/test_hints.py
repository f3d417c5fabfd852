"""Push notifications wake who reads the calendars, without a thread for each practice that ever had one."""

import threading
import time
from collections.abc import Iterable

import pytest
from schedule import Scheduler

from adapters.web.office import Ring
from sync.worker import push_channels
from sync.worker.hints import WAKE_EVERY_S, Hints, end_all
from sync.worker.loop import Stop, Worker
from tests.office import Office
from tests.working import until


@pytest.fixture
def worker(office: Office) -> Worker:
    return Worker(office.world, 60, Stop(), Scheduler())


def passing_on() -> int:
    """Threads that pass notifications on."""
    return sum(one.name == "hints" for one in threading.enumerate())


def test_a_thread_that_nothing_comes_for_ends_and_the_next_notification_is_passed_on(worker: Worker) -> None:
    before = passing_on()
    hints = Hints(worker, kept=0.05)
    for times in (1, 2):
        hints.give(Ring("channel", "secret"))
        until(lambda times=times: hints.wakes == times)
        until(lambda: passing_on() == before)
    end_all([hints])


def test_a_notification_that_comes_as_the_thread_ends_is_passed_on(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.worker.hints.WAKE_EVERY_S", 0.0)
    hints = Hints(worker, kept=0.0)
    for times in range(1, 101):  # the thread of the one before is about to end
        hints.give(Ring("channel", "secret"))
        until(lambda times=times: hints.wakes == times)
    end_all([hints])


def test_practices_of_a_store_that_says_nothing_keep_an_end_waiting_for_one_moment_together(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()

    def heard(_world: object, _rings: Iterable[Ring]) -> None:
        silent.wait()

    monkeypatch.setattr(push_channels, "heard", heard)
    before, many = passing_on(), [Hints(worker) for _ in range(20)]
    for one in many:
        one.give(Ring("channel", "secret"))
    until(lambda: passing_on() == before + 20)
    began = time.monotonic()
    end_all(many)
    assert time.monotonic() - began < 10 * WAKE_EVERY_S, "twenty of them one after the other take twenty moments"
    silent.set()
    until(lambda: passing_on() == before)
