"""What the waiting list asks of its entries at once, with only the columns that choosing needs (P44)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import String, exists, or_, select, type_coerce

from rules.model import Wish
from sync.store import tables as t
from sync.store.codec import wish_from_json
from sync.store.engine import Tx
from sync.store.tx import here, in_parts, the, those
from sync.store.waiting_entries import WAITS

_w, _c = t.waiting.c, t.consent.c
_AGREED = select(_c.booking).where(*here(t.consent, "dentist"), those(_c.booking))
_AGREES = exists().where(_c.practice == _w.practice, _c.booking == _w.booking, _c.dentist == the(_c.dentist))
_WAITING = select(
    _w.id, _w.booking, _w.patient, _w.dentist, _w.minutes, _w.since, _w.motif, type_coerce(_w.wish, String), _w.urgent,
    _w.held, _w.mobile, _w.email, _w.name, _w.state, _w.fit,
).where(*here(t.waiting), WAITS)  # fmt: skip
_SHORT = _WAITING.where(_w.minutes <= the(_w.minutes))
_OF_DENTIST = _SHORT.where(or_(_w.dentist == the(_w.dentist), _AGREES))


class Waiter(NamedTuple):
    """One who waits, as `waiting_entries.Standing` and `waiting_entries.EntryRow` say."""

    id: int
    booking: int
    patient: int
    dentist: str
    minutes: int
    since: datetime
    motif: str | None
    wish: Wish
    urgent: bool
    held: datetime | None
    mobile: str | None
    email: str | None
    name: str
    state: str
    fit: bool


def everybody(tx: Tx) -> list[Waiter]:
    """Who waits, paused ones too."""
    return _waiters(tx.run(_WAITING))


def of_dentist(tx: Tx, dentist: str, minutes: int) -> list[Waiter]:
    """Who waits for so many minutes at most with that dentist, or agreed to that dentist."""
    return _waiters(tx.run(_OF_DENTIST, the_dentist=dentist, the_minutes=minutes))


def agreed(tx: Tx, dentist: str, bookings: Sequence[int]) -> frozenset[int]:
    """Those of the bookings whose patients agreed to that dentist (P23)."""
    parts = (tx.run(_AGREED, the_dentist=dentist, those_booking=part).scalars() for part in in_parts(bookings))
    return frozenset(booking for part in parts for booking in part)


def _waiters(rows: Iterable[Any]) -> list[Waiter]:
    return [Waiter._make((*row[:7], _wish(row[7]), *row[8:])) for row in rows]


def _wish(stored: Any) -> Wish:
    """Few patients wish what nobody else wishes."""
    return _parsed(stored if isinstance(stored, str) else json.dumps(stored))


@lru_cache(maxsize=1024)
def _parsed(stored: str) -> Wish:
    return wish_from_json(json.loads(stored))
