"""After a backup was put back: what changed since is known to the patients, for they were told then (law L7, C14)."""

from __future__ import annotations

from rules.model import MessageKind
from sync import olderstore
from sync.outbox import recover
from sync.store import basics, bookings, generation, messages
from sync.store.engine import Tx
from sync.store.messages import DROPPED, PENDING, MessageRow
from sync.world import World


def hush(world: World) -> int:
    """Take everything that would be told now as told; nothing is sent. Returns how many messages were spared."""
    recover(world)
    now, zone = world.now(), world.practice.zone
    with world.store.write() as tx:
        olderstore.answered(tx, now)
        generation.renew(tx, now)
        waiting = messages.with_state(tx, PENDING, zone=zone)
        for row in waiting:
            messages.move(tx, row.id, PENDING, DROPPED, done_at=now, reason="base restaurée : déjà dit")
            if row.kind is not MessageKind.REMINDER:
                taken_as_told(world, tx, row)
        basics.log(tx, now, "restored", detail=str(len(waiting)))
    return len(waiting)


def taken_as_told(world: World, tx: Tx, row: MessageRow) -> None:
    """Its patient knows what it says, without that it went."""
    number = bookings.next_number(tx, row.booking, row.channel)
    ended = row.kind is MessageKind.CANCELLATION
    kind, state = (row.kind.value, "told") if ended else ("baseline", "baseline")
    values = {"kind": kind, "facts": row.facts, "recipient": row.recipient, "state": state}
    bookings.tell(tx, row.booking, row.channel, number, at=world.now(), **values)
