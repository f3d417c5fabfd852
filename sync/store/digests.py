"""The daily digest's queries. Nothing here changes a row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select

from rules.model import Busy, Kind
from sync.store import bookings, messages, views
from sync.store import tables as t
from sync.store.bookings import VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.messages import FAILED, SENT, UNCERTAIN, MessageRow
from sync.store.states import CalendarState

AHEAD = timedelta(days=400)


def coming(tx: Tx, now: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Coming bookings in configured calendars, soonest first."""
    active = _active(tx)
    rows = bookings.starting(tx, now, now + AHEAD, zone)
    standing = [row for row in rows if row.calendar in active and row.vanished_at is None and row.state != VANISHED]
    return sorted(standing, key=lambda row: (row.start, row.id))


def blocks(tx: Tx, now: datetime, until: datetime) -> list[Busy]:
    """Coming events of configured calendars that are neither bookings nor private, soonest first."""
    o, c = t.occurrence.c, t.calendar.c
    here = and_(c.practice == o.practice, c.calendar == o.calendar, c.state == CalendarState.ACTIVE)
    query = (
        select(t.occurrence)
        .select_from(t.occurrence.join(t.calendar, here))
        .where(o.practice == tx.practice, o.kind == Kind.BLOCK.value, o.end > now, o.start < until, o.dentist != "")
        .order_by(o.start, o.dentist, o.order)
    )
    return [_busy(row) for row in tx.connection.execute(query)]


def undelivered(tx: Tx, now: datetime, zone: ZoneInfo) -> list[tuple[MessageRow, str | None]]:
    """(message, number to call) for messages about coming appointments that failed, or may have failed, unless a later
    message of the same booking on the same channel was sent."""
    stuck = [(row, call) for row, call in views.outbox(tx, zone) if row.state in {FAILED, UNCERTAIN}]
    return [(row, call) for row, call in stuck if row.facts.start > now and not _made_good(tx, row, zone)]


def unwritable(tx: Tx) -> set[tuple[str, str]]:
    """(calendar, ref) of unwritable events, and of all events in read-only calendars."""
    r, c = t.resource.c, t.calendar.c
    here = and_(c.practice == r.practice, c.calendar == r.calendar)
    query = (
        select(r.calendar, r.ref)
        .select_from(t.resource.join(t.calendar, here))
        .where(r.practice == tx.practice, r.unwritable.is_not(None) | c.read_only.is_not(None))
    )
    return {(calendar, ref) for calendar, ref in tx.connection.execute(query)}


def baseline_until(tx: Tx) -> set[tuple[str, str]]:
    """(calendar, ref) of events from before the first pass that nobody has changed since; we wrote nothing into
    them."""
    r = t.resource.c
    query = select(r.calendar, r.ref).where(r.practice == tx.practice, r.baseline.is_(True))
    return {(calendar, ref) for calendar, ref in tx.connection.execute(query)}


def _made_good(tx: Tx, row: MessageRow, zone: ZoneInfo) -> bool:
    others = messages.of_booking(tx, row.booking, zone)
    return any(one.state == SENT and one.channel is row.channel and one.id > row.id for one in others)


def _active(tx: Tx) -> set[str]:
    c = t.calendar.c
    query = select(c.calendar).where(c.practice == tx.practice, c.state == CalendarState.ACTIVE)
    return set(tx.connection.execute(query).scalars())


def _busy(row: Any) -> Busy:
    return Busy(
        row.dentist, row.start, row.end, Kind(row.kind), row.order, row.uid, row.recurrence, row.patient, row.motif,
        row.label, row.all_day,
    )  # fmt: skip
