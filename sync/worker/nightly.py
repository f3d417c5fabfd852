"""The nightly chores: of a calendar its audit, write probe, series' horizon, unreadable events once more; of the
store, what an older version wrote, and to forget what was kept long enough."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from adapters.base import OutsideError
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.store import calendars, journal, keyvalue
from sync.store.calendars import CalendarRow

QUIET_FROM_HOUR, QUIET_MINUTES = 2, 180  # from 2 to 5 in the morning, each calendar at a minute of its own
RETRY_AFTER = timedelta(hours=1)  # a failed audit


def due(row: CalendarRow, now: datetime) -> bool:
    """Whether the calendar's nightly minute has passed since its last audit; later if the worker was down. A calendar
    that fails, or was not yet read whole, is not audited."""
    if row.baseline_at is None or row.fail_count or not row.active:
        return False
    if row.audit_tried_at is not None and now - row.audit_tried_at < RETRY_AFTER:
        return False
    return max(row.audited_at or row.baseline_at, row.baseline_at) < last_hour(row.calendar, now)


def last_hour(name: str, now: datetime) -> datetime:
    """The latest nightly minute of what has that name, a calendar or another chore."""
    minute = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % QUIET_MINUTES
    today = now.replace(hour=QUIET_FROM_HOUR, minute=0, second=0, microsecond=0) + timedelta(minutes=minute)
    return today if today <= now else today - timedelta(days=1)


def forget(world: World) -> int:
    """Delete what was kept long enough, once a night. Returns how many rows. An idle pass asks the store nothing."""
    now = world.now()
    if _is_done(world.purged.at, now):
        return 0
    with world.store.read() as tx:
        kept = keyvalue.get(tx, keyvalue.RETENTION)
    last = datetime.fromisoformat(kept.split()[0]) if kept else None
    if _is_done(last, now):
        world.purged.at = last
        return 0
    from sync.worker import retention  # imported here: needed once a night

    return retention.attend(world)


def _is_done(last: datetime | None, now: datetime) -> bool:
    return last is not None and last_hour(keyvalue.RETENTION, now) <= last <= now


def audit(world: World, sources: Iterable[Source]) -> int:
    """Audit the calendars whose nightly minute has come. Returns how many changes their sync tokens had hidden; one
    calendar's failure does not stop the others (law L10)."""
    now, unreported = world.now(), 0
    with world.store.read() as tx:
        rows = {row.calendar: row for row in calendars.every(tx)}
    found = [(source, row) for source in sources if (row := rows.get(source.address)) is not None and due(row, now)]
    if found:
        _put_right(world, rows.values(), now)
    for source, row in found:
        unreported += _safely(world, source, row)
    return unreported


def _put_right(world: World, rows: Iterable[CalendarRow], now: datetime) -> None:
    """Before the first audit of the night, for all calendars at once."""
    begins = now.replace(hour=QUIET_FROM_HOUR, minute=0, second=0, microsecond=0)
    if begins > now:
        begins -= timedelta(days=1)
    if any(row.audited_at is not None and row.audited_at >= begins for row in rows):
        return
    from sync.worker import older_version  # imported here: needed once a night

    with kept_apart("store not put right"):
        older_version.put_right(world)


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
            journal.log(tx, world.now(), "audit-failed", calendar=source.address)
    return 0


def _one(world: World, source: Source, row: CalendarRow) -> int:
    from sync.annotate import write_probe  # imported here: needed once a day
    from sync.pull import reconcile
    from sync.pull.horizon import expand
    from sync.pull.learnt import read_again

    hidden = reconcile.audit(world, source, row)
    write_probe.try_again(world, source)
    expand(world, source, row)
    read_again(world, source)
    return hidden
