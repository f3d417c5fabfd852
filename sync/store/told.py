"""What patients were told, one row for each attempt, and what they therefore know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, or_, select, update

from rules.model import Channel, Facts, MessageKind
from rules.model.action import QUESTIONS
from rules.telling.planning import Knowledge, Row, same_patient
from sync.store import tables as t
from sync.store.codec import facts_from_json, facts_to_json
from sync.store.engine import Tx
from sync.store.states import MessageState, TellingState
from sync.store.tx import here, in_parts, those

_t, _m = t.telling.c, t.message.c
_UNTRIED = (MessageState.PENDING, MessageState.HELD)  # no gateway was called yet, unless `attempts` says so
_TELL = insert(t.telling)
_TOLD_ANY = select(t.telling).where(*here(t.telling), those(_t.booking)).order_by(_t.number)
_LAST_NUMBERS = select(
    select(func.max(_t.number)).where(*here(t.telling, "booking", "channel")).scalar_subquery(),
    select(func.max(_m.number))
    .where(
        *here(t.message, "booking", "channel"),
        _m.kind.not_in(QUESTIONS),
        or_(_m.state.not_in(_UNTRIED), _m.attempts > 0),
    )
    .scalar_subquery(),
)


def knowledge(tx: Tx, booking: int, zone: ZoneInfo) -> dict[tuple[int, Channel], Knowledge]:
    """(patient id, channel) → what the patient knows about the booking.

    A refused message told nothing, but is not tried again until its facts or its address change; see `refused`.
    """
    known: dict[tuple[int, Channel], Knowledge] = {}
    for row in _of(tx, booking):
        if row.state != TellingState.FAILED:
            facts = facts_from_json(row.facts, zone)
            one = (facts.patient_id, Channel(row.channel))
            before = known.get(one) or _from_before_the_record(known, one, facts)
            known[one] = _knowledge(row, facts, before)
    return known


def expect(tx: Tx, bookings: Sequence[int]) -> None:
    """Read in one query what the patients of these bookings know, before it is asked of each."""
    told = tx.cache.tellings
    told.update({booking: [] for booking in bookings})
    for part in in_parts(bookings):
        for row in tx.run(_TOLD_ANY, those_booking=part):
            told[row.booking].append(row)


def refused(tx: Tx, booking: int, zone: ZoneInfo) -> set[tuple[Channel, str, str, datetime]]:
    """(channel, recipient, kind, start) of the messages that a gateway refused for good, and after which the patient
    was told nothing else: then the same hour is news again."""
    failed: list[tuple[Any, Facts]] = []
    for row in _of(tx, booking):
        if row.state == TellingState.FAILED:
            failed.append((row, facts_from_json(row.facts, zone)))
        elif failed:
            facts = facts_from_json(row.facts, zone)
            failed = [(one, of) for one, of in failed if one.channel != row.channel or not same_patient(of, facts)]
    return {(Channel(row.channel), row.recipient, row.kind, facts.start) for row, facts in failed}


def next_number(tx: Tx, booking: int, channel: Channel) -> int:
    """The number of the booking's next telling on the channel (docs/design.md#told). A number with which a gateway was
    called is never used for another message, even if it was surely not sent: the gateway may remember the key."""
    last = max(tx.run(_LAST_NUMBERS, the_booking=booking, the_channel=channel.value).one(), key=lambda one: one or 0)
    return 1 + (last or 0)


def tell(
    tx: Tx,
    booking: int,
    channel: Channel,
    number: int,
    *,
    kind: str,
    facts: Facts | Mapping[str, Any],
    recipient: str | None,
    state: TellingState,
    at: datetime,
) -> None:
    """Store a telling. `kind`: a MessageKind, or `baseline`. `facts`: the facts or their JSON."""
    told = facts_to_json(facts) if isinstance(facts, Facts) else facts
    row = {"booking": booking, "channel": channel.value, "number": number, "kind": kind, "facts": told}
    tx.later(_TELL, {**row, "recipient": recipient, "state": state, "at": at})
    tx.cache.tellings.pop(booking, None)


def settle(tx: Tx, booking: int, channel: Channel, number: int, state: TellingState) -> None:
    """Store the result of a telling."""
    c = t.telling.c
    tx.connection.execute(
        update(t.telling)
        .where(c.practice == tx.practice, c.booking == booking, c.channel == channel.value, c.number == number)
        .values(state=state)
    )
    tx.cache.tellings.pop(booking, None)


def forget(tx: Tx, booking: int, channel: Channel, number: int) -> None:
    """Delete a telling that surely did not happen."""
    c = t.telling.c
    tx.connection.execute(
        delete(t.telling).where(
            c.practice == tx.practice, c.booking == booking, c.channel == channel.value, c.number == number
        )
    )
    tx.cache.tellings.pop(booking, None)


def _of(tx: Tx, booking: int) -> Iterable[Any]:
    if booking not in tx.cache.tellings:
        expect(tx, [booking])
    rows: list[Any] = tx.cache.tellings[booking]
    return rows


def _from_before_the_record(
    known: dict[tuple[int, Channel], Knowledge], one: tuple[int, Channel], facts: Facts
) -> Knowledge | None:
    """Take out what the same patient knew by name, under no record: what they are told now replaces it."""
    for other, knowledge in list(known.items()):
        if other[1] is one[1] and knowledge.facts is not None and same_patient(knowledge.facts, facts):
            return known.pop(other)
    return None


def _knowledge(row: Any, facts: Facts, known: Knowledge | None) -> Knowledge:
    ended, sure = row.kind == MessageKind.CANCELLATION.value, row.state in {TellingState.BASELINE, TellingState.TOLD}
    if ended:
        left = Knowledge(Row.UNCLEAR_END, facts, row.recipient, row.at, sure=False)
        return left if row.state == TellingState.UNCLEAR else Knowledge(Row.NEVER)
    state = _ROWS.get(row.state, Row.TOLD)
    before = None if sure or known is None else known.facts if known.sure else known.before
    return Knowledge(state, facts, row.recipient, row.at, sure, before)


_ROWS = {
    TellingState.BASELINE: Row.BASELINE, TellingState.FLIGHT: Row.IN_FLIGHT, TellingState.UNCLEAR: Row.UNCLEAR,
}  # fmt: skip
