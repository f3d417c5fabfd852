"""Writes our annotations into events: read again, spliced, written conditionally (If-Match); the user's version always
wins (law L1, docs/design.md#writing-into-her-event)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from adapters.base import Conflict, Edit, OutsideError, Refused, Resource, Unknown, Written
from sync.annotate import refused_writes, write_backoff
from sync.annotate.beside import begin
from sync.annotate.delete import remove
from sync.annotate.write_probe import leave, may_write
from sync.core.calls import CALL_WAIT_S, finish
from sync.core.context import Source, Watch, World, nobody_watches
from sync.core.guard import kept_apart
from sync.core.intervals import before_retry
from sync.core.log import log
from sync.store import bookings, edits, journal, occurrences, queries, resources
from sync.store.codec import annotation_to_json
from sync.store.edits import EditRow
from sync.store.engine import Tx
from sync.store.resources import GONE, PRESENT, ResourceRow

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns


LOST_RACES_AT_MOST = 3  # conflicts in a row, then the event counts as unwritable


def write_back(world: World, watch: Watch = nobody_watches) -> int:
    """Carry out the due edits, each calendar's beside those of the others. Returns how many events were written; one
    that fails does not stop the others."""
    with world.store.read() as tx:
        due = edits.due(tx, world.now())
    written: list[str] = []
    by_calendar: dict[str, list[EditRow]] = {}
    for row in due:
        by_calendar.setdefault(row.calendar, []).append(row)
    for address, rows in by_calendar.items():
        source = world.source(address)
        if source is not None:
            begin(world, [address], "event not written", _works(world, source, rows, written, watch), watch)
    finish(world.calls, watch)
    return len(written)


def _works(
    world: World, source: Source, rows: list[EditRow], written: list[str], watch: Watch
) -> Iterator[Callable[[World], None]]:
    """One work an event, until the calendar is to be read before more is written: after ten seconds, or where it let us
    wait in vain."""
    began = monotonic()
    for row in rows:
        if world.calls.weary(began):
            return
        tried, before = monotonic(), len(written)
        yield partial(_one, source=source, row=row, written=written, watch=watch)
        if len(written) == before and monotonic() - tried > CALL_WAIT_S:
            return


def _one(world: World, *, source: Source, row: EditRow, written: list[str], watch: Watch) -> None:
    with kept_apart("event not written") as fate:
        if _still_planned(world, row) and not _paused(world, row) and _tried(world, source, row):
            written.append(row.ref)
    if fate.failed:
        with kept_apart("edit not postponed"):
            _later(world, row)
    watch(row.ref)


def _still_planned(world: World, row: EditRow) -> bool:
    """Whether no other call wrote it since."""
    with world.store.read() as tx:
        return row in edits.at(tx, row.calendar, row.ref)


def _tried(world: World, source: Source, row: EditRow) -> bool:
    try:
        return _write(world, source, row) if may_write(world, source) else _left(world, row)
    except OutsideError as error:
        log.warning("event not written", error=type(error).__name__)
        if not write_backoff.failed(world, row.calendar, error):
            _later(world, row)
        return False


def _write(world: World, source: Source, row: EditRow) -> bool:
    with world.store.read() as tx:
        standing = resources.get(tx, row.calendar, row.ref)
    if standing is None or standing.state != PRESENT:
        _done(world, row)
        return False
    if row.remove:
        result = remove(world, source, standing)
    else:
        result = source.calendar.apply(row.ref, standing.version, Edit(row.annotation, standing.payload, row.end))
    if isinstance(result, Unknown):
        write_backoff.failed(world, row.calendar, None)
    with world.store.write() as tx:
        if not isinstance(result, Unknown):
            write_backoff.worked(tx, row.calendar)
            refused_writes.noted(world, tx, row.calendar, result)
        match result:
            case Written() if row.remove:
                _removed(world, tx, standing)
            case Written(resource=resource):
                _record(world, tx, standing, resource, row)
            case Conflict() | Unknown():
                _read_again(tx, standing, world.now())
            case Refused(reason=reason):
                refused: ResourceColumns = {"unwritable": reason}
                if row.end:  # its length was not adjusted: evaluated with the old one
                    refused["dirty_at"] = world.now()
                resources.change(tx, row.calendar, row.ref, **refused)
                edits.carried_out(tx, row)
                journal.log(tx, world.now(), "write-refused", calendar=row.calendar, ref=row.ref)
    return isinstance(result, Written)


def _left(world: World, row: EditRow) -> bool:
    with world.store.write() as tx:
        leave(world, tx, row)
    return False


def _read_again(tx: Tx, standing: ResourceRow, now: datetime) -> None:
    """After a conflict, or an unknown outcome: fetch the event again, then evaluate it. A server that answers so three
    times in a row makes the event unwritable (hard case C20)."""
    lost = standing.rewrites + 1
    values: ResourceColumns = {"owed": True, "version": None, "dirty_at": now, "rewrites": lost}
    if lost >= LOST_RACES_AT_MOST:
        values["unwritable"] = "L'agenda refuse chaque écriture dans cet événement."
    resources.change(tx, standing.calendar, standing.ref, **values)
    edits.drop(tx, standing.calendar, standing.ref)


def _record(world: World, tx: Tx, before: ResourceRow, after: Resource, row: EditRow) -> None:
    """Store the written event. Our own write causes no evaluation (hard case D01)."""
    source = world.source(before.calendar)
    assert source is not None
    now = world.now()
    reading = world.readings.of(source, before.ref, after.payload, world.window(now))
    values: ResourceColumns = {
        **resources.written_row(after),
        "semantic": reading.semantic,
        "written": annotation_to_json(row.annotation),
    }
    if row.annotation != before.written:  # conflicts before it are over; a repair is still counted (hard case D08)
        values["rewrites"] = 0
    resources.change(tx, before.calendar, before.ref, **values)
    if not edits.carried_out(tx, row):  # evaluated meanwhile, by what the event showed before
        resources.mark_dirty(tx, [(before.calendar, before.ref)], now)
    if row.end is not None:
        bookings.length_stands(tx, before.calendar, before.ref, world.practice.zone)
    journal.log(tx, now, "written", calendar=before.calendar, ref=before.ref)


def _removed(world: World, tx: Tx, before: ResourceRow) -> None:
    """Store that we deleted the event: a known absence, and no patient's cancellation."""
    now = world.now()
    resources.change(tx, before.calendar, before.ref, state=GONE, owed=False, dirty_at=None, changed_at=now)
    occurrences.replace(tx, before.calendar, before.ref, [])
    edits.drop(tx, before.calendar, before.ref)
    queries.forget(tx, before.calendar, before.ref)
    journal.log(tx, now, "question-removed", calendar=before.calendar, ref=before.ref)


def _paused(world: World, row: EditRow) -> bool:
    """Whether writes to the calendar pause; the edit is then postponed to the pause's end (hard case C15)."""
    with world.store.read() as tx:
        until = write_backoff.until(tx, row.calendar, world.now())
    if until is None:
        return False
    with world.store.write() as tx:
        edits.postpone(tx, row.calendar, row.ref, until)
    return True


def _later(world: World, row: EditRow) -> None:
    with world.store.write() as tx:
        edits.postpone(tx, row.calendar, row.ref, world.now() + before_retry(row.attempts + 1))


def _done(world: World, row: EditRow) -> None:
    with world.store.write() as tx:
        edits.carried_out(tx, row)
