"""Moves every row of a merged record to the record that is kept (P5)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import delete, select, update

from sync.store import bookings, nameindex
from sync.store import tables as t
from sync.store.codec import facts_from_json, facts_to_json
from sync.store.engine import Tx


def hand_over(tx: Tx, gone: int, kept: int, zone: ZoneInfo) -> None:
    """Move bookings, history, answers and what the patient was told. A message sent under the old number counts as told
    to the same person, so nobody is told twice (law L4)."""
    for table in (t.booking, t.occurrence, t.patient_history, t.wish, t.agreement, t.waiting, t.offer):
        here = (table.c.practice == tx.practice, table.c.patient == gone)
        tx.connection.execute(update(table).where(*here).values(patient=kept))
    numbers = [row.id for row in bookings.of_patient(tx, kept, zone)]
    for table, columns in ((t.booking, ("facts",)), (t.telling, ("facts",)), (t.message, ("facts", "before"))):
        own = table.c.id if table is t.booking else table.c.booking
        rows = tx.connection.execute(select(table).where(table.c.practice == tx.practice, own.in_(numbers))).mappings()
        for row in rows.all():
            values = {name: _renumbered(row[name], kept, gone, zone) for name in columns if row[name]}
            where = [column == row[column.name] for column in table.primary_key]
            tx.connection.execute(update(table).where(*where).values(**values))


def lead_to(tx: Tx, gone: int, kept: int, now: datetime) -> None:
    """Delete the names of the merged record, and let its number lead to the record that is kept."""
    nameindex.before_change(tx)
    names = t.patient_name.c
    tx.connection.execute(delete(t.patient_name).where(names.practice == tx.practice, names.patient == gone))
    for known in (tx.cache.records, tx.cache.named, tx.cache.pointed):
        known.clear()
    c = t.patient.c
    values = {"merged_into": kept, "changed_at": now, "provisional": None}
    tx.connection.execute(
        update(t.patient).where(c.practice == tx.practice, (c.id == gone) | (c.merged_into == gone)).values(**values)
    )
    nameindex.touch(tx, gone)


def _renumbered(data: dict[str, object], kept: int, gone: int, zone: ZoneInfo) -> dict[str, object]:
    facts = facts_from_json(data, zone)
    return facts_to_json(replace(facts, patient_id=kept)) if facts.patient_id == gone else data
