"""Calendars of a pretended day: read by the worker's real scheduling, changed by people in opening hours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from adapters.base import Cursor
from bench.scale.pretend import Clock
from config.settings import Settings
from rules.model import Practice
from sync.core import intervals
from sync.core.budget import Budget
from sync.core.context import Source, World, nobody_watches
from sync.core.pace import pace_at
from sync.fleet.seat import Seat
from sync.fleet.shared import Shared
from sync.store.calendars import CalendarRow
from sync.store.lease import Claim, Return
from sync.store.states import CalendarState
from sync.worker.loop import Stop
from sync.worker.member import Member
from sync.worker.reading_job import Job
from sync.worker.scheduler import Readers, _Known

_NOTHING = _Known(frozenset(), frozenset())


@dataclass(slots=True)
class Readings:
    """Of all calendars. `latest`: the longest time between two readings, in the calendar's own intervals at the first
    of them; `late`: how many took more than two. `answered`: seconds from a change to its reading, the longest.
    `a_minute`: by minute since the beginning; `pushed`: of calendars with a push channel."""

    began: float
    count: int = 0
    pushed: int = 0
    latest: float = 0.0
    late: int = 0
    seen: int = 0
    answered: float = 0.0
    a_minute: dict[int, int] = field(default_factory=dict)


class Calendars:
    """What the store knows of each calendar, and what people did that nobody has read yet."""

    def __init__(self, clock: Clock, every: int, began: float, budget: Budget | None) -> None:
        self._clock, self._every, self.readings, self._budget = clock, every, Readings(began), budget
        self.rows: dict[str, CalendarRow] = {}
        self._unread: dict[str, float] = {}  # since when
        self._promised: dict[str, tuple[float, float]] = {}  # when it was read, and the interval from then on

    def add(self, address: str, *, pushed: bool) -> None:
        """One more."""
        until = self._clock() + timedelta(days=2) if pushed else None
        self.rows[address] = _row(address, self._clock(), until)

    def change(self, address: str) -> bool:
        """A person changes it now; whether its server announces that, so that it is due."""
        self._unread.setdefault(address, self._clock.now)
        row = self.rows[address]
        if row.pushed_until is None:
            return False
        self.rows[address] = replace(row, due_at=self._clock())
        return True

    def read(self, addresses: Iterable[str], world: World) -> bool:
        """They are read now; whether any was changed."""
        now, changed = self._clock(), False
        for address in addresses:
            row, since = self.rows[address], self._unread.pop(address, None)
            if since is not None or row.due_at is not None:
                lively = now if since is not None else row.lively_at
                row = self.rows[address] = replace(row, due_at=None, lively_at=lively)
            self._count(address, row, since)
            pace = pace_at(world, row, self._every, now)
            self._promised[address] = self._clock.now, intervals.interval(pace, now)[0]
            changed |= since is not None
            if self._budget is not None and row.pushed_until is not None:
                self._budget.meter.count()
        return changed

    def _count(self, address: str, row: CalendarRow, since: float | None) -> None:
        found, now = self.readings, self._clock.now
        found.count += 1
        found.pushed += row.pushed_until is not None
        minute = int((now - found.began) // 60)
        found.a_minute[minute] = found.a_minute.get(minute, 0) + 1
        if since is not None:
            found.seen += 1
            found.answered = max(found.answered, now - since)
        if address in self._promised:
            before, interval = self._promised[address]
            found.latest = max(found.latest, (now - before) / interval)
            found.late += now - before > 2 * interval


class _Reading(Readers):
    """The real planning; a reading takes the clock on by `latency`, and nothing else."""

    def __init__(self, world: World, every: float, calendars: Calendars, chance: Callable[[], float]) -> None:
        super().__init__(world, every, chance=chance)
        self._calendars = calendars
        self.changed = self.read_any = False

    def _known(self, *_: object) -> _Known:
        return _NOTHING

    def _start(self, job: Job) -> None:
        self.under_way |= job.addresses
        self.read_any = True
        self._note(job.addresses, self._steady())
        self.changed |= self._calendars.read(job.addresses, self.world)


class _Turns(Shared):
    """The real turn's plan around pretended readings, which last side by side as long as one."""

    def __init__(self, place: Place, world: World, around: Around, stop: Stop) -> None:
        super().__init__(world, around.every, stop, lambda: None, lambda _problem: None)
        self._place, self._around = place, around
        self._reading = self.readers = _Reading(world, around.every, around.calendars, around.chance.random)
        self.world = world

    def _takes(self, _work: Callable[[], object]) -> None:
        reading, around = self._reading, self._around
        reading.changed = reading.read_any = False
        reading.read_due(around.calendars.rows, nobody_watches)
        reading.under_way.clear()
        self.world.count_requests()
        around.clock.now += around.latency if reading.read_any else 0.0
        self.work_left = reading.changed and not self._place.judges
        around.clock.now += around.judging if self._place.judges else 0.0
        self.due = monotonic() + self.wait()

    def _dues(self, now: datetime) -> tuple[datetime | None, ...]:
        return (self.readers.next_due(self._around.calendars.rows, now),)


