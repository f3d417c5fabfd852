"""Retries or drops one message for a person (`attitre outbox retry|drop`), in the order of messages (law L4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rules.model import MessageKind
from sync.core.context import World
from sync.outbox.claims import goes_to, still_true
from sync.plan.messages import plan_booking
from sync.store import bookings, messages, notices, resources, told
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.messages import DROPPED, FAILED, HELD, PENDING, SUPERSEDED, UNCERTAIN, MessageRow
from sync.store.states import TellingState

if TYPE_CHECKING:
    from sync.store.columns import MessageColumns


OPEN = frozenset({PENDING, HELD, FAILED, UNCERTAIN})


class NotPossible(Exception):
    """Why it cannot be done, in French."""


def retry(world: World, tx: Tx, row: MessageRow, now: datetime) -> str:
    """Queue the message again if it is still true; otherwise the one that is true goes instead. Returns what happens,
    in French. Raises NotPossible: nothing is to be written."""
    booking = bookings.get(tx, row.booking, world.practice.zone)
    if booking is None or row.state not in OPEN | {SUPERSEDED}:
        over = "il est déjà parti, en cours ou classé"
        raise NotPossible(f"Le message n° {row.id} ne peut pas être remis en attente : {over}.")
    if row.state == SUPERSEDED or _newer_left(world, tx, row):
        raise NotPossible(f"Le message n° {row.id} ne repart pas : un message plus récent l'a remplacé.")
    if row.kind is MessageKind.REMINDER:
        return _remind(world, tx, booking, row, now)
    if row.may_have_left:
        return _repeat(world, tx, booking, row, now)
    return _anew(world, tx, row, now)


def drop(world: World, tx: Tx, row: MessageRow, now: datetime) -> str:
    """Drop the message: neither it nor one that says the same is sent. Raises NotPossible."""
    if row.state not in OPEN:
        raise NotPossible(f"Le message n° {row.id} ne peut pas être classé : il est déjà parti, en cours ou classé.")
    messages.move(tx, row.id, row.state, DROPPED, done_at=now, reason="classé par une personne")
    if row.kind.tells:
        if row.may_have_left:
            told.settle(tx, row.booking, row.channel, row.number, TellingState.TOLD)
        elif row.state in {PENDING, HELD}:  # noted as failed, so that the same facts are not planned again
            told.tell(
                tx, row.booking, row.channel, row.number, kind=row.kind.value, facts=row.facts, recipient=row.recipient,
                state=TellingState.FAILED, at=now,
            )  # fmt: skip
    for alert in ("undelivered", "uncertain"):
        notices.withdraw(tx, f"{alert}:{row.together or row.key}")
    _show(tx, row, now)
    return f"Message n° {row.id} classé."


def _remind(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> str:
    to = goes_to(world, tx, booking, row, now)
    if to is None:
        raise NotPossible(_untrue(row, "rien ne part."))
    if to != row.recipient:
        instead = "rien ne part" if row.may_have_left else "un rappel à l'adresse qui vaut maintenant part à sa place"
        raise NotPossible(f"Le message n° {row.id} ne repart pas, car l'adresse du patient a changé : {instead}.")
    return _pending(tx, row, now, started=row.may_have_left)


def _repeat(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> str:
    """Send a message of unknown outcome again, under its idempotency key."""
    if not still_true(world, tx, booking, row, now):
        return _instead(world, tx, row)
    told.settle(tx, row.booking, row.channel, row.number, TellingState.FLIGHT)
    return _pending(tx, row, now, started=True)


def _anew(world: World, tx: Tx, row: MessageRow, now: datetime) -> str:
    """Plan a message that surely was not sent as if it had never been tried; if it is no longer true, another goes."""
    if row.state == FAILED:
        told.forget(tx, row.booking, row.channel, row.number)
    done = _pending(tx, row, now, started=False)
    plan_booking(world, tx, row.booking, now)
    standing = messages.get(tx, row.id, world.practice.zone)
    return done if standing is not None and standing.state == PENDING else _instead(world, tx, row)


def _pending(tx: Tx, row: MessageRow, now: datetime, *, started: bool) -> str:
    values: MessageColumns = {"attempts": 0, "unclear": 0, "next_try": None, "done_at": None, "reason": None}
    values |= {} if row.state in {PENDING, HELD} else {"due_at": now}
    values |= {"approved_at": now} if row.state == HELD else {}
    values |= {} if started else {"started_at": None}
    messages.move(tx, row.id, row.state, PENDING, **values)
    _show(tx, row, now)
    return f"Message n° {row.id} remis en attente. Il part au prochain passage."


def _instead(world: World, tx: Tx, row: MessageRow) -> str:
    others = messages.of_the_same(tx, row, world.practice.zone)
    waiting = [one for one in others if one.state == PENDING and one.kind.tells]
    if not waiting:
        raise NotPossible(_untrue(row, "rien ne part."))
    return _untrue(row, f"le message n° {waiting[-1].id}, qui dit l'état actuel, part à sa place.")


def _untrue(row: MessageRow, then: str) -> str:
    return f"Le message n° {row.id} ne dit plus ce qui est vrai dans l'agenda : {then}"


def _newer_left(world: World, tx: Tx, row: MessageRow) -> bool:
    others = messages.of_the_same(tx, row, world.practice.zone)
    return any(one.id > row.id and one.started_at is not None and one.kind.tells for one in others)


def _show(tx: Tx, row: MessageRow, now: datetime) -> None:
    place = bookings.place(tx, row.booking)
    if place is not None:
        resources.mark_dirty(tx, [place], now)
