"""Freed time, from the moment at which it is sure until somebody has it or nobody is left to ask (P44).

seen ─settle→ open ─ask→ offers ─accept→ taken
                └── used otherwise, too near, nobody left: closed, with the reason
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rules.model import Gap, Slot, Waiting
from rules.waiting import turns
from rules.waiting.fitting import in_order
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.evaluate.imagined import valid_at
from sync.evaluate.waiting_event import valid_at as valid_new
from sync.store import bookings, calendars, gaps, journal, offers, waiting_entries
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.store.gaps import GapRow
from sync.store.offers import Made, OfferKind
from sync.store.waiting_entries import EntryRow
from sync.waiting.candidates import waiting_for
from sync.waiting.free_time import free_around
from sync.waiting.movable import movable

TAKEN_BACK = "repris par le cabinet"
TOO_NEAR = "trop proche pour écrire aux patients : à proposer par téléphone"
TOO_DEEP = "libéré par une proposition acceptée, pour la deuxième fois : à proposer par téléphone"
READ_ONLY = "agenda en lecture seule : à proposer par téléphone"
NO_HOURS = "horaires du dentiste non déclarés : à proposer par téléphone"
NO_PAGE = "aucune page pour répondre (« page.public_url: ») : à proposer par téléphone"
CALLS = frozenset({TOO_NEAR, TOO_DEEP, READ_ONLY, NO_HOURS, NO_PAGE})  # somebody may be called about it
TRIED = 100  # of the list, in one look: each is judged by all rules
_HOUR, _HALF_AN_HOUR = timedelta(hours=1), timedelta(minutes=30)


def attend(world: World) -> int:
    """Look at each freed time that is due. Returns how many; one that fails does not stop the others (law L10)."""
    now, waiting = world.now(), world.practice.waiting
    if waiting is None:
        return 0
    with world.store.read() as tx:
        due = [gap for gap in gaps.live(tx, world.practice.zone) if gap.look_at <= now]
    for gap in due:
        with kept_apart("freed time not offered", gap=gap.id), world.store.write() as tx:
            fresh = gaps.get(tx, gap.id, world.practice.zone)
            if fresh is not None and fresh.state in gaps.LIVE:
                _attend(world, tx, fresh, waiting, now)
    return len(due)


def _attend(world: World, tx: Tx, gap: GapRow, waiting: Waiting, now: datetime) -> None:
    if gap.state is gaps.SEEN:
        if not is_sure(world, tx, gap, now):
            return
        gaps.open_(tx, gap.id)
    live = [one for one in offers.of_gap(tx, gap.id, world.practice.zone) if one.state in offers.LIVE]
    if live:
        gaps.look_again(tx, min(one.until for one in live), gap=gap.id)
        return
    own = calendars.get(tx, gap.calendar)
    if own is not None and (own.held_at is not None or own.fail_count):
        return  # by the brake, or its calendar is not known as it is now
    _ask_next(world, tx, gap, waiting, now)


def is_sure(world: World, tx: Tx, gap: GapRow, now: datetime) -> bool:
    """Whether the appointment surely left: it was quiet since, every calendar was read, and no brake holds it (L6)."""
    if now < gap.seen_at + timedelta(seconds=world.practice.policy.settle_change_seconds):
        return False
    rows = [row for row in calendars.every(tx) if row.active]
    own = next((row for row in rows if row.calendar == gap.calendar), None)
    if own is None or own.held_at is not None or own.fail_count:
        return False
    return not any(_unread(world, row, gap, now) for row in rows)


def _unread(world: World, row: CalendarRow, gap: GapRow, now: datetime) -> bool:
    last = world.noted.last(row, now)
    read = last is not None and last >= gap.seen_at
    return not read and not (row.fail_count and now - gap.seen_at > _HALF_AN_HOUR)


# --- who is asked next -----------------------------------------------------------------------------------------------


def _ask_next(world: World, tx: Tx, gap: GapRow, waiting: Waiting, now: datetime) -> None:
    free = free_around(world, tx, gap, now)
    why = why_by_phone(world, tx, gap, waiting, now)
    if free is None or why:
        gaps.close(tx, gap.id, why or TAKEN_BACK, now)
        journal.log(tx, now, "slot-closed", booking=gap.booking, detail=why)
        return
    wait = _not_now(world, tx, waiting, now)
    if wait is not None:
        gaps.look_again(tx, wait, gap=gap.id)
        return
    number = min(turns.how_many(free.freed_start - now, waiting), _left_today(world, tx, waiting, now))
    chosen = list(_chosen(world, tx, free, number=number, now=now))
    for row, start in chosen:
        _made(world, tx, gap, row, start=start, now=now)
    if not chosen:  # somebody may be free to be asked tomorrow, or joins the list
        gaps.look_again(tx, _later(world, free, now), gap=gap.id)


def why_by_phone(world: World, tx: Tx, gap: GapRow, waiting: Waiting, now: datetime) -> str:
    """Why nobody is written to about this time; empty if they are."""
    if turns.how_many(gap.start - now, waiting) == 0:
        return TOO_NEAR
    if gap.depth > turns.DEPTH:
        return TOO_DEEP
    if all(one.hours is None for one in world.practice.dentists if one.key == gap.dentist):
        return NO_HOURS
    calendar = calendars.get(tx, gap.calendar)
    if calendar is None or calendar.read_only:
        return READ_ONLY
    return "" if world.practice.page_url else NO_PAGE


def _not_now(world: World, tx: Tx, waiting: Waiting, now: datetime) -> datetime | None:
    """When to look again, where nobody may be asked now: it is night, or enough were asked today."""
    awake = turns.next_awake(now, world.practice)
    if awake > now:
        return awake
    if _left_today(world, tx, waiting, now) > 0:
        return None
    return turns.next_awake(now.replace(hour=23, minute=59), world.practice)


def _left_today(world: World, tx: Tx, waiting: Waiting, now: datetime) -> int:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return max(0, waiting.per_day - len(offers.asked_since(tx, midnight)))


def _later(world: World, free: Gap, now: datetime) -> datetime:
    """The next hour, but not in the night, and when it becomes too near at the latest."""
    return min(turns.next_awake(now + _HOUR, world.practice), max(free.freed_start - turns.TOO_NEAR, now))


def _chosen(world: World, tx: Tx, free: Gap, *, number: int, now: datetime) -> Iterator[tuple[EntryRow, datetime]]:
    """The next of the list, at most `number` of them: each patient once, and only whose appointment may be moved there
    by all rules."""
    asked = set[int]()
    found = (entry for entry, _ in waiting_for(world, tx, free, now))
    for entry, start in in_order(found, free, world.practice, now)[:TRIED]:
        row = waiting_entries.get(tx, entry.number, world.practice.zone) if number > 0 else None
        if row is None:
            return
        slot = Slot(free.dentist, start, start + timedelta(minutes=entry.minutes))
        late, twice = _until(world, start, now) is None, entry.patient in asked
        if not late and not twice and may_take(world, tx, row, slot):
            asked |= {entry.patient} - {0}
            yield row, start
            number -= 1


def may_take(world: World, tx: Tx, row: EntryRow, slot: Slot) -> bool:
    """Whether the patient's appointment can be brought there: its event may be moved, and would be valid (P49)."""
    if not row.booking:
        return valid_new(world, tx, (row.calendar, row.ref), slot.dentist, slot.start)
    booking = bookings.get(tx, row.booking, world.practice.zone)
    if booking is None or booking.dentist != slot.dentist or not movable(world, tx, booking):
        return False
    return valid_at(world, tx, booking, slot.start, slot.end)


def _made(world: World, tx: Tx, gap: GapRow, row: EntryRow, *, start: datetime, now: datetime) -> int:
    end = start + timedelta(minutes=row.standing.minutes)
    until = _until(world, start, now)
    assert until is not None
    made = Made(
        OfferKind.SLOT, gap.id, row.id, row.booking, row.standing.patient, gap.dentist, gap.calendar, start, end, until
    )
    number = offers.add(tx, made, now)
    gaps.look_again(tx, until, gap=gap.id)
    journal.log(tx, now, "slot-offered", booking=row.booking or None, calendar=gap.calendar)
    return number


def _until(world: World, start: datetime, now: datetime) -> datetime | None:
    return turns.answer_until(start, now, world.practice, world.practice.waiting or Waiting())


def give_up(world: World, tx: Tx, gap: int, why: str, now: datetime) -> None:
    """The freed time is not offered any more: withdraw its open offers."""
    for one in offers.of_gap(tx, gap, world.practice.zone):
        offers.move(tx, one.id, (offers.OPEN,), offers.WITHDRAWN, closed_at=now, why=why)
    if gaps.close(tx, gap, why, now):
        journal.log(tx, now, "slot-closed", detail=why)
