"""Plans the messages of one booking by the planning table: its unclaimed messages are replaced by those wanted now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from rules.findings import asks_who
from rules.model import Channel, Facts, MessageKind, OutcomeKind, Practice, Send
from rules.patients.unwanted import unwanted
from rules.telling.planning import Cell, Knowledge, Row, Situation, elsewhere, plan, reminder_due, same_patient
from rules.text.french import day_and_clock
from sync.core.context import World
from sync.store import bookings, calendars, messages, notices, patients, told
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.messages import MessageRow
from sync.store.states import TellingState

if TYPE_CHECKING:
    from rules.telling.event_block import Receipt

NOBODY = Knowledge(Row.NEVER)
Wanted = tuple[Send, int, datetime]
Addresses = Mapping[Channel, str | None]


class _Known(Struct, frozen=True):
    """What patients know of one booking: its present patient, and others who were in the event before."""

    mine: dict[Channel, Knowledge]
    others: tuple[tuple[Channel, Knowledge], ...]


def plan_booking(world: World, tx: Tx, number: int, now: datetime) -> None:
    """Replace the booking's pending messages by those that the table wants now."""
    booking = bookings.get(tx, number, world.practice.zone)
    if booking is not None:
        wanted = wanted_messages(world, tx, booking, now)
        messages.replace_pending(tx, number, wanted, now, world.practice.zone)


def wanted_messages(world: World, tx: Tx, booking: BookingRow, now: datetime) -> list[Wanted]:
    """The messages wanted for this booking, without reminders: (action, telling number, due)."""
    known, situation = _known(world, tx, booking), situation_of(tx, booking)
    refused = told.refused(tx, booking.id, world.practice.zone)
    wanted: list[Wanted] = []
    for channel in Channel:  # others first: on a shared telephone, a cancellation precedes the new confirmation
        pairs = [(knowledge, False) for other, knowledge in known.others if other is channel]
        pairs += [(known.mine.get(channel, NOBODY), True)]
        for knowledge, own in pairs:
            send = _send(plan(knowledge, situation, now), channel, knowledge, booking, own=own)
            if send and own and _is_unwanted(tx, booking, send, now):
                continue
            if send and (channel, send.to, send.kind, send.facts.start) not in refused:
                number = told.next_number(tx, booking.id, channel)
                wanted.append(
                    (send, number + len([1 for w in wanted if w[0].channel is channel]), _due(booking, send, world))
                )
    return wanted


def reminders(world: World, tx: Tx, booking: BookingRow, now: datetime, *, early: bool = False) -> list[Send]:
    """The reminders due for this booking, one a channel (P41); `early`: those that may join one of the same day
    (ruling 6). None from a calendar that nobody reads any more."""
    known, situation = _known(world, tx, booking), situation_of(tx, booking)
    found = []
    for channel, knowledge in known.mine.items():
        to = address_of(booking, channel)
        cell = plan(knowledge, situation, now)
        if to and knowledge.facts and reminder_due(knowledge, cell, world.practice, now, early=early):
            found.append(Send(MessageKind.REMINDER, channel, to, booking.facts))
    return [] if found and calendars.is_suspended(tx, booking.calendar) else found


def reasons(world: World, tx: Tx, booking: BookingRow, now: datetime) -> list[tuple[Channel, Knowledge, Cell]]:
    """(channel, what the patient knows, the table's cell): why a message goes, or why none does."""
    known, situation = _known(world, tx, booking), situation_of(tx, booking)
    mine = [(channel, known.mine.get(channel, NOBODY)) for channel in Channel]
    return [(channel, knowledge, plan(knowledge, situation, now)) for channel, knowledge in [*mine, *known.others]]


def tell_baseline(tx: Tx, number: int, facts: Mapping[str, Any], addresses: Addresses, now: datetime) -> None:
    """Note the booking of the first pass as known to its patient: a person told them (ruling 7)."""
    for channel in Channel:
        told.tell(
            tx, number, channel, 0, kind="baseline", facts=facts, recipient=addresses[channel],
            state=TellingState.BASELINE, at=now,
        )  # fmt: skip


