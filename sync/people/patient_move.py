"""Moves an appointment to a free time of the same dentist for a patient who used the personal link (P39, P45).

The click keeps the time (`sync.store.slot_holds`) and stores the wish. The worker reads the dentist's calendars, writes
start and end into her event on condition of the version it read, and reads the calendars again at once. Whatever she
did meanwhile stands: where she took the time, the appointment goes back to its own; where she changed the event, hers
is what counts. Nothing is told until that is known, and then as of any other move.

    wanted → flight → arrived → done | taken (the time is hers) | changed (the event is hers) | call (it takes no write)

A crash in between changes nothing: in flight, where the event stands in the calendar says what is left to do. Once the
calendar has said that it took the write, an event that is elsewhere was put there by her, also where it was before.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from adapters.base import Edit, Offering, Refused, Written
from adapters.deadline import within
from rules.model import Annotation, Slot
from sync.annotate import refused_writes, write_backoff
from sync.annotate.write_probe import may_write
from sync.core.context import Source, World
from sync.people import free_times
from sync.people.by_link import Said, askable, can_change, ends, is_behind, is_other, read_again
from sync.pull.reading import may_ask, read_one
from sync.store import agreements, bookings, calendars, edits, intents, journal, offers, resources, slot_holds
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.intents import FLIGHT, IntentRow, Wanted
from sync.store.resources import PRESENT, ResourceRow
from sync.waiting.offering import TAKEN_BACK
from sync.waiting.standing import in_doubt, why_over


def move(world: World, booking: int, seen: str, start: datetime) -> Said:
    """Ask to move the appointment that was shown with that revision; idempotent. The time is kept for two minutes."""
    now = world.now()
    with world.store.write() as tx:
        row = askable(world, tx, booking, seen)
        if isinstance(row, Said):
            return row
        offered = start >= free_times.earliest(world) and free_times.is_free(world, tx, row, start)
        if not (offered and _keep(tx, row, start, now)):
            return Said.TAKEN
        intents.ask(tx, booking, seen, now, Wanted(intents.MOVE, start, row.start, row.end))
        return Said.ASKED


def _keep(tx: Tx, row: BookingRow, start: datetime, now: datetime) -> bool:
    return slot_holds.take(tx, Slot(row.dentist, start, start + (row.end - row.start)), row.id, now)


# --- carried out -----------------------------------------------------------------------------------------------------


class _Found(Struct, frozen=True):
    """The appointment and its event after the calendars were read. `at`: where the event stands there."""

    row: BookingRow
    standing: ResourceRow
    source: Source
    at: datetime
    shown: Annotation


def carry_out_one(world: World, intent: IntentRow) -> int:
    """Carry out one move. Returns 1 once it is done; raises the errors of adapters.base."""
    assert intent.start is not None and intent.old_start is not None
    with world.store.read() as tx:
        row = bookings.get(tx, intent.booking, world.practice.zone)
    if row is None or row.vanished_at is not None:
        return ends(world, intent, intents.CHANGED)
    found = _found(world, row) if _read(world, intent, row) else None
    if found is None:
        return 0  # after the resource was read and evaluated again
    if intent.state in intents.IN_FLIGHT and found.at == intent.start:
        return _arrived(world, intent, found)
    if intent.state == intents.ARRIVED:
        return _moved_on(world, intent, found)
    elsewhere = found.at != intent.old_start or found.at <= world.now()
    if elsewhere or is_other(world, row, found.standing, intent.seen):
        return ends(world, intent, intents.CHANGED)
    return 0 if is_behind(found.standing) or _in_doubt(world, intent) else _write(world, intent, found)


def _moved_on(world: World, intent: IntentRow, found: _Found) -> int:
    """The event is not where we had put it: by her, or by ourselves as she had the time, and no answer came."""
    assert intent.start is not None
    with world.store.read() as tx:
        ours = found.at == intent.old_start and free_times.in_the_way(world, tx, found.row, intent.start)
    return ends(world, intent, intents.TAKEN if ours else intents.CHANGED)


def _read(world: World, intent: IntentRow, row: BookingRow) -> bool:
    """Bring the store up to date with the calendars concerned. False where one cannot be read now, or writes to the
    appointment's own pause."""
    with world.store.read() as tx:
        asked = to_read(world, tx, intent, row)
    return not write_backoff.paused(world, row.calendar) and all(_read_one(world, one) for one in asked)


