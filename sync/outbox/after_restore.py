"""After a restored backup: messages now pending were already sent before the restore (law L7, crash point K14)."""

from __future__ import annotations

from sync.core.context import World
from sync.outbox.deliver import recover
from sync.plan import older_store
from sync.plan.settled import taken_as_told
from sync.store import generation, journal, messages
from sync.store.messages import DROPPED, PENDING


def mark_as_already_told(world: World) -> int:
    """Mark all pending messages as told without sending them. Returns how many."""
    recover(world)
    now, zone = world.now(), world.practice.zone
    with world.store.write() as tx:
        older_store.answered(tx, now)
        generation.renew(tx, now)
        waiting = messages.with_state(tx, PENDING, zone=zone)
        for row in waiting:
            messages.move(tx, row.id, PENDING, DROPPED, done_at=now, reason="base restaurée : déjà dit")
            if row.kind.tells:
                taken_as_told(world, tx, row)
        journal.log(tx, now, "restored", detail=str(len(waiting)))
    return len(waiting)
