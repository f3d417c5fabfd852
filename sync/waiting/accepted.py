"""How an accepted offer ended, once the worker has carried it out in the calendar (P44)."""

from __future__ import annotations

from datetime import datetime

from sync.core.context import World
from sync.core.guard import kept_apart
from sync.store import gaps, intents, journal, offers, waiting_entries
from sync.store.engine import Tx
from sync.store.offers import OfferRow
from sync.store.states import IntentState
from sync.waiting.offering import READ_ONLY, TAKEN_BACK

OTHERWISE = "son rendez-vous a changé entre-temps"
NOT_WRITTEN = "l'agenda n'a pas pu être modifié"
_WHY = {IntentState.TAKEN: TAKEN_BACK, IntentState.CHANGED: OTHERWISE, IntentState.CALL: NOT_WRITTEN}
_NOT_FREE = frozenset({TAKEN_BACK, NOT_WRITTEN, READ_ONLY})  # for any other reason the time is free for the next one


def attend(world: World) -> int:
    """Settle what became of accepted offers. Returns how many; one that fails does not stop the others (law L10)."""
    with world.store.read() as tx:
        wanted = [one for one in offers.in_states(tx, world.practice.zone, offers.WANTED) if one.booking]
    done = 0
    for one in wanted:
        with kept_apart("accepted offer not settled", offer=one.id), world.store.write() as tx:
            done += _settle(tx, one, world.now())
    return done


def _settle(tx: Tx, offer: OfferRow, now: datetime) -> bool:
    asked = intents.get(tx, offer.booking)
    if asked is not None and asked.offer == offer.id and asked.state in intents.OPEN:
        return False
    if asked is not None and asked.offer == offer.id and asked.state == IntentState.DONE:
        return succeeded(tx, offer, now)
    why = _WHY.get(asked.state, OTHERWISE) if asked is not None and asked.offer == offer.id else OTHERWISE
    failed(tx, offer, why, now)
    return True


def succeeded(tx: Tx, offer: OfferRow, now: datetime) -> bool:
    """The patient has the time, and waits no more."""
    offers.move(tx, offer.id, offers.ACCEPTED, offers.DONE, closed_at=now)
    gaps.close(tx, offer.gap, "accepté", now)
    waiting_entries.close(tx, offer.waiting, waiting_entries.MOVED, now)
    return True


def failed(tx: Tx, offer: OfferRow, why: str, now: datetime) -> None:
    """The calendar did not take it, so the present appointment stands. The time is offered on where it is free."""
    offers.move(tx, offer.id, offers.ACCEPTED, offers.WITHDRAWN, closed_at=now, why=why)
    if why in _NOT_FREE:
        gaps.close(tx, offer.gap, why, now)
    else:
        gaps.open_again(tx, offer.gap, now)
    journal.log(tx, now, "slot-withdrawn", booking=offer.booking or None, detail=why)
