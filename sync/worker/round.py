"""One round of the worker reads the due calendars, then takes every step that has work.

Messages, digests and writes fall due at times of their own: a round for them reads only due calendars and those on
which a due message depends (hard case H08).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from adapters.base import Offering
from sync.core.context import Source, Watch, World
from sync.store import bookings, calendars, messages, resources
from sync.store.engine import Tx
from sync.worker import clock, nightly, step_troubles
from sync.worker.one_pass import at_rest, check_configuration
from sync.worker.pipeline import Pass, take_all
from sync.worker.scheduler import Readers, Rows

FRESH_FOR = timedelta(seconds=10)  # a message may rest on a reading as old as that


def one_round(readers: Readers, watch: Watch) -> None:
    """Read the due calendars, then take the steps that have work. `watch` as in `one_pass`."""
    read_due(readers, watch)
    world = readers.world
    with readers.turn:
        rests = at_rest(world)
        if not rests:
            again, fresh = partial(_read_all, readers), partial(_refreshed, readers)
            take_all(Pass(world, again, watch, in_slices=True, half_known=readers.half_known, refresh=fresh))
        step_troubles.taken(world, "retention", lambda: nightly.forget(world))
        readers.backlog_open = readers.half_known or (not rests and _backlog_open(world))


def read_only(readers: Readers, watch: Watch) -> bool:
    """The round of a practice where no step has work. Returns whether one has: then its steps are still to be taken."""
    read_due(readers, watch)
    world = readers.world
    with readers.turn:
        rests = at_rest(world)
        if rests:
            step_troubles.taken(world, "retention", lambda: nightly.forget(world))
            readers.backlog_open = readers.half_known
    return not rests


def read_due(readers: Readers, watch: Watch) -> None:
    """Read the due calendars, and audit those whose hour has come."""
    world = readers.world
    with readers.turn:
        step_troubles.taken(world, "configuration", lambda: _begin(readers))
    rows = _rows(world)
    worked = [moment for row in rows.values() for moment in (row.last_success, row.last_attempt) if moment]
    own = world.noted.newest()  # most readings that find nothing are not stored
    if clock.ahead(max([*worked, *([own] if own else [])], default=None), world.now()):
        with readers.turn:
            step_troubles.taken(world, "clock", lambda: clock.repair_if_set_back(world))
        readers.forget_moments()
        rows = _rows(world)
    readers.read_due(rows, watch)
    world.count_requests()
    step_troubles.taken(readers.in_turn, "audit", lambda: _audit(readers, rows))


def _begin(readers: Readers) -> None:
    check_configuration(readers.world)
    if readers.first_round:
        from sync.worker import older_version  # imported here: most rounds have no use for it

        older_version.put_right(readers.world)
        readers.first_round = False


def _backlog_open(world: World) -> bool:
    with world.store.read() as tx:
        return resources.backlog_is_open(tx)


def _rows(world: World) -> Rows:
    with world.store.read() as tx:
        return {row.calendar: row for row in calendars.every(tx)}


def _audit(readers: Readers, rows: Rows) -> None:
    """Start the audits that are due, in the background: a whole listing takes minutes."""
    now = readers.world.now()
    for source in readers.world.sources:
        row = rows.get(source.address)
        if row is not None and nightly.due(row, now):
            readers.in_background(source.address, partial(nightly.audit, readers.reading, [source]))
    readers.wait()


def _read_all(readers: Readers) -> None:
    with readers.let_go():
        readers.read([source.address for source in readers.world.sources], _rows(readers.world))


def _refreshed(readers: Readers) -> bool:
    world, now = readers.world, readers.world.now()
    with world.store.read() as tx:
        stale = {address for address in _needed(world, tx, now, readers) if address not in readers.under_way}
    if not stale:
        return False
    with readers.let_go():
        readers.read(stale, _rows(world))
    return True


def _needed(world: World, tx: Tx, now: datetime, readers: Readers) -> Iterator[str]:
    """Calendars that due messages need read again: each message's own one; and before a patient is told of a new
    appointment all others too, since it may have been moved from there (hard case G03)."""
    settle = timedelta(seconds=min(world.practice.policy.settle_seconds, world.practice.policy.settle_change_seconds))
    for row in messages.due(tx, now, world.practice.zone):
        booking = bookings.get(tx, row.booking, world.practice.zone) if row.channel in world.senders else None
        if booking is None:
            continue
        if readers.last_read(booking.calendar) < now - FRESH_FOR:
            yield booking.calendar
        if row.kind.tells:
            since = min(row.due_at - settle, now - FRESH_FOR)
            yield from (s.address for s in world.sources if _may_hold_it(s) and readers.last_read(s.address) < since)


def _may_hold_it(source: Source) -> bool:
    return not isinstance(source.calendar, Offering)  # a feed holds nobody's appointment
