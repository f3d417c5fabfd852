"""The nightly chores of a calendar: its audit, the write probe, the series' horizon, unreadable events once more."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.base import OutsideError
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.pull import reconcile
from sync.store import basics, calendars
from sync.store.calendars import CalendarRow


def audit(world: World, sources: Iterable[Source]) -> int:
    """Audit the calendars whose nightly minute has come. Returns how many changes their sync tokens had hidden; one
    calendar's failure does not stop the others (law L10)."""
    now, unreported = world.now(), 0
    with world.store.read() as tx:
        rows = {row.calendar: row for row in calendars.every(tx)}
    for source in sources:
        row = rows.get(source.address)
        if row is not None and reconcile.due(row, now):
            unreported += _safely(world, source, row)
    return unreported


def _safely(world: World, source: Source, row: CalendarRow) -> int:
    with kept_apart("audit failed"):
        with world.store.write() as tx:
            calendars.change(tx, source.address, audit_tried_at=world.now())
        with kept_apart("audit failed"):
            try:
                return _one(world, source, row)
            except OutsideError as error:
                log.warning("audit failed", error=type(error).__name__)
        with world.store.write() as tx:
            basics.log(tx, world.now(), "audit-failed", calendar=source.address)
    return 0


def _one(world: World, source: Source, row: CalendarRow) -> int:
    from sync.annotate import write_probe  # imported here: needed once a day
    from sync.pull.horizon import expand
    from sync.pull.learnt import read_again

    hidden = reconcile.audit(world, source, row)
    write_probe.try_again(world, source)
    expand(world, source, row)
    read_again(world, source)
    return hidden
