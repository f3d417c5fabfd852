"""The appointments of a patient, as the evaluation of another one asks about them: visits, absences, what vanished.

All of a patient's are read in one query, and kept while the transaction lasts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from sync.store import bookings
from sync.store import tables as t
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.states import AttendanceState
from sync.store.tx import here, in_parts, those

HONOURED, EXCUSED, UNEXCUSED, _ = AttendanceState
_VISITS = 20  # of the past, that are shown or counted

_b = t.booking.c
_OF_ANY = select(
    _b.patient, _b.id, _b.dentist, _b.start, _b.end, _b.state, _b.attendance, _b.created_at, _b.vanished_at,
    _b.outcome.is_(None).label("unsaid"), _b.facts["motif"].as_string().label("motif"),
).where(*here(t.booking), those(_b.patient))  # fmt: skip


def expect(tx: Tx, patients: Collection[int]) -> None:
    """Read in one query the appointments of these patients, before they are asked about one by one."""
    kept = tx.cache.history
    unread = sorted(set(patients) - kept.keys())
    found: dict[int, list[Any]] = {patient: [] for patient in unread}
    for part in in_parts(unread):
        for row in tx.run(_OF_ANY, those_patient=part):
            found[row.patient].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row.start, row.id), reverse=True)
    kept.update(found)


def visits(tx: Tx, patient: int, before: datetime, zone: ZoneInfo) -> tuple[tuple[date, str, str | None], ...]:
    """(day, dentist, motif) of the patient's past bookings that took place, newest first."""
    past = (row for row in _of(tx, patient) if row.end <= before and _took_place(row))
    return tuple((row.start.astimezone(zone).date(), row.dentist, row.motif) for row in islice(past, _VISITS))


def unexcused_before(tx: Tx, patient: int, start: datetime, booking: int | None, zone: ZoneInfo) -> tuple[date, ...]:
    """Days of the patient's unexcused absences before `start`, newest first. Empty if another booking stands between
    the last absence and `start`: only the first booking after it shows them (P48). `booking`: the one at `start`
    itself."""
    days: list[date] = []
    for row in _of(tx, patient):
        if row.start >= start or row.id == booking:
            continue
        if row.attendance == UNEXCUSED:
            days.append(row.start.astimezone(zone).date())
        elif not days and row.state != VANISHED and row.attendance != EXCUSED:
            return ()
    return tuple(days)


def vanished(tx: Tx, patient: int, since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """That patient's bookings that vanished after `since`; one of them may have moved here (hard case G08,
    calcurse)."""
    gone = [row.id for row in _of(tx, patient) if row.vanished_at and row.vanished_at > since and row.unsaid]
    return bookings.these(tx, gone, zone)


def untold(tx: Tx, patient: int, since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """That patient's bookings that were created after `since` and stand in a calendar."""
    young = [row.id for row in _of(tx, patient) if row.created_at >= since and row.vanished_at is None]
    return bookings.these(tx, young, zone)


def _took_place(row: Any) -> bool:
    """As `attendance.visits` counts."""
    return bool(row.attendance == HONOURED or (row.attendance is None and row.state == VALID))


def _of(tx: Tx, patient: int) -> Sequence[Any]:
    """The newest first."""
    if patient not in tx.cache.history:
        expect(tx, [patient])
    rows: list[Any] = tx.cache.history[patient]
    return rows
