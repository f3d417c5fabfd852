"""Recognises that an appointment moved: a deletion here and a creation there are one modification, in either order
(hard cases G03, G08).

The same event is found by its UID. After a client that gives every edit a new UID, it is found by the same patient with
the same start or motif, until the cancellation is told. Such a new event continues the old booking only if it is
complete, or at the hour that the patient knows; otherwise the old hour is cancelled, and the patient is told so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from rules.model import Booking, CalendarEvent, Facts, MessageKind
from rules.telling.planning import continues, facts_of
from sync.core.context import World
from sync.evaluate import attendance, duplicates, leave, waiting_list
from sync.plan.messages import plan_booking
from sync.store import agreements, bookings, calendars, consents, history, journal, messages, resources, told
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.messages import DROPPED, HELD, PENDING, SUPPRESSED
from sync.store.resources import PRESENT, ResourceRow

MOVE_WITHIN = timedelta(hours=1)  # between deletion and creation: later ones are two appointments
_NEVER_LEFT = frozenset({PENDING, HELD, SUPPRESSED, DROPPED})


def dragged_here(world: World, tx: Tx, row: ResourceRow, event: CalendarEvent, now: datetime) -> BookingRow | None:
    """The booking of this very event (same UID), if its old resource is gone or in a calendar that left the YAML."""
    for booking in bookings.with_uid(tx, event.uid, event.recurrence, world.practice.zone):
        if (booking.calendar, booking.ref) != (row.calendar, row.ref) and _left(tx, booking):
            return booking
        if booking.calendar != row.calendar and booking.vanished_at is None and booking.start > now:
            resources.change(tx, booking.calendar, booking.ref, owed=True)  # perhaps gone too: it is fetched again
    return None


def made_anew(world: World, tx: Tx, what: Booking, booking: BookingRow | None, now: datetime) -> BookingRow | None:
    """The booking that this new event continues: the patient's deleted one, whose cancellation was not told yet.
    `booking`: this event's own, if any; it must be less than an hour old and not told."""
    if booking is not None and not _is_young(booking, now):
        return None
    facts = facts_of(what, world.practice)
    found = (one for one in _vanished_lately(world, tx, facts, now) if booking is None or one.id < booking.id)
    elder = next((one for one in found if continues(one.facts, facts)), None)
    return elder if booking is None or _is_untold(world, tx, booking) else None


def goes_on(before: Facts, after: Facts, *, valid: bool) -> bool:
    """Whether the new event may continue the old booking: the patient is told its hour, or knows it."""
    return valid or (before.start, before.dentist) == (after.start, after.dentist)


def events_gone(
    world: World, tx: Tx, left: Collection[BookingRow], now: datetime, repeating: Iterable[str] = ()
) -> None:
    """Handle a resource's bookings whose events are not there any more: each continues elsewhere, or it vanished.
    Visits of a series before the window are not looked for, so that they stay what they were; the booking of a single
    event that became a series is its first. `repeating`: the UIDs of its series that are there."""
    series = {*repeating, *(booking.uid for booking in left if booking.recurrence)}
    since = world.window(now)[0]
    for booking in left:
        if booking.uid in series and booking.start < since:
            continue
        if not _take_new_place(world, tx, booking, now):
            vanish(world, tx, booking, now)


def _take_new_place(world: World, tx: Tx, booking: BookingRow, now: datetime) -> bool:
    """Whether the vanished booking continues elsewhere: under another address, or in place of a younger booking that
    nobody was told. An incomplete younger one is evaluated again, without this one in its way."""
    if duplicates.stay_at_twin(tx, booking, now):
        return True
    if booking.state == VANISHED:
        return False
    zone = world.practice.zone
    young = bookings.with_uid(tx, booking.uid, booking.recurrence, zone)
    if booking.patient is not None:
        young = young + history.untold(tx, booking.patient, now - MOVE_WITHIN, zone)
    for other in young:
        if other.id <= booking.id or not _replaces(world, tx, other, booking):
            continue
        resources.mark_dirty(tx, [(other.calendar, other.ref)], now)
        if _same_event(other, booking) or goes_on(booking.facts, other.facts, valid=other.state == VALID):
            _take_place_of(tx, booking, other, now)
            return True
    return False


