"""Whether an appointment's event may be moved for its patient (P39, P44)."""

from __future__ import annotations

from sync.core.context import World
from sync.store import calendars, resources
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT


def movable(world: World, tx: Tx, booking: BookingRow) -> bool:
    """Whether its event is single, without guests (the server would mail them), and in a calendar that takes writes."""
    calendar, standing = calendars.get(tx, booking.calendar), resources.get(tx, booking.calendar, booking.ref)
    if calendar is None or calendar.read_only or standing is None or standing.state != PRESENT or standing.unwritable:
        return False
    reading = world.reading(standing)
    return reading is not None and reading.sole and len(reading.events) == 1 and not reading.blocked
