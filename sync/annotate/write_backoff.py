"""Calendars that take no writes for now: the provider said until when, or one write after another failed
(hard case C15).

Kept in the store, so that it holds over restarts and separate calls (docs/design.md#details-people-rely-on). Readings
go on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import random

from adapters.base import OutsideError, TryLater
from sync.core import intervals
from sync.core.context import World
from sync.store import basics
from sync.store.engine import Tx

ROUND_TRIP = 30.0  # seconds for one write with the readings around it: what hangs must not hold up the rest


def until(tx: Tx, calendar: str, now: datetime) -> datetime | None:
    """When writing may go on; None where it may now."""
    said = basics.get(tx, _until(calendar))
    moment = datetime.fromisoformat(said) if said else None
    return moment if moment is not None and moment > now else None


def paused(world: World, calendar: str) -> bool:
    """Whether nothing may be written there now: the provider's pause, or it is being read beside this pass."""
    if calendar in world.under_way:
        return True
    with world.store.read() as tx:
        return until(tx, calendar, world.now()) is not None


def failed(world: World, calendar: str, error: OutsideError | None, chance: Callable[[], float] = random) -> bool:
    """A write there failed, or (None) its answer was lost. What the provider asks for holds for the whole calendar; so
    does, from the second failure in a row on, a wait that grows to six hours. Whether there is a pause now."""
    now = world.now()
    with world.store.write() as tx:
        failures = int(basics.get(tx, _count(calendar)) or 0) + 1
        own = intervals.backoff(failures, chance(), intervals.WRITES_CAP_S) if failures > 1 else 0.0
        asked = error.retry_after or 0.0 if isinstance(error, TryLater) else 0.0
        wait = max(own, asked)
        basics.put(tx, _count(calendar), str(failures))
        if wait > 0:
            basics.put(tx, _until(calendar), (now + timedelta(seconds=wait)).isoformat())
        if wait > 0 and failures <= 2:
            basics.log(tx, now, "writes-paused", calendar=calendar)
    return wait > 0


def worked(tx: Tx, calendar: str) -> None:
    """A write there was answered: what failed before is over."""
    if basics.get(tx, _count(calendar)) not in {None, "0"}:
        basics.put(tx, _count(calendar), "0")


def _until(calendar: str) -> str:
    return f"no-writes:{calendar}"


def _count(calendar: str) -> str:
    return f"writes-failed:{calendar}"
