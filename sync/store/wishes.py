"""What patients told the practice by their link, for a person to act on: to be called, other times, corrected details.

A wish is about one booking. It stays open until the event shows that it was dealt with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import CursorResult, insert, select, update

from sync.store import counters
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, the

_w = t.wish.c
_OF = select(t.wish).where(*here(t.wish, "booking"))
_OPEN = select(t.wish).where(*here(t.wish), _w.closed_at.is_(None))
_ADD = insert(t.wish)
_CLOSE = update(t.wish).where(*here(t.wish, "id")).values(closed_at=the(_w.closed_at))


Whose = tuple[int, int]  # (booking, patient; 0 where the directory has none)


class WishKind(StrEnum):
    """`wish.kind`."""

    CALL = "call"  # to be called; detail: {}
    WAIT = "wait"  # an earlier or other time (P44); detail: {"days": ["lun", …], "moments": ["matin", …]}
    CORRECT = "correct"  # what should stand in the record; detail: {"nom": …, "mobile": …, "email": …}


class WishRow(Struct, frozen=True):
    """One wish. `patient`: 0 where the directory has none."""

    id: int
    booking: int
    patient: int
    kind: WishKind
    detail: dict[str, Any]
    at: datetime
    closed_at: datetime | None


def add(tx: Tx, whose: Whose, kind: WishKind, now: datetime, detail: Mapping[str, Any] | None = None) -> int:
    """Store a wish of (booking, patient), in place of an open one of that kind. Returns its number."""
    booking, patient = whose
    for one in of_booking(tx, booking):
        if one.kind is kind and one.closed_at is None:
            close(tx, one.id, now)
    number = counters.take_numbers(tx, "wish")[0]
    row = {"id": number, "booking": booking, "patient": patient, "kind": kind.value, "detail": dict(detail or {})}
    tx.add(_ADD, [{**row, "at": now}])
    tx.cache.wishes = None
    return number


def of_booking(tx: Tx, booking: int) -> tuple[WishRow, ...]:
    """All wishes about that booking, oldest first."""
    return tuple(_rows(tx.run(_OF, the_booking=booking)))


def open_of(tx: Tx, booking: int, kind: WishKind) -> WishRow | None:
    """The open wish of that kind about that booking."""
    return next((one for one in of_booking(tx, booking) if one.kind is kind and one.closed_at is None), None)


def every_open(tx: Tx, kind: WishKind) -> tuple[WishRow, ...]:
    """The open wishes of that kind, oldest first."""
    return tuple(one for one in _rows(tx.run(_OPEN)) if one.kind is kind)


def open_by_booking(tx: Tx) -> dict[int, list[WishRow]]:
    """booking → its open wishes, oldest first: all of them in one query, asked once in a transaction."""
    if tx.cache.wishes is None:
        found: dict[int, list[WishRow]] = {}
        for one in _rows(tx.run(_OPEN)):
            found.setdefault(one.booking, []).append(one)
        tx.cache.wishes = found
    known: dict[int, list[WishRow]] = tx.cache.wishes
    return known


def close(tx: Tx, wish: int, now: datetime) -> None:
    """It was dealt with, or taken back."""
    tx.cache.wishes = None
    tx.run(_CLOSE, the_id=wish, the_closed_at=now)


def _rows(found: CursorResult[*tuple[Any, ...]]) -> list[WishRow]:
    # sorted here: with ORDER BY id, SQLite walks through all wishes instead of using the index of the clause
    return sorted(map(_row, found.mappings()), key=lambda one: one.id)


def _row(row: Any) -> WishRow:
    return WishRow(**{**{name: row[name] for name in WishRow.__struct_fields__}, "kind": WishKind(row["kind"])})
