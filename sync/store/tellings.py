"""Questions about many messages at once: those of one series, those that are due, those that went lately."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from sync.store import messages
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.messages import PENDING, MessageRow

_m, _b = t.message.c, t.booking.c
_WITH_BOOKING = t.message.join(t.booking, (_b.practice == _m.practice) & (_b.id == _m.booking))


def of_series(tx: Tx, row: MessageRow, now: datetime, zone: ZoneInfo) -> list[MessageRow]:
    """The pending messages that tell by the same channel of other visits of the same series, itself among them, as far
    as they are due. Where its call may have begun: those that went with it, and no other."""
    series = select(_b.uid, _b.calendar).where(_b.practice == tx.practice, _b.id == row.booking, _b.recurrence != "")
    found = tx.connection.execute(series).first()
    if found is None:
        return [row]
    same = (_m.practice == tx.practice, _m.state == PENDING, _m.kind == row.kind.value, _m.due_at <= now)
    query = (
        select(t.message)
        .select_from(_WITH_BOOKING)
        .where(_b.practice == tx.practice, _b.uid == found.uid, _b.calendar == found.calendar, _b.recurrence != "")
        .where(*same, _m.channel == row.channel.value, _m.recipient == row.recipient)
    )
    rows = messages.read(tx.connection.execute(query.order_by(_m.id)).mappings(), zone)
    return [one for one in rows if one.id == row.id or _goes_with(one, row, now)]


def _goes_with(one: MessageRow, row: MessageRow, now: datetime) -> bool:
    if row.started_at is not None:
        return row.together is not None and one.together == row.together and one.started_at is not None
    if one.started_at is not None:
        return False
    put_off_together = one.together is not None and one.together == row.together
    return put_off_together or one.next_try is None or one.next_try <= now
