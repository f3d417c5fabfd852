"""What an evaluated event means for the waiting list (P44): who waits by « Liste d'attente », which time became free.
Stores only; `sync.waiting` makes offers of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from rules.checks.free_slots import is_urgent
from rules.model import Booking
from sync.core.context import World
from sync.evaluate.gather import Case
from sync.store import gaps, offers, told, waiting_entries
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.waiting_entries import CLOSED, Origin, Standing

UNTAGGED = "« Liste d'attente » n'est plus dans le rendez-vous"
Taken = tuple[str, datetime, datetime]  # dentist, from, until


def note(case: Case, booking: int, what: Booking, patient: int | None, *, valid: bool, accepted: bool) -> None:
    """Keep the entry of this appointment as its event says. `accepted`: we noted it for whoever accepted a freed time,
    with the words of the list's event: they are no new wish."""
    if case.practice.waiting is None:
        return
    tx, now = case.tx, case.now
    entry = waiting_entries.of_booking(tx, booking, case.practice.zone)
    standing = _standing(case, what, patient, valid=valid)
    if entry is not None and waiting_entries.is_anothers(tx, entry, standing.patient, standing.name):
        if entry.state is not CLOSED:
            waiting_entries.close(tx, entry.id, waiting_entries.ANOTHER, now)
        entry = None
    if entry is None or (entry.state is CLOSED and entry.origin is not Origin.TAG):
        if what.waiting and not what.cancelled and what.start > now:
            number = waiting_entries.add(tx, Origin.TAG, standing, now, booking=booking)
            if accepted and entry is None:
                waiting_entries.close(tx, number, waiting_entries.MOVED, now)
    elif entry.origin is Origin.TAG and not what.waiting:
        waiting_entries.change(tx, entry.id, origin=Origin.PAGE.value)  # typed anew, it counts again
        if entry.state is not CLOSED:
            waiting_entries.close(tx, entry.id, UNTAGGED, now)
    elif entry.state is not CLOSED:
        seen = standing if what.waiting else replace(standing, wish=entry.standing.wish)
        waiting_entries.keep(tx, entry, seen, Origin.TAG if what.waiting else None)


def left(world: World, tx: Tx, before: BookingRow, now: datetime, to: Taken | None = None) -> None:
    """Note the time that an appointment left: it vanished, or moved `to` elsewhere."""
    if world.practice.waiting is None or before.start <= now or not _stood(world, tx, before):
        return
    start, end = _freed(before, to)
    if end - start < _shortest(world):
        return
    place, depth = (before.dentist, before.calendar), _depth(world, tx, before, to)
    number = gaps.add(tx, now, place=place, booking=before.id, start=start, end=end, depth=depth)
    if before.unlisted:
        gaps.close(tx, number, gaps.NO_LIST, now)


def _standing(case: Case, what: Booking, patient: int | None, *, valid: bool) -> Standing:
    return Standing(
        patient=patient or 0,
        dentist=what.patient.dentist or what.dentist,
        motif=what.motif,
        minutes=max(what.minutes, 1),
        wish=what.wish,
        urgent=is_urgent(case.practice, what.motif),
        held=what.start.astimezone(case.practice.zone),
        mobile=what.reached_by_sms,
        email=what.reached_by_email,
        name=what.patient.name,
        fit=valid,
    )


def _stood(world: World, tx: Tx, before: BookingRow) -> bool:
    """Whether it was an appointment: a valid one, or one of which a patient was told."""
    if before.state == VANISHED:
        return False
    return before.state == VALID or bool(told.knowledge(tx, before.id, world.practice.zone))


def _freed(before: BookingRow, to: Taken | None) -> tuple[datetime, datetime]:
    """The time that is no longer taken; nothing where only the end changed (P8)."""
    if to is None or to[0] != before.dentist or to[1] >= before.end or to[2] <= before.start:
        return before.start, before.end
    if to[1] > before.start:
        return before.start, to[1]
    return (to[2], before.end) if to[1] < before.start else (before.start, before.start)


def _shortest(world: World) -> timedelta:
    return timedelta(minutes=min((motif.minutes for motif in world.practice.motifs), default=5))


def _depth(world: World, tx: Tx, before: BookingRow, to: Taken | None) -> int:
    """One more than the time to which it moved by an accepted offer had; 0 where a person moved or cancelled it."""
    if to is None:
        return 0
    zone = world.practice.zone
    accepted = [one for one in offers.accepted_for(tx, before.id, zone) if (one.dentist, one.start) == to[:2]]
    gap = gaps.get(tx, accepted[-1].gap, zone) if accepted else None
    return gap.depth + 1 if gap else 0
