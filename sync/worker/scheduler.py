"""The worker's readers: each calendar that is due is read in a thread of its own, and nobody waits for one that hangs.

A pass waits a few seconds for those that use to answer, hardly at all for those that failed last time; what is still
under way then goes on beside the pass, is not asked anew, not written to, and nothing is told from it, until it ends.
One thread at a time writes: readers commit between the steps of passes, never during them (`turn`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from random import random
from time import monotonic

from adapters.base import Account, OutsideError, TryLater
from adapters.deadline import within
from sync.core import intervals
from sync.core.calls import Calls
from sync.core.context import Source, Watch, World, nobody_watches
from sync.core.hours import at_work
from sync.core.intervals import Pace, Way, pace_of, way_of
from sync.core.log import described, log
from sync.pull.reading import QUESTION, may_ask, needs_no_telling, read_one, succeeded
from sync.store import calendars
from sync.store.calendars import CalendarRow
from sync.store.engine import StoreProblem
from sync.store.problems import ends_more
from sync.worker.store_in_turn import Over, Taking

PATIENCE, SHORT = 3.0, 0.3
FIRST_READING = 60.0  # a practice's very first: its calendars are read whole before anything is judged
AUDIT = 600.0
SIDE_BY_SIDE, FAILING_ONES = 8, 16
SOON = 0.05  # of its interval: what is due so soon is read along
TOGETHER = 0.25  # likewise for the calendars of one account, which one question answers for
A_MOMENT = 0.5
NO_SHORT_CUT = 900.0
_NEVER = datetime.min.replace(tzinfo=UTC)

Rows = Mapping[str, CalendarRow]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store says before a round reads: of which calendars something is owed, and `needs_no_telling`."""

    owing: frozenset[str]
    untold: frozenset[str]


@dataclass(slots=True)
class _Job:
    """Something read beside the pass. `lane`: how many such go side by side. What `work` returns is to be read next."""

    addresses: frozenset[str]
    work: Callable[[], list[_Job]]
    lane: threading.Semaphore
    patience: float
    holds: bool = False
    problem: Exception | None = None
    after: list[_Job] = field(default_factory=list)
    begun: float = field(default_factory=monotonic)
    left: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, done: Callable[[_Job], None]) -> None:
        """In its thread."""
        self.lane.acquire()
        self.holds = True
        try:
            self.after = self.work()
        except Over:
            pass
        except Exception as error:
            self.problem = error
        finally:
            self.give_way()
            done(self)

    def give_way(self) -> None:
        """Another one may begin, whether this one ended or hangs."""
        with self.lock:
            if self.holds:
                self.holds = False
                self.lane.release()


def in_a_thread(work: Callable[[], None]) -> None:
    """Begin it beside the pass; no end of the process waits for it."""
    threading.Thread(target=work, daemon=True).start()


