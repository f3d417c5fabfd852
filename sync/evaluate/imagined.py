"""Whether an appointment would be valid at another time (P44, P49): the rules judge it as if its patient had moved it
there by the link."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from rules.checks.assess import assess
from rules.checks.by_link import ChosenTime
from rules.entry.reading import Reader
from sync.core.context import World
from sync.evaluate.gather import Case, Occurrence, gather
from sync.store import resources
from sync.store.bookings import BookingRow
from sync.store.engine import Tx


def valid_at(world: World, tx: Tx, booking: BookingRow, start: datetime, end: datetime) -> bool:
    """Whether no error would stand in its event if it began then. Changes nothing."""
    row, source = resources.get(tx, booking.calendar, booking.ref), world.source(booking.calendar)
    reading = world.reading(row) if row is not None else None
    if row is None or source is None or reading is None:
        return False
    event = next(
        (one for one in reading.events if (one.uid, one.recurrence) == (booking.uid, booking.recurrence)), None
    )
    dentist = source.dentist_of(event) if event else None
    if event is None or dentist is None:
        return False
    now = world.now()
    case = Case(world, tx, source, row, reading, now, Reader(world.practice, now))
    moved = replace(event, start=start, end=end)
    one = Occurrence(case, moved, case.entries.read(moved), dentist, booking)
    context = replace(gather(one), chosen=ChosenTime(now))
    return assess(moved, one.entry, world.practice, context).valid
