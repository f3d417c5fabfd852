"""How soon a calendar is read again, and how long one that fails is left alone: pure arithmetic (docs/design.md#pace).

Moments and chance are arguments: `jitter` lies between -1 and 1, `chance` between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.store.calendars import CalendarRow

SLOWEST = 600.0  # outside opening hours; also the safety pace beside a push channel
WHOLE = 300.0
FEED, FEED_FAST, FEED_SLOW = 900.0, 300.0, 21_600.0
LIVELY, LIVELY_FOR, DECAY = 15.0, 180.0, 1.5
JITTER = 0.2
READS_CAP, WRITES_CAP = 900.0, 21_600.0
RETRY_FIRST, RETRY_CAP = 15.0, 3600.0
REFUSALS, REFUSED_FOR = 3, timedelta(minutes=10)
LOGIN_AGAIN, LOGIN_SOON, LOGIN_PROBE = 60.0, 300.0, 3600.0


class Way(StrEnum):
    """What one reading costs the server."""

    CHEAP = "cheap"
    WHOLE = "whole"
    FEED = "feed"


class Why(StrEnum):
    """Why a calendar is not read at the pace that was configured."""

    ORDINARY = ""
    CLOSED = "closed"
    WHOLE = "whole"
    FEED = "feed"
    PUSHED = "pushed"
    LIVELY = "lively"


@dataclass(frozen=True, slots=True)
class Pace:
    """One calendar's circumstances. `every`: seconds, as configured; `at_work`: somebody may be booking now;
    `lively_at`: when a person's change was last seen; `pushed_until`: until when the server announces changes;
    `offered`: how often, in seconds, a feed itself wants to be read."""

    every: float
    at_work: bool
    way: Way = Way.CHEAP
    lively_at: datetime | None = None
    pushed_until: datetime | None = None
    offered: float | None = None


def pace_of(row: CalendarRow, every: float, *, at_work: bool) -> Pace:
    """What the store knows of it."""
    return Pace(every, at_work, way_of(row), row.lively_at, row.pushed_until, row.offered_seconds)


def way_of(row: CalendarRow) -> Way:
    """A calendar whose token is doubted, or that has none, is listed whole each time."""
    kind = row.cursor.kind if row.cursor else ""
    if kind == "feed" or row.calendar.startswith("ics:"):
        return Way.FEED
    return Way.WHOLE if row.doubted_at is not None or kind == "etags" else Way.CHEAP


def due(row: CalendarRow, read_at: datetime, ordinary: datetime) -> datetime:
    """When it is to be read after a reading that began then, whose `ordinary` successor is given: later after a
    failure, sooner after a hint that came since; never before the server allows it."""
    asked = row.due_at if row.due_at is not None and row.due_at >= read_at else None
    when = ordinary if asked is None else asked if row.fail_count else min(asked, ordinary)
    return max(when, row.not_before) if row.not_before is not None else when


def next_read(pace: Pace, read_at: datetime, jitter: float = 0.0) -> tuple[datetime, Why]:
    """When it is due after a reading that began then, and why not at the configured pace."""
    seconds, why = interval(pace, read_at)
    spread = seconds * (1 + JITTER * jitter)
    most = max(pace.every, SLOWEST) if pace.way is not Way.FEED else spread
    return read_at + timedelta(seconds=min(spread, most)), why


def interval(pace: Pace, now: datetime) -> tuple[float, Why]:
    """Seconds from one reading to the next."""
    base = resting(pace.every, at_work=pace.at_work)
    if pace.way is Way.FEED:
        offered = min(FEED_SLOW, max(FEED_FAST, pace.offered)) if pace.offered else FEED
        return max(pace.every, offered), Why.FEED
    if pace.pushed_until is not None and pace.pushed_until > now:
        return max(base, SLOWEST), Why.PUSHED
    if pace.way is Way.WHOLE and base < WHOLE:
        return WHOLE, Why.WHOLE
    quick = lively(pace, now)
    if quick < base and pace.way is Way.CHEAP:
        return quick, Why.LIVELY
    return base, Why.ORDINARY if pace.at_work else Why.CLOSED


def resting(every: float, *, at_work: bool) -> float:
    """The pace of a practice where nothing happens: ten times slower outside its hours, ten minutes at most."""
    return every if at_work else max(every, min(10 * every, SLOWEST))


def lively(pace: Pace, now: datetime) -> float:
    """Seconds while somebody is booking: quick for three minutes after her last change, then each wait 1.5 × the one
    before. (Waits of 1.5ᵏ·q add up to 3·q·(1.5ᵏ - 1): so the next one follows from the time that has passed.)"""
    if pace.lively_at is None:
        return float("inf")
    quick = min(pace.every, LIVELY)
    beyond = (now - pace.lively_at).total_seconds() - LIVELY_FOR
    return quick if beyond < 0 else quick * DECAY + beyond * (DECAY - 1)


def backoff(failures: int, chance: float, cap: float = READS_CAP) -> float:
    """Seconds to leave it alone after that many failures in a row: full jitter below 2ⁿ s, one second at least."""
    return max(1.0, chance * min(cap, 2.0 ** min(failures, 30)))


def before_retry(attempts: int, chance: Callable[[], float] = random) -> timedelta:
    """How long a message, an alert or a write waits after that many attempts: 15 s, and full jitter above that, up to
    15, 30, 60 s and so on to an hour."""
    most = min(RETRY_CAP, RETRY_FIRST * 2.0 ** min(attempts - 1, 30))
    return timedelta(seconds=RETRY_FIRST + chance() * (most - RETRY_FIRST))


def demanded(asked: float, before: float | None, own: float) -> float:
    """Seconds, where the server asked to wait: never less than our own wait; asked for again at once, twice as long as
    the time `before` (up to a quarter of an hour), for what it asks is then too short."""
    again = 0.0 if before is None else min(2 * before, READS_CAP)
    return max(asked, again, own)


def reconnect(refused: int, since: datetime | None, now: datetime) -> bool:
    """Whether a person must give access anew: refused three times, over ten minutes."""
    return refused >= REFUSALS and since is not None and now - since >= REFUSED_FOR


def login_wait(refused: int, since: datetime | None, now: datetime) -> float:
    """Seconds before a refused login is tried again: too many tries shut accounts, none would never recover."""
    if reconnect(refused, since, now):
        return LOGIN_PROBE
    return LOGIN_SOON if refused > 1 else LOGIN_AGAIN
