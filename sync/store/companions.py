"""Notices beside events into which nothing can be written: what they have to say, and what stands in the calendars.

No text is kept, only hashes: the names are in the practice's calendar, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, insert, select

from rules.model import Busy, Kind
from sync.store import bookings
from sync.store import tables as t
from sync.store.bookings import VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT
from sync.store.tx import here, the

_c, _r = t.companion.c, t.resource.c
# a comparison, not IS NOT NULL: by that alone SQLite takes another index and reads the whole calendar
_SHUT = select(_r.calendar).where(*here(t.resource), _r.unwritable > "")
_CONCERNED = _SHUT.union(select(_c.calendar).where(*here(t.companion), _c.day >= the(_c.day), _c.said != ""))


@dataclass(frozen=True, slots=True)
class CompanionRow:
    """The notice of one day. `said`: hash of its words, empty where nothing is to stand there; `semantic`: what the
    calendar stored; `ref`: where, empty where nothing of ours stands; `number` counts those that became hers."""

    day: date
    ref: str
    number: int
    said: str
    semantic: str


def concerned(tx: Tx, since: date) -> set[str]:
    """Calendars that hold an event into which nothing may be written, or a notice from that day on."""
    return set(tx.run(_CONCERNED, the_day=since.isoformat()).scalars())


def standing(tx: Tx, calendar: str, since: date) -> dict[date, CompanionRow]:
    """What is known of that calendar's notices from that day on."""
    c = t.companion.c
    query = select(t.companion).where(c.practice == tx.practice, c.calendar == calendar, c.day >= since.isoformat())
    rows = tx.connection.execute(query)
    return {
        date.fromisoformat(row.day): CompanionRow(
            date.fromisoformat(row.day), row.ref, row.number, row.said, row.semantic
        )
        for row in rows
    }


def put(tx: Tx, calendar: str, row: CompanionRow, now: datetime) -> None:
    """Keep how that day's notice stands."""
    c, day = t.companion.c, row.day.isoformat()
    tx.connection.execute(delete(t.companion).where(c.practice == tx.practice, c.calendar == calendar, c.day == day))
    values: dict[str, Any] = {
        "day": day, "ref": row.ref, "number": row.number, "said": row.said, "semantic": row.semantic, "at": now,
    }  # fmt: skip
    tx.connection.execute(insert(t.companion).values(practice=tx.practice, calendar=calendar, **values))


def closed(tx: Tx, calendar: str) -> dict[str, tuple[str, bool]]:
    """ref → (why nothing may be written into it, whether it was there before the first pass)."""
    c = t.resource.c
    query = select(c.ref, c.unwritable, c.baseline).where(
        c.practice == tx.practice, c.calendar == calendar, c.state == PRESENT, c.unwritable > ""
    )
    return {ref: (why, baseline) for ref, why, baseline in tx.connection.execute(query)}


def bookings_in(tx: Tx, calendar: str, refs: set[str], since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Single bookings that stand in those events, from that moment on. A series is told in the digest."""
    found = [row for ref in sorted(refs) for row in bookings.at_place(tx, calendar, ref, zone)]
    return [
        row for row in found
        if row.start >= since and not row.recurrence and row.state != VANISHED and row.vanished_at is None
    ]  # fmt: skip


def blocks_in(tx: Tx, calendar: str, refs: set[str], since: datetime) -> list[tuple[str, Busy]]:
    """(ref, time) of single events of that calendar that are no booking."""
    o = t.occurrence.c
    here = and_(o.practice == tx.practice, o.calendar == calendar, o.kind == Kind.BLOCK.value, o.start >= since)
    rows = tx.connection.execute(select(t.occurrence).where(here, o.recurrence == "").order_by(o.start, o.ref))
    return [
        (row.ref, Busy(row.dentist, row.start, row.end, Kind.BLOCK, row.order, row.uid, label=row.label,
                       all_day=row.all_day))
        for row in rows if row.ref in refs
    ]  # fmt: skip