def may_be_missed(world: World, tx: Tx, now: datetime) -> bool:
    """Whether a cancellation is due although not every calendar was read since: one may hold the moved appointment."""
    settle = timedelta(seconds=world.practice.policy.settle_change_seconds)
    coming = bookings.vanished_since(tx, now - MOVE_WITHIN, world.practice.zone)
    read = [row.last_success for row in calendars.every(tx) if row.active and not row.fail_count]
    waiting = [b.vanished_at for b in coming if b.state == VANISHED and b.vanished_at and not b.outcome]
    return any(at + settle <= now and any(r is None or r < at for r in read) for at in waiting)


def _left(tx: Tx, booking: BookingRow) -> bool:
    row = resources.get(tx, booking.calendar, booking.ref)
    return row is None or row.state != PRESENT or calendars.is_suspended(tx, booking.calendar)


def _vanished_lately(world: World, tx: Tx, facts: Facts, now: datetime) -> list[BookingRow]:
    if not facts.patient_id:
        return []
    found = history.vanished(tx, facts.patient_id, now - MOVE_WITHIN, world.practice.zone)
    return [booking for booking in found if booking.start > now and not _told_cancelled(world, tx, booking)]


def _told_cancelled(world: World, tx: Tx, booking: BookingRow) -> bool:
    told = messages.of_booking(tx, booking.id, world.practice.zone)
    return any(row.kind is MessageKind.CANCELLATION and row.state not in _NEVER_LEFT for row in told)


def _replaces(world: World, tx: Tx, other: BookingRow, booking: BookingRow) -> bool:
    if other.vanished_at is not None or (other.calendar, other.ref) == (booking.calendar, booking.ref):
        return False
    return _is_untold(world, tx, other) and (_same_event(other, booking) or continues(booking.facts, other.facts))


def _same_event(other: BookingRow, booking: BookingRow) -> bool:
    return (other.uid, other.recurrence) == (booking.uid, booking.recurrence)


def _is_young(booking: BookingRow, now: datetime) -> bool:
    return booking.vanished_at is None and booking.created_at >= now - MOVE_WITHIN


def _is_untold(world: World, tx: Tx, booking: BookingRow) -> bool:
    return not told.knowledge(tx, booking.id, world.practice.zone)


def settle_here(tx: Tx, booking: BookingRow, row: ResourceRow, event: CalendarEvent, now: datetime) -> BookingRow:
    """The booking, moved to this event's place."""
    uid, recurrence = event.uid, event.recurrence
    bookings.change(tx, booking.id, calendar=row.calendar, ref=row.ref, uid=uid, recurrence=recurrence)
    journal.log(tx, now, "moved", booking=booking.id, calendar=row.calendar, ref=row.ref)
    return replace(booking, calendar=row.calendar, ref=row.ref, uid=uid, recurrence=recurrence)


def _take_place_of(tx: Tx, booking: BookingRow, other: BookingRow, now: datetime) -> None:
    absorb(tx, booking, other)
    bookings.change(
        tx, booking.id, calendar=other.calendar, ref=other.ref, uid=other.uid, recurrence=other.recurrence,
        changed_at=now,
    )  # fmt: skip
    journal.log(tx, now, "moved", booking=booking.id, calendar=other.calendar, ref=other.ref)


def absorb(tx: Tx, booking: BookingRow, other: BookingRow) -> None:
    """Merge the younger booking, which nobody was told, into the elder, which keeps its history."""
    consents.hand_over(tx, other.id, booking.id)
    agreements.hand_over(tx, other.id, booking.id)
    messages.drop_of(tx, other.id)
    bookings.remove(tx, other.id)


def vanish(world: World, tx: Tx, booking: BookingRow, now: datetime) -> None:
    """Mark the booking as vanished from all calendars, and plan what its patient is told."""
    if booking.vanished_at is None:
        waiting_list.left(world, tx, booking, now)
        bookings.change(tx, booking.id, state=VANISHED, vanished_at=now)
        leave.wake(tx, booking, now)
        journal.log(tx, now, "vanished", booking=booking.id, calendar=booking.calendar, ref=booking.ref)
        ended(world, tx, booking.id, now)
    else:
        plan_booking(world, tx, booking.id, now)


def ended(world: World, tx: Tx, booking: int, now: datetime) -> None:
    """Note how the appointment ended, and plan what its patient is told."""
    attendance.note_gone(world, tx, booking)
    plan_booking(world, tx, booking, now)
