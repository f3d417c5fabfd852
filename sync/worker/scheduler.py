"""Each due calendar is read in its own thread; no pass waits for one that hangs.

A pass waits 3 s for a healthy calendar and 0.3 s for one that failed last time. A slower reading continues in the
background, and its calendar is skipped (no second request, no write, no message) until it finishes. One thread writes
at a time: readers commit between the steps of a pass, never during one (`turn`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from random import random
from time import monotonic
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Account, OutsideError, TryLater
from adapters.deadline import within
from sync.core import intervals
from sync.core.calls import Calls
from sync.core.context import Source, Watch, World, nobody_watches
from sync.core.intervals import Pace, Way, pace_of, way_of
from sync.core.log import described, log
from sync.core.pace import pace_at
from sync.core.store_in_turn import Taking
from sync.pull.reading import (
    ACCOUNT_DEADLINE_S,
    all_quiet,
    may_ask,
    needs_no_telling,
    read_one,
    succeeded,
    tell_quiet,
)
from sync.store import calendars
from sync.store.calendars import CalendarRow
from sync.store.engine import StoreProblem
from sync.store.problems import ends_more
from sync.worker.reading_job import Job

HEALTHY_WAIT_S, FAILING_WAIT_S = 3.0, 0.3  # how long a pass waits for a calendar, by how its last reading went
FIRST_READING_WAIT_S = 60.0  # so long a practice's first whole listings come before anything is evaluated
BACKLOG_S = 5.0  # between two readings while a backlog is open: what she types meanwhile is answered first
AUDIT_DEADLINE_S = 600.0  # a whole listing of ten thousand events takes minutes
HEALTHY_THREADS, FAILING_THREADS = 8, 16  # more for failing calendars: most of their threads wait for a timeout
EARLY_SHARE = 0.05  # of the interval: a calendar due that soon is read in this round
SAME_ACCOUNT_EARLY_SHARE = 0.25  # of the interval: one request answers for all calendars of an account
CLOSED_WITHIN_S = 12.0  # more than SQLite waits for a lock
POLL_S = 0.5  # how often a waiting pass looks whether it was asked to end
ASK_SINGLY_S = 900.0  # after the account's joint request failed

Rows = Mapping[str, CalendarRow]


class _Known(Struct, frozen=True):
    """What the store says of the calendars before a round reads them."""

    unfinished: frozenset[str]  # a body is still to be fetched, or a missing resource to be looked for again
    untold: frozenset[str]  # their success need not be stored now, see `needs_no_telling`


class Readers:
    """The reading threads of one practice. `every`: configured seconds between two readings. `wake` is called when a
    reading ends for which no pass waits. `world` is what passes work with: it knows which calendars are being read.
    `patience`: seconds that a pass waits for any reading; None: the constants above."""

    def __init__(
        self,
        world: World,
        every: float,
        wake: Callable[[], None] = lambda: None,
        chance: Callable[[], float] = random,
        patience: float | None = None,
    ) -> None:
        self._waits = patience
        self.turn = threading.RLock()
        self.under_way: set[str] = set()
        self.backlog_open = False  # as this round found it
        self.first_round = True  # of these readers: another process, perhaps an older one, may have worked before
        self.world = replace(world, under_way=self.under_way)
        self.over = threading.Event()
        self.reading = replace(world, store=Taking(world.store, self.turn, self.over))  # for a reader's thread
        self.in_turn = replace(world, store=Taking(world.store, self.turn))  # for the pass's own, outside its steps
        self._every, self._wake, self._chance = every, wake, chance
        self._done: SimpleQueue[Job] = SimpleQueue()
        self._jobs: list[Job] = []
        self._new = False
        self._steady = world.steady or (lambda: world.now().timestamp())
        self._read_at: dict[str, float] = {}  # by the steady clock, which nobody sets
        self._jitter: dict[str, float] = {}
        self._login = {address: min(behind) for _, behind in world.accounts for address in behind}
        self._asked_singly: dict[str, float] = {}
        self._good, self._bad = threading.Semaphore(HEALTHY_THREADS), threading.Semaphore(FAILING_THREADS)

    # --- when ----------------------------------------------------------------------------------------------------

    def due(self, address: str, row: CalendarRow | None, now: datetime) -> datetime:
        """When the calendar is to be read next: at once if this process has not read it yet and it did not fail."""
        read_at = self._last(address, now) or (row.last_attempt if row and row.fail_count else None)
        if row is None or read_at is None or read_at > now:  # in the future: the clock was set back since
            return max(now, row.not_before) if row and row.not_before else now
        ordinary = intervals.next_read(self._pace(row, read_at), read_at, self._jittered(address))[0]
        return intervals.due(row, read_at, ordinary)

    def next_due(self, rows: Rows, now: datetime) -> datetime | None:
        """When the next calendar is due, those being read left out."""
        waiting = (source.address for source in self.world.sources if source.address not in self.under_way)
        return min((self.due(address, rows.get(address), now) for address in waiting), default=None)

    def last_read(self, address: str) -> datetime:
        """When this process last began to read the calendar."""
        return self._last(address, self.world.now()) or datetime.min.replace(tzinfo=UTC)

    def _last(self, address: str, now: datetime) -> datetime | None:
        """The same moment on today's clock: computed from elapsed time, so that setting the clock changes nothing."""
        begun = self._read_at.get(address)
        return None if begun is None else now - timedelta(seconds=self._steady() - begun)

    def forget_moments(self) -> None:
        """After the clock was set back: each calendar is read once more, for what was repaired in the store."""
        self._read_at.clear()
        self._asked_singly.clear()

    def _pace(self, row: CalendarRow, at: datetime) -> Pace:
        if self.backlog_open:
            return pace_of(row, min(self._every, BACKLOG_S), at_work=True)
        return pace_at(self.world, row, self._every, at)

    def _jittered(self, address: str) -> float:
        """One jitter an account, so that one request goes on serving all of its calendars."""
        return self._jitter.setdefault(self._login.get(address, address), 2 * self._chance() - 1)

    # --- reading -------------------------------------------------------------------------------------------------

    def read_due(self, rows: Rows, watch: Watch) -> None:
        """Read the due calendars. Raises StoreProblem as a reader met it."""
        now = self.world.now()
        self._begin([s for s in self.world.sources if self._is_due(s.address, rows, now)], rows, now)
        self.wait(watch)

    def read(self, addresses: Iterable[str], rows: Rows) -> None:
        """Read these early, if their servers allow it: the next step needs fresh knowledge."""
        wanted, now = set(addresses), self.world.now()
        asked = [s for s in self.world.sources if s.address in wanted and _may_be_early(rows.get(s.address), now)]
        self._begin(asked, rows, now)
        self.wait(nobody_watches)

    def read_all(self, sources: Sequence[Source], watch: Watch = nobody_watches) -> None:
        """Read exactly these, due or not; `watch` is told each address that was read."""
        now = self.world.now()
        with self.world.store.read() as tx:
            rows = {row.calendar: row for row in calendars.every(tx)}
        self._read_side_by_side([one for one in sources if may_ask(rows.get(one.address), now)], rows, now)
        self.wait(watch)

    def in_background(self, address: str, work: Callable[[], object]) -> None:
        """Ask the calendar something else in the background, unless it is being read."""
        if address in self.under_way:
            return

        def go() -> list[Job]:
            with within(AUDIT_DEADLINE_S):
                work()
            return []

        self._start(Job(frozenset({address}), go, self._good, HEALTHY_WAIT_S))

    def call_in_background(self, calls: Calls) -> None:
        """From now on passes call outside through `calls`."""
        calls.keep(self.under_way)
        self.world = replace(self.world, calls=calls)

    @property
    def half_known(self) -> bool:
        """Whether a new practice's first listing goes on: until it ends, only previews answer what she types."""
        return any(job.first and job.begun + FIRST_READING_WAIT_S > monotonic() for job in self._jobs)

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Let readers write in the middle of a pass's steps."""
        self.turn.release()
        try:
            yield
        finally:
            self.turn.acquire()

    @property
    def busy(self) -> bool:
        """Whether a reading is under way, or its end not taken in yet."""
        return bool(self._jobs)

    def memory(self) -> dict[str, Any]:
        """What another process must know to go on where this one stops: when the calendars were read, by the clock of
        the world, and how the next intervals vary."""
        ahead = self.world.now().timestamp() - self._steady()
        return {"read": {a: at + ahead for a, at in self._read_at.items()}, "jitter": dict(self._jitter)}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on where the process stopped that left this `memory`."""
        ahead = self.world.now().timestamp() - self._steady()
        here = {source.address for source in self.world.sources}
        self._read_at = {a: at - ahead for a, at in memory.get("read", {}).items() if a in here}
        self._jitter = dict(memory.get("jitter", {}))

    def close(self) -> None:
        """End: a reading under way stores nothing any more, but for what it is storing now where that hangs."""
        taken = self.turn.acquire(timeout=CLOSED_WITHIN_S)
        self.over.set()
        if taken:
            self.turn.release()

    def _is_due(self, address: str, rows: Rows, now: datetime) -> bool:
        row = rows.get(address)
        if not may_ask(row, now):
            return False
        asked = row is None or row.fail_count or row.due_at is not None  # a stated moment is kept exactly
        return self.due(address, row, now) <= now + (timedelta(0) if asked else EARLY_SHARE * self._interval(row, now))

    def _interval(self, row: CalendarRow | None, now: datetime) -> timedelta:
        return timedelta(seconds=self._seconds(row, now)) if row else timedelta(0)

    def _seconds(self, row: CalendarRow, now: datetime) -> float:
        return intervals.interval(self._pace(row, now), now)[0]

    def _begin(self, due: list[Source], rows: Rows, now: datetime) -> None:
        asked = [source for source in due if source.address not in self.under_way]
        asked += self._along({source.address for source in asked}, rows, now)
        self._read_side_by_side(asked, rows, now)

    def _read_side_by_side(self, asked: list[Source], rows: Rows, now: datetime) -> None:
        if not asked:
            return
        self._new = not any(row.baseline_at for row in rows.values())
        known = self._known(asked, rows, now)
        for group in self._together(asked, rows, known):
            self._start(group)
        for source in asked:
            if source.address not in self.under_way:
                self._start(self._one(source, rows.get(source.address), known))

    def _along(self, due: set[str], rows: Rows, now: datetime) -> Iterator[Source]:
        """Calendars of the same accounts that are due soon: reading them now costs no extra request."""
        logins = {self._login[address] for address in due if address in self._login}
        for source in self.world.sources:
            address, row = source.address, rows.get(source.address)
            if address in due or address in self.under_way or self._login.get(address) not in logins:
                continue
            if row is None or row.fail_count or not may_ask(row, now) or way_of(row) is not Way.CHEAP:
                continue
            if self.due(address, row, now) <= now + SAME_ACCOUNT_EARLY_SHARE * self._interval(row, now):
                yield source

    def _known(self, asked: list[Source], rows: Rows, now: datetime) -> _Known:
        with self.world.store.read() as tx:
            unfinished = calendars.unfinished(tx, [source.address for source in asked])
            untold = needs_no_telling(self.world, tx, rows.values(), now, partial(self._seconds, now=now))
        return _Known(frozenset(unfinished), untold)

    def _together(self, asked: list[Source], rows: Rows, known: _Known) -> Iterator[Job]:
        """One request for all due calendars of an account, unless its last one failed (docs/benchmark.md B5)."""
        for account, behind in self.world.accounts:
            login = min(behind)
            several = [s for s in asked if s.address in behind - known.unfinished and _has_cursor(rows, s)]
            if len(several) > 1 and self._asked_singly.get(login, -inf) <= self._steady():
                yield self._question(login, account, several, rows, known)

    def _question(self, login: str, account: Account, several: list[Source], rows: Rows, known: _Known) -> Job:
        def ask() -> list[Job]:
            started, begun = self.world.now(), self._steady()
            cursors = {s.address: rows[s.address].cursor for s in several}
            try:
                with within(ACCOUNT_DEADLINE_S):
                    quiet = account.unchanged({a: cursor for a, cursor in cursors.items() if cursor})
            except OutsideError as error:
                log.info("no short cut", error=type(error).__name__)
                self._asked_singly[login] = begun + ASK_SINGLY_S
                return self._singly(several, rows, error, known)
            except Exception as fault:  # a fault of ours or an unforeseen answer: ask one by one (law L10)
                if ends_more(fault):
                    raise
                log.error("no short cut", **described(fault))
                self._asked_singly[login] = begun + ASK_SINGLY_S
                return self._singly(several, rows, None, known)
            failed_before = {address for address in quiet if rows[address].fail_count}
            succeeded(self.reading, sorted(failed_before), started)
            all_quiet(self.reading, quiet - failed_before, started, known.untold)
            self._note(quiet, begun)
            return [self._one(s, rows.get(s.address), known) for s in several if s.address not in quiet]

        return Job(frozenset(s.address for s in several), ask, self._good, HEALTHY_WAIT_S)

    def _singly(self, several: list[Source], rows: Rows, error: OutsideError | None, known: _Known) -> list[Job]:
        """After a failed joint request. A server that is down or busy must not get one request for each calendar: if
        the calendar that failed least fails too, the others count as failed unasked (hard case A16)."""
        from sync.pull.failures import failed  # most passes meet none

        started, begun = self.world.now(), self._steady()
        first, *others = sorted(several, key=lambda source: (rows[source.address].fail_count, source.address))
        if isinstance(error, TryLater):
            self._note([first.address], begun)
            if not read_one(self.reading, first, rows[first.address], unfinished=False, chance=self._chance):
                self._note([source.address for source in others], begun)
                for source in others:
                    failed(self.reading, source, error, started, self._chance)
                return []
            several = others
        return [self._one(source, rows[source.address], known) for source in several]

    def _one(self, source: Source, row: CalendarRow | None, known: _Known) -> Job:
        def read() -> list[Job]:
            self._note([source.address], self._steady())
            unfinished = source.address in known.unfinished
            read_one(self.reading, source, row, unfinished=unfinished, untold=known.untold, chance=self._chance)
            return []

        if row is not None and row.fail_count:
            return Job(frozenset({source.address}), read, self._bad, FAILING_WAIT_S)
        return Job(frozenset({source.address}), read, self._good, HEALTHY_WAIT_S, first=self._new)

    def _note(self, addresses: Iterable[str], begun: float) -> None:
        """Count the next interval from `begun`, with a new jitter."""
        for address in addresses:
            self._read_at[address] = begun
            self._jitter.pop(self._login.get(address, address), None)

    # --- threads -------------------------------------------------------------------------------------------------

    def _start(self, job: Job) -> None:
        self.under_way |= job.addresses
        self._jobs.append(job)
        job.patience = job.patience if self._waits is None else self._waits
        job.begin(self._ended)

    def _ended(self, job: Job) -> None:
        self._done.put(job)
        if job.left:
            self._wake()

    def wait(self, watch: Watch = nobody_watches) -> None:
        """Wait for the readings under way, each for its own time at most; the others go on in the background."""
        problem: StoreProblem | None = None
        while (left := self._patience()) > 0:
            try:
                problem = self._taken(self._done.get(timeout=min(left, POLL_S)), watch) or problem
            except Empty:
                watch("")
        problem = self.leave(watch) or problem
        if problem is not None:
            raise problem

    def leave(self, watch: Watch = nobody_watches) -> StoreProblem | None:
        """Wait no more: from now on each reading that ends wakes, those too that follow one which ended just before and
        woke nobody. Returns what the store said to one of these; raises StoreProblem."""
        problem: StoreProblem | None = None
        while True:
            for job in self._jobs:
                job.left = True
                job.give_way()
            try:
                problem = self._taken(self._done.get_nowait(), watch) or problem
            except Empty:
                tell_quiet(self.in_turn)
                return problem

    def _patience(self) -> float:
        return max((job.begun + job.patience - monotonic() for job in self._jobs if not job.left), default=0.0)

    def _taken(self, job: Job, watch: Watch) -> StoreProblem | None:
        """Handle one ended job. A fault of ours is logged and ends here (law L10); the store's is returned."""
        self.under_way -= job.addresses
        self._jobs.remove(job)
        for one in job.after:
            self._start(one)
        for address in job.addresses - self.under_way:
            watch(address)
        if isinstance(job.problem, StoreProblem):
            return job.problem
        if job.problem is not None:
            log.error("reader failed", **described(job.problem))
            self._note(job.addresses, self._steady())  # so that the next try waits a whole interval
        return None


def _may_be_early(row: CalendarRow | None, now: datetime) -> bool:
    """Whether the calendar may be read before it is due: not during the wait after a failure."""
    resting = row is not None and row.fail_count > 0 and row.due_at is not None and row.due_at > now
    return may_ask(row, now) and not resting


def _has_cursor(rows: Rows, source: Source) -> bool:
    return (row := rows.get(source.address)) is not None and row.cursor is not None
