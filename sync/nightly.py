"""What a calendar's night brings: its audit, and what is tried no more often than that."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.base import OutsideError
from sync import auditing
from sync.faults import log
from sync.guard import kept_apart
from sync.store import basics, calendars
from sync.store.calendars import CalendarRow
from sync.world import Source, World


def audit(world: World, sources: Iterable[Source]) -> int:
    """Audit the calendars whose hour it is. Returns how many changes their tokens had hidden; a calendar that fails
    does not stop the others (law L10)."""
    now, unreported = world.now(), 0
    with world.store.read() as tx:
        rows = {row.calendar: row for row in calendars.every(tx)}
    for source in sources:
        row = rows.get(source.address)
        if row is not None and auditing.due(row, now):
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
    from sync import trials  # a night comes once a day
    from sync.learnt import read_again
    from sync.unfolding import unfold

    hidden = auditing.audited(world, source, row)
    trials.try_again(world, source)
    unfold(world, source, row)
    read_again(world, source)
    return hidden
