"""Which bookings share a resource's time or its patients: what is said about them may change with it (P10)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from rules.model import Kind
from sync.store import occurrences
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.resources import PRESENT

Place = tuple[str, str]  # calendar, ref
Taken = dict[tuple[str, str], tuple[str, datetime, datetime]]


def bookings_beside(tx: Tx, place: Place, now: datetime) -> set[Place]:
    """The bookings in other resources that overlap this resource's occurrences, and the coming ones of its patients."""
    c = t.occurrence.c
    query = select(c.dentist, c.start, c.end, c.patient).where(*_in(tx, place), c.kind != Kind.IGNORED.value)
    rows = tx.connection.execute(query).all()
    near: set[Place] = set()
    for dentist, start, end in {(row.dentist, row.start, row.end) for row in rows}:
        near |= occurrences.neighbours(tx, dentist, start, end)
    for patient in {row.patient for row in rows} - {None}:
        near |= occurrences.places_of_patient(tx, patient, now)
    return near - {place}


def taken_by(tx: Tx, place: Place) -> Taken:
    """(uid, recurrence) → (dentist, start, end) of the resource's occurrences that take time."""
    c = t.occurrence.c
    query = select(c.uid, c.recurrence, c.dentist, c.start, c.end).where(*_in(tx, place), c.kind != Kind.IGNORED.value)
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in tx.connection.execute(query)}


def takes_more(before: Taken, after: Taken) -> bool:
    """Whether an event takes time that it did not take before; it then ranks after those already there (P10).

    Each occurrence is compared with itself: those of a series that only came into the window take nothing new.
    """
    was_series = any(recurrence for _, recurrence in before)
    for key, (dentist, start, end) in after.items():
        held = before.get(key)
        if held is None and key[1] and was_series:
            continue
        if held is None or held[0] != dentist or start < held[1] or end > held[2]:
            return True
    return False


def standing_with(tx: Tx, calendar: str, uid: str, recurrence: str) -> list[tuple[str, int, datetime, int | None]]:
    """(ref, order, start, the booking of which it is a duplicate) of that occurrence in the calendar's resources, the
    oldest first."""
    o, r = t.occurrence.c, t.resource.c
    there = t.occurrence.join(t.resource, and_(r.practice == o.practice, r.calendar == o.calendar, r.ref == o.ref))
    alike = (o.practice == tx.practice, o.uid == uid, o.recurrence == recurrence, r.state == PRESENT)
    query = (
        select(o.calendar, o.ref, o.order, o.start, r.twin).select_from(there).where(*alike).order_by(o.order, o.ref)
    )
    found = tx.connection.execute(query)  # without a clause on the calendar: with one, SQLite scans the calendar
    return [(row.ref, row.order, row.start, row.twin) for row in found if row.calendar == calendar]


def _in(tx: Tx, place: Place) -> tuple[ColumnElement[bool], ...]:
    c = t.occurrence.c
    return c.practice == tx.practice, c.calendar == place[0], c.ref == place[1]
