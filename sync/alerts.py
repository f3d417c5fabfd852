"""Alerts to the practice, by e-mail, once each; what cannot be sent now is tried again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.base import Outgoing, OutsideError, Sender
from rules.model import Channel
from sync.faults import described, log
from sync.guard import kept_apart
from sync.outbox import backoff
from sync.store import notices
from sync.store.notices import NoticeRow
from sync.world import World


def send_notices(world: World) -> int:
    """Send what the practice has not been told yet; without an e-mail gateway the notices stay for `status`."""
    sender, now = world.senders.get(Channel.EMAIL), world.now()
    if sender is None or not world.practice.email:
        return 0
    with world.store.read() as tx:
        due = notices.due(tx, now)
    return sum(_safely(world, sender, row, now) for row in due)


def _safely(world: World, sender: Sender, row: NoticeRow, now: datetime) -> int:
    with kept_apart("alert not sent"):
        return _send(world, sender, row, now)
    return 0


def _send(world: World, sender: Sender, row: NoticeRow, now: datetime) -> int:
    """One alert; whatever goes wrong with it, the others have their turn (law L10)."""
    message = Outgoing(f"{world.practice.key}:notice:{row.key}", world.practice.email, row.text, row.subject)
    values: dict[str, Any] = {"attempts": row.attempts + 1, "next_try": now + backoff(row.attempts + 1)}
    try:
        sender.send(message)
    except OutsideError as error:
        log.warning("alert not sent", error=type(error).__name__)
    except Exception as error:
        log.error("alert not sent", **described(error))
    else:
        values = {"sent_at": now}
    with world.store.write() as tx:
        notices.change(tx, row.key, **values)
    return int("sent_at" in values)
