"""Due work by the clock: reminders are not timers but a question to the store, asked each pass (P41)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import structlog

from rules.model import Channel, Send
from sync.faults import described
from sync.planner import reminders
from sync.store import bookings, messages
from sync.store.bookings import BookingRow
from sync.store.engine import StoreProblem
from sync.world import World

log = structlog.get_logger()
SLACK = timedelta(hours=3)  # a night of daylight saving is an hour longer or shorter
Together = tuple[Channel, str, date]


def sweep(world: World) -> int:
    """Owe the reminders whose hour has come, and with them those of the same day to the same address (ruling 6); the
    key makes each happen once. Returns how many were added. A booking that fails does not stop the others (L10)."""
    now, practice = world.now(), world.practice
    horizon = now + timedelta(hours=practice.policy.reminder_hours) + SLACK
    with world.store.read() as tx:
        coming = bookings.starting(tx, now, _midnight_after(horizon), practice.zone)
    owed = [(row, send) for row in coming if row.start < horizon for send in _reminders(world, row, now)]
    days = {_together(send) for row, send in owed if _to_come(world, row, send)}
    due = {(row.id, send.channel) for row, send in owed}
    for row in coming:
        if any(_fits(row, day) for day in days):
            early = [send for send in _reminders(world, row, now, early=True) if _together(send) in days]
            owed += [(row, send) for send in early if (row.id, send.channel) not in due]
    return sum(_owe(world, row, send, now) for row, send in owed)


def _to_come(world: World, row: BookingRow, send: Send) -> bool:
    """It has not gone yet: others may go along."""
    with world.store.read() as tx:
        return messages.may_still_join(tx, row.id, send)


def _reminders(world: World, row: BookingRow, now: datetime, *, early: bool = False) -> list[Send]:
    try:
        with world.store.read() as tx:
            return reminders(world, tx, row, now, early=early)
    except StoreProblem:
        raise
    except Exception as error:
        log.error("reminder not planned", booking=row.id, **described(error))
        return []


def _owe(world: World, row: BookingRow, send: Send, now: datetime) -> int:
    try:
        with world.store.write() as tx:
            return int(messages.add(tx, row.id, send, 0, due=now, now=now))
    except StoreProblem:
        raise
    except Exception as error:
        log.error("reminder not owed", booking=row.id, **described(error))
        return 0


def _together(send: Send) -> Together:
    """What reminders of one message share: the way, the address, the day."""
    return send.channel, send.to, send.facts.start.date()


def _fits(row: BookingRow, day: Together) -> bool:
    """Cheap, before a booking is planned: it may belong to that day's message."""
    channel, to, when = day
    return row.facts.start.date() == when and to == (row.mobile if channel is Channel.SMS else row.email)


def _midnight_after(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), moment.tzinfo)
