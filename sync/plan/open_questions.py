"""Which questions to patients are open now, so that an answer counts: to another dentist, to other dates (P23, P24).

Whether a question stands was decided when its event was last evaluated; what changed in the store since closes it.
"""

from __future__ import annotations

from datetime import datetime

from rules.model import Kind
from sync.core.context import World
from sync.store import agreements, bookings, occurrences, rescues
from sync.store.agreements import AgreementRow
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.rescues import RescueRow


def agreement(world: World, tx: Tx, number: int, now: datetime) -> AgreementRow | None:
    """The question of that number, if it is open."""
    row = agreements.get(tx, number, world.practice.zone)
    if row is None or not row.stands or row.answer is not None:
        return None
    return row if is_about(row, bookings.get(tx, row.booking, world.practice.zone), now) else None


def is_about(row: AgreementRow, booking: BookingRow | None, now: datetime) -> bool:
    """Whether the booking is still with that dentist at that time, and to come."""
    if booking is None or booking.vanished_at is not None or booking.start <= now:
        return False
    return (booking.dentist, booking.start) == (row.dentist, row.start)


def dates(world: World, tx: Tx, booking: int, now: datetime) -> RescueRow | None:
    """The open proposal of other dates to the patient of that booking: the booking still lies in the leave."""
    row = bookings.get(tx, booking, world.practice.zone)
    if row is None or row.vanished_at is not None or row.start <= now:
        return None
    asked = (one for one in rescues.of_booking(tx, booking, world.practice.zone) if one.stands and one.answer is None)
    return next((one for one in asked if one.start == row.start and _lies_in(tx, row, one)), None)


def _lies_in(tx: Tx, row: BookingRow, one: RescueRow) -> bool:
    taken = occurrences.busy(tx, row.dentist, row.start, row.end)
    return any(item.uid == one.uid and item.kind is Kind.BLOCK for item in taken)
