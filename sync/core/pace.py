"""The pace of a calendar as things stand: opening hours, and what may still be asked of Google today."""

from __future__ import annotations

from datetime import datetime

from sync.core.context import World
from sync.core.hours import at_work
from sync.core.intervals import Pace, interval, pace_of
from sync.store.calendars import CalendarRow


def pace_at(world: World, row: CalendarRow, every: float, at: datetime) -> Pace:
    """The calendar's pace at that moment. `every`: configured seconds between two readings."""
    then = at.astimezone(world.practice.zone).replace(second=0, microsecond=0)  # hours begin and end at whole minutes
    open_then = world.once(("at work", then), lambda: at_work(world.practice, then))
    return pace_of(row, every, at_work=open_then, stretch=world.stretch(row.calendar))


def longest_interval(world: World, row: CalendarRow, every: float, since: datetime | None) -> float:
    """Seconds: the longer of the intervals at `since`, when a reading was stored, and now. By the former the reading
    was planned that is due when the practice opens, or when its push channel ends."""
    return max(interval(pace_at(world, row, every, at), at)[0] for at in (since, world.now()) if at is not None)
