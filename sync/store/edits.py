"""The calendar outbox: what is to be written into events. One row for each resource, in which the newest edit replaces
the older one (docs/design.md#the-calendar-protocol).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, insert, select, update

from rules.model import Annotation
from sync.store import tables as t
from sync.store.codec import annotation_from_json, annotation_to_json
from sync.store.engine import Tx
from sync.store.tx import here, in_parts, the, those

_DROP, _WANT = delete(t.edit).where(*here(t.edit, "calendar", "ref")), insert(t.edit)
_AT = select(t.edit.c.ref).where(*here(t.edit, "calendar"), those(t.edit.c.ref))
_PLANNED = select(t.edit).where(*here(t.edit, "calendar", "ref"))
_e = t.edit.c
_DUE = select(t.edit).where(*here(t.edit), _e.due_at <= the(_e.due_at)).order_by(_e.due_at, _e.calendar, _e.ref)


class EditRow(Struct, frozen=True):
    """Our part of one event, to be written from `due_at` on. `remove`: the event itself is to be deleted (an answered
    question)."""

    calendar: str
    ref: str
    annotation: Annotation
    end: datetime | None
    due_at: datetime
    attempts: int
    remove: bool = False


def want(
    tx: Tx,
    calendar: str,
    ref: str,
    annotation: Annotation,
    *,
    due: datetime,
    end: datetime | None = None,
    remove: bool = False,
) -> None:
    """Plan this edit, in place of an earlier one."""
    drop(tx, calendar, ref)
    row = {"calendar": calendar, "ref": ref, "annotation": annotation_to_json(annotation), "end": end, "due_at": due}
    tx.later(_WANT, {"remove": remove, **row})
    tx.cache.without_edit.discard((calendar, ref))


def drop(tx: Tx, calendar: str, ref: str) -> bool:
    """Plan no edit there. Returns whether one was planned."""
    if (calendar, ref) in tx.cache.without_edit:
        return False
    tx.cache.without_edit.add((calendar, ref))
    return bool(tx.run(_DROP, the_calendar=calendar, the_ref=ref).rowcount)


def carried_out(tx: Tx, row: EditRow) -> bool:
    """Plan it no more. False if it was replaced or dropped while it was written: a newer edit stays."""
    wanted = [(one.annotation, one.end, one.remove) for one in at(tx, row.calendar, row.ref)]
    return (row.annotation, row.end, row.remove) in wanted and drop(tx, row.calendar, row.ref)


def expect(tx: Tx, calendar: str, refs: Sequence[str]) -> None:
    """Find out in one query which of these resources have no edit planned, before they are evaluated."""
    found = {ref for part in in_parts(refs) for ref in tx.run(_AT, the_calendar=calendar, those_ref=part).scalars()}
    tx.cache.without_edit.update((calendar, ref) for ref in refs if ref not in found)


def postpone(tx: Tx, calendar: str, ref: str, until: datetime) -> None:
    """Try the edit again later."""
    values: dict[Any, Any] = {"due_at": until, "attempts": t.edit.c.attempts + 1}
    tx.connection.execute(update(t.edit).where(*_where(tx, calendar, ref)).values(**values))


def due(tx: Tx, now: datetime) -> list[EditRow]:
    """Edits whose time has come, oldest first."""
    return [_row(row) for row in tx.run(_DUE, the_due_at=now)]


def at(tx: Tx, calendar: str, ref: str) -> list[EditRow]:
    """The edit planned there, if any."""
    return [_row(row) for row in tx.run(_PLANNED, the_calendar=calendar, the_ref=ref)]


def _row(row: Any) -> EditRow:
    annotation = annotation_from_json(row.annotation) or Annotation()
    return EditRow(row.calendar, row.ref, annotation, row.end, row.due_at, row.attempts, row.remove)


def _where(tx: Tx, calendar: str, ref: str) -> tuple[Any, ...]:
    return t.edit.c.practice == tx.practice, t.edit.c.calendar == calendar, t.edit.c.ref == ref
