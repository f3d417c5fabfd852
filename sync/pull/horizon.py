"""Expands each calendar's series again once a month, as the window of 400 days moves on (docs/design.md#series).

The stored bodies suffice: nothing is asked of the calendar. The window is longer than the time between two expansions,
so no reminder and no conflict comes too late.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.core.context import PAST, Source, World
from sync.core.guard import kept_apart
from sync.pull.learnt import bring_into_view
from sync.pull.writer import Writer
from sync.store import backlog, calendars, keyvalue, resources
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
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


def expand_anew(world: World) -> int:
    """Once after a new version of our parser: expand a slice of the stored series again and evaluate those that differ,
    so that a patient who was told a wrong hour is told the right one. Returns how many were looked at."""
    addresses = [source.address for source in world.sources]
    with world.store.read() as tx:
        last = backlog.unfolding(tx)
        todo = [] if last is None else resources.repeating_after(tx, addresses, last, world.slice)
    if last is None:
        return 0
    with world.store.write() as tx:
        for place in todo:
            with kept_apart("not unfolded anew"), tx.part():
                _expand_anew(world, tx, place)
        backlog.unfolded(tx, todo[-1] if len(todo) == world.slice else None)
    return len(todo)


def _expand_anew(world: World, tx: Tx, place: tuple[str, str]) -> None:
    source, row, resource = world.source(place[0]), calendars.get(tx, place[0]), resources.get(tx, *place)
    if source is None or row is None or resource is None or source.calendar.over(resource.payload, world.now() - PAST):
        return
    reading = world.reading(resource)
    if reading is not None and not reading.problem:
        Writer(tx, source, row, world.now()).expanded_anew(resource, reading)
