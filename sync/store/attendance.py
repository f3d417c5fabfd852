"""How appointments ended: the attendance of each booking, and totals (P47, P48)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import and_, func, or_, select

from sync.store import bookings
from sync.store import tables as t
from sync.store.bookings import VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.states import AttendanceState, TellingState

HONOURED, EXCUSED, UNEXCUSED, UNDECIDED = AttendanceState
ABSENT = (EXCUSED, UNEXCUSED)


class Ending(Struct, frozen=True):
    """One appointment with an attendance. `patient`: the name as the practice writes it. `person`: the number of the
    record, None for somebody who is not in the directory. `start`: in the practice's zone."""

    booking: int
    person: int | None
    patient: str
    dentist: str
    start: datetime
    attendance: AttendanceState
    reason: str


def endings(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo, dentist: str | None = None) -> list[Ending]:
    """Every absence and every undecided appointment that begins between `start` and `end`, in order."""
    c = t.booking.c
    wanted = [c.practice == tx.practice, c.attendance.in_([*ABSENT, UNDECIDED]), c.start >= start, c.start < end]
    if dentist:
        wanted.append(c.dentist == dentist)
    columns = (c.id, c.patient, c.facts, c.dentist, c.start, c.attendance, c.attendance_reason)
    rows = tx.connection.execute(select(*columns).where(*wanted).order_by(c.start, c.dentist, c.id))
    return [
        Ending(
            row.id, row.patient, row.facts["name"], row.dentist, row.start.astimezone(zone),
            AttendanceState(row.attendance), row.attendance_reason or "",
        )
        for row in rows
    ]  # fmt: skip


def visits(tx: Tx, start: datetime, end: datetime) -> Counter[str]:
    """dentist → how many appointments began between `start` and `end` and took place. One without an outcome counts as
    having taken place."""
    c = t.booking.c
    took_place = or_(c.attendance == HONOURED, and_(c.attendance.is_(None), c.state == bookings.VALID))
    query = select(c.dentist, func.count()).where(
        c.practice == tx.practice, c.start >= start, c.start < end, took_place
    )
    return Counter({dentist: int(count) for dentist, count in tx.connection.execute(query.group_by(c.dentist))})


def without_outcome(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Bookings that began and ended between `start` and `end` without an outcome, in order. The practice is asked about
    them; they never count as absences (ruling 15)."""
    found = bookings.starting(tx, start, end, zone)
    return sorted(
        (row for row in found if row.end <= end and _open(row)), key=lambda row: (row.start, row.dentist, row.id)
    )


def _open(row: BookingRow) -> bool:
    silent = row.attendance is None and row.outcome is None
    return row.state != VANISHED and row.vanished_at is None and (silent or row.attendance == UNDECIDED)


def told(tx: Tx, booking: int) -> bool:
    """Whether the patient ever learnt of the booking, from us or, before the first pass, from a person."""
    c = t.telling.c
    query: Any = (
        select(c.booking)
        .where(c.practice == tx.practice, c.booking == booking, c.state != TellingState.FAILED)
        .limit(1)
    )
    return tx.connection.execute(query).first() is not None
