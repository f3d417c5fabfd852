"""Probes, before the first write to a calendar, whether its server honours conditional writes (If-Match); the result is
stored (hard case C06).

A calendar that fails is read-only for us: its findings go to the digest, its patients are told as ever. It is probed
again with each nightly audit; one that passed once a month, since servers are replaced.
"""

from __future__ import annotations

from datetime import timedelta

from adapters.base import READ_ONLY_WHY, Restricted
from sync.core.context import Source, World
from sync.store import backlog, calendars, edits, journal, resources
from sync.store.edits import EditRow
from sync.store.engine import Tx

PROBE_EVERY = timedelta(days=28)  # a calendar that passed


def may_write(world: World, source: Source) -> bool:
    """Whether the calendar may be written to; probes it if that is unknown. Raises what an exchange raises."""
    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
    if row is not None and row.trouble == "rival":  # another installation writes there (hard case D07)
        return False
    if row is None or row.conditions_at is not None:
        return row is None or row.read_only is None
    return _probe(world, source)


def try_again(world: World, source: Source) -> None:
    """At the nightly audit: probe again a calendar that failed, and once a month one that passed."""
    from sync.annotate import refused_writes  # imported here: needed once a night

    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
        refused = source.address in refused_writes.every(tx)
    if refused:
        with world.store.write() as tx:
            refused_writes.try_one(world, tx, source.address)
    if row is None or row.conditions_at is None:
        return
    if row.read_only is not None or world.now() - row.conditions_at >= PROBE_EVERY:
        _probe(world, source)


def _probe(world: World, source: Source) -> bool:
    declared = source.calendar.read_only_why if isinstance(source.calendar, Restricted) else ""
    said, now = declared or source.calendar.try_writing(), world.now()
    with world.store.read() as tx:
        before = calendars.get(tx, source.address)
    if said is None and before is not None and before.read_only == READ_ONLY_WHY:
        said = ""  # its role, or the configuration, allows writes now
    if said is None:
        return True
    with world.store.write() as tx:
        row = calendars.get(tx, source.address)
        calendars.change(tx, source.address, conditions_at=now, read_only=said or None)
        if said and row and row.read_only is None:
            journal.log(tx, now, "read-only", calendar=source.address)
        elif not said and row and row.read_only is not None:
            journal.log(tx, now, "writable-again", calendar=source.address)
            backlog.put(tx, now)
    return not said


def leave(world: World, tx: Tx, row: EditRow) -> None:
    """Drop an edit of a calendar that must not be written to; its event is evaluated with its old length (P8)."""
    edits.drop(tx, row.calendar, row.ref)
    if row.end:
        resources.change(tx, row.calendar, row.ref, dirty_at=world.now())
