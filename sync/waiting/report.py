"""The waiting list as a person reads it (P44): who waits, what became free, who was asked, how it ended. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from rules.model import Gap, Slot
from rules.telling.waiting_words import ENDS
from rules.waiting.fitting import in_order, place_in, why_not
from sync.core.context import World
from sync.store import gaps, offers, waiting_entries
from sync.store.engine import Tx
from sync.store.gaps import GapRow
from sync.store.offers import OfferKind, OfferRow
from sync.store.states import EntryState
from sync.store.waiting_entries import EntryRow
from sync.store.waiting_views import Waiter
from sync.waiting.candidates import waiting_for
from sync.waiting.free_time import free_around
from sync.waiting.offering import may_take

LATELY = timedelta(days=7)
WAITS, NOT_VALID = "à son tour", "son rendez-vous ne peut pas être déplacé là"
ENTRY_STATES = {EntryState.OPEN: "attend", EntryState.PAUSED: "en pause", EntryState.CLOSED: "terminé"}


class Asked(Struct, frozen=True):
    """One offer, of whom it was, and how it ended, in French."""

    offer: OfferRow
    name: str
    end: str


class Freed(Struct, frozen=True):
    """One freed time. `fits`: who could be asked next, with the hour; `others`: who waits, and why it is not theirs."""

    gap: GapRow
    asked: tuple[Asked, ...]
    fits: tuple[tuple[str, datetime], ...] = ()
    others: tuple[tuple[str, str], ...] = ()


class Waits(Struct, frozen=True):
    """One who waits. `asked`: what was offered, oldest first; `free`: what is free now, and why it is not offered."""

    entry: EntryRow
    asked: tuple[Asked, ...]
    free: tuple[tuple[GapRow, str], ...]


def entries(world: World, tx: Tx) -> list[EntryRow]:
    """Who waits now, longest first."""
    found = waiting_entries.in_states(tx, world.practice.zone, waiting_entries.OPEN, waiting_entries.PAUSED)
    return sorted(found, key=lambda one: (one.since, one.id))


def asked_lately(world: World, tx: Tx) -> list[Asked]:
    """The offers of the last week, latest first."""
    zone = world.practice.zone
    found = offers.since(tx, world.now() - LATELY, zone)
    return [_asked(world, tx, one) for one in reversed(found)]


def freed_by(world: World, tx: Tx, booking: int) -> list[Freed]:
    """The times that this appointment left, with all that became of them."""
    return [_freed(world, tx, one) for one in gaps.of_booking(tx, booking, world.practice.zone)]


def of_event(world: World, tx: Tx, place: tuple[str, str], booking: int | None) -> Waits | None:
    """Who waits by that event: an appointment, or one of the list's own calendar; None where nobody does."""
    zone = world.practice.zone
    if booking is not None:
        entry = waiting_entries.of_booking(tx, booking, zone)
    else:
        entry = waiting_entries.of_event(tx, place, zone)
    if entry is None:
        return None
    asked = tuple(_asked(world, tx, one) for one in offers.of_entry(tx, entry.id, zone))
    waits = entry.state is not EntryState.CLOSED
    return Waits(entry, asked, tuple(_not_offered(world, tx, entry)) if waits else ())


def _not_offered(world: World, tx: Tx, entry: EntryRow) -> Iterator[tuple[GapRow, str]]:
    """The times that are free now, each with why it is not offered to that patient, or that it will be."""
    now = world.now()
    for gap in gaps.live(tx, world.practice.zone):
        free = free_around(world, tx, gap, now) if gap.start > now else None
        found = waiting_for(world, tx, free, now, everybody=True) if free else []
        for one, _ in found:
            if free is None or one.number != entry.id:
                continue
            start = place_in(free, one.minutes)
            why = why_not(one, free, world.practice, now)
            if not why and start is not None:
                slot = Slot(free.dentist, start, start + timedelta(minutes=one.minutes))
                why = WAITS if may_take(world, tx, entry, slot) else NOT_VALID
            yield gap, why


def to_call(world: World, tx: Tx, gap: GapRow) -> list[Waiter]:
    """Who may be called about a time that is too near to write to anybody, in their order."""
    now = world.now()
    free = free_around(world, tx, gap, now) if gap.start > now else None
    if free is None:
        return []
    found = waiting_for(world, tx, free, now)
    rows = {entry.number: row for entry, row in found}
    ordered = in_order((entry for entry, _ in found), free, world.practice, now)
    return [rows[entry.number] for entry, _ in ordered]


def said(gap: GapRow, *, asked: bool = True) -> str:
    """The state of a freed time, in French. `asked`: whether it was offered to anybody."""
    if gap.state is gaps.SEEN:
        return "libéré, bientôt proposé"
    if gap.state is gaps.OPEN:
        return "proposé" if asked else "libre, proposé à personne pour l'instant"
    return "accepté" if gap.state is gaps.TAKEN else (gap.why or "clos")


def _freed(world: World, tx: Tx, gap: GapRow) -> Freed:
    rows = offers.of_gap(tx, gap.id, world.practice.zone)
    asked, now = tuple(_asked(world, tx, one) for one in rows), world.now()
    free = free_around(world, tx, gap, now) if gap.state in gaps.LIVE and gap.start > now else None
    if free is None:
        return Freed(gap, asked)
    return Freed(gap, asked, *_who(world, tx, free, now))


def _who(
    world: World, tx: Tx, free: Gap, now: datetime
) -> tuple[tuple[tuple[str, datetime], ...], tuple[tuple[str, str], ...]]:
    """(who fits, who does not and why)."""
    found = waiting_for(world, tx, free, now, everybody=True)
    rows = {entry.number: row for entry, row in found}
    fits, others = [], []
    for entry, start in in_order((entry for entry, _ in found), free, world.practice, now):
        name, row = rows.pop(entry.number).name, waiting_entries.get(tx, entry.number, world.practice.zone)
        slot = Slot(free.dentist, start, start + timedelta(minutes=entry.minutes))
        if row is not None and may_take(world, tx, row, slot):
            fits.append((name, start))
        else:
            others.append((name, NOT_VALID))
    why = {entry.number: why_not(entry, free, world.practice, now) for entry, _ in found}
    others += [(row.name, why[number]) for number, row in rows.items()]
    return tuple(fits), tuple(others)


def _asked(world: World, tx: Tx, offer: OfferRow) -> Asked:
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    end = ENDS[offer.state]
    if offer.state is offers.WITHDRAWN and offer.why:
        end = offer.why if offer.why.startswith(end) else f"{end} : {offer.why}"
    if offer.kind is OfferKind.STILL:
        end = f"attend-il toujours ? {end}"
    return Asked(offer, entry.standing.name if entry else "", end)
