"""What lies in the store of a practice at work while nothing changes: reminders whose hour has come, and a message that
is to go later. It is put there after the first pass, since all that this one finds counts as told by a person just now.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from bench.practice import GONE_BY
from bench.rendered import PARIS
from rules.model import Channel, MessageKind, Send
from sync.store import bookings, messages
from sync.store import tables as t
from sync.store.bookings import INVALID, BookingRow
from sync.store.engine import Tx
from sync.store.states import TellingState

USEFUL = timedelta(hours=3)  # before a booking its reminder may still go
LATER = timedelta(hours=6)  # the message that waits goes then: after all that is measured


def put(tx: Tx, now: datetime, hours: int) -> None:
    """Patients of the coming days were told by us long ago. The reminders of those who come within so many `hours` were
    sent, but for the few whose entry shows an error since; one message waits for its hour."""
    rows = [row for row in bookings.starting(tx, now + USEFUL, now + timedelta(hours=hours), PARIS) if row.email]
    for row in rows:
        _told(tx, row, now - timedelta(days=14))
    reminded = [row for row in rows if row.state is not INVALID]
    for row in reminded:
        for channel, to in ((Channel.EMAIL, row.email), (Channel.SMS, row.mobile)):
            if to:
                messages.add(tx, row.id, Send(MessageKind.REMINDER, channel, to, row.facts), 0, due=now, now=now)
    tx.connection.execute(update(t.message).values(state=messages.SENT, started_at=now, done_at=now))
    for row in sorted(reminded, key=lambda one: one.start)[:1]:
        message = Send(MessageKind.MODIFICATION, Channel.EMAIL, row.email or "", row.facts, row.facts)
        messages.add(tx, row.id, message, 1, due=now + LATER, now=now)


def outbox(tx: Tx) -> list[Any]:
    """Whatever could go out, or went, in the years that went by aside: the same as long as nobody is told anything."""
    m, n, theirs = t.message.c, t.notice.c, f"{GONE_BY}:%"
    told = select(m.id, m.state, m.attempts, m.started_at).where(m.key.not_like(theirs)).order_by(m.id)
    mailed = select(n.key, n.attempts).where(n.key.not_like(theirs)).order_by(n.key)
    return [tuple(row) for asked in (told, mailed) for row in tx.connection.execute(asked)]


def _told(tx: Tx, row: BookingRow, at: datetime) -> None:
    values = {"kind": MessageKind.CONFIRMATION.value, "state": TellingState.TOLD.value, "at": at}
    tx.connection.execute(update(t.telling).where(t.telling.c.booking == row.id).values(**values))
