"""Notices that the computer's clock was set.

A stored moment in the future shows that the clock was set back; a jump against the steady clock, that it was set
forward.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sync.core.context import World, since_start
from sync.store import calendars

TOLERANCE = timedelta(minutes=2)  # NTP corrects clocks by seconds all the time


def ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether a stored moment lies in the future, and so says nothing."""
    return moment is not None and moment > now + TOLERANCE


def repair_if_set_back(world: World) -> None:
    """Before a pass: repair the stored moments if the clock was set back since the last one, or since this process's
    own last reading, which need not be stored. One question if not."""
    with world.store.read() as tx:
        latest = calendars.latest(tx)
    now, known = world.now(), world.noted.newest()
    latest = max(filter(None, (latest, known)), default=None)
    if latest is not None and ahead(latest, now):
        from sync.worker.clock_repair import put_right  # imported here: most passes need no repair

        put_right(world, latest - now, now, since=now + TOLERANCE)
        world.noted.forget_after(now)


class Steps:
    """Notices that the clock was set forward, against a steady one that nobody sets and that counts sleep too. The
    store shows a clock set back (`repair_if_set_back`)."""

    def __init__(self, steady: Callable[[], float] | None = None) -> None:
        self._steady = steady or since_start
        self._between: float | None = None

    def look(self, world: World) -> timedelta | None:
        """How far the clock was set forward since the last look, and alert the practice; None if it was not."""
        now = world.now()
        between, before = now.timestamp() - self._steady(), self._between
        self._between = between
        span = timedelta(seconds=between - before) if before is not None else timedelta(0)
        if span <= TOLERANCE:
            return None
        from sync.worker.clock_repair import alert

        with world.store.write() as tx:
            alert(tx, span, now, way="avancé")
        return span
