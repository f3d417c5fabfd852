"""Keeps the waiting list up: who joins by the page, whose appointment is over, who is asked whether they still wait
(P44)."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from rules.entry.wished_times import ticked
from rules.waiting import turns
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.store import bookings, gaps, journal, offers, waiting_entries, wishes
from sync.store.engine import Tx
from sync.store.offers import Made, OfferKind
from sync.store.waiting_entries import CLOSED, PAUSED, EntryRow, Origin, Standing
from sync.store.wishes import WishKind, WishRow

OVER = "le rendez-vous est passé ou annulé"
STANDS_FOR = timedelta(days=90)  # then the patient is asked once
ANSWER_WITHIN = timedelta(days=7)


def is_due(world: World, tx: Tx, now: datetime) -> bool:
    """Whether an entry is to be made, closed, or asked about."""
    zone = world.practice.zone
    joins, over = _to_join(world, tx), waiting_entries.over(tx, now, zone)
    return bool(joins or over) or (turns.is_awake(now, world.practice) and bool(_to_ask(world, tx, now)))


def attend(world: World) -> int:
    """Make, close and ask. Returns how many; one that fails does not stop the others (law L10)."""
    now, zone, done = world.now(), world.practice.zone, 0
    with world.store.read() as tx:
        joining, over = _to_join(world, tx), waiting_entries.over(tx, now, zone)
        asked = _to_ask(world, tx, now) if turns.is_awake(now, world.practice) else []
    for wish in joining:
        with kept_apart("waiting list not joined", booking=wish.booking), world.store.write() as tx:
            _join(world, tx, wish, now)
            done += 1
    for entry in over:
        with kept_apart("waiting entry not closed", entry=entry.id), world.store.write() as tx:
            waiting_entries.close(tx, entry.id, OVER, now)
            done += 1
    for entry in asked:
        with kept_apart("waiting entry not asked about", entry=entry.id), world.store.write() as tx:
            _ask(world, tx, entry, now)
            done += 1
    return done


def _to_join(world: World, tx: Tx) -> list[WishRow]:
    """The open wishes that are on no list yet. They stay open: the event shows them as long as the entry stands."""
    found = wishes.every_open(tx, WishKind.WAIT)
    waiting_entries.expect(tx, [one.booking for one in found])
    known = {one.booking: waiting_entries.of_booking(tx, one.booking, world.practice.zone) for one in found}
    return [one for one in found if (entry := known[one.booking]) is None or one.at > entry.confirmed_at]


def _join(world: World, tx: Tx, wish: WishRow, now: datetime) -> None:
    """A patient asked for an earlier time on the page of the appointment."""
    booking = bookings.get(tx, wish.booking, world.practice.zone)
    if booking is None or booking.vanished_at is not None or booking.start <= now:
        wishes.close(tx, wish.id, now)
        return
    wanted = ticked(wish.detail.get("days", ()), wish.detail.get("moments", ()))
    entry = waiting_entries.of_booking(tx, booking.id, world.practice.zone)
    facts = booking.facts
    if entry is None or entry.state is CLOSED:
        standing = Standing(
            patient=booking.patient or 0, dentist=booking.dentist, motif=facts.motif, minutes=facts.minutes,
            wish=wanted, urgent=False, held=booking.start, mobile=booking.mobile, email=booking.email, name=facts.name,
            fit=booking.state == bookings.VALID,
        )  # fmt: skip
        waiting_entries.add(tx, Origin.PAGE, standing, now, booking=booking.id)
    else:
        waiting_entries.keep(tx, entry, replace(entry.standing, wish=wanted), Origin.PAGE)
        waiting_entries.change(tx, entry.id, confirmed_at=now, silences=0, state=waiting_entries.OPEN.value)
    gaps.look_again(tx, now, dentist=booking.dentist)
    journal.log(tx, now, "waiting-joined", booking=booking.id)


def _to_ask(world: World, tx: Tx, now: datetime) -> list[EntryRow]:
    """Those who are paused, or wait for long, and were not asked about it yet."""
    zone = world.practice.zone
    found = [*waiting_entries.in_states(tx, zone, PAUSED), *waiting_entries.older(tx, now - STANDS_FOR, zone)]
    asked = {one.waiting for one in offers.in_states(tx, zone, offers.OPEN) if one.kind is OfferKind.STILL}
    return [entry for entry in found if entry.id not in asked]


def _ask(world: World, tx: Tx, entry: EntryRow, now: datetime) -> None:
    if not (entry.standing.mobile or entry.standing.email) or world.practice.page_url is None:
        waiting_entries.close(tx, entry.id, "ne peut pas être interrogé par message", now)
        return
    start = entry.standing.held or now
    made = Made(
        OfferKind.STILL, 0, entry.id, entry.booking, entry.standing.patient, entry.standing.dentist, "", start, start,
        now + ANSWER_WITHIN,
    )  # fmt: skip
    offers.add(tx, made, now)
    journal.log(tx, now, "waiting-asked", booking=entry.booking or None)
