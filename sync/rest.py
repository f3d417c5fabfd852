"""Whether anything is left to do once the calendars were read: most passes end here, after one look (BENCHMARK B2, B3).

Asked as the steps themselves ask the store; what they are made of is loaded only where an answer needs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from rules.model import Channel
from sync.guard import kept_apart
from sync.store import (
    basics,
    bookings,
    calendars,
    companions,
    edits,
    intents,
    messages,
    notices,
    patients,
    queries,
    resources,
)
from sync.store.engine import Tx
from sync.world import World


def nothing_owed(world: World, tx: Tx) -> bool:
    """No step of a pass has anything to act upon now."""
    now = world.now()
    return not any(_owes(owes, world, tx, now) for owes in _STEPS)


def _owes(owes: Callable[[World, Tx, datetime], bool], world: World, tx: Tx, now: datetime) -> bool:
    """Where the question itself fails, the step is taken: it fails by itself then, and says so (law L10)."""
    with kept_apart("step not asked", step=owes.__name__.strip("_")):
        return owes(world, tx, now)
    return True


def _judgement(_world: World, tx: Tx, _now: datetime) -> bool:
    return bool(resources.dirty(tx))


def _second_reading(world: World, tx: Tx, now: datetime) -> bool:
    if not bookings.vanished_since(tx, now - timedelta(hours=1), world.practice.zone):
        return False
    from sync import moves

    return moves.may_be_missed(world, tx, now)


def _dentist(world: World, tx: Tx, now: datetime) -> bool:
    if not patients.doubtful(tx, now):
        return False
    from sync import attribution

    return bool(attribution.owed(world, tx, now))


def _intent(_world: World, tx: Tx, _now: datetime) -> bool:
    """A patient asked for something by the link."""
    return bool(intents.open_ones(tx))


def _brake(_world: World, tx: Tx, _now: datetime) -> bool:
    """A calendar is held, or the brake's question stands somewhere."""
    return any(row.held_at for row in calendars.every(tx)) or any(basics.starting_with(tx, basics.BRAKE).values())


def _reminder(world: World, tx: Tx, now: datetime) -> bool:
    if not bookings.unreminded(tx, world.practice, now):
        return False
    from sync import sweep

    return bool(sweep.owed(world, tx, now))


def _message(world: World, tx: Tx, now: datetime) -> bool:
    """A crash left something claimed, or a message is due: it goes, or is closed where no way leads out."""
    zone = world.practice.zone
    left = messages.with_state(tx, messages.CLAIMED, zone=zone)
    if any(not world.calls.busy(row.id) for row in left):
        return True
    return bool(messages.due(tx, now, zone))


def _question(_world: World, tx: Tx, now: datetime) -> bool:
    return bool(queries.of_yesterday(tx, now))


def _edit(world: World, tx: Tx, now: datetime) -> bool:
    return any(world.source(row.calendar) for row in edits.due(tx, now))


def _notice(_world: World, tx: Tx, now: datetime) -> bool:
    """Something is, or was, to be said beside an event that may not be written to."""
    return bool(companions.concerned(tx, now.date()))


def _mail(world: World, tx: Tx, now: datetime) -> bool:
    """An alert, or the digest, where the practice has an address and a way to it."""
    if Channel.EMAIL not in world.senders or not world.practice.email:
        return False
    if notices.due(tx, now):
        return True
    kept = json.loads(basics.get(tx, "digest") or "{}")
    if kept.get("settled") and kept.get("day") == now.date().isoformat():
        return False
    from sync import digest

    return digest.owed(world, tx, now)


_STEPS: tuple[Callable[[World, Tx, datetime], bool], ...] = (
    _judgement, _intent, _second_reading, _dentist, _brake, _reminder, _message, _question, _edit, _notice,
    _mail,
)  # fmt: skip
