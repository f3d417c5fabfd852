"""Free times to which a patient may move an appointment by the page: of the same dentist, as long as it lasts (P8, P9,
P10). Times that another patient has just chosen are left out (`sync.store.slot_holds`); nothing says whose they are.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from rules.checks.free_slots import free_slots, is_urgent, takes
from rules.model import Busy, Practice, Slot
from sync.core.context import World
from sync.store import occurrences, slot_holds
from sync.store.bookings import BookingRow
from sync.store.engine import Tx

DAYS = 10  # on one page
PAGES = 18  # half a year: nobody looks further, and each page is a search
_MANY = 400  # more times than ten days have


def on_page(world: World, tx: Tx, row: BookingRow, page: int) -> tuple[Slot, ...]:
    """The free times of the ten days of that page, soonest first. The first page begins today."""
    first = _midnight(world.now(), world.practice, DAYS * page)
    until = _midnight(first, world.practice, DAYS)
    since = max(earliest(world), first, key=datetime.timestamp)
    if since >= until:
        return ()
    return tuple(one for one in _free(world, tx, row, since, until) if one.start != row.start)


def is_free(world: World, tx: Tx, row: BookingRow, start: datetime) -> bool:
    """Whether the appointment may stand there, as far as the store knows: the hours, holidays, what else is there."""
    start = start.astimezone(world.practice.zone)
    if start <= world.now():
        return False
    found = _free(world, tx, row, start, start + max(row.end - row.start, timedelta(minutes=5)), limit=1)
    return any(one.start == start for one in found)


def in_the_way(world: World, tx: Tx, row: BookingRow, start: datetime) -> bool:
    """Whether something stands in the dentist's time there, or the patient is elsewhere, whatever the hours say."""
    start, end = start.astimezone(UTC), (start + (row.end - row.start)).astimezone(UTC)
    urgent = is_urgent(world.practice, row.facts.motif)
    return any(
        one.start.astimezone(UTC) < end and start < one.end.astimezone(UTC)
        for one in _taken(world, tx, row, start, end)
        if takes(one, urgent=urgent)
    )


def earliest(world: World) -> datetime:
    """No time before is offered (`page.move_from_hours`)."""
    return world.now() + timedelta(hours=world.practice.policy.move_from_hours)


def _free(
    world: World, tx: Tx, row: BookingRow, since: datetime, until: datetime, *, limit: int = _MANY
) -> tuple[Slot, ...]:
    practice = world.practice
    dentist = next((one for one in practice.dentists if one.key == row.dentist), None)
    if dentist is None:
        return ()
    taken = (*_taken(world, tx, row, since, until), *slot_holds.kept(tx, row.dentist, world.now(), but=row.id))
    minutes = int((row.end - row.start).total_seconds() // 60)
    days = (until - since).days + 1
    latest = _bears(practice, row, until)
    urgent = is_urgent(practice, row.facts.motif)
    return free_slots(dentist, minutes, practice, taken, since, limit=limit, days=days, urgent=urgent, until=latest)


def _taken(world: World, tx: Tx, row: BookingRow, since: datetime, until: datetime) -> tuple[Busy, ...]:
    """What takes the dentist's time then, and the patient's own with others, as if it were the dentist's."""
    found = occurrences.taken(tx, [row.dentist], since, until)
    theirs = occurrences.busy_of_patient(tx, row.patient, since) if row.patient else ()
    every = (*found, *(replace(one, dentist=row.dentist) for one in theirs))
    return tuple(one for one in every if (one.uid, one.recurrence) != (row.uid, row.recurrence))


def _bears(practice: Practice, row: BookingRow, until: datetime) -> datetime:
    """The end of the search, sooner where the motif bears no long wait (P11)."""
    motif = practice.motif(row.facts.motif)
    if motif is None or motif.within_days is None:
        return until
    return min(until, row.created_at + timedelta(days=motif.within_days), key=datetime.timestamp)


def _midnight(moment: datetime, practice: Practice, days: int = 0) -> datetime:
    local = moment.astimezone(practice.zone) + timedelta(days=days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
