"""Alerts to the practice, by e-mail, once each; what cannot be sent now is tried again."""

from __future__ import annotations

import structlog

from adapters.base import Outgoing, OutsideError
from rules.model import Channel
from sync.outbox import backoff
from sync.store import notices
from sync.world import World

log = structlog.get_logger()


def send_notices(world: World) -> int:
    """Send what the practice has not been told yet; without an e-mail gateway the notices stay for `status`."""
    sender, now = world.senders.get(Channel.EMAIL), world.now()
    if sender is None or not world.practice.email:
        return 0
    with world.store.read() as tx:
        due = notices.due(tx, now)
    sent = 0
    for row in due:
        message = Outgoing(f"{world.practice.key}:notice:{row.key}", world.practice.email, row.text, row.subject)
        try:
            sender.send(message)
        except OutsideError as error:
            log.warning("alert not sent", error=type(error).__name__)
            values = {"attempts": row.attempts + 1, "next_try": now + backoff(row.attempts + 1)}
        else:
            values, sent = {"sent_at": now}, sent + 1
        with world.store.write() as tx:
            notices.change(tx, row.key, **values)
    return sent
