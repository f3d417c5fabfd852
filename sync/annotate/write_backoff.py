"""Pauses writes to a calendar after a Retry-After, or after failed writes in a row (hard case C15). Readings go on.

The pause is stored, so that it holds across restarts and separate commands (docs/design.md#details-people-rely-on).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import random

from adapters.base import OutsideError, TryLater
from sync.core import intervals
from sync.core.context import World
from sync.store import journal, keyvalue
from sync.store.engine import Tx

NAME = "no-writes:"  # + calendar → until when
ROUND_TRIP_S = 30.0  # deadline of one write with the readings around it, so that a hanging one does not delay others


def until(tx: Tx, calendar: str, now: datetime) -> datetime | None:
    """When writes may go on; None if they may now."""
    said = keyvalue.get(tx, _until(calendar))
    moment = datetime.fromisoformat(said) if said else None
    return moment if moment is not None and moment > now else None


def paused(world: World, calendar: str) -> bool:
    """Whether nothing may be written there now: writes pause, or the calendar is being read in the background."""
    if calendar in world.under_way:
        return True
    with world.store.read() as tx:
        return until(tx, calendar, world.now()) is not None


def failed(world: World, calendar: str, error: OutsideError | None, chance: Callable[[], float] = random) -> bool:
    """Note a failed write, or one whose answer was lost (None). The calendar pauses for the provider's Retry-After and,
    from the second failure in a row on, for a backoff of up to 6 h. Returns whether it pauses now."""
    now = world.now()
    with world.store.write() as tx:
        failures = int(keyvalue.get(tx, _count(calendar)) or 0) + 1
        own = intervals.backoff(failures, chance(), intervals.WRITES_CAP_S) if failures > 1 else 0.0
        asked = error.retry_after or 0.0 if isinstance(error, TryLater) else 0.0
        wait = max(own, asked)
        keyvalue.put(tx, _count(calendar), str(failures))
        if wait > 0:
            keyvalue.put(tx, _until(calendar), (now + timedelta(seconds=wait)).isoformat())
        if wait > 0 and failures <= 2:
            journal.log(tx, now, "writes-paused", calendar=calendar)
    return wait > 0


def failing(tx: Tx, calendar: str) -> bool:
    """Whether the last write there failed."""
    return keyvalue.get(tx, _count(calendar)) not in {None, "0"}


def worked(tx: Tx, calendar: str) -> None:
    """Note an answered write: the count of failures ends."""
    if failing(tx, calendar):
        keyvalue.put(tx, _count(calendar), "0")


def _until(calendar: str) -> str:
    return f"{NAME}{calendar}"


def _count(calendar: str) -> str:
    return f"writes-failed:{calendar}"
