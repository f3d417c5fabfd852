"""Read-only queries of commands and pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import func, or_, select

from rules.model import Busy, Kind
from sync.store import bookings, gaps, messages
from sync.store import tables as t
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.messages import MessageRow
from sync.store.occurrences import STANDS
from sync.store.resources import GONE
from sync.store.states import OfferState


class Line(Struct, frozen=True):
    """One occurrence in a dentist's calendar, with its booking if it is one."""

    busy: Busy
    cancelled: bool
    booking: BookingRow | None


def agenda(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo, dentist: str | None = None) -> list[Line]:
    """What stands in the calendars from `start` to `end`, in order."""
    o = t.occurrence.c
    query = select(t.occurrence).where(o.practice == tx.practice, o.start < end, o.end > start, STANDS)
    if dentist:
        query = query.where(o.dentist == dentist)
    known = {row.id: row for row in bookings.between(tx, start, end, zone, dentist)}
    rows = tx.run(query.order_by(o.start, o.dentist, o.order)).mappings()
    return [
        _line(row, known.get(row["booking"]), zone) for row in rows if row["kind"] != Kind.IGNORED or row["booking"]
    ]


def _line(row: Any, booking: BookingRow | None, zone: ZoneInfo) -> Line:
    busy = Busy(
        row["dentist"], row["start"].astimezone(zone), row["end"].astimezone(zone), Kind(row["kind"]), row["order"],
        row["uid"], row["recurrence"], row["patient"], row["motif"], row["label"], row["all_day"],
    )  # fmt: skip
    return Line(busy, row["kind"] == Kind.IGNORED, booking)


def outbox(tx: Tx, zone: ZoneInfo) -> list[tuple[MessageRow, str | None]]:
    """(message, telephone number to call) of the messages that need attention or are still to be sent. The number is
    the booking's mobile, else the record's."""
    states = (messages.UNCERTAIN, messages.FAILED, messages.CLAIMED, messages.PENDING, messages.HELD)
    return [(row, _number(tx, row.booking)) for row in messages.with_state(tx, *states, zone=zone)]


def _number(tx: Tx, booking: int) -> str | None:
    b, p = t.booking.c, t.patient.c
    joined = t.booking.outerjoin(t.patient, (p.practice == b.practice) & (p.id == b.patient))
    query = select(func.coalesce(b.mobile, p.mobile)).select_from(joined)
    return tx.connection.execute(query.where(b.practice == tx.practice, b.id == booking)).scalar()


def next_due(tx: Tx, after: datetime) -> datetime | None:
    """When the next edit or message falls due after `after`, the time to answer an offer ends, or freed time is to be
    looked at. What is due already is left out: it waits for a round."""
    m, e, o, g = t.message.c, t.edit.c, t.offer.c, t.gap.c
    due = func.coalesce(m.next_try, m.due_at)
    asked = [
        select(func.min(due)).where(m.practice == tx.practice, m.state == messages.PENDING, due > after),
        select(func.min(e.due_at)).where(e.practice == tx.practice, e.due_at > after),
        select(func.min(o.until)).where(o.practice == tx.practice, o.state == OfferState.OPEN, o.until > after),
        select(func.min(g.look_at)).where(g.practice == tx.practice, g.state.in_(gaps.LIVE), g.look_at > after),
    ]
    found = [moment for query in asked if (moment := tx.connection.execute(query).scalar())]
    return min((_aware(moment) for moment in found), default=None)


def _aware(moment: datetime) -> datetime:
    """In SQLite the result of an expression has lost the column's type, and so its zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def unsent_notices(tx: Tx) -> list[str]:
    """Subjects of the alerts that were not sent to the practice."""
    c = t.notice.c
    query = select(c.subject).where(c.practice == tx.practice, c.sent_at.is_(None)).order_by(c.created_at, c.key)
    return list(tx.connection.execute(query).scalars())


def coming(tx: Tx, calendar: str, now: datetime) -> dict[str, int]:
    """state → how many coming bookings of that calendar."""
    c = t.booking.c
    query = (
        select(c.state, func.count())
        .where(c.practice == tx.practice, c.calendar == calendar, c.start > now)
        .where(or_(c.vanished_at.is_(None), c.state != bookings.VANISHED))
        .group_by(c.state)
    )
    return {state: int(count) for state, count in tx.connection.execute(query)}


def unread(tx: Tx, calendar: str) -> list[str]:
    """Refs of the calendar's resources that could not be read."""
    r = t.resource.c
    query = select(r.ref).where(r.practice == tx.practice, r.calendar == calendar, r.problem != "", r.state != GONE)
    return list(tx.connection.execute(query).scalars())


def coming_at(tx: Tx, calendar: str, ref: str, now: datetime) -> set[tuple[str, str, datetime]]:
    """(uid, recurrence, start) of the resource's coming occurrences."""
    o = t.occurrence.c
    query = select(o.uid, o.recurrence, o.start).where(
        o.practice == tx.practice, o.calendar == calendar, o.ref == ref, o.start > now
    )
    return {(row.uid, row.recurrence, row.start) for row in tx.connection.execute(query)}
