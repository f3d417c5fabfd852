"""Notes an appointment for a patient of the waiting list who had none, in the time that they accepted (P44).

As in `sync.people.patient_move`: the calendars are read, the event is written, the calendars are read again; where the
practice took the time meanwhile, ours goes. Writing it twice is writing it once: its address is made of the offer. Once
the calendar has said that it took it, an appointment that is there no more was taken out by her.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

from adapters.base import Refused, Written
from rules.model import AddEvent, CalendarEvent
from rules.telling.offer_words import NOTED
from rules.text.french import day_and_clock
from sync.annotate import refused_writes
from sync.annotate.beside import begin
from sync.annotate.delete import remove
from sync.annotate.write_probe import may_write
from sync.core.calls import finish
from sync.core.context import Source, Watch, World, nobody_watches
from sync.store import notices, occurrences, offers, resources, slot_holds, waiting_entries
from sync.store.engine import Tx
from sync.store.offers import OfferRow
from sync.store.resources import PRESENT, SUSPECT
from sync.store.waiting_entries import EntryRow
from sync.waiting import accepted
from sync.waiting.free_time import is_taken
from sync.waiting.offering import READ_ONLY, TAKEN_BACK
from sync.waiting.reading_now import concerned, read_calendars
from sync.waiting.standing import in_doubt, why_off, why_over

SEEN_FOR = timedelta(seconds=30)  # as `sync.people.by_link`
DEADLINE_S = 120.0  # for one appointment, with the readings before and after the write
NOT_WRITTEN = "accepted offer not written"
TOO_LATE = "l'agenda n'a pas répondu à temps"


def is_due(world: World, tx: Tx) -> bool:
    """Whether such an appointment is to be written."""
    return any(not one.booking for one in offers.in_states(tx, world.practice.zone, *offers.ACCEPTED))


def carry_out(world: World, watch: Watch = nobody_watches) -> int:
    """Note the accepted appointments, each beside the pass. Returns how many; one that fails does not stop the others
    (law L10)."""
    with world.store.read() as tx:
        todo = [
            (one, _calendars(world, tx, one))
            for one in offers.in_states(tx, world.practice.zone, *offers.ACCEPTED)
            if not one.booking
        ]
    done: list[int] = []
    for offer, places in todo:
        work = partial(_safely, offer=offer.id, done=done)
        begin(world, places, NOT_WRITTEN, [work], watch, seconds=DEADLINE_S)
    finish(world.calls, watch)
    return sum(done)


def _calendars(world: World, tx: Tx, offer: OfferRow) -> list[str]:
    """Its own calendar, then those that are read and written to besides."""
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
    read = [one.address for one in concerned(world, offer.dentist, offer.stands_in)]
    return list(dict.fromkeys((offer.calendar, *([entry.calendar] if entry else []), *read)))


def _safely(world: World, *, offer: int, done: list[int]) -> None:
    with world.store.read() as tx:  # another call may have written it since
        fresh = offers.get(tx, offer, world.practice.zone)
    if fresh is not None and fresh.state in offers.ACCEPTED:
        done.append(_one(world, fresh))


def _one(world: World, offer: OfferRow) -> int:
    source = world.source(offer.calendar)
    with world.store.read() as tx:
        entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
        typed = _typed(world, tx, entry) if entry else None
    if source is None or entry is None:
        return _ends(world, offer, accepted.OTHERWISE)
    if typed is None and not _in_doubt(world, entry):
        return _off_already(world, source, offer, accepted.OTHERWISE)
    if not read_calendars(world, offer.dentist, offer.calendar, entry.calendar, offer.stands_in):
        return 0
    with world.store.read() as tx:
        typed = None if _is_behind(tx, entry) else _typed(world, tx, entry)
    if typed is None:
        return 0  # after the list's event was read and evaluated again
    if offer.start <= world.now() and not _stands(world, source, offer):
        return _ends(world, offer, TOO_LATE)
    return _as_typed(world, source, offer, typed)


def _as_typed(world: World, source: Source, offer: OfferRow, typed: CalendarEvent) -> int:
    """What the list's event says is known: note it as an appointment, if it is still that patient's."""
    event = _event(world, source, offer, typed)
    with world.store.read() as tx:
        off = why_off(tx, offer, waiting_entries.get(tx, offer.waiting, world.practice.zone))
        doubt = in_doubt(tx, offer)
    if off:
        return _off_already(world, source, offer, off)
    if doubt and offer.state not in offers.IN_FLIGHT:
        return 0
    why = _why_not(world, source, offer, event)
    return _ends(world, offer, why) if why else _write(world, source, offer, event)


def _off_already(world: World, source: Source, offer: OfferRow, why: str) -> int:
    """The list's event is gone: by ourselves, once the appointment stood and the process died, else by the practice. Or
    it is another patient's now, for whom nothing is noted here."""
    if offer.state not in offers.IN_FLIGHT:
        return _ends(world, offer, why)
    if not read_calendars(world, offer.dentist, offer.calendar, offer.stands_in):
        return 0
    if not _stands(world, source, offer):
        return _ends(world, offer, why)
    with world.store.write() as tx:
        _succeeded(world, tx, offer)
    return 1


def _stands(world: World, source: Source, offer: OfferRow) -> bool:
    """Whether the appointment is in the calendar, as last read."""
    with world.store.read() as tx:
        there = occurrences.taken(tx, [offer.dentist], offer.start, offer.end)
    return any(one.uid == _uid(world, source, offer) for one in there)


