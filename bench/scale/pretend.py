"""For a day in seconds: a clock that stands, leases and jobs in memory, calendars that answer after a while.

What decides who is read when is the real code: `sync.fleet` plans shards and turns, `sync.worker` and `sync.core` the
moments of each calendar. Only what it asks of PostgreSQL and of calendars is pretended here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from msgspec import Struct

from sync.store import jobs
from sync.store.lease import After, Claim, Return


class Clock:
    """Stands until it is set; seconds since 1970."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """See World."""
        return datetime.fromtimestamp(self.now, UTC)

    def seconds(self) -> float:
        """See ServerClock."""
        return self.now

    def heard(self, _time: float, _asked_at: float) -> None:
        """See ServerClock: it is the server's own."""


class Lease(Struct):
    """A practice's row. Whoever gives it back does so at `free_at`."""

    fence: int = 0
    free_at: float = 0.0
    due_at: float | None = None
    memory: Mapping[str, Any] | None = None


class Leases:
    """See sync.store.lease.Leases: one table for all processes."""

    holder = "pretended"

    def __init__(self, clock: Clock) -> None:
        self._clock, self.rows = clock, dict[str, Lease]()

    def know(self, practices: Sequence[str]) -> None:
        """See there."""
        self.rows |= {one: Lease() for one in practices if one not in self.rows}

    def claim(self, practices: Sequence[str], most: int, *, due: bool = True, ended: bool = True) -> dict[str, Claim]:
        """See there."""
        now, rows = self._clock.now, self.rows
        free = [(rows[one].due_at or 0.0, one) for one in practices if rows[one].free_at <= now]
        wanted = sorted(one for one in free if not due or one[0] <= now)[:most]
        return {practice: self._claimed(self.rows[practice]) for _, practice in wanted}

    def _claimed(self, row: Lease) -> Claim:
        row.fence, row.due_at = row.fence + 1, None
        return Claim(row.fence, row.memory or {})

    def give_back(self, returned: Sequence[Return], after: After | None = None) -> None:
        """See there."""
        now, left = self._clock.now, list[str]()
        for one in returned:
            row = self.rows[one.practice]
            row.free_at, row.memory = now, one.memory or row.memory
            row.due_at = now + one.due_in if row.due_at is None else row.due_at
            if one.more or row.due_at <= now:
                left.append(one.practice)
        if after is not None:
            after.work(None, left)  # type: ignore[arg-type]
            if after.soonest is not None:
                soonest = min((self.rows[one].due_at or now for one in after.practices), default=now)
                after.soonest(None, soonest - now)  # type: ignore[arg-type]

    def wake(self, practice: str) -> None:
        """Somebody wrote for it: it is due."""
        self.rows[practice].due_at = self._clock.now
        jobs.defer_work(None, [practice])  # type: ignore[arg-type]


class Job(Struct, order=True):
    """One row of the engine's."""

    at: float
    number: int
    name: str
    values: dict[str, Any]


class Queue:
    """procrastinate, as far as it is asked: one job of a name waits, one runs. `most`: rows at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Job] = []
        self._names: set[str] = set()
        self._busy_until: dict[str, float] = {}
        self.taken = self.most = 0

    def defer(self, _connection: Any, _task: str, name: str, at: datetime | None = None, **values: Any) -> None:
        """See sync.store.jobs."""
        if name not in self._names:
            self._names.add(name)
            moment = max(self._clock.now, at.timestamp() if at else 0.0)
            heapq.heappush(self._waiting, Job(moment, self.taken + len(self._waiting), name, values))
            running = sum(until > self._clock.now for until in self._busy_until.values())
            self.most = max(self.most, len(self._waiting) + running)

    @property
    def next_at(self) -> float:
        """When the next one may be taken."""
        return self._waiting[0].at if self._waiting else float("inf")

    def take(self) -> Job | None:
        """The next one; None where one of its name still runs: it is looked at again then."""
        job = heapq.heappop(self._waiting)
        until = self._busy_until.pop(job.name, 0.0)
        if until > job.at:
            job.at = until
            heapq.heappush(self._waiting, job)
            return None
        self._names.discard(job.name)
        self.taken += 1
        return job

    def runs(self, job: Job, until: float) -> None:
        """It ends then."""
        self._busy_until[job.name] = until

    @contextmanager
    def deferred_here(self) -> Iterator[None]:
        """While this lasts, whatever is deferred comes here."""
        with patch.object(jobs, "_defer", self.defer):
            yield


class Threads:
    """The turns of one process: work begins when a thread is free, and the clock stands where it is as seen from there.
    `busy`: seconds of all threads together."""

    waiting = 0

    def __init__(self, clock: Clock, count: int) -> None:
        self._clock = clock
        self._free = [0.0] * count
        self._asked_at = self.ends_at = self.busy = 0.0

    def begin(self, now: float) -> None:
        """A job begins."""
        self._asked_at = self.ends_at = now

    def submit(self, work: Callable[..., Any], *words: Any) -> Future[Any]:
        """See Turns."""
        began = self._clock.now = max(self._asked_at, heapq.heappop(self._free))
        done: Future[Any] = Future()
        done.set_result(work(*words))
        heapq.heappush(self._free, self._clock.now)
        self.busy += self._clock.now - began
        self.ends_at = self._clock.now = max(self.ends_at, self._clock.now)
        return done

    def close(self) -> None:
        """See Turns."""
