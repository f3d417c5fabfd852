"""The page of an offer of freed time, `/o/`, and of the question whether a patient still waits (P44).

Looking writes nothing (law L9). Accepting is one short transaction: of several who accept at once one gets the time,
the others read that it has gone. The worker then moves the appointment in the calendar (`sync.people.patient_move`), or
notes a new one (`sync.waiting.new_appointment`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from adapters.web.patients import Act, Shown, What
from rules.model import Facts, Slot
from rules.telling import offer_words as words
from rules.telling import page_words
from rules.text.french import day_and_clock
from sync.core.context import World
from sync.people.by_link import SEEN_FOR, can_change, revision
from sync.store import bookings, gaps, intents, journal, offers, slot_holds, waiting_entries
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.intents import Wanted
from sync.store.links import LinkRow
from sync.store.offers import OfferKind, OfferRow
from sync.store.waiting_entries import CLOSED, LEFT, EntryRow
from sync.waiting.free_time import is_taken
from sync.waiting.offering import TAKEN_BACK, give_up
from sync.waiting.showing import facts_of
from sync.waiting.standing import is_same

LIVES_ON = timedelta(days=1)  # after the offered time


class _State(Struct, frozen=True):
    """One offer as its link shows it."""

    offer: OfferRow
    entry: EntryRow
    facts: Facts  # what is offered
    held: Facts | None  # the appointment held
    now: datetime

    @property
    def revision(self) -> str:
        """Of what was shown: an answer to something else does not count."""
        shown = (self.offer.id, self.facts.start.timestamp(), self.held and self.held.start.timestamp())
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]

    @property
    def late(self) -> bool:
        """Whether writing it takes longer than anybody waits on a page."""
        return self.offer.answered_at is not None and self.now - self.offer.answered_at > SEEN_FOR

    @property
    def open(self) -> bool:
        """Whether it can be answered."""
        return self.offer.state is offers.OPEN and self.now <= self.offer.until and self.entry.state is not CLOSED


def shown(world: World, link: LinkRow, part: What | None = None, page: int = 0) -> Shown | None:
    """What the link shows now; None where it leads nowhere."""
    del part, page  # the page has one part
    with world.store.read() as tx:
        state = _look(world, tx, link)
        return _page(world, tx, state) if state else None


def act(world: World, link: LinkRow, done: Act) -> Shown | None:
    """Store the answer, once however often it comes, and show what came of it."""
    news, now = "", world.now()
    with world.store.write() as tx:
        state = _look(world, tx, link)
        if state is None:
            return None
        answer = _ANSWERS.get(done.what)
        if done.what not in _may(state) or answer is None:
            news = "" if not state.open else page_words.NOT_UNDERSTOOD
        elif done.revision != state.revision:
            news = words.CHANGED
        else:
            answer(world, tx, state, now)
        state = _look(world, tx, link)
        if not news and state is not None and state.open:
            news = words.ELSEWHERE
        now_is = _page(world, tx, state) if state else None
    return replace(now_is, news=news) if now_is and news else now_is


# --- shown -----------------------------------------------------------------------------------------------------------


def _look(world: World, tx: Tx, link: LinkRow) -> _State | None:
    now = world.now()
    offer = offers.get(tx, link.subject, world.practice.zone)
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone) if offer else None
    if offer is None or entry is None or offer.booking != link.booking:
        return None
    if not all(is_same(tx, link.patient, one) for one in (offer.patient, entry.standing.patient)):
        return None
    if now > max(offer.start, offer.until, key=datetime.timestamp) + LIVES_ON:
        return None
    facts, _ = facts_of(world, tx, offer, entry)
    row = bookings.get(tx, offer.booking, world.practice.zone) if offer.booking else None
    held = row.facts if row and row.vanished_at is None and not _is_anothers(tx, entry, row) else None
    return _State(offer, entry, facts, held, now)


def _is_anothers(tx: Tx, entry: EntryRow, row: BookingRow) -> bool:
    """Whether the appointment has another patient meanwhile, perhaps one without a record."""
    return waiting_entries.is_anothers(tx, entry, row.patient or 0, row.facts.name)


def _page(world: World, tx: Tx, state: _State) -> Shown:
    offer, practice = state.offer, world.practice
    slot = offer.kind is OfferKind.SLOT
    offered = page_words.rows(state.facts, practice) if slot and (state.open or offer.state in offers.ACCEPTED) else ()
    yes = words.take(state.facts, practice) if slot else words.STILL_YES
    no = {What.REFUSE: words.KEEP if state.held else words.NO_THANKS} if slot else {What.NO_MORE: words.STILL_NO}
    return Shown(
        title=words.OFFERED if slot else words.STILL,
        news=_news(world, tx, state),
        rows=page_words.rows(state.held, practice) if state.held else (),
        offered=offered,
        may=_may(state),
        revision=state.revision,
        pending=offer.state in offers.ACCEPTED and not state.late,
        notes=(words.answer_by(offer.until),) if state.open and slot else (),
        labels={What.ACCEPT: yes, **no},
    )


def _may(state: _State) -> tuple[What, ...]:
    if state.open:
        refuse = (What.REFUSE,) if state.offer.kind is OfferKind.SLOT else ()
        return (What.ACCEPT, *refuse, What.NO_MORE)
    waits = state.entry.state is not CLOSED and state.offer.state not in (*offers.ACCEPTED, offers.DONE)
    return (What.NO_MORE,) if waits else ()


def _news(world: World, tx: Tx, state: _State) -> str:
    held = day_and_clock(state.held.start.astimezone(world.practice.zone)) if state.held else ""
    if state.entry.why == LEFT:
        return words.LEFT
    if state.entry.state is CLOSED and state.offer.state not in (*offers.ACCEPTED, offers.DONE):
        return words.off_the_list(held)
    if state.offer.kind is OfferKind.STILL:
        return words.KEPT if state.offer.state is offers.DONE else "" if state.open else words.late("")
    taking = page_words.LATER if state.late else words.TAKING
    ends = {
        offers.OPEN: "" if state.open else words.late(held),
        offers.WANTED: taking,
        offers.FLIGHT: taking,
        offers.ARRIVED: taking,
        offers.DONE: words.TAKEN,
        offers.REFUSED: words.refused(held),
        offers.LEFT: words.LEFT,
        offers.GONE: words.gone(held),
        offers.WITHDRAWN: words.withdrawn(held),
    }
    return ends.get(state.offer.state, words.late(held))


# --- answered --------------------------------------------------------------------------------------------------------


def _accept(world: World, tx: Tx, state: _State, now: datetime) -> None:
    """Take the time, if nobody was faster: one row of the gap, one of each five minutes, one wish of the booking."""
    offer = state.offer
    if offer.kind is OfferKind.STILL:
        offers.move(tx, offer.id, (offers.OPEN,), offers.DONE, answered_at=now, closed_at=now)
        waiting_entries.change(tx, state.entry.id, state=waiting_entries.OPEN.value, confirmed_at=now, silences=0)
        return
    if is_taken(world, tx, offer.dentist, offer.start, offer.end):
        give_up(world, tx, offer.gap, TAKEN_BACK, now)
        return
    row = bookings.get(tx, offer.booking, world.practice.zone) if offer.booking else None
    asked = intents.get(tx, offer.booking) if row else None
    if row is not None and ((asked and asked.state in intents.OPEN) or not can_change(world, tx, row)):
        return  # the page of the appointment says what is under way
    slot = Slot(offer.dentist, offer.start, offer.end)
    whose = offer.booking or -offer.id
    kept = slot_holds.take(tx, slot, whose, now)
    if not kept or not gaps.take(tx, offer.gap, now):
        slot_holds.release(tx, whose)
        offers.move(tx, offer.id, (offers.OPEN,), offers.GONE, answered_at=now, closed_at=now)
        return
    offers.move(tx, offer.id, (offers.OPEN,), offers.WANTED, answered_at=now)
    for other in offers.of_gap(tx, offer.gap, world.practice.zone):
        offers.move(tx, other.id, (offers.OPEN,), offers.GONE, closed_at=now)
    waiting_entries.change(tx, state.entry.id, silences=0, confirmed_at=now)
    if row is not None:
        wanted = Wanted(intents.ACCEPT, offer.start, row.start, row.end, offer.id)
        intents.ask(tx, row.id, revision(row.facts), now, wanted)
    journal.log(tx, now, "slot-accepted", booking=offer.booking or None)


def _refuse(world: World, tx: Tx, state: _State, now: datetime) -> None:
    """The patient keeps the place on the list; the next one is asked."""
    del world
    if offers.move(tx, state.offer.id, (offers.OPEN,), offers.REFUSED, answered_at=now, closed_at=now):
        waiting_entries.change(tx, state.entry.id, silences=0, confirmed_at=now)
        gaps.look_again(tx, now, gap=state.offer.gap)
        journal.log(tx, now, "slot-refused", booking=state.offer.booking or None)


def _leave(world: World, tx: Tx, state: _State, now: datetime) -> None:
    """The patient wants no more offers."""
    for one in offers.of_entry(tx, state.entry.id, world.practice.zone):
        if offers.move(tx, one.id, (offers.OPEN,), offers.LEFT, answered_at=now, closed_at=now):
            gaps.look_again(tx, now, gap=one.gap)
    if state.entry.state is not CLOSED:
        waiting_entries.close(tx, state.entry.id, LEFT, now)
        journal.log(tx, now, "waiting-ended", booking=state.offer.booking or None)


_ANSWERS: Mapping[What, Callable[[World, Tx, _State, datetime], None]] = {
    What.ACCEPT: _accept,
    What.REFUSE: _refuse,
    What.NO_MORE: _leave,
}