def _is_there(world: World, source: Source, offer: OfferRow) -> bool:
    """Whether the appointment is in the calendar at whatever hour, as last read."""
    with world.store.read() as tx:
        return occurrences.is_in(tx, source.address, _uid(world, source, offer))


def _why_not(world: World, source: Source, offer: OfferRow, event: AddEvent) -> str:
    """Why nothing is written; empty if it is, or may be there already."""
    if offer.state is offers.ARRIVED and not _is_there(world, source, offer):
        return TAKEN_BACK
    with world.store.read() as tx:
        over = _why_over(world, tx, offer, event)
    if over and offer.state not in offers.IN_FLIGHT:
        return over
    return "" if may_write(world, source) else READ_ONLY


def _write(world: World, source: Source, offer: OfferRow, event: AddEvent) -> int:
    with world.store.write() as tx:  # before the write: an event of ours is then known to be ours
        offers.move(tx, offer.id, (offers.WANTED,), offers.FLIGHT)
    match source.calendar.add(event):
        case Written(resource=stored):
            with world.store.write() as tx:
                offers.move(tx, offer.id, (offers.FLIGHT,), offers.ARRIVED)
            return _written(world, source, offer, event, stored.ref)
        case Refused() as refused:
            with world.store.write() as tx:
                refused_writes.noted(world, tx, source.address, refused)
            return _ends(world, offer, READ_ONLY)
        case _:
            return 0  # looked at once more


def _written(world: World, source: Source, offer: OfferRow, event: AddEvent, ref: str) -> int:
    """The event stands: done, unless the practice has taken that time or the offer back meanwhile."""
    if not read_calendars(world, offer.dentist, offer.calendar, offer.stands_in):
        return 0
    with world.store.read() as tx:
        over = _why_over(world, tx, offer, event)
    if not over:
        _off_the_list(world, offer)  # first: an event that goes need not say that its entry is closed
        with world.store.write() as tx:
            _succeeded(world, tx, offer)
        return 1
    body = source.calendar.get(ref)
    if body is not None:
        source.calendar.own(body.ref, body.version, None)
    return _ends(world, offer, over)


def _succeeded(world: World, tx: Tx, offer: OfferRow) -> None:
    accepted.succeeded(tx, offer, world.now())
    slot_holds.release(tx, -offer.id)


def _ends(world: World, offer: OfferRow, why: str) -> int:
    """Close it. Whoever has left the page by then is told by a person."""
    now = world.now()
    with world.store.write() as tx:
        accepted.failed(tx, offer, why, now)
        slot_holds.release(tx, -offer.id)
        if offer.answered_at is not None and now - offer.answered_at > SEEN_FOR:
            notices.raise_once(tx, f"offer:{offer.id}", *_by_hand(world, offer), now)
    return 0


def _by_hand(world: World, offer: OfferRow) -> tuple[str, str]:
    text = (
        f"Un patient de la liste d'attente a accepté le créneau du {day_and_clock(offer.start)} "
        f"({world.called(offer.dentist)}), mais il n'était plus libre quand l'agenda a répondu.\n\n"
        "Appelez-le : attitre waiting dit qui c'est."
    )
    return "attitre : un créneau accepté n'a pas pu être noté", text


def _off_the_list(world: World, offer: OfferRow) -> None:
    """Take the event out of the list's calendar, unless the practice changed it: then she sees what became of it."""
    with world.store.read() as tx:
        entry = waiting_entries.get(tx, offer.waiting, world.practice.zone)
        standing = resources.get(tx, entry.calendar, entry.ref) if entry else None
    source = world.source(entry.calendar) if entry else None
    if source is not None and standing is not None and may_write(world, source):
        remove(world, source, standing)


def _why_over(world: World, tx: Tx, offer: OfferRow, event: AddEvent) -> str:
    taken = is_taken(world, tx, offer.dentist, offer.start, offer.end, but=frozenset({event.uid}))
    return TAKEN_BACK if taken else why_over(world, tx, offer)


def _in_doubt(world: World, entry: EntryRow) -> bool:
    """Whether a listing lacked the list's event, and nobody knows yet whether it is gone (law L6)."""
    with world.store.read() as tx:
        standing = resources.get(tx, entry.calendar, entry.ref)
    return standing is not None and standing.state == SUSPECT


def _is_behind(tx: Tx, entry: EntryRow) -> bool:
    standing = resources.get(tx, entry.calendar, entry.ref)
    return standing is None or standing.owed or not standing.is_evaluated


def _typed(world: World, tx: Tx, entry: EntryRow) -> CalendarEvent | None:
    """The event of the list's calendar, as she typed it."""
    standing = resources.get(tx, entry.calendar, entry.ref)
    reading = world.reading(standing) if standing is not None and standing.state == PRESENT else None
    return reading.events[0] if reading is not None and len(reading.events) == 1 else None


def _event(world: World, source: Source, offer: OfferRow, typed: CalendarEvent) -> AddEvent:
    return AddEvent(
        source.address, _uid(world, source, offer), typed.title, typed.description, offer.start, offer.end,
        all_day=False, transparent=False,
    )  # fmt: skip


def _uid(world: World, source: Source, offer: OfferRow) -> str:
    words = f"{world.practice.key} {source.address} {offer.id} {offer.made_at.isoformat()}"
    return f"{NOTED}{hashlib.sha256(words.encode()).hexdigest()[:16]}"
