"""The events that show open offers in the dentist's calendar, or the list's, and the messages that follow them (P44).

First the event, then the message: the practice sees every offer that a patient has. An event of ours that a person
changed is theirs, and left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from adapters.base import Conflict, Refused, Unknown, Written
from rules.model import AddEvent, CalendarEvent, Channel, Facts, MessageKind, Send
from rules.telling import offer_words
from rules.text.french import clock, day, day_and_clock
from rules.waiting import turns
from sync.annotate import refused_writes, write_backoff
from sync.annotate.beside import begin
from sync.annotate.write_probe import may_write
from sync.core.calls import finish
from sync.core.context import Source, Watch, World, nobody_watches
from sync.core.guard import kept_apart
from sync.store import bookings, calendars, messages, offers, story, waiting_entries
from sync.store.engine import Tx
from sync.store.offers import OfferKind, OfferRow
from sync.store.waiting_entries import EntryRow
from sync.waiting.offering import READ_ONLY, TAKEN_BACK, give_up
from sync.waiting.standing import SEEN_WITHIN

NOT_SHOWN = "offer not shown"
LOOKED_FOR = timedelta(days=7)  # the worker may have been off since


def attend(world: World, watch: Watch = nobody_watches) -> int:
    """Show the new offers, ask their patients, and take out the events of ended ones, each calendar's beside those of
    the others. Returns how many; one that fails does not stop the others (law L10)."""
    with world.store.read() as tx:
        zone = world.practice.zone
        fresh = [one for one in offers.in_states(tx, zone, offers.OPEN) if one.ref is None]
        over = [one for one in offers.shown(tx, zone) if one.state not in offers.LIVE]
        unsure = offers.unsure(tx, world.now() - LOOKED_FOR, zone)
    places = [(_place(world, one) if one.kind is OfferKind.SLOT else None, one) for one in fresh]
    todo = [
        *((place.address if place else "", one, _show) for place, one in places),
        *((one.stands_in, one, _take_out) for one in over),
        *(("", one, _look_for) for one in unsure),
    ]
    done: list[int] = []
    for calendar, one, work in todo:
        go = partial(_safely, offer=one, work=work, done=done)
        if calendar:
            begin(world, [calendar], NOT_SHOWN, [go], watch)
        else:  # in the store only
            with kept_apart(NOT_SHOWN, offer=one.id):
                go(world)
    finish(world.calls, watch)
    return sum(done)


def is_due(world: World, tx: Tx, now: datetime) -> bool:
    """Whether the event of an ended offer is to be looked for, or taken out."""
    zone = world.practice.zone
    over = any(one.state not in offers.LIVE for one in offers.shown(tx, zone))
    return over or bool(offers.unsure(tx, now - LOOKED_FOR, zone))


def _safely(world: World, *, offer: OfferRow, work: Callable[[World, OfferRow], int], done: list[int]) -> None:
    """What another call changed since waits for the next pass."""
    with world.store.read() as tx:
        stands = offers.get(tx, offer.id, world.practice.zone) == offer
    if stands:
        done.append(work(world, offer))


# --- a new offer -----------------------------------------------------------------------------------------------------


def _show(world: World, offer: OfferRow) -> int:
    now = world.now()
    if not turns.is_awake(now, world.practice):
        return 0
    if offer.kind is OfferKind.STILL:
        with world.store.write() as tx:
            offers.note_event(tx, offer.id, "")
            _ask(world, tx, offer, now)
        return 1
    source = _place(world, offer)
    if source is None or write_backoff.paused(world, source.address):
        return 0
    if not may_write(world, source):
        _end(world, offer, READ_ONLY)
        return 0
    return _write(world, source, offer, now)


def _place(world: World, offer: OfferRow) -> Source | None:
    """The calendar in which the offer is to stand."""
    own = next((one for one in world.sources if one.lists_waiting), None)
    in_list = world.practice.waiting is not None and world.practice.waiting.shown_in_list
    return own if own is not None and in_list else world.source(offer.calendar)


def _write(world: World, source: Source, offer: OfferRow, now: datetime) -> int:
    waiting = world.practice.waiting
    until = turns.answer_until(offer.start, now, world.practice, waiting) if waiting else None
    with world.store.read() as tx:
        entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    if until is None or entry is None or entry.state is waiting_entries.CLOSED:
        _end(world, offer, TAKEN_BACK)
        return 0
    event = _event(world, source, offer, entry, until)
    match source.calendar.add(event):
        case Written(resource=stored):
            title = next((one.title for one in _events(world, source, stored.ref, stored.payload)), event.title)
            with world.store.write() as tx:
                seen = {"until": until, "ref": stored.ref, "title": title, "shown_in": source.address}
                stands = offers.move(tx, offer.id, (offers.OPEN,), offers.OPEN, **seen)
                if stands:
                    _ask(world, tx, replace(offer, until=until), now)
                else:  # it ended within that second: the event goes out again
                    offers.note_event(tx, offer.id, stored.ref, shown_in=source.address)
            gone = replace(offer, ref=stored.ref, title=title, shown_in=source.address)
            return 1 if stands else _take_out(world, gone)
        case Refused() as refused:
            with world.store.write() as tx:
                refused_writes.noted(world, tx, source.address, refused)
            _end(world, offer, READ_ONLY)
        case Unknown():
            write_backoff.failed(world, source.address, None)
        case Conflict():
            pass
    return 0


def _end(world: World, offer: OfferRow, why: str) -> None:
    with world.store.write() as tx:
        give_up(world, tx, offer.gap, why, world.now())


def _event(world: World, source: Source, offer: OfferRow, entry: EntryRow, until: datetime) -> AddEvent:
    held = entry.standing.held
    title = offer_words.shown_title(entry.standing.name, until)
    text = offer_words.shown_text(
        entry.standing.name,
        world.called(offer.dentist),
        day_and_clock(held) if held else "",
        f"{day(until.date())} à {clock(until)}",
    )
    uid = _uid(world, offer)
    return AddEvent(source.address, uid, title, text, offer.start, offer.end, all_day=False, tentative=True)


def _uid(world: World, offer: OfferRow) -> str:
    seed = hashlib.sha256(f"{world.practice.key} {offer.calendar} {offer.id} {offer.made_at.isoformat()}".encode())
    return f"{offer_words.NAME}{seed.hexdigest()[:16]}"


def _events(world: World, source: Source, ref: str, payload: bytes) -> tuple[CalendarEvent, ...]:
    return source.calendar.read(ref, payload, world.window(world.now())).events


# --- its message -----------------------------------------------------------------------------------------------------


def _ask(world: World, tx: Tx, offer: OfferRow, now: datetime) -> None:
    """Put the question into the outbox, for every way to the patient."""
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    if entry is None:
        return
    facts, before = facts_of(world, tx, offer, entry)
    kind = MessageKind.OFFER if offer.kind is OfferKind.SLOT else MessageKind.STILL
    for channel, to in ((Channel.SMS, entry.standing.mobile), (Channel.EMAIL, entry.standing.email)):
        if to and channel in world.senders:
            messages.add(tx, offer.booking, Send(kind, channel, to, facts, before), offer.id, due=now, now=now)


def facts_of(world: World, tx: Tx, offer: OfferRow, entry: EntryRow) -> tuple[Facts, Facts | None]:
    """(what is offered, the appointment held)."""
    held = bookings.get(tx, offer.booking, world.practice.zone) if offer.booking else None
    if held is not None:
        minutes = int((offer.end - offer.start).total_seconds() // 60)
        facts = replace(held.facts, start=offer.start, dentist=offer.dentist or held.dentist, minutes=minutes)
        return facts, held.facts
    one = entry.standing
    dentist, start = offer.dentist or one.dentist, offer.start
    return Facts(one.patient, one.name, dentist, start, one.minutes, one.motif, world.practice.address), None


# --- an ended one ----------------------------------------------------------------------------------------------------


def _is_ours(offer: OfferRow, event: CalendarEvent) -> bool:
    """Whether nobody changed its title, nor added to its text; of an erased patient's offer only how titles begin is
    known."""
    if not offer_words.is_untouched(event.description):
        return False
    if offer.title is None:
        return event.title.startswith(offer_words.TITLE.strip())
    return event.title.split() == offer.title.split()


def _look_for(world: World, offer: OfferRow) -> int:
    """The process may have died between writing the event and noting where it is."""
    source = _place(world, offer)
    if source is None:
        return 0
    with world.store.write() as tx:
        there, row = story.occurrences(tx, uid=_uid(world, offer)), calendars.get(tx, source.address)
        last = world.noted.last(row, world.now()) if row is not None else None
        ended = offer.closed_at or offer.made_at
        if there:
            offers.note_event(tx, offer.id, there[0].ref, shown_in=there[0].calendar)
        elif last is not None and last >= ended + SEEN_WITHIN:
            offers.note_event(tx, offer.id, "")
    return int(bool(there))


def _take_out(world: World, offer: OfferRow) -> int:
    source = world.source(offer.stands_in)
    if source is None or not offer.ref or write_backoff.paused(world, source.address):
        return 0
    body = source.calendar.get(offer.ref)
    ours = body is not None and any(_is_ours(offer, one) for one in _events(world, source, body.ref, body.payload))
    if body is not None and ours:
        match source.calendar.own(body.ref, body.version, None):
            case Unknown():
                write_backoff.failed(world, source.address, None)
                return 0
            case Conflict(gone=False):
                return 0  # read again at the next pass
            case _:
                pass
    with world.store.write() as tx:
        offers.note_event(tx, offer.id, "")
    return 1
