"""Expands each calendar's series again once a month, as the window of 400 days moves on (docs/design.md#series).

The stored bodies suffice: nothing is asked of the calendar. The window is longer than the time between two expansions,
so no reminder and no conflict comes too late.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from adapters.calendars import READING
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.pull.learnt import bring_into_view
from sync.pull.writer import Writer
from sync.store import calendars, keyvalue, resources
from sync.store.calendars import CalendarRow
from sync.store.tx import in_parts

EXPAND_EVERY = timedelta(days=30)
_KEY = "unfolded:"


def expand(world: World, source: Source, row: CalendarRow) -> None:
    """If a month has passed, add the occurrences that came into the window since the last expansion."""
    with world.store.read() as tx:
        last = keyvalue.get(tx, f"{_KEY}{row.calendar}")
        since = datetime.fromisoformat(last) if last else row.baseline_at
        if since is None or world.now() - since < EXPAND_EVERY:
            return
        refs = resources.repeating(tx, row.calendar)
    for part in in_parts(refs):
        bring_into_view(world, source, part)
    with world.store.write() as tx:
        keyvalue.put(tx, f"{_KEY}{row.calendar}", world.now().isoformat())


def expand_anew(world: World) -> None:
    """Once after a new version of our parser: expand the stored series again and evaluate those that differ, so that a
    patient who was told a wrong hour is told the right one."""
    with world.store.read() as tx:
        if keyvalue.get(tx, "reading") == READING:
            return
        todo = [(source, ref) for source in world.sources for ref in resources.repeating(tx, source.address)]
    for source, ref in todo:
        with kept_apart("not unfolded anew"), world.store.write() as tx:
            row, resource = calendars.get(tx, source.address), resources.get(tx, source.address, ref)
            reading = world.reading(resource) if resource else None
            if row and resource and reading and not reading.problem:
                Writer(tx, source, row, world.now()).expanded_anew(resource, reading)
