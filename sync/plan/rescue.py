"""Proposes other dates of the same dentist to a patient whose appointment lies in an absence: once for each absence and
booking (P24)."""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.model import Channel, MessageKind, Send
from rules.telling.planning import differs
from sync.core.context import World
from sync.plan.messages import address_of
from sync.store import journal, messages, rescues, told
from sync.store.bookings import BookingRow
from sync.store.engine import Tx

Leave = tuple[str, str]  # calendar, UID
UNTOLD = "jamais confirmé, à appeler"
UNREACHABLE = "ni mobile ni e-mail, à appeler"
TOO_NEAR = "trop proche, à appeler"


def why_not(world: World, tx: Tx, row: BookingRow, now: datetime) -> str:
    """Why the patient is not asked by link, in French; empty if they can be. Who does not know of the appointment as it
    is finds no page to move it (law L3); a too near one cannot be moved there."""
    facts = [one.facts for one in told.knowledge(tx, row.id, world.practice.zone).values() if one.facts]
    if not facts or any(differs(one, row.facts) for one in facts):
        return UNTOLD
    if not any(address_of(row, channel) for channel in Channel):
        return UNREACHABLE
    return TOO_NEAR if row.start - now < timedelta(hours=world.practice.policy.cancel_until_hours) else ""


def ask(world: World, tx: Tx, leave: Leave, row: BookingRow, now: datetime, *, at_prompt: bool = False) -> int:
    """Store the proposal and put it into the outbox: it goes once she has stopped typing. Returns its number."""
    number = rescues.add(tx, leave, row.id, row.start, now, at_prompt=at_prompt)
    send(world, tx, number, row, now)
    journal.log(tx, now, "dates-asked", booking=row.id)
    return number


def send(world: World, tx: Tx, number: int, row: BookingRow, now: datetime) -> None:
    """Put the messages of that proposal into the outbox, unless one is there or left already."""
    standing = [one for one in messages.of_booking(tx, row.id, world.practice.zone) if one.kind is MessageKind.DATES]
    mine = [one for one in standing if one.number == number]
    if any(one.started_at is not None or one.state not in {messages.SUPPRESSED} for one in mine):
        return
    for one in mine:
        messages.take_back(tx, one.id)
    due = now + timedelta(seconds=world.practice.policy.settle_seconds)
    for channel in Channel:
        to = address_of(row, channel)
        if to:
            messages.add(tx, row.id, Send(MessageKind.DATES, channel, to, row.facts), number, due=due, now=now)
