"""Other dates of the same dentist for patients whose appointments lie in an absence (P24): what their page proposes
first, their refusal, and the practice's request at the prompt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from rules.checks.leave import is_leave
from rules.model import Slot
from sync.core.context import World
from sync.people import free_times
from sync.plan import open_questions, rescue
from sync.store import bookings, journal, occurrences, rescues, resources, wishes
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.occurrences import Block
from sync.store.wishes import WishKind

FIRST = 3  # times that the page proposes before all others


def is_open(world: World, tx: Tx, booking: int) -> bool:
    """Whether other dates are proposed to the patient of that booking, and nothing was answered yet."""
    return open_questions.dates(world, tx, booking, world.now()) is not None


def proposed(world: World, tx: Tx, booking: BookingRow) -> tuple[Slot, ...]:
    """The first free times of the same dentist, outside of the absence; none where nothing is proposed."""
    found: list[Slot] = []
    for page in range(free_times.PAGES) if is_open(world, tx, booking.id) else ():
        found += free_times.on_page(world, tx, booking, page)
        if len(found) >= FIRST:
            break
    return tuple(found[:FIRST])


def refuse(world: World, booking: int) -> bool:
    """The patient wants none of these dates, and is to be called: the absence shows the refusal, the appointment and
    the digest the call. Returns whether a proposal was open."""
    now = world.now()
    with world.store.write() as tx:
        row = open_questions.dates(world, tx, booking, now)
        if row is None or not rescues.refuse(tx, row.id, now):
            return False
        resources.mark_dirty(tx, rescues.leaves_of(tx, booking), now)
        _to_call(world, tx, booking)
        journal.log(tx, now, "dates-refused", booking=booking)
        return True


def _to_call(world: World, tx: Tx, booking: int) -> None:
    """Their page promises a call: without a wish nobody would be told to make it."""
    now, refusing = world.now(), bookings.get(tx, booking, world.practice.zone)
    if refusing is None or wishes.open_of(tx, booking, WishKind.CALL) is not None:
        return
    wishes.add(tx, (booking, refusing.patient or 0), WishKind.CALL, now)
    resources.mark_dirty(tx, [(refusing.calendar, refusing.ref)], now)


def refused(world: World, tx: Tx, booking: BookingRow) -> bool:
    """Whether the patient refused other dates for the appointment as it still is."""
    asked = rescues.of_booking(tx, booking.id, world.practice.zone)
    return any(one.answer is not None and one.stands and one.start == booking.start for one in asked)


class Line(Struct, frozen=True):
    """One appointment in an absence. `why_not`: why its patient is not asked, in French; `again`: they were before."""

    booking: BookingRow
    why_not: str = ""
    again: bool = False


def offer(world: World, dentist: str, since: datetime, until: datetime) -> list[Line]:
    """Ask the patients of the dentist's absences from `since` to `until`, as « Proposer d'autres dates » in them does.
    Returns each of their appointments, in order."""
    with world.store.write() as tx:
        return list(_offered(world, tx, dentist, since, until))


def absences(world: World, tx: Tx, dentist: str, since: datetime, until: datetime) -> list[Block]:
    """The dentist's absences that overlap that time, in order."""
    found = occurrences.blocks(tx, dentist, since, until)
    return [one for one in found if one.uid and is_leave(one.label, all_day=one.all_day)]


def _offered(world: World, tx: Tx, dentist: str, since: datetime, until: datetime) -> Iterator[Line]:
    now, zone = world.now(), world.practice.zone
    for leave in absences(world, tx, dentist, since, until):
        asked = {one.booking for one in rescues.of_leave(tx, leave.calendar, leave.uid, zone)}
        first, last = (max(leave.start, since), min(leave.end, until))
        for row in bookings.between(tx, first, last, zone, dentist):
            if row.vanished_at is not None or row.start <= now:
                continue
            again = row.id in asked
            why = "" if again else rescue.why_not(world, tx, row, now)
            if not again and not why:
                rescue.ask(world, tx, (leave.calendar, leave.uid), row, now, at_prompt=True)
            yield Line(row, why, again=again)
        resources.mark_dirty(tx, [(leave.calendar, leave.ref)], now)
