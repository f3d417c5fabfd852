"""The worker on one machine: passes at a pace, earlier where something falls due, until it is asked to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from types import FrameType

from schedule import Scheduler

from sync.digest import next_digest
from sync.faults import described, log
from sync.opening import at_work
from sync.passes import one_pass
from sync.store import views
from sync.store.engine import Overtaken, StoreProblem
from sync.world import World

SLOWEST = 600


class Ending(Exception):
    """The worker was asked to end in the middle of a pass: the current step is done."""


@dataclass(slots=True)
class Stop:
    """Set by a signal: SIGTERM ends with 0, SIGINT with 130."""

    event: threading.Event = field(default_factory=threading.Event)
    code: int = 0

    def __call__(self, number: int, _frame: FrameType | None = None) -> None:
        self.code = 130 if number == signal.SIGINT else 0
        self.event.set()

    def watch(self, _address: str) -> None:
        """After each calendar: go on, or end."""
        if self.event.is_set():
            raise Ending


@contextmanager
def listening(stop: Stop) -> Iterator[None]:
    """Signals end the loop instead of the process, while this lasts."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class Worker:
    """One practice's passes. `every` in seconds; outside opening hours the pace falls (INTERFACE 8)."""

    def __init__(self, world: World, every: int, stop: Stop, ticker: Scheduler) -> None:
        self.world, self.every, self.stop = world, every, stop
        self.due = monotonic()
        self.job = ticker.every(every).seconds.do(self.turn)

    def turn(self) -> None:
        """One pass; whatever happens in it, the next one comes (an exception in a job would leave the ticker)."""
        try:
            one_pass(self.world, watch=self.stop.watch)
        except Ending:
            return
        except Overtaken:  # nothing here is ours to do any more: whoever called waits for the lock again
            raise
        except StoreProblem as problem:
            log.error("pass failed", reason=str(problem))
        except Exception as error:
            log.error("pass failed", **described(error))
        self.due = monotonic() + self._wait()

    def set_ticker(self) -> None:
        """Tell the ticker, which counts in wall time, when by the monotonic clock: a jump or a change to winter time
        moves nothing."""
        self.job.next_run = datetime.now() + timedelta(seconds=self.due - monotonic())  # noqa: DTZ005

    def _wait(self) -> float:
        """Seconds until the next pass."""
        now = self.world.now()
        pace = self.every if at_work(self.world.practice, now) else max(self.every, min(10 * self.every, SLOWEST))
        try:
            with self.world.store.read() as tx:
                due = views.next_due(tx, now)
        except StoreProblem:
            due = None
        soonest = min(filter(None, (due, next_digest(self.world.practice, now))))
        return max(0.2, min(pace, (soonest - now).total_seconds()))


def run(worlds: Sequence[tuple[World, int]], stop: Stop) -> int:
    """Passes for every practice until `stop`; the exit code. The caller holds the stores' locks. Raises Overtaken
    where another worker took one over."""
    ticker = Scheduler()
    workers = [Worker(world, every, stop, ticker) for world, every in worlds]
    while not stop.event.is_set():
        for worker in workers:
            worker.set_ticker()
        ticker.run_pending()
        stop.event.wait(max(0.0, min(worker.due for worker in workers) - monotonic()))
    return stop.code
