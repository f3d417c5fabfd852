"""Polling intervals and waits after failures: pure arithmetic (docs/design.md#pace).

Moments and randomness are arguments: `jitter` lies between -1 and 1, `chance` between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from random import random
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from sync.store.calendars import CalendarRow

SLOWEST_S = 600.0  # outside opening hours, and with a push channel, in case a notification is lost
WHOLE_S = 300.0  # at least, where each reading lists the whole calendar
FEED_S, FEED_FASTEST_S, FEED_SLOWEST_S = 900.0, 300.0, 21_600.0  # a feed: by default, and the limits of its own wish
FAST_S, FAST_FOR_S, FAST_DECAY = 15.0, 900.0, 1.5  # while somebody books; after 900 s each wait is 1.5 × the last
PUSHED_S = 900.0  # with a push channel, where requests are counted
SPARED_S = 3600.0  # at most, where the requests of the day run out
JITTER = 0.2  # of the interval, to either side
READS_CAP_S, WRITES_CAP_S = 900.0, 21_600.0  # the longest wait after failed readings, and after failed writes
RETRY_FIRST_S, RETRY_CAP_S = 15.0, 3600.0  # of a message, an alert, an edit
REFUSALS, REFUSED_FOR = 3, timedelta(minutes=10)  # then a login counts as refused: before, the server may err
LOGIN_SECOND_S, LOGIN_THIRD_S, LOGIN_REFUSED_S = 60.0, 300.0, 3600.0  # waits before the next try of a refused login


class Way(StrEnum):
    """What one reading costs the server."""

    CHEAP = "cheap"
    WHOLE = "whole"
    FEED = "feed"


class Why(StrEnum):
    """Why a calendar's interval is not the configured one."""

    ORDINARY = ""
    CLOSED = "closed"
    WHOLE = "whole"
    FEED = "feed"
    PUSHED = "pushed"
    LIVELY = "lively"
    SPARED = "spared"


class Pace(Struct, frozen=True):
    """What one calendar's interval depends on."""

    every: float  # configured seconds between two readings
    at_work: bool  # within opening hours, somebody may be booking
    way: Way = Way.CHEAP
    lively_at: datetime | None = None  # when a person's change was last seen
    pushed_until: datetime | None = None  # until when the server announces changes
    offered: float | None = None  # seconds between two readings that a feed itself asks for
    stretch: float | None = None  # how much longer each interval is, so that the day's requests last; None: not counted


def pace_of(row: CalendarRow, every: float, *, at_work: bool, stretch: float | None = None) -> Pace:
    """The pace of a calendar, from its row in the store."""
    return Pace(every, at_work, way_of(row), row.lively_at, row.pushed_until, row.offered_seconds, stretch)


def way_of(row: CalendarRow) -> Way:
    """What a reading costs: a calendar without a trusted sync token is listed whole each time."""
    kind = row.cursor.kind if row.cursor else ""
    if kind == "feed" or row.calendar.startswith("ics:"):
        return Way.FEED
    return Way.WHOLE if row.doubted_at is not None or kind == "etags" else Way.CHEAP


def due(row: CalendarRow, read_at: datetime, ordinary: datetime) -> datetime:
    """When the calendar is due after a reading at `read_at`. `ordinary`: by its interval. A failure makes it later, a
    push notification since then sooner; never before the server's Retry-After."""
    asked = row.due_at if row.due_at is not None and row.due_at >= read_at else None
    when = ordinary if asked is None else asked if row.fail_count else min(asked, ordinary)
    return max(when, row.not_before) if row.not_before is not None else when


def next_read(pace: Pace, read_at: datetime, jitter: float = 0.0) -> tuple[datetime, Why]:
    """When the calendar is due by its interval, with jitter, and why the interval is not the configured one."""
    seconds, why = interval(pace, read_at)
    spread = seconds * (1 + JITTER * jitter)
    most = spread if pace.way is Way.FEED or why is Why.SPARED else max(pace.every, SLOWEST_S, seconds)
    return read_at + timedelta(seconds=min(spread, most)), why


