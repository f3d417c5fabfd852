"""The application context of a pass: the practice, its calendars, its channels to patients, its store and clock."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from adapters.base import Account, Announcer, Calendar, Reading, Resource, Sender, Window
from rules.model import Annotation, CalendarEvent, Channel, Practice
from rules.text.fold import fold
from sync.core.calls import Calls, Inline
from sync.core.guard import kept_apart
from sync.core.last_reads import Noted
from sync.store.calendars import WAITING_LIST
from sync.store.engine import Store
from sync.store.resources import ResourceRow

if TYPE_CHECKING:
    from sync.core.budget import Budget

T = TypeVar("T")
Clock = Callable[[], datetime]
Watch = Callable[[str], None]


def since_start() -> float:
    """Seconds by a clock that nobody sets; only differences mean anything."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux: it counts the sleep of a machine too
    return time.clock_gettime(boot) if boot is not None else time.monotonic()


def nobody_watches(_: str) -> None:
    """The watcher of a pass that nobody watches."""


SLICE = 250  # occurrences of the backlog that are evaluated between two rounds: about a second of CPU
PAST, FUTURE = timedelta(days=35), timedelta(days=400)  # series are expanded from so long ago to so far ahead


def of_whom(dentist: str) -> str:
    """Whose calendar it is, behind `agenda de`: a dentist's by key, or `la liste d'attente`."""
    return f"la {WAITING_LIST}" if dentist == WAITING_LIST else dentist


class Source(Struct, frozen=True):
    """One configured calendar, of `dentist`. The `tags` of a shared calendar tell its dentists apart (P2)."""

    calendar: Calendar
    dentist: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def lists_waiting(self) -> bool:
        """Whether it is the waiting list's own calendar, which is no dentist's (P44)."""
        return self.dentist == WAITING_LIST

    @property
    def address(self) -> str:
        """Its key in the store."""
        return self.calendar.address

    def dentist_of(self, event: CalendarEvent) -> str | None:
        """Whose event it is; None in a shared calendar where neither title nor category carries a tag."""
        if not self.tags:
            return self.dentist
        marks = {fold(category) for category in event.categories}
        title = event.title.casefold()
        for tag, dentist in self.tags.items():
            if f"[{tag.casefold()}]" in title or fold(tag) in marks:
                return dentist
        return None

    def meaning(self, row: ResourceRow) -> str:
        """The hash of what the stored body means: computed now of an event that was over when it was first seen."""
        return row.semantic if row.semantic or not row.payload else self._single(row.ref, row.payload).semantic

    def whole(self, body: Resource, reading: Reading) -> Reading:
        """The reading, made now where it was left out (`OVER`)."""
        return reading if reading.semantic else self._single(body.ref, body.payload)

    def _single(self, ref: str, payload: bytes) -> Reading:
        return self.calendar.read(ref, payload, _ANY_WINDOW)  # an event that is over is single


OVER = Reading((), "", Annotation())
"""Stands for the reading of an event that was over when it was first seen: its body is kept and not read, its meaning
unknown until somebody asks (`Source.meaning`)."""