def to_read(world: World, tx: Tx, intent: IntentRow, row: BookingRow) -> list[Source]:
    """All calendars of the dentist, and the one in which the practice may take the accepted offer back; for a
    cancellation none. A feed is left out: it says itself how often it may be asked."""
    if intent.kind is intents.CANCEL:
        return []
    offer = offers.get(tx, intent.offer, world.practice.zone) if intent.offer else None
    also = offer.stands_in if offer else ""
    theirs = [one for one in world.sources if row.dentist in {one.dentist, *one.tags.values()}]
    sources = [*theirs, *(one for one in world.sources if one.address == also and one not in theirs)]
    return [one for one in sources if not isinstance(one.calendar, Offering)]


def _read_one(world: World, source: Source) -> bool:
    with world.store.read() as tx:
        known = calendars.get(tx, source.address)
        left = bool(resources.to_fetch(tx, source.address) or resources.suspects(tx, source.address))
    if source.address in world.under_way or not may_ask(known, world.now()):
        return False
    return read_one(world, source, known, unfinished=left)


def _found(world: World, row: BookingRow) -> _Found | None:
    source = world.source(row.calendar)
    with world.store.read() as tx:
        standing = resources.get(tx, row.calendar, row.ref)
    if source is None or standing is None or standing.state != PRESENT or standing.owed:
        return None
    reading = world.reading(standing)
    if reading is None or len(reading.events) != 1:
        return None
    shown = Annotation() if reading.foreign_block else reading.annotation
    return _Found(row, standing, source, reading.events[0].start, shown)


def _write(world: World, intent: IntentRow, found: _Found) -> int:
    """Write the new times, if the event may be written and the time is still the patient's."""
    assert intent.start is not None
    row, start, now = found.row, intent.start, world.now()
    writable = may_write(world, found.source)
    with world.store.write() as tx:
        over = _why_over(world, tx, intent)
        possible = writable and not over and can_change(world, tx, row)
        free = possible and free_times.is_free(world, tx, row, start) and _keep(tx, row, start, now)
        if free:  # before the write: an event that moved is then known to be our doing
            intents.move(tx, intent.booking, FLIGHT, now)
    if over:
        return ends(world, intent, intents.TAKEN if over == TAKEN_BACK else intents.CHANGED)
    if not free:
        return ends(world, intent, intents.TAKEN if possible else intents.CALL)
    if not _moved(world, intent, found, start, start + (row.end - row.start)):
        return 0
    with world.store.write() as tx:
        intents.move(tx, intent.booking, intents.ARRIVED, world.now())
    again = _found(world, row) if _read(world, intent, row) else None
    if again is None:
        return 0
    return _arrived(world, intent, again) if again.at == start else ends(world, intent, intents.CHANGED)


def _why_over(world: World, tx: Tx, intent: IntentRow) -> str:
    """Why the accepted offer is over by the practice's doing; empty while it stands, or where there was none."""
    offer = offers.get(tx, intent.offer, world.practice.zone) if intent.offer else None
    return why_over(world, tx, offer) if offer else ""


def _in_doubt(world: World, intent: IntentRow) -> bool:
    """Whether the practice may have taken the accepted offer back: a minute later that is known."""
    with world.store.read() as tx:
        offer = offers.get(tx, intent.offer, world.practice.zone) if intent.offer else None
        return offer is not None and in_doubt(tx, offer)


def _moved(world: World, intent: IntentRow, found: _Found, start: datetime, end: datetime) -> bool:
    """Write start and end. False where that is not known to be done: the wish is closed, or looked at once more."""
    standing = found.standing
    edit = Edit(found.shown, standing.payload, end, start)
    with within(write_backoff.ROUND_TRIP_S):
        result = found.source.calendar.apply(standing.ref, standing.version, edit)
    match result:
        case Written():
            return True
        case Refused():
            with world.store.write() as tx:
                refused_writes.noted(world, tx, standing.calendar, result)
            ends(world, intent, intents.CALL)
        case _:  # she was faster, or the answer was lost: where the event stands will tell
            read_again(world, intent, standing, FLIGHT)
    return False


def _arrived(world: World, intent: IntentRow, found: _Found) -> int:
    """The event stands at the new time: done, unless she has taken that time meanwhile."""
    assert intent.start is not None and intent.old_start is not None and intent.old_end is not None
    now = world.now()
    with world.store.write() as tx:
        taken = free_times.in_the_way(world, tx, found.row, intent.start)
        if not taken:
            intents.move(tx, intent.booking, intents.DONE, now)
            agreements.follow(tx, intent.booking, intent.old_start, intent.start, intent.asked_at)
            slot_holds.release(tx, intent.booking)
            edits.drop(tx, found.row.calendar, found.row.ref)  # it may hold the end of the old hour (P8)
            journal.log(tx, now, "moved-by-link", booking=intent.booking, calendar=found.row.calendar)
    if not taken:
        return 1
    if _moved(world, intent, found, intent.old_start, intent.old_end):
        _read(world, intent, found.row)
        ends(world, intent, intents.TAKEN)
    return 0