def interval(pace: Pace, now: datetime) -> tuple[float, Why]:
    """Seconds from one reading to the next."""
    seconds, why = _unspared(pace, now)
    if pace.stretch is None or pace.stretch <= 1:
        return seconds, why
    usual = min(pace.every, seconds) if why is Why.CLOSED else seconds  # what is asked seldom already is no burden
    spared = min(usual * pace.stretch, SPARED_S)
    return (spared, Why.SPARED) if spared > seconds else (seconds, why)


def _unspared(pace: Pace, now: datetime) -> tuple[float, Why]:
    base = base_interval(pace.every, at_work=pace.at_work)
    if pace.way is Way.FEED:
        offered = min(FEED_SLOWEST_S, max(FEED_FASTEST_S, pace.offered)) if pace.offered else FEED_S
        return max(pace.every, offered), Why.FEED
    if pace.pushed_until is not None and pace.pushed_until > now:
        return max(base, SLOWEST_S if pace.stretch is None else PUSHED_S), Why.PUSHED
    if pace.way is Way.WHOLE and base < WHOLE_S:
        return WHOLE_S, Why.WHOLE
    quick = fast_interval(pace, now)
    if quick < base and pace.way is Way.CHEAP:
        return quick, Why.LIVELY
    return base, Why.ORDINARY if pace.at_work else Why.CLOSED


def base_interval(every: float, *, at_work: bool) -> float:
    """Seconds between readings when nothing happens: outside opening hours ten times the configured, 600 at most."""
    return every if at_work else max(every, min(10 * every, SLOWEST_S))


def fast_interval(pace: Pace, now: datetime) -> float:
    """Seconds while somebody is booking, at any hour: 15 s for 15 minutes after the last change, since she telephones
    between two entries; then each wait 1.5 × the one before. (Waits of 1.5·q, 1.5²·q … 1.5ᵏ·q add up to
    3·q·(1.5ᵏ - 1): the elapsed time gives the next.)"""
    if pace.lively_at is None:
        return float("inf")
    quick = min(pace.every, FAST_S)
    beyond = (now - pace.lively_at).total_seconds() - FAST_FOR_S
    return quick if beyond < 0 else quick * FAST_DECAY + beyond * (FAST_DECAY - 1)


def backoff(failures: int, chance: float, cap: float = READS_CAP_S) -> float:
    """Seconds to wait after `failures` in a row: exponential backoff with full jitter below 2ⁿ s, 1 s at least."""
    return max(1.0, chance * min(cap, 2.0 ** min(failures, 30)))


def before_retry(attempts: int, chance: Callable[[], float] = random) -> timedelta:
    """How long a message, an alert or an edit waits after that many attempts: between 15 s and 15, 30, 60 s … 1 h,
    chosen at random."""
    most = min(RETRY_CAP_S, RETRY_FIRST_S * 2.0 ** min(attempts - 1, 30))
    return timedelta(seconds=RETRY_FIRST_S + chance() * (most - RETRY_FIRST_S))


def server_wait(asked: float, before: float | None, own: float) -> float:
    """Seconds to wait after a Retry-After of `asked`: at least our own backoff. If the previous Retry-After `before`
    had just ended, at least twice that, up to 15 min: the server asks for too little."""
    again = 0.0 if before is None else min(2 * before, READS_CAP_S)
    return max(asked, again, own)


def reconnect(refused: int, since: datetime | None, now: datetime) -> bool:
    """Whether a person must renew the login: refused three times, over ten minutes."""
    return refused >= REFUSALS and since is not None and now - since >= REFUSED_FOR


def login_wait(refused: int, since: datetime | None, now: datetime) -> float:
    """Seconds before a refused login is tried again: many tries may lock the account, none would never recover."""
    if reconnect(refused, since, now):
        return LOGIN_REFUSED_S
    return LOGIN_THIRD_S if refused > 1 else LOGIN_SECOND_S
