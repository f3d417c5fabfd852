"""Cancels an appointment for a patient who used the personal link (P39, P46; docs/design.md#conflicts, hard case G10).
Values only, no pages.

The page shows an appointment with its `revision` and stores the wish in one short transaction; the worker deletes the
event in the calendar. The calendar wins: if the appointment moved meanwhile, nothing is cancelled, and the patient is
told of the move as of any other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from adapters.base import Conflict, OutsideError, Refused, Written
from rules.model import Facts, Outcome, OutcomeKind
from rules.text.fold import fold
from sync.annotate import refused_writes
from sync.annotate.delete import remove
from sync.annotate.write_probe import may_write
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.evaluate import relocation
from sync.store import bookings, calendars, intents, journal, notices, resources
from sync.store.bookings import BookingRow
from sync.store.codec import outcome_to_json
from sync.store.engine import Tx
from sync.store.intents import FLIGHT, IntentRow
from sync.store.resources import GONE, PRESENT, ResourceRow
from sync.store.states import IntentState

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns


class Said(StrEnum):
    """What the page says of the appointment."""

    STANDS = "stands"  # it takes place
    ASKED = "asked"  # its cancellation was asked for, and is not carried out yet
    CANCELLED = "cancelled"
    CHANGED = "changed"  # it is no longer what the page had shown: look at the new time
    CALL = "call"  # only the practice can cancel it
    OVER = "over"  # cancelled otherwise, past, or unknown


@dataclass(frozen=True, slots=True)
class Shown:
    """An appointment as its patient sees it; the wish to cancel it carries its `revision`."""

    said: Said
    facts: Facts | None = None
    revision: str = ""


def shown(world: World, booking: int) -> Shown:
    """What the link shows now; only reads (law L9)."""
    with world.store.read() as tx:
        row = bookings.get(tx, booking, world.practice.zone)
        asked = intents.get(tx, booking)
        if row is None or row.start <= world.now():
            return Shown(Said.OVER)
        if row.vanished_at is not None:
            return Shown(Said.CANCELLED if asked and asked.state == intents.DONE else Said.OVER)
        if asked and asked.state in intents.OPEN:
            return Shown(Said.ASKED, row.facts, revision(row.facts))
        return Shown(_STATES.get(asked.state, Said.STANDS) if asked else Said.STANDS, row.facts, revision(row.facts))


def cancel(world: World, booking: int, seen: str) -> Shown:
    """Ask to cancel the appointment that was shown with that revision; idempotent."""
    now = world.now()
    with world.store.write() as tx:
        row, asked = bookings.get(tx, booking, world.practice.zone), intents.get(tx, booking)
        if row is None or row.start <= now or row.vanished_at is not None:
            return Shown(Said.OVER)
        answer = Shown(Said.ASKED, row.facts, revision(row.facts))
        if asked and asked.state in intents.OPEN:
            return answer
        if answer.revision != seen:
            return Shown(Said.CHANGED, row.facts, answer.revision)
        if not _can(world, tx, row):
            return Shown(Said.CALL, row.facts, answer.revision)
        intents.ask(tx, booking, seen, now)
        return answer


def revision(facts: Facts) -> str:
    """A hash of the facts that concern the patient (P42)."""
    who = facts.patient_id or fold(facts.name)
    words = (who, facts.start.timestamp(), facts.dentist, facts.motif, facts.place)
    return hashlib.sha256(repr(words).encode()).hexdigest()[:32]


def carry_out(world: World) -> int:
    """Carry out the cancellations asked for. Returns how many; one that fails does not stop the others (law L10)."""
    with world.store.read() as tx:
        todo = intents.open_ones(tx)
    return sum(_safely(world, row) for row in todo)


# --- carried out -----------------------------------------------------------------------------------------------------


def _safely(world: World, intent: IntentRow) -> int:
    with kept_apart("not cancelled", booking=intent.booking):
        try:
            return _carry_out(world, intent)
        except OutsideError as error:
            log.warning("not cancelled yet", error=type(error).__name__)
    return 0


def _carry_out(world: World, intent: IntentRow) -> int:
    with world.store.read() as tx:
        row = bookings.get(tx, intent.booking, world.practice.zone)
        standing = resources.get(tx, row.calendar, row.ref) if row else None
    if row is None:
        return _ends(world, intent, intents.CHANGED)
    if intent.state == FLIGHT and _out(row, standing):
        return _is_out(world, intent, row)
    if row.vanished_at is not None or (revision(row.facts) != intent.seen and not _behind(standing)):
        return _ends(world, intent, intents.CHANGED)
    source = world.source(row.calendar)
    if standing is None or standing.state != PRESENT or _behind(standing) or source is None:
        return 0  # after the resource was read and evaluated again
    return _take_out(world, intent, row, standing, source)


def _out(row: BookingRow, standing: ResourceRow | None) -> bool:
    return row.vanished_at is not None or standing is None or standing.state == GONE


def _behind(standing: ResourceRow | None) -> bool:
    """Whether our copy is behind the calendar, or not evaluated yet."""
    return standing is not None and (standing.owed or standing.dirty_at is not None)


def _take_out(world: World, intent: IntentRow, row: BookingRow, standing: ResourceRow, source: Source) -> int:
    with world.store.read() as tx:
        possible = _can(world, tx, row)
    if not possible or not may_write(world, source):
        return _ends(world, intent, intents.CALL)
    with world.store.write() as tx:  # before the deletion: a missing event is then known to be our doing
        intents.move(tx, intent.booking, FLIGHT, world.now())
    match remove(world, source, standing):
        case Written():
            return _is_out(world, intent, row)
        case Conflict(gone=True) if intent.state == FLIGHT:
            return _is_out(world, intent, row)
        case Refused() as refused:
            with world.store.write() as tx:
                refused_writes.noted(world, tx, row.calendar, refused)
            return _ends(world, intent, intents.CALL)
        case Conflict():
            _read_again(world, intent, standing, intents.WANTED)
        case _:
            _read_again(world, intent, standing, FLIGHT)
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


def _ends(world: World, intent: IntentRow, state: IntentState) -> int:
    """Close a wish that is not carried out: the appointment changed, or the practice must cancel and is alerted."""
    now = world.now()
    with world.store.write() as tx:
        intents.move(tx, intent.booking, state, now)
        journal.log(tx, now, f"link-{state}", booking=intent.booking)
        if state == intents.CALL:
            key = f"link:{intent.booking}:{intent.asked_at.isoformat()}"
            notices.raise_once(tx, key, *_by_hand(world, intent.asked_at, intent.booking), now)
    return 0


def _read_again(world: World, intent: IntentRow, standing: ResourceRow, state: IntentState) -> None:
    with world.store.write() as tx:
        resources.change(tx, standing.calendar, standing.ref, owed=True, dirty_at=world.now())
        intents.move(tx, intent.booking, state, world.now())


# --- whether it can be done for them ---------------------------------------------------------------------------------


def _can(world: World, tx: Tx, row: BookingRow) -> bool:
    """Whether we may delete the event: single, without guests (the server would mail them), in a writable calendar."""
    calendar, standing = calendars.get(tx, row.calendar), resources.get(tx, row.calendar, row.ref)
    if calendar is None or calendar.read_only or standing is None or standing.state != PRESENT:
        return False
    reading = world.reading(standing)
    return reading is not None and reading.sole and len(reading.events) == 1 and reading.blocked != "attendees"


def _by_hand(world: World, asked: datetime, booking: int) -> tuple[str, str]:
    when = f"{asked.astimezone(world.practice.zone):%d/%m à %H:%M}"
    text = (
        f"Le {when}, un patient a demandé l'annulation de son rendez-vous par le lien, mais l'agenda n'a pas pu être "
        f"modifié.\n\nRendez-vous n° {booking} : supprimez l'événement dans l'agenda, le patient sera prévenu comme "
        "d'habitude."
    )
    return "attitre : un rendez-vous à annuler dans l'agenda", text


_STATES = {intents.CALL: Said.CALL, intents.CHANGED: Said.CHANGED}
