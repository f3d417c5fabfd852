"""The worker's loop: a round whenever a calendar, a message or a push notification is due, until a signal ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from types import FrameType
from typing import Protocol

from msgspec import Struct, field
from schedule import Scheduler

from sync.core import intervals
from sync.core.calls import Pool
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.hours import at_work
from sync.core.log import log, of
from sync.outbox import store_alert
from sync.store import calendars, resources, views
from sync.store.engine import Overtaken, StoreProblem, Tx
from sync.worker import step_troubles
from sync.worker.clock import Steps
from sync.worker.digest_hour import next_digest
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from sync.worker.side_by_side import all_turned

READINGS_FIRST = 1.25  # of a calendar's interval, more than its jitter of 20 %: idle rounds do not come before readings
SHORTEST_WAIT_S = 0.2
ENDS_WITHIN_S = 27.0  # from the signal; what hangs beyond is left, within the 30 s that are promised
FAILED_ROUNDS_TO_TELL = 2  # in a row: one that fails may be an accident


class Ending(BaseException):
    """The worker was asked to end in the middle of a pass, between two things done. No `Exception`, so that no guard of
    law L10 swallows it."""


class Bell:
    """Wakes the loop, from any thread or signal handler: `SimpleQueue.put` is reentrant."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Wake the loop now, or at its next `wait`."""
        self._rung.put(None)

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so long; several rings coalesce into one."""
        try:
            self._rung.get(timeout=max(0.0, seconds))
            while True:
                self._rung.get_nowait()
        except Empty:
            return


class Stop(Struct):
    """Set by a signal: SIGTERM ends with 0, SIGINT with 130. SIGHUP ends nothing: it sets `reread`, so that the
    configuration is read again between two rounds. `until`: by the monotonic clock, when all is to have ended."""

    event: threading.Event = field(default_factory=threading.Event)
    reread: threading.Event = field(default_factory=threading.Event)
    code: int = 0
    until: float = inf
    bell: Bell = field(default_factory=Bell)

    def __call__(self, number: int, _frame: FrameType | None = None) -> None:
        if number == signal.SIGHUP:
            self.reread.set()
        else:
            self.code = 130 if number == signal.SIGINT else 0
            self.until = self.ends_by()
            self.event.set()
        self.bell.ring()

    def ends_by(self) -> float:
        """When all is to have ended that ends from now on, by the monotonic clock; the first signal counts."""
        return min(self.until, monotonic() + ENDS_WITHIN_S)

    def watch(self, _address: str) -> None:
        """Called after each thing done in a pass. Raises Ending once a signal came."""
        if self.event.is_set():
            raise Ending


@contextmanager
def listening(stop: Stop) -> Iterator[None]:
    """Within this context SIGTERM and SIGINT end the loop instead of the process, and SIGHUP neither."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class Worker:
    """The rounds of one practice. `every`: seconds between two readings of a calendar in opening hours
    (docs/design.md#details-people-rely-on). `chores` run after each round; `passes` counts rounds done and failed."""

    def __init__(self, world: World, every: int, stop: Stop, ticker: Scheduler) -> None:
        self.readers = Readers(world, every, wake=self.wake)
        self.calls = Pool(self.readers.turn, self.readers.let_go, self.readers.over, self.wake)
        self.readers.call_in_background(self.calls)
        self.world, self.every, self.stop = self.readers.world, every, stop
        self.due = monotonic()
        self.chores: list[Callable[[], None]] = []
        self.passes = {"done": 0, "failed": 0}
        self.failing = 0  # failed rounds in a row
        self._problem: StoreProblem | None = None  # of the latest failed round
        self._woken, self._steps = threading.Event(), Steps()
        self.job = ticker.every(int(intervals.SLOWEST_S)).seconds.do(self.turn)

    def failed_rounds(self, _tx: Tx) -> int:
        """See `web_server.Runs`."""
        return self.failing

    def wake(self) -> None:
        """Start a round at once, for something that no plan foresaw. May be called from any thread, and often."""
        self._woken.set()
        self.stop.bell.ring()

    @property
    def glance(self) -> World:
        """See `web_server.Runs`: it is open as long as the worker is there."""
        return self.world

    @property
    def is_due(self) -> bool:
        """Whether a round is due or was asked for."""
        return self._woken.is_set() or self.due <= monotonic() or self.job.should_run

    def turn_if_due(self) -> None:
        """Run a round if one is due or was asked for; the ticker's next one is counted from then."""
        if self._woken.is_set():
            self._woken.clear()
            self.due = monotonic()
        if self.due <= monotonic() or self.job.should_run:
            self.job.run()

    def end(self, *, within: float = 0.0) -> None:
        """End: a reading under way stores nothing any more. First hear what is said to the calls under way, for so many
        seconds at most: an answer that nobody heard leaves its message uncertain. Each ends by its own deadline."""
        if within:
            with suppress(Overtaken):
                self._guarded(partial(self._hear, within))
        self.readers.close()

    def _hear(self, seconds: float) -> None:
        until = monotonic() + seconds
        if self.readers.turn.acquire(timeout=min(seconds, threading.TIMEOUT_MAX)):
            try:
                self.calls.end(until - monotonic())
            finally:
                self.readers.turn.release()

    def turn(self) -> None:
        """Run one round and plan the next; no fault ends the loop (an exception would cancel the ticker's job). Raises
        Overtaken if another worker took the lease."""
        self._takes(lambda: one_round(self.readers, self.stop.watch))

    def _takes(self, work: Callable[[], object]) -> None:
        with of(self.world.practice.key):
            self._taken(work)

    def _taken(self, work: Callable[[], object]) -> None:
        try:
            done = self._guarded(partial(self._round, work))
            for chore in self.chores:
                self._guarded(partial(step_troubles.taken, self.world, "push", chore))
        except Ending:
            return
        self.passes["done" if done else "failed"] += 1
        self._counted(done=done)
        self.due = monotonic() + intervals.SLOWEST_S
        self._guarded(self._plan)

    def _counted(self, *, done: bool) -> None:
        self.failing = 0 if done else self.failing + 1
        if done:
            self._problem = None
        elif self._problem is not None and self._is_to_be_told():
            self._guarded(partial(store_alert.tell, self.world, self._problem))

    def _is_to_be_told(self) -> bool:
        """Whether the practice is to be told that its rounds fail."""
        return self.failing == FAILED_ROUNDS_TO_TELL

    def _round(self, work: Callable[[], object]) -> None:
        self._steps.look(self.world)
        work()

    def _plan(self) -> None:
        self.due = monotonic() + self.wait()

    def _guarded(self, work: Callable[[], object]) -> bool:
        """Whether `work` succeeded. Its fault is logged and ends here (law L10)."""
        try:
            with kept_apart("pass failed") as fate:
                work()
        except Overtaken:
            raise
        except StoreProblem as problem:
            self._says(problem)
            self._problem = problem
            return False
        return fate.failed is None

    def _says(self, problem: StoreProblem) -> None:
        log.error("pass failed", reason=str(problem))

    def wait(self) -> float:
        """Seconds until the next calendar, message or digest is due; ten minutes at most, since time alone makes
        reminders and audits due."""
        now = self.world.now()
        idle = READINGS_FIRST * intervals.base_interval(self.every, at_work=at_work(self.world.practice, now))
        soonest = min(filter(None, (*self._dues(now), next_digest(self.world.practice, now))))
        return max(SHORTEST_WAIT_S, min(idle, intervals.SLOWEST_S, (soonest - now).total_seconds()))

    def _dues(self, now: datetime) -> tuple[datetime | None, ...]:
        try:
            with self.world.store.read() as tx:
                rows = {row.calendar: row for row in calendars.every(tx)}
                if not self.failing and resources.backlog_is_open(tx):
                    return (now,)
                return views.next_due(tx, now), self.readers.next_due(rows, now)
        except StoreProblem:
            return ()


class Crew(Protocol):
    """Who works in this process, and who comes and goes (`sync.worker.crew`)."""

    @property
    def workers(self) -> Sequence[Worker]:
        """Those at work now."""
        ...

    def look(self) -> float:
        """Take in who comes and goes. Returns when to look again, by the monotonic clock."""
        ...

    def close(self) -> None:
        """End all of them."""
        ...


def run(crew: Crew, stop: Stop) -> int:
    """Run rounds for every practice at work until `stop`; returns the exit code."""
    try:
        while not stop.event.is_set():
            look_again = crew.look()
            all_turned(crew.workers, stop.event)
            if not stop.event.is_set():
                soonest = min((look_again, *(worker.due for worker in crew.workers)))
                stop.bell.wait(min(soonest - monotonic(), intervals.SLOWEST_S))
        log.info("asked to end")  # the journal tells a signal from a crash
    finally:  # a reader left running must not write without the lease
        crew.close()
    return stop.code
