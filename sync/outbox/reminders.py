"""Plans reminders: no timers, but a question to the store at each pass (P41)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from rules.model import Channel, Send
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.plan.messages import reminders
from sync.store import bookings, messages, told
from sync.store.bookings import BookingRow
from sync.store.engine import Tx

Together = tuple[Channel, str, date]


def sweep(world: World) -> int:
    """Add the due reminders to the outbox, and those of the same day to the same address (ruling 6). Their keys prevent
    a second one. Returns how many were added. A booking that fails does not stop the others (law L10)."""
    now = world.now()
    with world.store.read() as tx:
        due = to_plan(world, tx, now)
        due += _with_them(world, tx, due, now)
    return sum(_owe(world, row, send, now) for row, send in due)


def to_plan(world: World, tx: Tx, now: datetime) -> list[tuple[BookingRow, Send]]:
    """The due reminders that are not in the outbox yet."""
    coming = bookings.unreminded(tx, world.practice, now)
    told.expect(tx, [row.id for row in coming])
    found = ((row, send) for row in coming for send in _reminders(world, tx, row, now))
    return [(row, send) for row, send in found if messages.may_still_join(tx, row.id, send)]


def _with_them(
    world: World, tx: Tx, due: list[tuple[BookingRow, Send]], now: datetime
) -> Iterator[tuple[BookingRow, Send]]:
    """The reminders of the same day to the same address as a due one."""
    days = {_together(send) for _, send in due}
    known = {(row.id, send.channel) for row, send in due}
    last = _midnight_after(bookings.horizon(world.practice, now))
    for row in bookings.starting(tx, now, last, world.practice.zone) if days else ():
        if any(_fits(row, day) for day in days):
            early = [send for send in _reminders(world, tx, row, now, early=True) if _together(send) in days]
            yield from ((row, send) for send in early if (row.id, send.channel) not in known)


def _reminders(world: World, tx: Tx, row: BookingRow, now: datetime, *, early: bool = False) -> list[Send]:
    with kept_apart("reminder not planned", booking=row.id):
        return reminders(world, tx, row, now, early=early)
    return []


def _owe(world: World, row: BookingRow, send: Send, now: datetime) -> int:
    with kept_apart("reminder not owed", booking=row.id), world.store.write() as tx:
        return int(messages.add(tx, row.id, send, 0, due=now, now=now))
    return 0


def _together(send: Send) -> Together:
    """What the reminders in one message have in common: channel, address, day."""
    return send.channel, send.to, send.facts.start.date()


def _fits(row: BookingRow, day: Together) -> bool:
    """Whether the booking may belong to that message: a cheap check before planning it."""
    channel, to, when = day
    return row.facts.start.date() == when and to == (row.mobile if channel is Channel.SMS else row.email)


def _midnight_after(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), moment.tzinfo)
