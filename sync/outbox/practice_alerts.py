"""Sends alerts to the practice by e-mail, each once; one that fails is tried again."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from adapters.base import Outgoing, OutsideError, Sender
from rules.model import Channel
from sync.core.calls import Call, Note, finish, room
from sync.core.context import Watch, World, nobody_watches
from sync.core.guard import kept_apart
from sync.core.intervals import before_retry
from sync.core.log import described, log
from sync.outbox import gateway_pause
from sync.store import generation, notices
from sync.store.notices import NoticeRow

if TYPE_CHECKING:
    from sync.store.columns import NoticeColumns


def send_notices(world: World, watch: Watch = nobody_watches) -> int:
    """Send the due alerts. Without an e-mail gateway they stay for `status`. Returns how many were sent."""
    sender, now = world.senders.get(Channel.EMAIL), world.now()
    if sender is None or not world.practice.email:
        return 0
    with world.store.read() as tx:
        due, mark = notices.due(tx, now), generation.mark_of(tx)
        pausing = gateway_pause.pausing(tx, now) if due else {}
    if Channel.EMAIL in pausing:  # one alert may try whether the gateway answers again
        due = due[:1] if pausing[Channel.EMAIL] else []
    sent: list[str] = []
    for row in due:
        with kept_apart("alert not sent"):
            send = partial(_send, world, sender, row, mark, now=now, sent=sent)
            call = Call(Channel.EMAIL, frozenset({("notice", row.key)}), send)
            if room(world.calls, call, watch):
                world.calls.start(call)
    finish(world.calls, watch)
    return len(sent)


def _send(world: World, sender: Sender, row: NoticeRow, mark: str, *, now: datetime, sent: list[str]) -> Note:
    """Send one alert; its fault does not stop the others (law L10)."""
    message = Outgoing(f"{world.practice.key}:{mark}:notice:{row.key}", world.practice.email, row.text, row.subject)
    values: NoticeColumns = {"attempts": row.attempts + 1, "next_try": now + before_retry(row.attempts + 1)}
    slow = False
    try:
        sender.send(message)
    except OutsideError as error:
        slow = error.slow
        log.warning("alert not sent", error=type(error).__name__)
    except Exception as error:
        log.error("alert not sent", **described(error))
    else:
        values = {"sent_at": now}
        sent.append(row.key)
    return partial(_note, world, row.key, values, slow=slow)


def _note(world: World, key: str, values: NoticeColumns, *, slow: bool) -> None:
    with world.store.write(answer=True) as tx:
        gateway_pause.heard(world, tx, Channel.EMAIL, slow=slow)
        notices.change(tx, key, **values)
