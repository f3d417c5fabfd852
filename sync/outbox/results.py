"""Stores what a gateway's answer means for each message of the call, in the caller's transaction (law L4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.core.context import World
from sync.core.intervals import before_retry
from sync.outbox import alert_words, gateway_pause
from sync.plan import settled
from sync.store import bookings, journal, messages, notices, resources, told
from sync.store.engine import Tx
from sync.store.messages import CLAIMED, FAILED, PENDING, SENT, UNCERTAIN, MessageRow
from sync.store.states import TellingState

TRIES_AT_LEAST, TRIED_FOR = 12, timedelta(days=3)  # both, before giving up: a gateway may be down for a weekend
LOST_ANSWERS = 11  # tolerated of a gateway with idempotency keys
SECOND_CHANCES = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=3))  # e-mail: late is better than thrice


def tried_enough(row: MessageRow, attempts: int, now: datetime) -> bool:
    """Whether to give up on the message."""
    return attempts >= TRIES_AT_LEAST and now >= row.due_at + TRIED_FOR


def put_right(row: MessageRow) -> float | None:
    """Seconds to wait for a person to correct a refused login. The first retry comes soon: it alerts them."""
    return 600.0 if row.attempts else None


def sent(world: World, tx: Tx, row: MessageRow, reference: str) -> None:
    """The gateway took the message. Earlier failed ones for the same patient are superseded."""
    now = world.now()
    if not messages.move(tx, row.id, CLAIMED, SENT, done_at=now, reference=reference, reason=None):
        return
    gateway_pause.taken(tx, row.channel)
    if row.kind.tells:
        for one in messages.of_the_same(tx, row, world.practice.zone):
            if one.state == FAILED and one.id < row.id:
                settled.give_way(world, tx, one)
    _result(world, tx, row, TellingState.TOLD)


def no_access(world: World, tx: Tx, row: MessageRow, reason: str) -> None:
    """The gateway refuses our login for good: as `failed`, and `status` says it."""
    gateway_pause.refused(tx, row.channel)
    failed(world, tx, row, reason)


def failed(world: World, tx: Tx, row: MessageRow, reason: str) -> None:
    """The gateway refuses the message for good: the practice is told in the event and by e-mail, and it is not sent
    again until facts or address change. If an earlier answer was lost, its outcome stays unknown."""
    if row.started_at is not None:
        _uncertain(world, tx, row, reason)
        return
    now, attempts = world.now(), row.attempts + 1
    if messages.move(tx, row.id, CLAIMED, FAILED, done_at=now, reason=reason, attempts=attempts):
        _result(world, tx, row, TellingState.FAILED)
        notices.raise_once(tx, f"undelivered:{row.together or row.key}", *alert_words.undelivered(row, reason), now)


def later(
    world: World, tx: Tx, row: MessageRow, reason: str, retry_after: float | None, *, capped: bool = False
) -> None:
    """The message surely was not sent, and is retried later. `capped`: the gateway asked to wait for more than a day,
    of which the practice is alerted once a day."""
    now, attempts = world.now(), row.attempts + 1
    if capped:
        gateway_pause.suspended(tx, row.channel)
        notices.raise_once(tx, f"capped:{row.channel}:{now:%Y-%m-%d}", *alert_words.capped(row.channel), now)
    if tried_enough(row, attempts, now):
        failed(world, tx, row, f"{reason} ({attempts} essais)")
        return
    until = now + max(before_retry(attempts), timedelta(seconds=retry_after or 0))
    if messages.move(
        tx, row.id, CLAIMED, PENDING, attempts=attempts, next_try=until, reason=reason, started_at=row.started_at
    ):
        _tell_down(tx, row, reason, attempts, now)
        untell(tx, row)
        journal.log(tx, now, "retry", detail=f"{row.kind}:{row.channel}", booking=row.booking)


def unclear(world: World, tx: Tx, row: MessageRow, reason: str) -> None:
    """The outcome is unknown. A gateway with idempotency keys is called again; otherwise the configuration decides (law
    L4): `retry` allows three more tries, after 10 min, 1 h and 3 h."""
    sender, lost = world.senders.get(row.channel), row.unclear + 1
    repeatable = sender is not None and sender.repeatable
    chances = LOST_ANSWERS if repeatable else len(SECOND_CHANCES) if _retries(world, row) else 0
    if lost > chances:
        _uncertain(world, tx, row, reason)
        return
    wait = before_retry(lost) if repeatable else SECOND_CHANCES[lost - 1]
    now, attempts = world.now(), row.attempts + 1
    if messages.move(tx, row.id, CLAIMED, PENDING, attempts=attempts, unclear=lost, next_try=now + wait, reason=reason):
        _tell_down(tx, row, reason, attempts, now)
        _show(tx, row, world)


def untell(tx: Tx, row: MessageRow) -> None:
    """Forget the telling of a message that surely was never sent, so that it may be replaced."""
    if row.kind.tells and row.started_at is None:
        told.forget(tx, row.booking, row.channel, row.number)


def _retries(world: World, row: MessageRow) -> bool:
    return world.on_uncertain.get(row.channel, "hold") == "retry"


def _uncertain(world: World, tx: Tx, row: MessageRow, reason: str) -> None:
    now, attempts, lost = world.now(), row.attempts + 1, row.unclear + 1
    if messages.move(tx, row.id, CLAIMED, UNCERTAIN, done_at=now, reason=reason, attempts=attempts, unclear=lost):
        _result(world, tx, row, TellingState.UNCERTAIN)
        notices.raise_once(tx, f"uncertain:{row.together or row.key}", *alert_words.uncertain(row), now)


def _result(world: World, tx: Tx, row: MessageRow, state: TellingState) -> None:
    if row.kind.tells:
        told.settle(tx, row.booking, row.channel, row.number, state)
    journal.log(tx, world.now(), f"message-{state}", detail=f"{row.kind}:{row.channel}", booking=row.booking)
    _show(tx, row, world)


def _show(tx: Tx, row: MessageRow, world: World) -> None:
    """Mark the event for evaluation, so that its feedback shows the result."""
    place = bookings.place(tx, row.booking)
    if place is not None:
        resources.mark_dirty(tx, [place], world.now())


def _tell_down(tx: Tx, row: MessageRow, reason: str, attempts: int, now: datetime) -> None:
    """Alert once a day about a channel that fails; one attempt may be an accident."""
    if attempts > 1:
        notices.raise_once(tx, f"gateway:{row.channel}:{now:%Y-%m-%d}", *alert_words.down(row.channel, reason), now)