@dataclass(frozen=True, slots=True)
class Around:
    """What all practices share. `latency` of a reading, and `judging` of what was changed, in seconds."""

    calendars: Calendars
    clock: Clock
    chance: random.Random
    every: int
    latency: float
    judging: float


class _Member(Member):
    """All have the settings of one file; their worlds are open."""

    def __init__(self, settings: Settings, world: World) -> None:
        nobody: Any = None
        super().__init__(settings, nobody, Path())
        self.world = world

    @property
    def key(self) -> str:
        """See Member."""
        assert self.world is not None
        return self.world.practice.key

    def rest(self) -> None:
        """See Member: it has nothing open of its own."""


class Place(Seat):
    """A practice in the fleet, whose worker is pretended."""

    def __init__(self, around: Around, settings: Settings, world: World, stop: Stop) -> None:
        super().__init__(_Member(settings, world), stop, around.clock, lambda _: None)  # type: ignore[arg-type]
        self._around, self.judges = around, False

    def work(self, claim: Claim) -> Return | None:
        """See Seat: what was changed is judged."""
        self.judges = True
        try:
            return super().work(claim)
        finally:
            self.judges = False

    def _begun(self, world: World, claim: Claim) -> Shared:
        worker = _Turns(self, world, self._around, self._stop)
        worker.readers.remember(claim.memory)
        return worker


def world_of(practice: Practice, addresses: Iterable[str], clock: Clock, budget: Budget | None) -> World:
    """`budget`: of the Google project behind its calendars; without one all calendars lie behind one login of another
    server."""
    nothing: Any = SimpleNamespace(leased=lambda _: None, url=None, practice=practice.key, _engine=None, stored=0)
    sources = tuple(Source(SimpleNamespace(address=one), "martin") for one in addresses)  # type: ignore[arg-type]
    accounts = ((nothing, frozenset(one.address for one in sources)),) if budget is None else ()
    budgets = dict.fromkeys((one.address for one in sources), budget) if budget else {}
    return World(practice, nothing, sources, {}, clock, accounts, budgets=budgets)


def _row(address: str, now: datetime, pushed_until: datetime | None) -> CalendarRow:
    nothing: Mapping[str, None] = dict.fromkeys(CalendarRow.__struct_fields__)
    known = {"calendar": address, "dentist": "martin", "state": CalendarState.ACTIVE, "cursor": Cursor("token", "1")}
    counts = {"fail_count": 0, "unreported": 0, "refused": 0}
    return CalendarRow(**{**nothing, **known, **counts, "baseline_at": now, "pushed_until": pushed_until})  # type: ignore[arg-type]
