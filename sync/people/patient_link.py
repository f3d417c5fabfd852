"""Cancels an appointment for a patient who used the personal link (P39, P46; docs/design.md#conflicts, hard case G10).
Values only, no pages.

The page shows an appointment with its `revision` and stores the wish in one short transaction; the worker deletes the
event in the calendar. The calendar wins: if the appointment moved meanwhile, nothing is cancelled, and the patient is
told of the move as of any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.base import Conflict, Refused, Written
from adapters.deadline import within
from rules.model import Outcome, OutcomeKind
from sync.annotate import refused_writes, write_backoff
from sync.annotate.delete import remove
from sync.annotate.write_probe import may_write
from sync.core.context import Source, World
from sync.evaluate import relocation
from sync.people.by_link import Said, askable, can_change, ends, is_behind, is_other, read_again
from sync.store import bookings, intents, journal, resources
from sync.store.bookings import BookingRow
from sync.store.codec import outcome_to_json
from sync.store.intents import FLIGHT, IntentRow
from sync.store.resources import GONE, PRESENT, ResourceRow

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns


def cancel(world: World, booking: int, seen: str) -> Said:
    """Ask to cancel the appointment that was shown with that revision; idempotent."""
    now = world.now()
    with world.store.write() as tx:
        found = askable(world, tx, booking, seen)
        if isinstance(found, Said):
            return found
        intents.ask(tx, booking, seen, now)
        return Said.ASKED


# --- carried out -----------------------------------------------------------------------------------------------------


def carry_out_one(world: World, intent: IntentRow) -> int:
    """Carry out one cancellation. Returns 1 once it is done; raises the errors of adapters.base."""
    with world.store.read() as tx:
        row = bookings.get(tx, intent.booking, world.practice.zone)
        standing = resources.get(tx, row.calendar, row.ref) if row else None
    if row is None:
        return ends(world, intent, intents.CHANGED)
    if intent.state == FLIGHT and _out(row, standing):
        return _is_out(world, intent, row)
    if row.vanished_at is not None or is_other(world, row, standing, intent.seen):
        return ends(world, intent, intents.CHANGED)
    if row.start <= world.now():  # no calendar answered before: the visit, or what she typed of it, stays
        return ends(world, intent, intents.CALL)
    source = world.source(row.calendar)
    if standing is None or standing.state != PRESENT or is_behind(standing) or source is None:
        return 0  # after the resource was read and evaluated again
    return _take_out(world, intent, row, standing, source)


def _out(row: BookingRow, standing: ResourceRow | None) -> bool:
    return row.vanished_at is not None or standing is None or standing.state == GONE


def _take_out(world: World, intent: IntentRow, row: BookingRow, standing: ResourceRow, source: Source) -> int:
    if write_backoff.paused(world, row.calendar):
        return 0
    with world.store.read() as tx:
        possible = can_change(world, tx, row)
    if not possible or not may_write(world, source):
        return ends(world, intent, intents.CALL)
    with world.store.write() as tx:  # before the deletion: a missing event is then known to be our doing
        intents.move(tx, intent.booking, FLIGHT, world.now())
    with within(write_backoff.ROUND_TRIP_S):
        result = remove(world, source, standing)
    match result:
        case Written():
            return _is_out(world, intent, row)
        case Conflict(gone=True) if intent.state == FLIGHT:
            return _is_out(world, intent, row)
        case Refused() as refused:
            with world.store.write() as tx:
                refused_writes.noted(world, tx, row.calendar, refused)
            return ends(world, intent, intents.CALL)
        case Conflict():
            read_again(world, intent, standing, intents.WANTED)
        case _:
            read_again(world, intent, standing, FLIGHT)
    return 0


def _is_out(world: World, intent: IntentRow, row: BookingRow) -> int:
    """Store the cancellation as the patient's, at the time of their wish: no brake, no absence (P43, P47, P48)."""
    now = world.now()
    outcome = Outcome(OutcomeKind.CANCELLED, notified=intent.asked_at, by_patient=True)
    with world.store.write() as tx:
        bookings.change(tx, row.id, outcome=outcome_to_json(outcome))
        if row.vanished_at is None:
            gone: ResourceColumns = {"state": GONE, "owed": False, "dirty_at": now, "changed_at": now}
            resources.change(tx, row.calendar, row.ref, **gone)
            fresh = bookings.get(tx, row.id, world.practice.zone)
            assert fresh is not None
            relocation.vanish(world, tx, fresh, now)
        else:
            relocation.ended(world, tx, row.id, now)
        intents.move(tx, row.id, intents.DONE, now)
        journal.log(tx, now, "cancelled-by-link", booking=row.id, calendar=row.calendar, ref=row.ref)
    return 1
