"""The notices beside unwritable events: what they should say, and what stands in the calendars.

Only hashes of their text are stored: the names stay in the practice's own calendar.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import and_, delete, insert, select

from rules.model import Busy, Kind
from sync.store import bookings
from sync.store import tables as t
from sync.store.bookings import VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT
from sync.store.tx import here, the

_c, _r = t.companion.c, t.resource.c
# a comparison, not IS NOT NULL: with that, SQLite takes another index and reads the whole calendar
_SHUT = select(_r.calendar).where(*here(t.resource), _r.unwritable > "")
_CONCERNED = _SHUT.union(select(_c.calendar).where(*here(t.companion), _c.day >= the(_c.day), _c.said != ""))


class CompanionRow(Struct, frozen=True):
    """The notice of one day. `said`: hash of its text, empty if there should be none. `semantic`: hash of its meaning
    as the calendar stored it. `ref`: its resource, empty if no notice of ours stands there. `number` counts the notices
    of that day that the user edited and so took over."""

    day: date
    ref: str
    number: int
    said: str
    semantic: str


def concerned(tx: Tx, since: date) -> set[str]:
    """Calendars with an unwritable event, or with a notice for `since` or a later day."""
    return set(tx.run(_CONCERNED, the_day=since.isoformat()).scalars())


def standing(tx: Tx, calendar: str, since: date) -> dict[date, CompanionRow]:
    """day → the calendar's notice, from `since` on."""
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
    """Store the state of that day's notice."""
    c, day = t.companion.c, row.day.isoformat()
    tx.connection.execute(delete(t.companion).where(c.practice == tx.practice, c.calendar == calendar, c.day == day))
    values: dict[str, Any] = {
        "day": day, "ref": row.ref, "number": row.number, "said": row.said, "semantic": row.semantic, "at": now,
    }  # fmt: skip
    tx.connection.execute(insert(t.companion).values(practice=tx.practice, calendar=calendar, **values))


def closed(tx: Tx, calendar: str) -> dict[str, tuple[str, bool]]:
    """ref → (why the event is unwritable, whether it was there before the first pass)."""
    c = t.resource.c
    query = select(c.ref, c.unwritable, c.baseline).where(
        c.practice == tx.practice, c.calendar == calendar, c.state == PRESENT, c.unwritable > ""
    )
    return {ref: (why, baseline) for ref, why, baseline in tx.connection.execute(query)}


def bookings_in(tx: Tx, calendar: str, refs: set[str], since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Single bookings in those events that begin after `since`. The digest names those of series."""
    found = [row for ref in sorted(refs) for row in bookings.at_place(tx, calendar, ref, zone)]
    return [
        row for row in found
        if row.start >= since and not row.recurrence and row.state != VANISHED and row.vanished_at is None
    ]  # fmt: skip


def blocks_in(tx: Tx, calendar: str, refs: set[str], since: datetime) -> list[tuple[str, Busy]]:
    """(ref, time) of single events of that calendar that are no bookings."""
    o = t.occurrence.c
    here = and_(o.practice == tx.practice, o.calendar == calendar, o.kind == Kind.BLOCK.value, o.start >= since)
    rows = tx.connection.execute(select(t.occurrence).where(here, o.recurrence == "").order_by(o.start, o.ref))
    return [
        (row.ref, Busy(row.dentist, row.start, row.end, Kind.BLOCK, row.order, row.uid, label=row.label,
                       all_day=row.all_day))
        for row in rows if row.ref in refs
    ]  # fmt: skip
