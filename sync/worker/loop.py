"""The worker on one machine: a round whenever a calendar, a message or a hint is due, until it is asked to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from types import FrameType

from schedule import Scheduler

from sync.core import intervals
from sync.core.calls import Pool
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.hours import at_work
from sync.core.log import log
from sync.outbox import store_alert
from sync.store import calendars, views
from sync.store.engine import Overtaken, StoreProblem
from sync.worker import step_troubles
from sync.worker.clock import Steps
from sync.worker.daily_digest import next_digest
from sync.worker.round import one_round
from sync.worker.scheduler import Readers

LATER = 1.25  # readings come first, jitter and all
LEAST = 0.2
A_TROUBLE = 2  # rounds in a row: one that fails may be an accident


class Ending(BaseException):
    """The worker was asked to end in the middle of a pass: the current step is done. No fault, so that nothing that
    keeps faults apart takes it for one."""


class Bell:
    """Wakes the loop, from any thread and from a signal's handler (a queue's `put` may be interrupted by itself)."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Now, or at once when the loop listens next."""
        self._rung.put(None)

    def wait(self, seconds: float) -> None:
        """Until it rings, at most so long; however often it rang, it is answered once."""
        try:
            self._rung.get(timeout=max(0.0, seconds))
            while True:
                self._rung.get_nowait()
        except Empty:
            return


@dataclass(slots=True)
class Stop:
    """Set by a signal: SIGTERM ends with 0, SIGINT with 130."""

    event: threading.Event = field(default_factory=threading.Event)
    code: int = 0
    bell: Bell = field(default_factory=Bell)

    def __call__(self, number: int, _frame: FrameType | None = None) -> None:
        self.code = 130 if number == signal.SIGINT else 0
        self.event.set()
        self.bell.ring()

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
    """One practice's rounds. `every`: seconds between two readings of a calendar in opening hours
    (docs/design.md#details-people-rely-on). `chores` are done after each round; `passes` counts these: done, failed."""

    def __init__(self, world: World, every: int, stop: Stop, ticker: Scheduler) -> None:
        self.readers = Readers(world, every, wake=self.wake)
        self.readers.call_beside(Pool(self.readers.turn, self.readers.let_go, self.readers.over, self.wake))
        self.world, self.every, self.stop = self.readers.world, every, stop
        self.due = monotonic()
        self.chores: list[Callable[[], None]] = []
        self.passes = {"done": 0, "failed": 0}
        self.failing = 0  # rounds in a row that failed
        self._problem: StoreProblem | None = None  # of the latest one
        self._woken, self._steps = threading.Event(), Steps()
        self.job = ticker.every(int(intervals.SLOWEST)).seconds.do(self.turn)

    def wake(self) -> None:
        """Have a round at once: something became due that nobody could foresee. From any thread, as often as wished."""
        self._woken.set()
        self.stop.bell.ring()

    def turn_if_due(self) -> None:
        """A round, where one is due or was asked for; the ticker's own is put off by as much."""
        if self._woken.is_set():
            self._woken.clear()
            self.due = monotonic()
        if self.due <= monotonic():
            self.job.run()

    def turn(self) -> None:
        """One round; whatever happens in it, the next one comes (an exception in a job would leave the ticker). Raises
        Overtaken: nothing here is ours to do any more, whoever called waits for the lock again."""
        try:
            done = self._guarded(self._round)
            for chore in self.chores:
                self._guarded(partial(step_troubles.taken, self.world, "push", chore))
        except Ending:
            return
        self.passes["done" if done else "failed"] += 1
        self._counted(done=done)
        self.due = monotonic() + intervals.SLOWEST
        self._guarded(self._plan)

    def _counted(self, *, done: bool) -> None:
        self.failing = 0 if done else self.failing + 1
        if done:
            self._problem = None
        elif self.failing == A_TROUBLE and self._problem is not None:
            self._guarded(partial(store_alert.tell, self.world, self._problem))

    def _round(self) -> None:
        self.world.store.still_ours()  # a round that finds nothing to do would not notice
        self._steps.look(self.world)
        one_round(self.readers, self.stop.watch)

    def _plan(self) -> None:
        self.due = monotonic() + self.wait()

    def _guarded(self, work: Callable[[], object]) -> bool:
        """Whether it went well. What failed is logged, and the next has its turn (law L10)."""
        try:
            with kept_apart("pass failed") as fate:
                work()
        except Overtaken:
            raise
        except StoreProblem as problem:
            log.error("pass failed", reason=str(problem))
            self._problem = problem
            return False
        return fate.failed is None

    def wait(self) -> float:
        """Seconds until the next round: a calendar is due, a message, the digest; and now and then in any case, for
        what time alone brings (reminders, audits)."""
        now = self.world.now()
        resting = LATER * intervals.resting(self.every, at_work=at_work(self.world.practice, now))
        soonest = min(filter(None, (*self._dues(now), next_digest(self.world.practice, now))))
        return max(LEAST, min(resting, intervals.SLOWEST, (soonest - now).total_seconds()))

    def _dues(self, now: datetime) -> tuple[datetime | None, ...]:
        try:
            with self.world.store.read() as tx:
                rows = {row.calendar: row for row in calendars.every(tx)}
                return views.next_due(tx, now), self.readers.next_due(rows, now)
        except StoreProblem:
            return ()


def run(
    worlds: Sequence[tuple[World, int]], stop: Stop, ready: Callable[[Sequence[Worker]], None] = lambda _: None
) -> int:
    """Passes for every practice until `stop`; the exit code. The caller holds the stores' locks. `ready` is told the
    workers, in the worlds' order, before the first pass: whoever has hints for one wakes it. Raises
    Overtaken where another worker took one over."""
    ticker = Scheduler()
    workers = [Worker(world, every, stop, ticker) for world, every in worlds]
    ready(workers)
    try:
        while not stop.event.is_set():
            for worker in workers:
                worker.turn_if_due()
            ticker.run_pending()
            if not stop.event.is_set():
                stop.bell.wait(min(worker.due for worker in workers) - monotonic())
    finally:  # overtaken too: a reader that is left writes nothing once the lock is gone
        for worker in workers:
            worker.readers.close()
    return stop.code
