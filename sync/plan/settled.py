"""Closes messages without a call: a newer one supersedes them, or the patient knows already (law L4)."""

from __future__ import annotations

from datetime import datetime

from rules.model import MessageKind
from sync.core.context import World
from sync.store import messages, notices, told
from sync.store.engine import Tx
from sync.store.messages import CLAIMED, SUPERSEDED, MessageRow
from sync.store.states import TellingState

_REBOOKED = "la même heure est de nouveau réservée, et le patient le sait"
_REFUSED = "la même heure est de nouveau réservée, et la passerelle a refusé de le dire"
_NEWER = "remplacé par un message plus récent"


def supersede(world: World, tx: Tx, row: MessageRow) -> None:
    """Before a message is sent: close older ones of unknown outcome, which must never follow it."""
    for one in messages.of_the_same(tx, row, world.practice.zone):
        if one.may_have_left and one.state != CLAIMED and one.id < row.id:
            give_way(world, tx, one)


def give_way(world: World, tx: Tx, row: MessageRow) -> None:
    """Close a message that a newer one supersedes, and withdraw its alerts."""
    messages.move(tx, row.id, row.state, SUPERSEDED, done_at=world.now(), reason=_NEWER)
    if row.may_have_left and row.kind.tells:
        told.settle(tx, row.booking, row.channel, row.number, TellingState.UNCLEAR)
    if row.together is None or not messages.joined(tx, row.together, row.state):
        for alert in ("undelivered", "uncertain"):
            notices.withdraw(tx, f"{alert}:{row.together or row.key}")


def over(tx: Tx, row: MessageRow, now: datetime, *, known: bool = True) -> None:
    """Close a cancellation: there is another booking at that hour, of which the patient knows, or of which the gateway
    refused to tell them."""
    messages.move(tx, row.id, row.state, SUPERSEDED, done_at=now, reason=_REBOOKED if known else _REFUSED)
    if row.started_at is None:
        told.tell(
            tx, row.booking, row.channel, row.number, kind=row.kind.value, facts=row.facts, recipient=row.recipient,
            state=TellingState.TOLD, at=now,
        )  # fmt: skip
    else:
        told.settle(tx, row.booking, row.channel, row.number, TellingState.TOLD)


def taken_as_told(world: World, tx: Tx, row: MessageRow) -> None:
    """Note that the patient knows what the message says, although it was not sent."""
    number = told.next_number(tx, row.booking, row.channel)
    ended = row.kind is MessageKind.CANCELLATION
    kind, state = (row.kind.value, TellingState.TOLD) if ended else ("baseline", TellingState.BASELINE)
    told.tell(
        tx, row.booking, row.channel, number, kind=kind, facts=row.facts, recipient=row.recipient, state=state,
        at=world.now(),
    )  # fmt: skip
