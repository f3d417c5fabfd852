"""Repeated events go on as the days do: once a month each calendar's are unfolded again (SYNC 2.6).

Nothing is asked of the calendar. The view reaches further than the longest time between two unfoldings, so that no
reminder and no conflict comes too late.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.learnt import bring_into_view
from sync.store import basics, resources
from sync.store.calendars import CalendarRow
from sync.store.tx import in_parts
from sync.world import Source, World

EVERY = timedelta(days=30)
_KEY = "unfolded:"


def unfold(world: World, source: Source, row: CalendarRow) -> None:
    """Where it is due, what came into view since the first pass or the last unfolding."""
    with world.store.read() as tx:
        last = basics.get(tx, f"{_KEY}{row.calendar}")
        since = datetime.fromisoformat(last) if last else row.baseline_at
        if since is None or world.now() - since < EVERY:
            return
        refs = resources.repeating(tx, row.calendar)
    for part in in_parts(refs):
        bring_into_view(world, source, part)
    with world.store.write() as tx:
        basics.put(tx, f"{_KEY}{row.calendar}", world.now().isoformat())
