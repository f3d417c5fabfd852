"""What one pass works with: the practice, its calendars, its ways to patients, its store and its clock."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from adapters.base import Account, Announcer, Calendar, Reading, Sender, Window
from rules.model import Annotation, CalendarEvent, Channel, Practice
from rules.text.fold import fold
from sync.core.calls import Calls, Inline
from sync.core.guard import kept_apart
from sync.core.last_reads import Noted
from sync.store.engine import Store
from sync.store.resources import ResourceRow

Clock = Callable[[], datetime]
Watch = Callable[[str], None]


def since_start() -> float:
    """Seconds by a clock that nobody sets."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux: it counts the sleep of a machine too
    return time.clock_gettime(boot) if boot is not None else time.monotonic()


def nobody_watches(_: str) -> None:
    """For passes that nobody follows."""


PAST, FUTURE = timedelta(days=35), timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Source:
    """One configured calendar. `tags` tell the dentists of a shared calendar apart (P2); else it is `dentist`'s."""

    calendar: Calendar
    dentist: str
    tags: Mapping[str, str] = field(default_factory=dict)

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


def unreadable(payload: bytes) -> Reading:
    """What is known of a body that nobody can read: that it is there."""
    digest = hashlib.sha256(payload).hexdigest()
    return Reading((), digest, Annotation(), "event-unreadable", blocked="unreadable", sole=False)


class Readings:
    """What was read of a body, kept from mirroring to judging. The first are kept where there are too many: they are
    judged first, and make room."""

    def __init__(self, limit: int = 1500) -> None:
        self._limit = limit
        self._kept: dict[tuple[str, str], tuple[bytes, date, Reading]] = {}
        self.parsed = 0

    def forget(self, calendar: str, refs: Iterable[str]) -> None:
        """Nothing more is expected to be asked about these."""
        for ref in refs:
            self._kept.pop((calendar, ref), None)

    def forget_all(self) -> None:
        """Everything was judged."""
        self._kept.clear()

    def of(self, source: Source, ref: str, payload: bytes, window: Window) -> Reading:
        """The reading of that body, of today: tomorrow more of a series is in view. Never raises: what a reader of ours
        fails at is an event that cannot be read (law L10)."""
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
    """The names of the steps of passes that failed lately, as the store has them: asked once a process, for one process
    works at a practice at a time."""

    def __init__(self) -> None:
        self._steps: frozenset[str] | None = None

    def steps(self, store: Store) -> frozenset[str]:
        """Those."""
        if self._steps is None:
            from sync.store import troubles

            with store.read() as tx:
                self._steps = frozenset(name for _, name in troubles.every(tx, troubles.STEP))
        return self._steps

    def now(self, steps: Iterable[str]) -> None:
        """They are these from now on."""
        self._steps = frozenset(steps)


@dataclass(frozen=True, slots=True)
class World:
    """Everything around a pass. `accounts` answer for several calendars at once; `announcers`, by calendar, can say
    that something changed. `under_way`: calendars that are being read beside it: nothing is written to them, and
    nothing told from them, until that ends. `calls`: how gateways are called, one by one or beside the pass.
    `steady`: seconds by a clock that nobody sets; None: by `clock`."""

    practice: Practice
    store: Store
    sources: tuple[Source, ...]
    senders: Mapping[Channel, Sender]
    clock: Clock
    accounts: tuple[tuple[Account, frozenset[str]], ...] = ()
    on_uncertain: Mapping[Channel, str] = field(default_factory=dict)
    readings: Readings = field(default_factory=Readings)
    announcers: Mapping[str, Announcer] = field(default_factory=dict)
    noted: Noted = field(default_factory=Noted)
    failing: Failing = field(default_factory=Failing)
    under_way: Set[str] = frozenset()
    calls: Calls = field(default_factory=Inline)
    steady: Callable[[], float] | None = None

    def source(self, address: str) -> Source | None:
        """The configured calendar of that address."""
        return next((source for source in self.sources if source.address == address), None)

    def reading(self, row: ResourceRow) -> Reading | None:
        """What that resource says; None where its calendar is not configured any more, or its copy is empty."""
        source = self.source(row.calendar)
        if source is None or not row.payload:
            return None
        return self.readings.of(source, row.ref, row.payload, self.window(self.now()))

    def called(self, dentist: str) -> str:
        """How people call that dentist."""
        return self.practice.name_of(dentist)

    def now(self) -> datetime:
        """The time, in the practice's zone."""
        return self.clock().astimezone(self.practice.zone)

    def at(self, now: datetime) -> World:
        """The same at that one moment: what is decided in a pass is decided by one time."""
        return replace(self, clock=lambda: now)

    def window(self, now: datetime) -> Window:
        """In which repeated events are unfolded (docs/design.md#series)."""
        return now - PAST, now + FUTURE
