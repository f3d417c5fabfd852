"""Duplicates: one event in two resources of a calendar, by servers that rename in two steps or copy, and by clients.

Same UID and same time mean one appointment, so they share one booking: nobody is told twice, and nothing is cancelled
while one of the two exists. Of known duplicates the one edited last counts, and the other shows a finding. Two events
of one UID that were never at the same time are two appointments (hard case G06).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.calendars.ical.detached import stands_alone
from rules.model import CalendarEvent
from sync.core.context import World
from sync.store import bookings, journal, occurrences, resources, sharing
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT, ResourceRow

_ANY_ZONE = ZoneInfo("UTC")  # where no time of the booking is used


def twin_of(world: World, tx: Tx, row: ResourceRow, event: CalendarEvent) -> BookingRow | None:
    """The booking of this event's duplicate in another resource of the calendar; None if there is none."""
    for booking in bookings.with_uid(tx, event.uid, event.recurrence, world.practice.zone):
        beside = booking.calendar == row.calendar and booking.ref != row.ref
        if beside and _stands_there(tx, row, booking) and _is_one(tx, row, event, booking):
            return booking
    return None


def counts_more(tx: Tx, row: ResourceRow, twin: BookingRow) -> bool:
    """Whether this resource was edited, and later than the booking's. An unedited copy has the time of its original."""
    other = resources.get(tx, twin.calendar, twin.ref)
    if other is None or other.semantic == row.semantic or row.changed_at <= other.changed_at:
        return False
    refs = {ref for ref, *_ in sharing.standing_with(tx, row.calendar, twin.uid, twin.recurrence)} - {row.ref}
    alike = [one for one in resources.find(tx, row.calendar, sorted(refs)).values() if one.semantic == row.semantic]
    return all(one.changed_at > other.changed_at for one in alike)


def note(tx: Tx, row: ResourceRow, twin: BookingRow) -> None:
    """Note that this event is that booking's duplicate, wherever either moves."""
    if row.twin != twin.id:
        resources.change(tx, row.calendar, row.ref, twin=twin.id)


def take_over(tx: Tx, row: ResourceRow, twin: BookingRow, now: datetime) -> None:
    """Move the booking to this resource; the other one becomes the duplicate, and is evaluated again."""
    resources.change(tx, twin.calendar, twin.ref, twin=twin.id)
    resources.mark_dirty(tx, [(twin.calendar, twin.ref)], now)
    _move(tx, twin, row.ref, now)


def stay_at_twin(tx: Tx, booking: BookingRow, now: datetime) -> bool:
    """After the booking's event is gone: move the booking to a duplicate, and nobody is told. Returns whether there is
    one."""
    others = twins(tx, booking)
    if not others:
        return False
    resources.mark_dirty(tx, [(booking.calendar, ref) for ref in others], now)
    _move(tx, booking, others[0], now)
    return True


def tell_twins(tx: Tx, booking: BookingRow, now: datetime) -> None:
    """Mark the duplicates for evaluation, since their finding names the appointment, which changed."""
    resources.mark_dirty(tx, [(booking.calendar, ref) for ref in twins(tx, booking)], now)


def twins(tx: Tx, booking: BookingRow) -> list[str]:
    """The refs of the booking's duplicates, the oldest first; none without a UID."""
    if not booking.uid:
        return []
    found = sharing.standing_with(tx, booking.calendar, booking.uid, booking.recurrence)
    return [
        ref
        for ref, _, start, twin in found
        if ref != booking.ref and (_is_beside(tx, booking, twin) or _begins_alike(tx, booking, ref, start))
    ]


def _is_one(tx: Tx, row: ResourceRow, event: CalendarEvent, booking: BookingRow) -> bool:
    """Whether event and booking are one appointment: at the same time, known as duplicates, or copies of one."""
    if booking.start == event.start or _known(tx, row, booking):
        return True
    found = sharing.standing_with(tx, row.calendar, event.uid, event.recurrence)
    alike = [(ref, twin) for ref, _, start, twin in found if ref != row.ref and start == event.start]
    return any(ref == booking.ref or _is_beside(tx, booking, twin) for ref, twin in alike)


def _known(tx: Tx, row: ResourceRow, booking: BookingRow) -> bool:
    """Whether the two resources are known as duplicates; of a series, any of its visits counts."""
    other = resources.get(tx, booking.calendar, booking.ref)
    doubles = [(row.twin, booking.ref), (other.twin if other else None, row.ref)]
    return any(twin is not None and bookings.place(tx, twin) == (row.calendar, ref) for twin, ref in doubles)


def _is_beside(tx: Tx, booking: BookingRow, twin: int | None) -> bool:
    """Whether `twin` is a booking in this booking's resource."""
    return twin is not None and bookings.place(tx, twin) == (booking.calendar, booking.ref)


def _begins_alike(tx: Tx, booking: BookingRow, ref: str, start: datetime) -> bool:
    return start == booking.start and not _has_own(tx, booking, ref)


def _has_own(tx: Tx, booking: BookingRow, ref: str) -> bool:
    alike = bookings.with_uid(tx, booking.uid, booking.recurrence, _ANY_ZONE)
    return any((one.calendar, one.ref) == (booking.calendar, ref) for one in alike)


def _stands_there(tx: Tx, row: ResourceRow, booking: BookingRow) -> bool:
    """Whether the booking's event exists in its resource; a detached override is no duplicate (hard case E16)."""
    other = resources.get(tx, booking.calendar, booking.ref)
    if other is None or other.state != PRESENT or stands_alone(other.payload) != stands_alone(row.payload):
        return False
    return (booking.uid, booking.recurrence) in occurrences.keys_of(tx, booking.calendar, booking.ref)


def _move(tx: Tx, booking: BookingRow, ref: str, now: datetime) -> None:
    bookings.change(tx, booking.id, ref=ref)
    resources.change(tx, booking.calendar, ref, twin=None)
    journal.log(tx, now, "moved", booking=booking.id, calendar=booking.calendar, ref=ref)
