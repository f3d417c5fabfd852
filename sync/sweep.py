"""Due work by the clock: reminders are not timers but a question to the store, asked each pass (P41)."""

from __future__ import annotations

from datetime import timedelta

from sync.planner import reminders
from sync.store import bookings, messages
from sync.world import World

SLACK = timedelta(hours=3)  # a night of daylight saving is an hour longer or shorter


def sweep(world: World) -> int:
    """Owe the reminders whose hour has come; the key makes each happen once. Returns how many were added."""
    now, practice = world.now(), world.practice
    horizon = now + timedelta(hours=practice.policy.reminder_hours) + SLACK
    added = 0
    with world.store.read() as tx:
        coming = bookings.starting(tx, now, horizon, practice.zone)
        owed = [(row.id, send) for row in coming for send in reminders(world, tx, row, now)]
    for booking, send in owed:
        with world.store.write() as tx:
            added += messages.add(tx, booking, send, 0, due=now, now=now)
    return added
