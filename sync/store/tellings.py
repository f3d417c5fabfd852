"""Queries about many messages at once: those of one series, those due now, those sent lately."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select

from rules.model.action import TELLINGS
from rules.text.fold import fold
from sync.store import messages
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.messages import FAILED, HELD, PENDING, MessageRow

_m, _b = t.message.c, t.booking.c
_WITH_BOOKING = t.message.join(t.booking, (_b.practice == _m.practice) & (_b.id == _m.booking))


def of_series(tx: Tx, row: MessageRow, now: datetime, zone: ZoneInfo) -> list[MessageRow]:
    """The due pending messages on the same channel about other visits of the same series, this one included. If its
    call may have begun: only those that went with it."""
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


class Telling(Struct, frozen=True):
    """One message and the place of its booking. `event` identifies the series, or the booking if it is single."""

    row: MessageRow
    calendar: str
    ref: str
    uid: str
    event: tuple[str, str]

    @property
    def call(self) -> tuple[object, ...]:
        """Messages with equal values go in one call: those of a series count once."""
        return self.row.kind, self.row.channel, self.row.recipient, _whose(self.row), *self.event

    @property
    def patient(self) -> tuple[object, ...]:
        """To whom, and about which patient."""
        return self.row.channel, self.row.recipient, _whose(self.row)


def due(tx: Tx, now: datetime, zone: ZoneInfo) -> list[Telling]:
    """The messages to be sent now, reminders aside, oldest first."""
    waits = (_m.next_try.is_not(None)) & (_m.next_try > now)
    return _found(tx, zone, _m.state == PENDING, _m.due_at <= now, ~waits)


def begun_since(tx: Tx, since: datetime, zone: ZoneInfo) -> list[Telling]:
    """The messages, reminders aside, that were or may have been sent after `since`, without those that a person
    released."""
    return _found(tx, zone, _m.started_at > since, _m.state != FAILED, _m.approved_at.is_(None))


def held(tx: Tx, zone: ZoneInfo, calendar: str | None = None) -> list[Telling]:
    """The messages that wait for a person, in that calendar or in all."""
    return _found(tx, zone, _m.state == HELD, *([] if calendar is None else [_b.calendar == calendar]))


def _found(tx: Tx, zone: ZoneInfo, *clauses: Any) -> list[Telling]:
    places = (_b.calendar, _b.ref, _b.uid, _b.recurrence)
    query = select(t.message, *(one.label(f"b_{one.name}") for one in places)).select_from(_WITH_BOOKING)
    kinds = (_m.practice == tx.practice, _m.kind.in_(TELLINGS))
    rows = tx.run(query.where(*kinds, *clauses).order_by(_m.due_at, _m.id)).mappings().all()
    return [
        Telling(row, one["b_calendar"], one["b_ref"], one["b_uid"], _event(one))
        for row, one in zip(messages.read(rows, zone), rows, strict=True)
    ]


def _event(row: Any) -> tuple[str, str]:
    return (row["b_calendar"], row["b_uid"]) if row["b_recurrence"] else ("", str(row["booking"]))


def _whose(row: MessageRow) -> str:
    return str(row.facts.patient_id) if row.facts.patient_id else fold(row.facts.name)
