"""The questions typed into calendars and their answers. An answer is stored once for each text of a question, so that
time alone rewrites none (law L2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, insert, select

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, the

NEAR_WORDS = 5
_q = t.query.c
_OLD = (
    select(t.query)
    .where(*here(t.query), _q.answered_at < the(_q.answered_at))
    .order_by(_q.answered_at, _q.calendar, _q.ref)
)


class QueryRow(Struct, frozen=True):
    """One answered question."""

    calendar: str
    ref: str
    asked: str
    lines: tuple[str, ...]
    answered_at: datetime


def get(tx: Tx, calendar: str, ref: str) -> QueryRow | None:
    """The question answered in that event; None if there is none."""
    row = tx.connection.execute(select(t.query).where(*_where(tx, calendar, ref))).first()
    return _row(row) if row else None


def put(tx: Tx, calendar: str, ref: str, asked: str, lines: Sequence[str], *, now: datetime) -> None:
    """Store the answer, in place of an earlier one."""
    forget(tx, calendar, ref)
    values = {"calendar": calendar, "ref": ref, "asked": asked, "lines": list(lines), "answered_at": now}
    tx.connection.execute(insert(t.query).values(practice=tx.practice, **values))


def forget(tx: Tx, calendar: str, ref: str) -> None:
    """Delete the stored answer."""
    tx.connection.execute(delete(t.query).where(*_where(tx, calendar, ref)))


def of_yesterday(tx: Tx, now: datetime) -> list[QueryRow]:
    """Questions answered before the last midnight, oldest first."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [_row(row) for row in tx.run(_OLD, the_answered_at=midnight)]


def near_words(tx: Tx, typed: Iterable[str]) -> tuple[str, ...]:
    """Words of patients' names most similar to the typed ones (folded), the most similar first."""
    from rapidfuzz import fuzz, process

    c = t.patient_name.c
    known = list(tx.connection.execute(select(c.token).where(c.practice == tx.practice).distinct()).scalars())
    found = [hit for word in typed for hit in process.extract(word, sorted(known), scorer=fuzz.ratio, score_cutoff=75)]
    return tuple(dict.fromkeys(word for word, _, _ in sorted(found, key=lambda hit: (-hit[1], hit[0]))))[:NEAR_WORDS]


def _row(row: Any) -> QueryRow:
    return QueryRow(row.calendar, row.ref, row.asked, tuple(row.lines), row.answered_at)


def _where(tx: Tx, calendar: str, ref: str) -> tuple[Any, ...]:
    return t.query.c.practice == tx.practice, t.query.c.calendar == calendar, t.query.c.ref == ref
