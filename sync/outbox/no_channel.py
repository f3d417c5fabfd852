"""Closes messages of a channel that is not configured, so that they are not sent in a flood once it is."""

from __future__ import annotations

from collections.abc import Iterable

from rules.model import Channel
from rules.text.french import WAYS
from sync.core.context import World
from sync.plan.settled import taken_as_told
from sync.store import messages, notices
from sync.store.engine import Tx
from sync.store.messages import DROPPED, PENDING, MessageRow


def close(world: World, rows: Iterable[MessageRow]) -> None:
    """Drop these due messages. Their facts count as known, so that only later changes are told once there is a channel.
    The practice is alerted once, if it has e-mail."""
    now = world.now()
    with world.store.write() as tx:
        for row in rows:
            why = f"aucun {WAYS[row.channel]} n'est configuré"
            if messages.move(tx, row.id, PENDING, DROPPED, done_at=now, reason=why):
                if row.kind.tells:
                    taken_as_told(world, tx, row)
                if Channel.EMAIL in world.senders:  # without e-mail there are no alerts: `status` and `check` say it
                    _tell(world, tx, row.channel)


def _tell(world: World, tx: Tx, channel: Channel) -> None:
    how = WAYS[channel]
    text = (
        f"Aucun {how} n'est configuré : les patients n'en reçoivent pas. Ce qui devait partir ainsi est classé, et ne "
        f"partira pas après coup.\n\nPour en envoyer : « messages: » dans la configuration, puis attitre check."
    )
    notices.raise_once(tx, f"no-way:{channel}", f"attitre : aucun {how} n'est configuré", text, world.now())
