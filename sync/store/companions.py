"""The notices beside unwritable events: what they should say, and what stands in the calendars.

Only hashes of their text are stored: the names stay in the practice's own calendar.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, union

from rules.model import Busy, Kind
from sync.store import bookings
from sync.store import tables as t
from sync.store.bookings import VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.resources import GONE, PRESENT
from sync.store.tx import here, in_parts, the, those

_c, _r, _b, _o = t.companion.c, t.resource.c, t.booking.c, t.occurrence.c
_SHUT = (*here(t.resource), _r.unwritable.is_not(None), _r.over_at >= the(_r.over_at), _r.state == PRESENT)
_SAID = (*here(t.companion), _c.day >= the(_c.day), _c.said != "")
_CONCERNED = union(select(_r.calendar).where(*_SHUT), select(_c.calendar).where(*_SAID))
_CLOSED = select(_r.calendar, _r.ref, _r.unwritable, _r.baseline).where(*_SHUT)
_BOOKED = select(_b.id).where(
    *here(t.booking, "calendar"), those(_b.ref), _b.start >= the(_b.start), _b.recurrence == "",
    _b.state != VANISHED, _b.vanished_at.is_(None),
)  # fmt: skip
_BLOCKS = select(t.occurrence).where(
    *here(t.occurrence, "calendar"), those(_o.ref), _o.kind == Kind.BLOCK.value, _o.start >= the(_o.start),
    _o.recurrence == "",
)  # fmt: skip
_LAST_END = (
    select(func.max(_o.end))
    .where(_o.practice == _r.practice, _o.calendar == _r.calendar, _o.ref == _r.ref)
    .scalar_subquery()
)
_MISDATED = select(_r.calendar, _r.ref, _LAST_END.label("last_end")).where(
    *here(t.resource), _r.changed_at > the(_r.changed_at), _r.unwritable.is_not(None), _r.state != GONE,
    _r.over_at.is_distinct_from(_LAST_END),
)  # fmt: skip


class CompanionRow(Struct, frozen=True):
    """The notice of one day. `said`: hash of its text, empty if there should be none. `semantic`: hash of its meaning
    as the calendar stored it. `ref`: its resource, empty if no notice of ours stands there. `number` counts the notices
    of that day that the user edited and so took over."""

    day: date
    ref: str
    number: int
    said: str
    semantic: str


def concerned(tx: Tx, midnight: datetime) -> set[str]:
    """Calendars with an unwritable event that is not over then, or with a notice for that day or a later one."""
    return set(tx.run(_CONCERNED, the_over_at=midnight, the_day=midnight.date().isoformat()).scalars())


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


def closed(tx: Tx, calendar: str, midnight: datetime) -> dict[str, tuple[str, bool]]:
    """ref → (why the event is unwritable, whether it was there before the first pass), of those not over then."""
    found = tx.run(_CLOSED, the_over_at=midnight)
    return {ref: (why, baseline) for there, ref, why, baseline in found if there == calendar}


def misdated(tx: Tx, since: datetime) -> dict[tuple[str, str], datetime | None]:
    """(calendar, ref) → when the last of its occurrences is over, of the unwritable events changed since then where the
    store says otherwise."""
    return {(row.calendar, row.ref): row.last_end for row in tx.run(_MISDATED, the_changed_at=since)}


def bookings_in(tx: Tx, calendar: str, refs: Collection[str], since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Single bookings in those events that begin after `since`. The digest names those of series."""
    parts = in_parts(sorted(refs))
    found = [tx.run(_BOOKED, the_calendar=calendar, those_ref=part, the_start=since).scalars() for part in parts]
    return bookings.these(tx, [number for part in found for number in part], zone)


def blocks_in(tx: Tx, calendar: str, refs: Collection[str], since: datetime) -> list[tuple[str, Busy]]:
    """(ref, time) of single ones of those events that are no bookings and begin after `since`, in order."""
    parts = in_parts(sorted(refs))
    rows = [row for part in parts for row in tx.run(_BLOCKS, the_calendar=calendar, those_ref=part, the_start=since)]
    return [
        (row.ref, Busy(row.dentist, row.start, row.end, Kind.BLOCK, row.order, row.uid, label=row.label,
                       all_day=row.all_day))
        for row in sorted(rows, key=lambda row: (row.start, row.ref))
    ]  # fmt: skip
