"""The outbox: messages to patients, stored in the transaction that makes them necessary (law L4).

pending → claimed → sent | failed | uncertain; pending → suppressed (no longer true) or dropped (by a person). A message
that may have been sent is superseded as soon as a newer one leaves, so that it never arrives after it. Floods of
messages are held until a person has answered (`sync.plan.floods`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update

from rules.model import Channel, Facts, MessageKind, Send
from sync.store import counters, generation
from sync.store import tables as t
from sync.store.codec import facts_from_json, facts_to_json
from sync.store.engine import Tx
from sync.store.states import MessageState
from sync.store.tx import here, in_parts, the, those

if TYPE_CHECKING:
    from sync.store.columns import MessageColumns


PENDING, CLAIMED, SENT, FAILED, UNCERTAIN, SUPPRESSED, DROPPED, SUPERSEDED, HELD = MessageState

EARLY = -1  # the number of a reminder that a wrong clock sent long before its hour; it does not count as sent
_ADD = insert(t.message)
_c = t.message.c
_OF_ANY = select(t.message).where(*here(t.message), those(_c.booking))
_DUE = (
    select(t.message)
    .where(*here(t.message), _c.state == PENDING, _c.due_at <= the(_c.due_at))
    .where((_c.next_try.is_(None)) | (_c.next_try <= the(_c.due_at)))
    .order_by(_c.due_at, _c.id)
)
_WITH_STATE = select(t.message).where(*here(t.message), those(_c.state)).order_by(_c.due_at, _c.id)


class MessageRow(Struct, frozen=True):
    """One message to one patient."""

    id: int
    booking: int
    kind: MessageKind
    channel: Channel
    number: int  # of its telling; 0 for a reminder, -1 (`EARLY`) for one that a wrong clock sent
    key: str  # the idempotency key: a gateway that knows it sends nothing again
    recipient: str  # a mobile in E.164, or an e-mail address
    facts: Facts  # what it says
    before: Facts | None  # what its patient knew (modification, cancellation)
    state: MessageState
    due_at: datetime  # not before
    next_try: datetime | None  # not before, after a failure
    attempts: int  # calls that failed, or whose answer was lost
    unclear: int  # answers that were lost
    started_at: datetime | None  # the gateway may have been called since
    done_at: datetime | None  # when it was sent or given up
    reason: str | None  # why it failed or waits, in French
    together: str | None  # the key under which it went, or goes again, as one with others (ruling 6)
    approved_at: datetime | None  # when a person let it go after it was held

    @property
    def action(self) -> Send:
        """What the message tells, to whom."""
        return Send(self.kind, self.channel, self.recipient, self.facts, self.before)

    @property
    def may_have_left(self) -> bool:
        """Whether the gateway may have sent it without our knowing."""
        return self.state == UNCERTAIN or (self.state in {PENDING, CLAIMED} and self.started_at is not None)


def key_of(tx: Tx, booking: int, send: Send, number: int, now: datetime) -> str:
    """The idempotency key (docs/design.md#told). It holds the store's generation, since a gateway may remember keys
    longer than the store exists; then for a reminder the start that it tells, for any other message the number of its
    telling; last for a reminder to a corrected address a digest of that."""
    part = f"{send.facts.start.timestamp():.0f}" if send.kind is MessageKind.REMINDER else str(number)
    key = f"{tx.practice}:{generation.current(tx, now).mark}:{booking}:{send.kind}:{part}:{send.channel}"
    others = _same(tx, booking, send, number) if send.kind is MessageKind.REMINDER else []
    if all(row["recipient"] == send.to for row in others):
        return key
    return f"{key}:{hashlib.sha256(f'{key} {send.to}'.encode()).hexdigest()[:8]}"


def replace_pending(
    tx: Tx, booking: int, wanted: list[tuple[Send, int, datetime]], now: datetime, zone: ZoneInfo
) -> None:
    """Replace the unclaimed messages of a booking, reminders aside, by the wanted ones: (action, number, due).

    A row that says the same stays; the others are suppressed. A row whose call may have begun stays too, as the gateway
    may have it. The key of a row that a gateway refused for the moment is not used for other content. A message that
    replaces a held one is held.
    """
    unclaimed = {PENDING, HELD}
    standing = [row for row in of_booking(tx, booking, zone) if row.state in unclaimed and row.started_at is None]
    kept = {row.id: send for row in standing for send, number, _ in wanted if _says(row, send, number)}
    for row in standing:
        if row.id not in kept and row.kind.tells:
            _give_way(tx, row, now)
    held = {(row.channel, row.recipient): row.reason for row in standing if row.state == HELD and row.id not in kept}
    for send, number, due in wanted:
        if send not in kept.values():
            add(tx, booking, send, number, due=due, now=now, held=held.get((send.channel, send.to)))


def add(
    tx: Tx, booking: int, send: Send, number: int, *, due: datetime, now: datetime, held: str | None = None
) -> bool:
    """Put a message into the outbox. Returns False if it is there already. `held`: why it waits for a person."""
    if _standing(tx, booking, send, number):
        return False
    key = key_of(tx, booking, send, number, now)
    row = {
        "booking": booking, "kind": send.kind.value, "channel": send.channel.value, "number": number, "key": key,
        "recipient": send.to, "facts": facts_to_json(send.facts), "due_at": due, "created_at": now, "reason": held,
        "before": facts_to_json(send.before) if send.before else None, "state": HELD if held else PENDING,
    }  # fmt: skip
    tx.add(_ADD, [{"id": counters.take_numbers(tx, "message")[0], **row}])
    tx.cache.messages.pop(booking, None)
    return True


def due(tx: Tx, now: datetime, zone: ZoneInfo) -> list[MessageRow]:
    """Pending messages whose time has come, oldest first."""
    return [_row(row, zone) for row in tx.run(_DUE, the_due_at=now).mappings()]


def with_state(tx: Tx, *states: MessageState, zone: ZoneInfo) -> list[MessageRow]:
    """Messages in those states, oldest first."""
    return [_row(row, zone) for row in tx.run(_WITH_STATE, those_state=list(states)).mappings()]


def of_booking(tx: Tx, booking: int, zone: ZoneInfo) -> list[MessageRow]:
    """All messages of that booking, oldest first."""
    rows = _of(tx, booking)
    return [
        _row(row, zone) for row in sorted(rows, key=lambda row: int(row["id"]))
    ]  # with ORDER BY, SQLite scans the table


def expect(tx: Tx, bookings: Sequence[int]) -> None:
    """Read in one query the messages of these bookings, before they are asked for one by one."""
    kept = tx.cache.messages
    kept.update({booking: [] for booking in bookings})
    for part in in_parts(bookings):
        for row in tx.run(_OF_ANY, those_booking=part).mappings():
            kept[row["booking"]].append(row)


def of_the_same(tx: Tx, row: MessageRow, zone: ZoneInfo) -> list[MessageRow]:
    """The other messages of that booking on the same channel to the same patient, oldest first."""
    from rules.telling.planning import same_patient  # most passes send nothing, and load no table

    return [
        one
        for one in of_booking(tx, row.booking, zone)
        if one.channel is row.channel and one.id != row.id and same_patient(one.facts, row.facts)
    ]


def joined(tx: Tx, key: str, state: MessageState) -> bool:
    """Whether a message with that common key is in that state."""
    query = select(_c.id).where(_c.practice == tx.practice, _c.together == key, _c.state == state).limit(1)
    return tx.connection.execute(query).first() is not None


def may_still_join(tx: Tx, booking: int, send: Send) -> bool:
    """Whether that reminder is not in the outbox yet, or pending there and never tried."""
    return all(row["state"] == PENDING and row["started_at"] is None for row in _standing(tx, booking, send, 0))


def companions(tx: Tx, row: MessageRow, zone: ZoneInfo) -> list[MessageRow]:
    """The reminders that go in one message with this pending one, itself included, oldest first: those to the same
    address about the same day (ruling 6). If its call may have begun: only those that went with it."""
    c = t.message.c
    same = (c.practice == tx.practice, c.state == PENDING, c.kind == MessageKind.REMINDER.value)
    query = select(t.message).where(*same, c.channel == row.channel.value, c.recipient == row.recipient)
    found = sorted(read(tx.connection.execute(query).mappings(), zone), key=lambda one: one.id)  # as in `of_booking`
    return [one for one in found if one.id == row.id or _goes_with(one, row)]


def claimed_with(tx: Tx, row: MessageRow, zone: ZoneInfo) -> list[MessageRow]:
    """The claimed messages that go in one call with this claimed one, itself included."""
    if row.together is None:
        return [row]
    return [one for one in with_state(tx, CLAIMED, zone=zone) if one.together == row.together]


def _standing(tx: Tx, booking: int, send: Send, number: int) -> list[Any]:
    """The rows of that message in the outbox, in any generation; not those that surely did not reach its patient at an
    address corrected since."""
    return [row for row in _same(tx, booking, send, number) if row["recipient"] == send.to or not _in_vain(row)]


def _in_vain(row: Any) -> bool:
    """Whether it is a reminder that was not sent, and that only goes while its address is the present one."""
    if row["kind"] != MessageKind.REMINDER.value:
        return False
    uncalled = row["state"] == PENDING and row["started_at"] is None and not row["attempts"]
    return uncalled or row["state"] in {FAILED, SUPPRESSED}


def _same(tx: Tx, booking: int, send: Send, number: int) -> list[Any]:
    """The rows of that message, to whatever address: of a reminder, those that tell the same start."""
    name = (send.kind.value, send.channel.value, number)
    rows = [row for row in _of(tx, booking) if (row["kind"], row["channel"], row["number"]) == name]
    if send.kind is not MessageKind.REMINDER:
        return rows
    told = facts_to_json(send.facts)
    return [row for row in rows if all(row["facts"][part] == told[part] for part in ("start", "fold"))]


def _goes_with(one: MessageRow, row: MessageRow) -> bool:
    if row.started_at is not None:
        return row.together is not None and one.together == row.together and one.started_at is not None
    return one.started_at is None and one.facts.start.date() == row.facts.start.date()


def get(tx: Tx, message: int, zone: ZoneInfo) -> MessageRow | None:
    """The message of that number."""
    c = t.message.c
    query = select(t.message).where(c.practice == tx.practice, c.id == message)
    row = tx.connection.execute(query).mappings().first()
    return _row(row, zone) if row else None


def move(tx: Tx, message: int, expected: MessageState, state: MessageState, **values: Unpack[MessageColumns]) -> bool:
    """Change the state, only if the message is in the `expected` one. Returns whether it was: two workers that claim at
    once cannot both succeed."""
    c = t.message.c
    result = tx.connection.execute(
        update(t.message)
        .where(c.practice == tx.practice, c.id == message, c.state == expected)
        .values(state=state, fence=c.fence + 1, **values)
    )
    _forget(tx, message)
    return result.rowcount == 1


def counts(tx: Tx) -> dict[str, int]:
    """How many messages are in each state; `retry` counts pending ones that were tried before."""
    c = t.message.c
    found = {"pending": 0, "retry": 0, "failed": 0, "uncertain": 0, "held": 0, "sent": 0}
    tried = (c.attempts > 0).label("tried")
    counted = select(c.state, tried, func.count()).where(c.practice == tx.practice).group_by(c.state, tried)
    for state, again, count in tx.connection.execute(counted):
        name = "retry" if state == PENDING and again else state
        found[name] = found.get(name, 0) + count
    return found


def tried_in_vain(tx: Tx) -> dict[tuple[str, bool], int]:
    """(channel, whether an answer was lost) → how many pending messages were tried at least twice."""
    lost = (_c.unclear > 0).label("lost")
    query = select(_c.channel, lost, func.count()).where(
        _c.practice == tx.practice, _c.state == PENDING, _c.attempts > 1
    )
    found = tx.connection.execute(query.group_by(_c.channel, lost))
    return {(channel, bool(unclear)): int(count) for channel, unclear, count in found}


def _says(row: MessageRow, send: Send, number: int) -> bool:
    return row.action == send and (row.number == number or row.attempts > 0)


def take_back(tx: Tx, message: int) -> None:
    """Delete a message with which no gateway was called."""
    _delete(tx, message)


def drop_of(tx: Tx, booking: int) -> None:
    """Delete the booking's messages: the booking becomes part of another one."""
    tx.connection.execute(delete(t.message).where(t.message.c.practice == tx.practice, t.message.c.booking == booking))
    tx.cache.messages.pop(booking, None)


def _give_way(tx: Tx, row: MessageRow, now: datetime) -> None:
    if row.attempts:
        move(tx, row.id, row.state, SUPPRESSED, done_at=now, reason="ce n'est plus ce qui est vrai")
    else:
        _delete(tx, row.id)


def _delete(tx: Tx, message: int) -> None:
    tx.connection.execute(delete(t.message).where(t.message.c.practice == tx.practice, t.message.c.id == message))
    _forget(tx, message)


def _of(tx: Tx, booking: int) -> list[Any]:
    if booking not in tx.cache.messages:
        expect(tx, [booking])
    rows: list[Any] = tx.cache.messages[booking]
    return rows


def _forget(tx: Tx, message: int) -> None:
    """Drop what the cache holds of the booking with that message."""
    kept = tx.cache.messages
    for booking in [booking for booking, rows in kept.items() if any(row["id"] == message for row in rows)]:
        del kept[booking]


def _row(row: Any, zone: ZoneInfo) -> MessageRow:
    values = {name: row[name] for name in MessageRow.__struct_fields__}
    values["kind"], values["channel"] = MessageKind(row["kind"]), Channel(row["channel"])
    values["state"] = MessageState(row["state"])
    values["facts"] = facts_from_json(row["facts"], zone)
    values["before"] = facts_from_json(row["before"], zone) if row["before"] else None
    return MessageRow(**values)


def read(rows: Iterable[Any], zone: ZoneInfo) -> list[MessageRow]:
    """Rows of the table as values, with times in `zone`."""
    return [_row(row, zone) for row in rows]
