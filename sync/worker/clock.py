"""The computer's clock may be wrong, and be put right.

A moment that the store recorded and that lies ahead of now shows that the clock went back, or was wrong before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sync.core.context import World, since_start
from sync.store import calendars

TOLERANCE = timedelta(minutes=2)  # clocks are put right by seconds all the time


def ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether a moment that was recorded lies in the future: it says nothing then (a success in the future is none)."""
    return moment is not None and moment > now + TOLERANCE


def mind(world: World) -> None:
    """Before a pass: all is put right where the clock went back since the store was last worked at. Costs one question
    otherwise."""
    with world.store.read() as tx:
        latest = calendars.latest(tx)
    now = world.now()
    if latest is not None and ahead(latest, now):
        from sync.worker.clock_repair import put_right  # most passes need none

        put_right(world, latest - now, now, since=now + TOLERANCE)


class Steps:
    """Notices in one process that the clock was put forward: against one that nobody sets and that goes on while the
    machine sleeps. That it went back is seen in the store (`mind`)."""

    def __init__(self, steady: Callable[[], float] | None = None) -> None:
        self._steady = steady or since_start
        self._between: float | None = None

    def look(self, world: World) -> timedelta | None:
        """How far it was put forward since the last look, and the practice is told; None where it was not."""
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