def receipts(world: World, tx: Tx, number: int) -> tuple[Receipt, ...]:
    """The messages sent or held for this booking, for the feedback in its event."""
    from rules.telling.event_block import Receipt

    rows = messages.of_booking(tx, number, world.practice.zone)
    return tuple(
        Receipt(row.kind, row.channel, _shown(row), _local(row.done_at, world.practice), row.reason or "")
        for row in rows
        if row.state in {messages.SENT, messages.FAILED, messages.HELD}
        or (row.may_have_left and row.state != messages.CLAIMED)
    )


def _shown(row: MessageRow) -> str:
    return "retried" if row.state == messages.PENDING else row.state


def _known(world: World, tx: Tx, booking: BookingRow) -> _Known:
    mine: dict[Channel, Knowledge] = {}
    others: list[tuple[Channel, Knowledge]] = []
    for (_, channel), knowledge in told.knowledge(tx, booking.id, world.practice.zone).items():
        if knowledge.facts is None:
            continue
        if same_patient(knowledge.facts, booking.facts):
            mine[channel] = _later(mine.get(channel), knowledge)
        else:
            others.append((channel, knowledge))
    situation = situation_of(tx, booking)
    mine = {channel: elsewhere(one, situation, address_of(booking, channel)) for channel, one in mine.items()}
    return _Known(mine, tuple(others))


def _later(one: Knowledge | None, other: Knowledge) -> Knowledge:
    return other if one is None or one.at is None or (other.at and other.at >= one.at) else one


def situation_of(tx: Tx, booking: BookingRow) -> Situation:
    """The booking's state in the calendar now."""
    vanished = booking.state == VANISHED
    held = vanished and is_held(tx, booking)
    unclear = booking.patient is None and any(map(asks_who, booking.findings))
    return Situation(booking.facts, booking.state == VALID, vanished, held=held, whose_unclear=unclear)


def is_held(tx: Tx, booking: BookingRow) -> bool:
    """Whether the brake holds the booking's cancellation; one typed explicitly is never held."""
    kind = (booking.outcome or {}).get("kind")
    if kind == OutcomeKind.DROPPED:
        return True
    row = calendars.get(tx, booking.calendar)
    return bool(row and row.held_at and booking.released_at is None and kind is None)


def _send(cell: Cell, channel: Channel, knowledge: Knowledge, booking: BookingRow, *, own: bool) -> Send | None:
    if cell.kind is None:
        return None
    now_address = address_of(booking, channel) if own else None
    if cell.kind is MessageKind.CANCELLATION:
        to, facts = knowledge.recipient or now_address, knowledge.facts
        return Send(cell.kind, channel, to, facts) if to and facts else None
    to = now_address
    return Send(cell.kind, channel, to, booking.facts, _before(cell, knowledge)) if to else None


def _is_unwanted(tx: Tx, booking: BookingRow, send: Send, now: datetime) -> bool:
    """Whether the patient wants no messages on that channel (P39). A cancellation goes to where they were told, which
    the booking's present addresses do not say; who wants none at all is called by the practice."""
    if send.kind is not MessageKind.CANCELLATION or booking.patient is None:
        return False
    off = unwanted(patients.get(tx, booking.patient))
    if len(off) == len(Channel):
        notices.raise_once(tx, f"phone-only:{booking.id}:{booking.vanished_at}", *_by_phone(booking), now)
    return send.channel in off


def _by_phone(booking: BookingRow) -> tuple[str, str]:
    when = day_and_clock(booking.start)
    text = (
        f"Le rendez-vous n° {booking.id} du {when} n'a plus lieu. Son patient a demandé sur sa page à ne recevoir ni "
        "SMS ni e-mail : appelez-le."
    )
    return "attitre : un patient à prévenir par téléphone", text


def _before(cell: Cell, knowledge: Knowledge) -> Facts | None:
    if cell.kind is not MessageKind.MODIFICATION:
        return None
    return knowledge.before if cell.again else knowledge.facts


def address_of(booking: BookingRow, channel: Channel) -> str | None:
    """The patient's address on that channel."""
    return booking.mobile if channel is Channel.SMS else booking.email


def _due(booking: BookingRow, send: Send, world: World) -> datetime:
    policy = world.practice.policy
    first = send.kind is MessageKind.CONFIRMATION
    quiet = policy.settle_seconds if first else policy.settle_change_seconds
    return (booking.vanished_at or booking.changed_at) + timedelta(seconds=quiet)


def _local(moment: datetime | None, practice: Practice) -> datetime | None:
    return moment.astimezone(practice.zone) if moment else None
