"""After a restored backup: messages now pending were already sent before the restore (law L7, crash point K14).

That is not sure of each: somebody may have been booked just before the restore, or after it. Where the event does not
show that its patient was told, a person is to find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.core.context import World
from sync.outbox.deliver import recover
from sync.plan import older_store
from sync.plan.settled import taken_as_told
from sync.store import bookings, generation, journal, messages, notices
from sync.store.engine import Tx
from sync.store.messages import DROPPED, PENDING, MessageRow

TAKEN, UNSEEN = "base restaurée : déjà dit", "base restaurée : tenu pour dit, l'événement ne le montre pas"


def mark_as_already_told(world: World) -> int:
    """Mark all pending messages as told without sending them. Returns how many."""
    recover(world)
    now, zone = world.now(), world.practice.zone
    with world.store.write() as tx:
        older_store.answered(tx, now)
        generation.renew(tx, now)
        waiting = messages.with_state(tx, PENDING, zone=zone)
        unseen = [row for row in waiting if row.kind.tells and not _seen(world, tx, row)]
        for row in waiting:
            reason = UNSEEN if row in unseen else TAKEN
            messages.move(tx, row.id, PENDING, DROPPED, done_at=now, reason=reason)
            if row.kind.tells:
                taken_as_told(world, tx, row)
        if unseen:
            notices.raise_once(tx, f"restored:{now.isoformat()}", *_alert(unseen), now)
        journal.log(tx, now, "restored", detail=str(len(waiting)))
    return len(waiting)


def taken_since(world: World, moment: datetime) -> tuple[int, Sequence[MessageRow]]:
    """How many messages were taken as told since then, and those of which no event shows it."""
    with world.store.read() as tx:
        dropped = messages.with_state(tx, DROPPED, zone=world.practice.zone)
    taken = [row for row in dropped if row.reason in {TAKEN, UNSEEN} and row.done_at and row.done_at >= moment]
    return len(taken), [row for row in taken if row.reason == UNSEEN]


def _seen(world: World, tx: Tx, row: MessageRow) -> bool:
    place = bookings.place(tx, row.booking)
    return place is not None and older_store.shows(world, tx, *place)


def _alert(unseen: Sequence[MessageRow]) -> tuple[str, str]:
    """Without patients' data (law L8)."""
    numbers = dict.fromkeys(row.booking for row in unseen)
    text = (
        "Une sauvegarde de la base a été remise en place, et rien n'est redit aux patients. Aucun événement ne montre "
        f"que le patient a été prévenu pour {len(numbers)} rendez-vous : n° {', '.join(map(str, numbers))}.\n\n"
        "Regardez qui c'est (attitre explain NUMÉRO), et appelez qui ne saurait rien."
    )
    return "attitre : après la sauvegarde, des patients à prévenir ?", text
