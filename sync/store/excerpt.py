"""What `attitre audit` copies from the store into its scratch store: the directory and past visits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, inspect, select

from sync.store import tables as t
from sync.store.bookings import VALID
from sync.store.engine import Tx


def is_made(theirs: Tx) -> bool:
    """Whether that store has tables yet."""
    return inspect(theirs.connection).has_table(t.patient.name)


def directory(theirs: Tx, ours: Tx) -> bool:
    """Copy the directory. Returns whether it has any record."""
    known = _copy(theirs, ours, t.patient)
    _copy(theirs, ours, t.patient_name)
    _copy(theirs, ours, t.counter)  # so that new rows get unused numbers
    _copy(theirs, ours, t.setting, t.setting.c.name == "secret")  # binds our blocks to their events
    return bool(known)


def visits(theirs: Tx, ours: Tx, since: datetime) -> None:
    """Copy the past appointments that took place, without their calendars: they only say which dentist a patient
    saw."""
    c = t.booking.c
    query = select(t.booking).where(c.practice == theirs.practice, c.end <= since, c.state == VALID)
    rows = [dict(row) for row in theirs.connection.execute(query).mappings()]
    nowhere = [{**row, "calendar": "", "ref": str(row["id"]), "uid": "", "recurrence": ""} for row in rows]
    if nowhere:
        ours.connection.execute(insert(t.booking), nowhere)


def born(theirs: Tx) -> frozenset[tuple[str, str]]:
    """(uid, recurrence) of the events from which a patient's record was made."""
    c = t.booking.c
    query = select(c.uid, c.recurrence).where(c.practice == theirs.practice, c.born_here.is_(True))
    return frozenset((uid, recurrence) for uid, recurrence in theirs.connection.execute(query))


def ending_after(tx: Tx, since: datetime) -> Sequence[Any]:
    """(calendar, ref, start, end, order) of all occurrences that end after `since`, in order of time."""
    o = t.occurrence.c
    columns = t.occurrence.select().with_only_columns(o.calendar, o.ref, o.start, o.end, o.order)
    return tx.connection.execute(
        columns.where(o.practice == tx.practice, o.end > since).order_by(o.start, o.order)
    ).all()


def mark_all_evaluated(tx: Tx) -> None:
    """Mark all resources as evaluated."""
    tx.connection.execute(
        t.resource.update().where(t.resource.c.practice == tx.practice).values(dirty_at=None, backlog_at=None)
    )


def _copy(theirs: Tx, ours: Tx, table: Table, *clauses: Any) -> int:
    query = select(table).where(table.c.practice == theirs.practice, *clauses)
    rows = [dict(row) for row in theirs.connection.execute(query).mappings()]
    if rows:
        ours.connection.execute(insert(table), rows)
    return len(rows)