_ANY_WINDOW = (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def unreadable(payload: bytes) -> Reading:
    """The reading of a body that cannot be parsed."""
    digest = hashlib.sha256(payload).hexdigest()
    return Reading((), digest, Annotation(), "event-unreadable", blocked="unreadable", sole=False)


class Readings:
    """A cache of parsed bodies, from storing to evaluating. When it is full new ones are not kept: the oldest are
    evaluated first, and make room."""

    def __init__(self, limit: int = 1500) -> None:
        self._limit = limit
        self._kept: dict[tuple[str, str], tuple[bytes, date, Reading]] = {}
        self.parsed = 0

    def forget(self, calendar: str, refs: Iterable[str]) -> None:
        """Drop these: they were evaluated."""
        for ref in refs:
            self._kept.pop((calendar, ref), None)

    def forget_all(self) -> None:
        """Drop all: everything was evaluated."""
        self._kept.clear()

    def of(self, source: Source, ref: str, payload: bytes, window: Window) -> Reading:
        """The reading of that body, cached for one day, since tomorrow's window shows more of a series. Never raises: a
        body at which our parser fails is an unreadable event (law L10)."""
        key, day = (source.address, ref), window[1].date()
        kept, digest = self._kept.get(key), hashlib.sha256(payload).digest()
        if kept and kept[:2] == (digest, day):
            return kept[2]
        self.parsed += 1
        with kept_apart("event not read") as fate:
            reading = source.calendar.read(ref, payload, window)
        if fate.failed:
            reading = unreadable(payload)
        if kept or len(self._kept) < self._limit:
            self._kept[key] = (digest, day, reading)
        return reading


class Failing:
    """The names of the steps that failed lately. The store is asked once a worker (`sync.worker.loop.Worker`), for one
    at a time works for a practice; in a fleet a process that takes over from another one has a new one."""

    def __init__(self) -> None:
        self._steps: frozenset[str] | None = None

    def steps(self, store: Store) -> frozenset[str]:
        """Their names."""
        if self._steps is None:
            from sync.store import troubles

            with store.read() as tx:
                self._steps = frozenset(name for _, name in troubles.every(tx, troubles.STEP))
        return self._steps

    def now(self, steps: Iterable[str]) -> None:
        """Replace the names."""
        self._steps = frozenset(steps)


class Retention(Struct, frozen=True):
    """For how many days messages to patients, with what they asked and answered, and the journal are kept."""

    messages_days: int = 1095
    journal_days: int = 1095


class Purged(Struct):
    """When old rows were last deleted, as far as this process knows: an idle pass does not ask the store."""

    at: datetime | None = None


class Recovered(Struct):
    """Whether this process looked once for the messages that a crash left: those of later looks are its own."""

    once: bool = False


class Derived:
    """What follows from a practice and its calendars alone, computed once while these stay the same."""

    def __init__(self, limit: int = 500) -> None:
        self._limit = limit
        self._kept: tuple[object, object, dict[Hashable, Any]] = (None, None, {})

    def once(self, world: World, name: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` says, under that name."""
        practice, sources, kept = self._kept
        if practice is not world.practice or sources is not world.sources or len(kept) >= self._limit:
            kept = {}
            self._kept = (world.practice, world.sources, kept)
        if name not in kept:
            kept[name] = compute()
        found: T = kept[name]
        return found


class World(Struct, frozen=True):
    """The application context: everything that a pass works with."""

    practice: Practice
    store: Store
    sources: tuple[Source, ...]  # the configured calendars
    senders: Mapping[Channel, Sender]
    clock: Clock
    accounts: tuple[tuple[Account, frozenset[str]], ...] = ()  # each answers for several calendars in one request
    on_uncertain: Mapping[Channel, str] = field(default_factory=dict)  # `hold` or `retry` after a lost answer
    readings: Readings = field(default_factory=Readings)
    announcers: Mapping[str, Announcer] = field(default_factory=dict)  # push channels, by calendar
    noted: Noted = field(default_factory=Noted)
    failing: Failing = field(default_factory=Failing)
    derived: Derived = field(default_factory=Derived)
    retention: Retention = field(default_factory=Retention)
    purged: Purged = field(default_factory=Purged)
    recovered: Recovered = field(default_factory=Recovered)
    under_way: Set[str] = frozenset()  # being read in the background: no write and no message until that ends
    calls: Calls = field(default_factory=Inline)
    slice: int = SLICE
    budgets: Mapping[str, Budget] = field(default_factory=dict)  # calendar → the requests of its Google project
    steady: Callable[[], float] | None = None  # seconds by a clock that nobody sets; None: by `clock`

    def once(self, name: Hashable, compute: Callable[[], T]) -> T:
        """What follows from practice and calendars alone, under that name: computed once (`Derived`)."""
        return self.derived.once(self, name, compute)

    def source(self, address: str) -> Source | None:
        """The configured calendar of that address."""
        return next((source for source in self.sources if source.address == address), None)

    def meaning(self, row: ResourceRow) -> str:
        """See `Source.meaning`; of a calendar that left the configuration what is stored."""
        source = self.source(row.calendar)
        return source.meaning(row) if source else row.semantic

    def reading(self, row: ResourceRow) -> Reading | None:
        """The reading of a stored resource; None if its calendar left the configuration or its copy is empty."""
        source = self.source(row.calendar)
        if source is None or not row.payload:
            return None
        return self.readings.of(source, row.ref, row.payload, self.window(self.now()))

    def stretch(self, calendar: str) -> float | None:
        """By how much its intervals are longer now, so that its project's requests last; None: they are not counted."""
        budget = self.budgets.get(calendar)
        return None if budget is None else budget.stretch(self.now())

    def count_requests(self) -> None:
        """Store what was asked of the Google projects."""
        for budget in set(self.budgets.values()):
            budget.keep(self.now())

    def called(self, dentist: str) -> str:
        """The dentist's name."""
        return self.practice.name_of(dentist)

    def now(self) -> datetime:
        """The time, in the practice's zone."""
        return self.clock().astimezone(self.practice.zone)

    def at(self, now: datetime) -> World:
        """The same at that one moment: what a step decides is decided by one time."""
        return replace(self, clock=lambda: now)

    def kept_since(self, now: datetime) -> datetime:
        """What ended before that may have lost its messages."""
        return now - timedelta(days=self.retention.messages_days)

    def window(self, now: datetime) -> Window:
        """The time range in which series are expanded (docs/design.md#series)."""
        return now - PAST, now + FUTURE