class Readers:
    """One practice's. `every`: seconds between two readings, as configured. `wake` is called when something ends that
    no pass waits for. `world` is what passes work with: it knows what is under way. `patience`: seconds that a pass
    waits for any reading; None: as long as that one uses to take."""

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
        self.world = replace(world, under_way=self.under_way)
        self.over = threading.Event()
        self._reading = replace(world, store=Taking(world.store, self.turn, self.over))
        self._every, self._wake, self._chance = every, wake, chance
        self._done: SimpleQueue[_Job] = SimpleQueue()
        self._jobs: list[_Job] = []
        self._new = False
        self._steady = world.steady or (lambda: world.now().timestamp())
        self._read_at: dict[str, float] = {}  # by the steady clock, as whatever is counted in this process
        self._jitter: dict[str, float] = {}
        self._login = {address: min(behind) for _, behind in world.accounts for address in behind}
        self._asked_singly: dict[str, float] = {}
        self._good, self._bad = threading.Semaphore(SIDE_BY_SIDE), threading.Semaphore(FAILING_ONES)

    # --- when ----------------------------------------------------------------------------------------------------

    def due(self, address: str, row: CalendarRow | None, now: datetime) -> datetime:
        """When that calendar is to be read next: at once where this process has not read it yet, unless it failed."""
        read_at = self._last(address, now) or (row.last_attempt if row and row.fail_count else None)
        if row is None or read_at is None or read_at > now:  # by a clock that went back since
            return max(now, row.not_before) if row and row.not_before else now
        ordinary = intervals.next_read(self._pace(row, read_at), read_at, self._jittered(address))[0]
        return intervals.due(row, read_at, ordinary)

    def next_due(self, rows: Rows, now: datetime) -> datetime | None:
        """The soonest of those that are not under way."""
        waiting = (source.address for source in self.world.sources if source.address not in self.under_way)
        return min((self.due(address, rows.get(address), now) for address in waiting), default=None)

    def last_read(self, address: str) -> datetime:
        """When a reading of it last began in this process."""
        return self._last(address, self.world.now()) or _NEVER

    def _last(self, address: str, now: datetime) -> datetime | None:
        """The same, by the clock as it stands now: however it was set meanwhile, as much time has passed."""
        begun = self._read_at.get(address)
        return None if begun is None else now - timedelta(seconds=self._steady() - begun)

    def forget_moments(self) -> None:
        """The clock went back: each is read once more, for what was put right in the store."""
        self._read_at.clear()
        self._asked_singly.clear()

    def _pace(self, row: CalendarRow, at: datetime) -> Pace:
        return pace_of(row, self._every, at_work=at_work(self.world.practice, at.astimezone(self.world.practice.zone)))

    def _jittered(self, address: str) -> float:
        """The calendars of one account keep in step, so that one question goes on serving them all."""
        return self._jitter.setdefault(self._login.get(address, address), 2 * self._chance() - 1)

    # --- reading -------------------------------------------------------------------------------------------------

    def read_due(self, rows: Rows, watch: Watch) -> None:
        """Read what is due; see the module. Raises StoreProblem as a reader met it."""
        now = self.world.now()
        self._begin([s for s in self.world.sources if self._is_due(s.address, rows, now)], rows, now)
        self._wait(watch)

    def read(self, addresses: Iterable[str], rows: Rows) -> None:
        """Read these too, where they may be asked: what follows must not rest on old knowledge."""
        wanted, now = set(addresses), self.world.now()
        asked = [s for s in self.world.sources if s.address in wanted and _may_be_early(rows.get(s.address), now)]
        self._begin(asked, rows, now)
        self._wait(nobody_watches)

    def read_all(self, sources: Sequence[Source], watch: Watch = nobody_watches) -> None:
        """Read these, whenever they would be due, and no other; `watch` is told each address that was read."""
        now = self.world.now()
        with self.world.store.read() as tx:
            rows = {row.calendar: row for row in calendars.every(tx)}
        self._read_side_by_side([one for one in sources if may_ask(rows.get(one.address), now)], rows, now)
        self._wait(watch)

    def beside(self, address: str, work: Callable[[], object]) -> None:
        """Something else that is asked of that calendar, in a thread of its own; not while it is under way."""
        if address in self.under_way:
            return

        def go() -> list[_Job]:
            with within(AUDIT):
                work()
            return []

        self._start(_Job(frozenset({address}), go, self._good, PATIENCE))

    def call_beside(self, calls: Calls) -> None:
        """From now on passes call gateways so."""
        self.world = replace(self.world, calls=calls)

    @property
    def reading(self) -> World:
        """The world as it is in a reader's thread."""
        return self._reading

    def wait(self, watch: Watch = nobody_watches) -> None:
        """Until those that use to answer have, at most the time that one has patience for them."""
        self._wait(watch)

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """In the middle of a pass's steps: readers may write meanwhile."""
        self.turn.release()
        try:
            yield
        finally:
            self.turn.acquire()

    def close(self) -> None:
        """What is under way stays without effect."""
        with self.turn:
            self.over.set()

    def _is_due(self, address: str, rows: Rows, now: datetime) -> bool:
        row = rows.get(address)
        if not may_ask(row, now):
            return False
        asked = row is None or row.fail_count or row.due_at is not None  # to the moment, where one was said
        return self.due(address, row, now) <= now + (timedelta(0) if asked else SOON * self._interval(row, now))

    def _interval(self, row: CalendarRow | None, now: datetime) -> timedelta:
        return timedelta(seconds=intervals.interval(self._pace(row, now), now)[0]) if row else timedelta(0)

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
        """Others of the same accounts that would be due soon: they cost no question of their own."""
        logins = {self._login[address] for address in due if address in self._login}
        for source in self.world.sources:
            address, row = source.address, rows.get(source.address)
            if address in due or address in self.under_way or self._login.get(address) not in logins:
                continue
            if row is None or row.fail_count or not may_ask(row, now) or way_of(row) is not Way.CHEAP:
                continue
            if self.due(address, row, now) <= now + TOGETHER * self._interval(row, now):
                yield source

    def _known(self, asked: list[Source], rows: Rows, now: datetime) -> _Known:
        with self.world.store.read() as tx:
            owing = calendars.owing(tx, [source.address for source in asked])
            return _Known(frozenset(owing), needs_no_telling(self.world, tx, rows.values(), now))

    def _together(self, asked: list[Source], rows: Rows, known: _Known) -> Iterator[_Job]:
        """One question for the calendars of an account, unless its last one was not answered (docs/benchmark.md B5)."""
        for account, behind in self.world.accounts:
            login = min(behind)
            several = [s for s in asked if s.address in behind - known.owing and _has_cursor(rows, s)]
            if len(several) > 1 and self._asked_singly.get(login, -inf) <= self._steady():
                yield self._question(login, account, several, rows, known)

    def _question(self, login: str, account: Account, several: list[Source], rows: Rows, known: _Known) -> _Job:
        def ask() -> list[_Job]:
            started, begun = self.world.now(), self._steady()
            cursors = {s.address: rows[s.address].cursor for s in several}
            try:
                with within(QUESTION):
                    quiet = account.unchanged({a: cursor for a, cursor in cursors.items() if cursor})
            except OutsideError as error:
                log.info("no short cut", error=type(error).__name__)
                self._asked_singly[login] = begun + NO_SHORT_CUT
                return self._singly(several, rows, error, known)
            except Exception as fault:  # of ours, or an answer that nobody foresaw: each is asked by itself (law L10)
                if ends_more(fault):
                    raise
                log.error("no short cut", **described(fault))
                self._asked_singly[login] = begun + NO_SHORT_CUT
                return self._singly(several, rows, None, known)
            succeeded(self._reading, sorted(quiet), started, known.untold)
            self._note(quiet, begun)
            return [self._one(s, rows.get(s.address), known) for s in several if s.address not in quiet]

        return _Job(frozenset(s.address for s in several), ask, self._good, PATIENCE)

    def _singly(self, several: list[Source], rows: Rows, error: OutsideError | None, known: _Known) -> list[_Job]:
        """The account did not answer. A server that is down or busy is not asked as often as it has calendars: where
        one that answered last time does not either, the others are left alone as it is (hard case A16)."""
        from sync.pull.failures import failed  # most passes meet none

        started, begun = self.world.now(), self._steady()
        first, *others = sorted(several, key=lambda source: (rows[source.address].fail_count, source.address))
        if isinstance(error, TryLater):
            self._note([first.address], begun)
            if not read_one(self._reading, first, rows[first.address], owing=False, chance=self._chance):
                self._note([source.address for source in others], begun)
                for source in others:
                    failed(self._reading, source, error, started, self._chance)
                return []
            several = others
        return [self._one(source, rows[source.address], known) for source in several]

    def _one(self, source: Source, row: CalendarRow | None, known: _Known) -> _Job:
        def read() -> list[_Job]:
            self._note([source.address], self._steady())
            owing = source.address in known.owing
            read_one(self._reading, source, row, owing=owing, untold=known.untold, chance=self._chance)
            return []

        if row is not None and row.fail_count:
            return _Job(frozenset({source.address}), read, self._bad, SHORT)
        return _Job(frozenset({source.address}), read, self._good, FIRST_READING if self._new else PATIENCE)

    def _note(self, addresses: Iterable[str], begun: float) -> None:
        """The next reading is counted from here, with a jitter of its own."""
        for address in addresses:
            self._read_at[address] = begun
            self._jitter.pop(self._login.get(address, address), None)

    # --- threads -------------------------------------------------------------------------------------------------

    def _start(self, job: _Job) -> None:
        self.under_way |= job.addresses
        self._jobs.append(job)
        job.patience = job.patience if self._waits is None else self._waits
        in_a_thread(partial(job.run, self._ended))

    def _ended(self, job: _Job) -> None:
        self._done.put(job)
        if job.left:
            self._wake()

    def _wait(self, watch: Watch) -> None:
        """Take what ends while one has patience with it; the rest may go on by itself."""
        problem: Exception | None = None
        while (left := self._patience()) > 0:
            try:
                problem = self._taken(self._done.get(timeout=min(left, A_MOMENT)), watch) or problem
            except Empty:
                watch("")
        for job in self._jobs:
            job.left = True
            job.give_way()
        while True:
            try:  # what ended just before it was left woke nobody
                problem = self._taken(self._done.get_nowait(), watch) or problem
            except Empty:
                break
        if problem is not None:
            raise problem

    def _patience(self) -> float:
        return max((job.begun + job.patience - monotonic() for job in self._jobs if not job.left), default=0.0)

    def _taken(self, job: _Job, watch: Watch) -> StoreProblem | None:
        """What became of it. Our own faults are said and stay its own (law L10); the store's concern everybody."""
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
            self._note(job.addresses, self._steady())  # in its turn again, not at once
        return None


def _may_be_early(row: CalendarRow | None, now: datetime) -> bool:
    """A calendar that fails is left alone for as long as it is to be."""
    resting = row is not None and row.fail_count > 0 and row.due_at is not None and row.due_at > now
    return may_ask(row, now) and not resting


def _has_cursor(rows: Rows, source: Source) -> bool:
    row = rows.get(source.address)
    return row is not None and row.cursor is not None
