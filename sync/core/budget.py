"""The daily requests of a Google project: counted in the store, and spared by reading seldomer (docs/scale.md#google).

Only readings are spared. From four fifths of the budget on, the interval of each calendar grows so that what is left,
but for a twentieth that writes keep, lasts until Google's day ends: at midnight in California.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from math import inf
from time import monotonic
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from adapters.meter import Meter
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.store import counters
from sync.store.engine import Store, StoreProblem

PACIFIC = ZoneInfo("America/Los_Angeles")
SPARED_FROM, FOR_WRITES = 0.8, 0.05  # of the budget
STORED_EVERY_S = 60.0
_CROSSED = "crossed "  # + the day


class Day(Struct, frozen=True):
    """What was asked of Google on one of its days. `crossed`: seconds from its begin until four fifths were used."""

    begins: datetime
    ends: datetime
    used: int = 0
    crossed: float | None = None


def google_day(now: datetime) -> Day:
    """The day at Google at that moment, with nothing asked yet."""
    date = now.astimezone(PACIFIC).date()
    begins, ends = (datetime.combine(one, time(), PACIFIC) for one in (date, date + timedelta(days=1)))
    return Day(begins, ends)


def stretch(daily: int, day: Day, now: datetime) -> float:
    """By how much each interval is longer than usual: what would be asked in the rest of the day, by the measure of its
    beginning, divided by what may be; infinite where nothing is left."""
    if day.crossed is None or day.used < SPARED_FROM * daily:
        return 1.0
    left = (1 - FOR_WRITES) * daily - day.used
    wanted = SPARED_FROM * daily / max(1.0, day.crossed) * (day.ends - now).total_seconds()
    return inf if left <= 0 else max(1.0, wanted / left)


class Budget:
    """The budget of one project, `daily` requests, for the practices of one store. `steady`: a clock that nobody
    sets."""

    def __init__(self, daily: int, meter: Meter, store: Store, steady: Callable[[], float] = monotonic) -> None:
        self.daily, self.meter = daily, meter
        self._store = store.named(f"google:{meter.project}")  # a practice's key has no colon
        self._day: Day | None = None
        self._looked = -inf
        self._steady = steady

    def stretch(self, now: datetime) -> float:
        """See `stretch`."""
        return stretch(self.daily, self.day(now), now)

    def day(self, now: datetime) -> Day:
        """Today at Google: what all asked, as stored a minute ago at most, and what this process asked since."""
        known, today = self._day, google_day(now)
        if known is None or known.begins != today.begins or self._steady() - self._looked >= STORED_EVERY_S:
            known = self._read(today)
        return replace(known, used=known.used + self.meter.pending)

    def keep(self, now: datetime) -> None:
        """Add what was asked to what all processes asked; once a minute, and nothing where nothing was asked."""
        if self.meter.pending and self._steady() - self.meter.taken_at >= STORED_EVERY_S:
            self.meter.taken_at = self._steady()
            asked, counted = self.meter.take(), False
            try:
                with kept_apart("requests not counted"):
                    self._add(google_day(now), asked, now)
                    counted = True
            except StoreProblem as problem:  # counted in a minute: what is about to be sent does not wait for it
                log.info("requests not counted", reason=str(problem))
            if not counted:
                self.meter.count(asked)

    def _add(self, today: Day, asked: int, now: datetime) -> None:
        name = today.begins.date().isoformat()
        with self._store.write() as tx:
            used = counters.take_numbers(tx, name, asked).stop - 1
            known = counters.counted(tx)
            for old in known:
                if name not in old:
                    counters.forget(tx, old)
            if used >= SPARED_FROM * self.daily and _CROSSED + name not in known:
                seconds = max(1, int((now - today.begins).total_seconds()))
                counters.take_numbers(tx, _CROSSED + name, seconds)
        self._read(today)

    def _read(self, today: Day) -> Day:
        name = today.begins.date().isoformat()
        with self._store.read() as tx:
            known = counters.counted(tx)
        self._day = replace(today, used=known.get(name, 0), crossed=known.get(_CROSSED + name))
        self._looked = self._steady()
        return self._day
