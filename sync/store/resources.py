"""Resources, and the occurrences that stand in them: the local copy of each calendar."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from adapters.base import Resource
from rules.model import Annotation, Busy, CalendarEvent, Kind
from sync.store import tables as t
from sync.store.codec import annotation_from_json
from sync.store.engine import Tx

ONE_DAY = timedelta(days=1)
PRESENT, SUSPECT, GONE = "present", "suspect", "gone"


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A stored resource. `written` is what we last put there; `rewrites` counts repairs that no fact caused (D08).

    `first_pass`: it was there before attitre; `baseline`: and nobody has changed its meaning since.
    """

    calendar: str
    ref: str
    version: str | None
    payload: bytes
    raw_hash: bytes
    semantic: str
    state: str
    suspect_at: datetime | None
    owed: bool
    baseline: bool
    first_pass: bool
    problem: str
    changed_at: datetime
    dirty_at: datetime | None
    order: int
    written: Annotation | None
    rewrites: int
    unwritable: str | None


def emptied(row: ResourceRow) -> bool:
    """An erased patient's event: what it said is not kept, and it is not judged until a person changes it."""
    return not row.payload and bool(row.semantic)


def digest(payload: bytes) -> bytes:
    """What tells one body from another."""
    return hashlib.sha256(payload).digest()


def pack(payload: bytes) -> bytes:
    """Compressed, as stored."""
    return zlib.compress(payload, 1)


def versions(tx: Tx, calendar: str) -> dict[str, str | None]:
    """ref → version of everything held, for comparison with a listing. What is owed has no version: it is wanted."""
    c = t.resource.c
    rows = tx.connection.execute(
        select(c.ref, c.version, c.owed).where(c.practice == tx.practice, c.calendar == calendar, c.state != GONE)
    )
    return {ref: None if owed else version for ref, version, owed in rows}


def find(tx: Tx, calendar: str, refs: Sequence[str]) -> dict[str, ResourceRow]:
    """The rows of those refs."""
    found: dict[str, ResourceRow] = {}
    for start in range(0, len(refs), 400):
        query = select(t.resource).where(
            t.resource.c.practice == tx.practice,
            t.resource.c.calendar == calendar,
            t.resource.c.ref.in_(refs[start : start + 400]),
        )
        found |= {row["ref"]: _row(row) for row in tx.connection.execute(query).mappings()}
    return found


def get(tx: Tx, calendar: str, ref: str) -> ResourceRow | None:
    """One row."""
    return find(tx, calendar, [ref]).get(ref)


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many new resources at once."""
    if rows:
        tx.connection.execute(insert(t.resource), rows)


def change(tx: Tx, calendar: str, ref: str, **values: Any) -> None:
    """Set columns of one resource."""
    tx.connection.execute(update(t.resource).where(*_where(tx, calendar, ref)).values(**values))


def written_row(resource: Resource) -> dict[str, Any]:
    """The columns that a body fills."""
    return {"version": resource.version, "payload": pack(resource.payload), "raw_hash": digest(resource.payload)}


def dirty(tx: Tx) -> list[tuple[str, str, str]]:
    """What is still to be judged, as (calendar, ref, state): present first, so that a move finds its new place before
    its old one is missed; then in the order in which things were first seen."""
    c = t.resource.c
    query = (
        select(c.calendar, c.ref, c.state)
        .where(c.practice == tx.practice, c.dirty_at.is_not(None))
        .order_by(c.state == GONE, c.order)
    )
    return [(calendar, ref, state) for calendar, ref, state in tx.connection.execute(query)]


def mark_dirty(tx: Tx, places: Iterable[tuple[str, str]], now: datetime) -> None:
    """Owe a judgement to these resources."""
    for calendar, ref in set(places):
        tx.connection.execute(
            update(t.resource).where(*_where(tx, calendar, ref), t.resource.c.dirty_at.is_(None)).values(dirty_at=now)
        )


def mark_future_dirty(tx: Tx, now: datetime) -> None:
    """Owe a judgement to everything that is still to come: the configuration changed."""
    o, c = t.occurrence.c, t.resource.c
    coming = select(o.ref).where(o.practice == tx.practice, o.calendar == c.calendar, o.end >= now)
    tx.connection.execute(
        update(t.resource)
        .where(c.practice == tx.practice, c.state == PRESENT, c.dirty_at.is_(None), c.ref.in_(coming))
        .values(dirty_at=now)
    )


def debts(tx: Tx, calendar: str) -> list[str]:
    """Refs whose body is owed."""
    c = t.resource.c
    query = select(c.ref).where(c.practice == tx.practice, c.calendar == calendar, c.owed.is_(True), c.state != GONE)
    return list(tx.connection.execute(query).scalars())


def suspects(tx: Tx, calendar: str) -> list[tuple[str, datetime | None]]:
    """Refs that a listing lacked, with the time at which a read first found them gone (None: not read yet)."""
    c = t.resource.c
    query = select(c.ref, c.suspect_at).where(c.practice == tx.practice, c.calendar == calendar, c.state == SUSPECT)
    return [(ref, at) for ref, at in tx.connection.execute(query)]


# --- occurrences -----------------------------------------------------------------------------------------------------


def replace_occurrences(tx: Tx, calendar: str, ref: str, rows: Sequence[dict[str, Any]]) -> None:
    """What stands in the resource now; bookings keep their link where the occurrence is the same."""
    c = t.occurrence.c
    here = (c.practice == tx.practice, c.calendar == calendar, c.ref == ref)
    kept = {
        (row.uid, row.recurrence): {"booking": row.booking, "patient": row.patient, "motif": row.motif}
        for row in tx.connection.execute(select(t.occurrence).where(*here))
    }
    tx.connection.execute(delete(t.occurrence).where(*here))
    add_occurrences(tx, [{**row, **kept.get((row["uid"], row["recurrence"]), {})} for row in rows])


def add_occurrences(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many occurrences at once."""
    if rows:
        tx.connection.execute(insert(t.occurrence), rows)


