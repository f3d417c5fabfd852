"""Whether an offer still stands, whatever its patient answers: they wait, and its event is as we wrote it (P44)."""

from __future__ import annotations

from datetime import timedelta

from sync.core.context import World
from sync.store import calendars, patients, resources, waiting_entries
from sync.store.engine import Tx
from sync.store.offers import OfferRow
from sync.store.resources import GONE, SUSPECT
from sync.store.waiting_entries import ANOTHER, CLOSED, EntryRow
from sync.waiting.offering import TAKEN_BACK

OFF_THE_LIST = "n'est plus sur la liste"
SEEN_WITHIN = timedelta(minutes=5)  # an event of ours that no reading showed by then was deleted before


def why_over(world: World, tx: Tx, offer: OfferRow) -> str:
    """Why the practice ended the offer, in French; empty while it stands."""
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    return why_off(tx, offer, entry) or (TAKEN_BACK if taken_away(world, tx, offer) else "")


def why_off(tx: Tx, offer: OfferRow, entry: EntryRow | None) -> str:
    """Why its patient is not on the list any more, in French; empty while they are."""
    if entry is None or entry.state is CLOSED:
        return (entry.why if entry else None) or OFF_THE_LIST
    return "" if is_same(tx, offer.patient, entry.standing.patient) else ANOTHER


def is_same(tx: Tx, one: int, other: int) -> bool:
    """Whether both numbers lead to one patient, by whichever of two merged records. 0, where the directory has none,
    may be anybody."""
    return 0 in {one, other} or patients.is_same(tx, one, other)


def in_doubt(tx: Tx, offer: OfferRow) -> bool:
    """Whether a listing lacked the event that shows the offer, and nobody knows yet whether it is gone (law L6)."""
    row = resources.get(tx, offer.stands_in, offer.ref) if offer.ref else None
    return row is not None and row.state == SUSPECT


def taken_away(world: World, tx: Tx, offer: OfferRow) -> bool:
    """Whether a person deleted, moved or renamed the event that shows the offer."""
    row = resources.get(tx, offer.stands_in, offer.ref) if offer.ref else None
    if row is None:
        return bool(offer.ref) and _read_since(world, tx, offer)
    if row.state == GONE:
        return True
    reading = world.reading(row)
    events = reading.events if reading is not None and not row.owed else ()
    return bool(events) and not any(
        (one.title.split(), one.start, one.end) == ((offer.title or "").split(), offer.start, offer.end)
        for one in events
    )


def _read_since(world: World, tx: Tx, offer: OfferRow) -> bool:
    """Whether the calendar was read long enough after the event was written, and never showed it."""
    row = calendars.get(tx, offer.stands_in)
    last = world.noted.last(row, world.now()) if row is not None else None
    return last is not None and last >= offer.made_at + SEEN_WITHIN
