"""What becomes of open offers without their patients' doing: no answer in time, the practice needs the time (P44)."""

from __future__ import annotations

from datetime import datetime

from sync.core.context import World
from sync.core.guard import kept_apart
from sync.store import calendars, gaps, journal, messages, offers, waiting_entries
from sync.store.engine import Tx
from sync.store.messages import SENT
from sync.store.offers import OfferKind, OfferRow
from sync.store.waiting_entries import CLOSED, EntryRow
from sync.waiting.free_time import is_taken
from sync.waiting.offering import TAKEN_BACK, give_up
from sync.waiting.standing import taken_away, why_off

UNANSWERED = "pas de réponse"
STOPPED = "retiré par le cabinet"
_SILENCES = 2  # offers in a row without an answer, before the patient is asked whether they still wait


def attend(world: World) -> int:
    """End the open offers whose time is over or taken. Returns how many; one that fails does not stop the others."""
    with world.store.read() as tx:
        live = offers.in_states(tx, world.practice.zone, offers.OPEN)
    ended = 0
    for one in live:
        with kept_apart("offer not looked at", offer=one.id), world.store.write() as tx:
            fresh = offers.get(tx, one.id, world.practice.zone)
            if fresh is not None and fresh.state is offers.OPEN:
                ended += _attend(world, tx, fresh, world.now())
    return ended


def _attend(world: World, tx: Tx, offer: OfferRow, now: datetime) -> bool:
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    off = why_off(tx, offer, entry)
    if off:
        withdraw(world, tx, offer, off, now)
        return True
    if offer.kind is OfferKind.STILL:
        return _is_settled(world, tx, offer, entry, now)
    if _held(tx, offer):
        return False
    if is_taken(world, tx, offer.dentist, offer.start, offer.end):
        give_up(world, tx, offer.gap, TAKEN_BACK, now)
        return True
    if taken_away(world, tx, offer):
        withdraw(world, tx, offer, TAKEN_BACK, now)
        return True
    return now >= offer.until and _is_silent(world, tx, offer, now)


def withdraw(world: World, tx: Tx, offer: OfferRow, why: str, now: datetime) -> None:
    """Take back one offer. Where the practice wants the time, it is its own with the last offer; else it goes on."""
    offers.move(tx, offer.id, (offers.OPEN,), offers.WITHDRAWN, closed_at=now, why=why)
    journal.log(tx, now, "slot-withdrawn", booking=offer.booking or None, detail=why)
    if why not in {TAKEN_BACK, STOPPED}:
        gaps.look_again(tx, now, gap=offer.gap)
        return
    rest = offers.of_gap(tx, offer.gap, world.practice.zone)
    if not any(one.state in offers.LIVE for one in rest):
        give_up(world, tx, offer.gap, why, now)


def _held(tx: Tx, offer: OfferRow) -> bool:
    rows = [calendars.get(tx, one) for one in {offer.calendar, offer.stands_in}]
    return any(row is None or row.held_at is not None or row.fail_count > 0 for row in rows)


# --- silence ---------------------------------------------------------------------------------------------------------


def _is_silent(world: World, tx: Tx, offer: OfferRow, now: datetime) -> bool:
    """The patient did not answer, or never got the message: that is not counted against them."""
    sent = any(
        one.number == offer.id and one.kind.asks and one.state == SENT
        for one in messages.of_booking(tx, offer.booking, world.practice.zone)
    )
    state = offers.SILENT if sent else offers.UNREAD
    offers.move(tx, offer.id, (offers.OPEN,), state, closed_at=now, why=UNANSWERED if sent else "message non remis")
    gaps.look_again(tx, now, gap=offer.gap)
    journal.log(tx, now, "slot-unanswered", booking=offer.booking or None)
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    if sent and entry is not None and entry.state is not CLOSED:
        silences = entry.silences + 1
        waiting_entries.change(tx, entry.id, silences=silences)
        if silences >= _SILENCES:
            waiting_entries.change(tx, entry.id, state=waiting_entries.PAUSED.value)
    return True


def _is_settled(world: World, tx: Tx, offer: OfferRow, entry: EntryRow | None, now: datetime) -> bool:
    """Whether the question is over: the patient said elsewhere that they still wait, or nothing in time."""
    if entry is not None and entry.confirmed_at > offer.made_at:  # registered again, or answered an offer
        return offers.move(tx, offer.id, (offers.OPEN,), offers.DONE, closed_at=now)
    return now >= offer.until and _stays_silent(world, tx, offer, now)


def _stays_silent(world: World, tx: Tx, offer: OfferRow, now: datetime) -> bool:
    offers.move(tx, offer.id, (offers.OPEN,), offers.SILENT, closed_at=now, why=UNANSWERED)
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    if entry is not None and entry.state is not CLOSED:
        waiting_entries.close(tx, entry.id, "n'a pas répondu à la question posée", now)
        journal.log(tx, now, "waiting-ended", booking=entry.booking or None)
    return True