def occurrence_row(
    practice: str, place: tuple[str, str], dentist: str, event: CalendarEvent, kind: Kind, *, order: int
) -> dict[str, Any]:
    """The columns of one occurrence before it is judged."""
    return {
        "practice": practice, "calendar": place[0], "ref": place[1], "uid": event.uid, "recurrence": event.recurrence,
        "dentist": dentist, "start": event.start, "end": event.end, "all_day": event.all_day,
        "lasting": event.end - event.start > ONE_DAY, "kind": kind.value,
        "label": "", "order": order, "booking": None, "patient": None, "motif": None,
    }  # fmt: skip


def judged(tx: Tx, place: tuple[str, str], uid: str, recurrence: str, **values: Any) -> bool:
    """Set what judging found out of one occurrence; whether that changed what others see of it."""
    c = t.occurrence.c
    here = (
        c.practice == tx.practice, c.calendar == place[0], c.ref == place[1], c.uid == uid, c.recurrence == recurrence,
    )  # fmt: skip
    before = tx.connection.execute(select(t.occurrence).where(*here)).mappings().first()
    if before is None or all(before[name] == value for name, value in values.items()):
        return False
    tx.connection.execute(update(t.occurrence).where(*here).values(**values))
    return True


def spans(tx: Tx, calendar: str, ref: str) -> list[tuple[str, datetime, datetime]]:
    """(dentist, start, end) of the resource's occurrences."""
    c = t.occurrence.c
    query = select(c.dentist, c.start, c.end).where(
        c.practice == tx.practice, c.calendar == calendar, c.ref == ref, c.kind != Kind.IGNORED.value
    )
    return [(dentist, start, end) for dentist, start, end in tx.connection.execute(query)]


def busy(tx: Tx, dentist: str, start: datetime, end: datetime) -> tuple[Busy, ...]:
    """What takes that dentist's time between those moments."""
    c = t.occurrence.c
    query = select(t.occurrence).where(
        c.practice == tx.practice, c.dentist == dentist, _meets(start, end), c.kind != Kind.IGNORED.value
    )
    return tuple(_busy(row) for row in tx.connection.execute(query))


def taken(tx: Tx, dentists: Sequence[str], start: datetime, end: datetime) -> tuple[Busy, ...]:
    """What keeps those dentists' time between those moments, with no more than free slots are looked for by."""
    c = t.occurrence.c
    query = select(c.dentist, c.start, c.end, c.kind, c.uid, c.recurrence, c.label).where(
        c.practice == tx.practice, c.dentist.in_(dentists), _meets(start, end), c.kind != Kind.IGNORED.value
    )
    return tuple(
        Busy(dentist, begins, ends, Kind(kind), 0, uid, recurrence, label=label)
        for dentist, begins, ends, kind, uid, recurrence, label in tx.connection.execute(query)
    )


def busy_of_patient(tx: Tx, patient: int, since: datetime) -> tuple[Busy, ...]:
    """That patient's bookings that end after `since`, with any dentist."""
    c = t.occurrence.c
    query = select(t.occurrence).where(
        c.practice == tx.practice, c.patient == patient, c.end > since, c.kind == Kind.BOOKING.value
    )
    return tuple(_busy(row) for row in tx.connection.execute(query))


def neighbours(tx: Tx, dentist: str, start: datetime, end: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of the bookings that overlap that span."""
    c = t.occurrence.c
    query = select(c.calendar, c.ref).where(
        c.practice == tx.practice, c.dentist == dentist, _meets(start, end), c.kind == Kind.BOOKING.value
    )
    return {(calendar, ref) for calendar, ref in tx.connection.execute(query)}


def places_of_patient(tx: Tx, patient: int, since: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of that patient's coming bookings."""
    c = t.occurrence.c
    query = select(c.calendar, c.ref).where(c.practice == tx.practice, c.patient == patient, c.end > since)
    return {(calendar, ref) for calendar, ref in tx.connection.execute(query)}


def present(tx: Tx, since: datetime | None = None) -> Iterator[ResourceRow]:
    """All resources that stand in their calendars."""
    query = select(t.resource).where(t.resource.c.practice == tx.practice, t.resource.c.state == PRESENT)
    for row in tx.connection.execute(query.order_by(t.resource.c.order)).mappings():
        yield _row(row)


def _meets(start: datetime, end: datetime) -> Any:
    """Overlaps that span. What lasts a day at most began within a day of it, so that the index finds it at once."""
    c = t.occurrence.c
    short = and_(c.lasting.is_(False), c.start > start - ONE_DAY, c.start < end, c.end > start)
    return or_(short, and_(c.lasting.is_(True), c.start < end, c.end > start))


def _where(tx: Tx, calendar: str, ref: str) -> tuple[Any, ...]:
    c = t.resource.c
    return c.practice == tx.practice, c.calendar == calendar, c.ref == ref


def _row(row: Mapping[Any, Any]) -> ResourceRow:
    values = {name: row[name] for name in ResourceRow.__slots__}
    values["payload"] = zlib.decompress(values["payload"])
    values["written"] = annotation_from_json(values["written"])
    return ResourceRow(**values)


def _busy(row: Any) -> Busy:
    return Busy(
        row.dentist, row.start, row.end, Kind(row.kind), row.order, row.uid, row.recurrence, row.patient, row.motif,
        row.label, row.all_day,
    )  # fmt: skip
