"""Resources: our local copy of every event file of each calendar."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

from msgspec import Struct
from sqlalchemy import (
    exists,
    insert,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from adapters.base import Resource
from rules.model import Annotation
from sync.store import keyvalue
from sync.store import tables as t
from sync.store.codec import annotation_from_json
from sync.store.engine import Tx
from sync.store.states import CalendarState, ResourceState
from sync.store.tx import here, in_parts, the, those

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns


PRESENT, SUSPECT, GONE = ResourceState
LAST = datetime(9999, 1, 1, tzinfo=UTC)  # the place in the backlog of what was edited while it was open


class ResourceRow(Struct, frozen=True):
    """One stored resource: an iCalendar file, or an event of Google."""

    calendar: str  # the address of its calendar
    ref: str  # its name in the calendar
    version: str | None  # the server's ETag; None: it gave none, or the body is to be fetched anew
    payload: bytes  # the body as fetched; empty until it was, and once its patient is erased
    raw_hash: bytes  # SHA-256 of the body: the same bytes need not be parsed again
    semantic: str  # hash of its meaning, without our part and without what clients rewrite by themselves; empty: unread
    state: ResourceState
    suspect_at: datetime | None  # when a single read first found it gone; None: not read yet
    owed: bool  # its body is to be fetched
    baseline: bool  # there before the first pass, and nobody changed its meaning since
    first_pass: bool  # there before the first pass
    problem: str  # the rule's id if the body cannot be read, else empty
    changed_at: datetime  # when it came, went, or changed its meaning
    dirty_at: datetime | None  # since when its occurrences are to be evaluated; None: they are
    backlog_at: datetime | None  # its place in the backlog (`sync.store.backlog`); None: it does not wait there
    body_before: bytes | None  # as the first pass found it, where it changed before that was evaluated
    order: int  # rank in conflicts: of two events that overlap, the one with the higher number gives way (P10)
    written: Annotation | None  # our part as we last wrote it; None: never written
    rewrites: int  # repairs of our part that no change of the event caused (hard case D08)
    unwritable: str | None  # why nothing is written into it, in French; None: it takes writes
    twin: int | None  # the booking of which this event is a duplicate

    @property
    def is_evaluated(self) -> bool:
        """Whether its bookings are as its body says."""
        return self.dirty_at is None and self.backlog_at is None


def emptied(row: ResourceRow) -> bool:
    """Whether this is an erased patient's event, whose copy is empty. It is not evaluated until a person changes it. (A
    body that arrived empty has a problem instead.)"""
    return not row.payload and bool(row.semantic) and not row.problem


def digest(payload: bytes) -> bytes:
    """The hash that tells one body from another."""
    return hashlib.sha256(payload).digest()


def pack(payload: bytes) -> bytes:
    """Compress for storing. With a small window of memory: for small bodies, preparing the compressor takes most of the
    time."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, wbits=13, memLevel=7)
    return squeeze.compress(payload) + squeeze.flush()


NO_BODY = pack(b"")


def versions(tx: Tx, calendar: str, refs: Collection[str] | None = None) -> dict[str, str | None]:
    """ref → version of these resources, or of all for comparison with a listing. A body still to be fetched has no
    version, so that it differs."""
    if refs is None:
        parts = [tx.run(_VERSIONS, the_calendar=calendar)]
    else:
        parts = [tx.run(_THEIR_VERSIONS, the_calendar=calendar, those_ref=part) for part in in_parts(list(refs))]
    return {ref: None if owed else version for rows in parts for ref, version, owed in rows}


def find(tx: Tx, calendar: str, refs: Sequence[str]) -> dict[str, ResourceRow]:
    """ref → row."""
    parts = (tx.run(_FIND, the_calendar=calendar, those_ref=part) for part in in_parts(refs))
    return {row.ref: row for part in parts for row in map(_row, part.mappings())}


def get(tx: Tx, calendar: str, ref: str) -> ResourceRow | None:
    """The row of that resource; None if there is none."""
    return find(tx, calendar, [ref]).get(ref)


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Add many resources at once."""
    tx.add(_ADD, rows)


def change(tx: Tx, calendar: str, ref: str, **values: Unpack[ResourceColumns]) -> None:
    """Set columns of one resource."""
    tx.run(_CHANGE, the_calendar=calendar, the_ref=ref, **values)


def settled(tx: Tx, calendar: str, ref: str) -> None:
    """Note that the resource is evaluated."""
    tx.later(_CHANGE, {"the_calendar": calendar, "the_ref": ref, "dirty_at": None}, (calendar, ref))


def written_row(resource: Resource) -> ResourceColumns:
    """The columns that come from a body."""
    return {"version": resource.version, "payload": pack(resource.payload), "raw_hash": digest(resource.payload)}


def dirty(tx: Tx) -> list[tuple[str, str, ResourceState]]:
    """What is to be evaluated, as (calendar, ref, state): present ones first, so that a move finds its new place before
    its old one is missed; within these in the order in which they were first seen."""
    return [(calendar, ref, ResourceState(state)) for calendar, ref, state in tx.run(_DIRTY)]


def is_any_to_evaluate(tx: Tx) -> bool:
    """Whether anything is to be evaluated, now or in its turn."""
    return tx.run(_ANY_TO_EVALUATE).first() is not None


def backlog_is_open(tx: Tx) -> bool:
    """Whether anything waits in the backlog of a calendar that is configured, or is to be expanded before that."""
    return tx.run(_ANY_IN_BACKLOG).first() is not None


def mark_dirty(tx: Tx, places: Iterable[tuple[str, str]], now: datetime) -> None:
    """Mark these resources for evaluation, and those of the backlog that show a preview for another one; the rest of it
    is evaluated in its turn."""
    for calendar, ref in set(places):
        tx.run(_MARK_DIRTY, the_calendar=calendar, the_ref=ref, dirty_at=now)


def may_be_written(tx: Tx, calendar: str, why_not: str, now: datetime, at_most: int | None = None) -> None:
    """Try again to write to the events that were unwritable for this reason, the oldest first: mark them for
    evaluation."""
    c = t.resource.c
    here_ = (c.practice == tx.practice, c.calendar == calendar, c.state == PRESENT, c.unwritable == why_not)
    refs = list(tx.connection.execute(select(c.ref).where(*here_).order_by(c.order).limit(at_most)).scalars())
    for ref in refs:
        change(tx, calendar, ref, unwritable=None, dirty_at=now)


def to_fetch(tx: Tx, calendar: str) -> list[str]:
    """Refs whose bodies are still to be fetched."""
    return list(tx.run(_TO_FETCH, the_calendar=calendar).scalars())


def repeating(tx: Tx, calendar: str) -> list[str]:
    """Refs of series, and of resources without an occurrence so far: they may begin beyond the window. Left out are
    those that were not read, since they were over. What one listing missed may be back with the next."""
    return list(tx.run(_REPEATING.where(_r.calendar == the(_r.calendar)), the_calendar=calendar).scalars())


def repeating_after(tx: Tx, calendars: Iterable[str], last: tuple[str, str], at_most: int) -> list[tuple[str, str]]:
    """(calendar, ref) of the same in these calendars, so many of those that follow `last`. Which are configured the
    caller says: the store still calls one suspended that came back and was not read yet."""
    found: list[tuple[str, str]] = []
    for calendar in sorted(one for one in calendars if one >= last[0]):
        query = _REPEATING.where(_r.calendar == the(_r.calendar), _r.ref > the(_r.ref)).limit(at_most - len(found))
        rows = tx.run(query, the_calendar=calendar, the_ref=last[1] if calendar == last[0] else "")
        found += [(calendar, ref) for ref in rows.scalars()]
        if len(found) == at_most:
            break
    return found


def changed_since(tx: Tx, calendar: str, moment: datetime) -> set[str]:
    """Refs of resources that came, went or changed their meaning after that moment."""
    c = t.resource.c
    query = select(c.ref).where(c.practice == tx.practice, c.calendar == calendar, c.changed_at > moment)
    return set(tx.connection.execute(query).scalars())


def suspects(tx: Tx, calendar: str) -> list[tuple[str, datetime | None]]:
    """(ref, when a read first found it gone) of resources missing from a listing; None: not read since."""
    return [(ref, at) for ref, at in tx.run(_SUSPECTS, the_calendar=calendar)]


def present(tx: Tx) -> Iterator[ResourceRow]:
    """All resources that stand in their calendars."""
    query = select(t.resource).where(t.resource.c.practice == tx.practice, t.resource.c.state == PRESENT)
    for row in tx.connection.execute(query.order_by(t.resource.c.order)).mappings():
        yield _row(row)


def _row(row: Mapping[Any, Any]) -> ResourceRow:
    values = {name: row[name] for name in ResourceRow.__struct_fields__}
    values["state"] = ResourceState(values["state"])
    values["payload"] = zlib.decompress(values["payload"])
    values["body_before"] = zlib.decompress(values["body_before"]) if values["body_before"] else None
    values["written"] = annotation_from_json(values["written"])
    return ResourceRow(**values)


# --- the statements --------------------------------------------------------------------------------------------------

_r = t.resource.c
_AT = here(t.resource, "calendar", "ref")
_STANDING = (*here(t.resource, "calendar"), _r.state != GONE)
_VERSIONS = select(_r.ref, _r.version, _r.owed).where(*_STANDING)
_THEIR_VERSIONS = _VERSIONS.where(those(_r.ref))
_FIND = select(t.resource).where(*here(t.resource, "calendar"), those(_r.ref))
_ADD, _CHANGE = insert(t.resource), update(t.resource).where(*_AT)
_DIRTY = (
    select(_r.calendar, _r.ref, _r.state)
    .where(*here(t.resource), _r.dirty_at.is_not(None))
    .order_by(_r.state == GONE, _r.order)
)
_c = t.calendar.c
CONFIGURED = exists().where(_c.practice == _r.practice, _c.calendar == _r.calendar, _c.state == CalendarState.ACTIVE)
# a range, so that SQLite uses the index; what a calendar holds that left the configuration waits until it is back
IN_BACKLOG = (*here(t.resource), _r.backlog_at <= LAST, CONFIGURED)
_UNFOLDS = select(t.setting.c.name).where(*here(t.setting), t.setting.c.name == keyvalue.UNFOLDING)
_WAITS = (select(_r.ref).where(*IN_BACKLOG), _UNFOLDS)
_ANY_IN_BACKLOG = union_all(*_WAITS).limit(1)
_IS_DIRTY = select(_r.ref).where(*here(t.resource), _r.dirty_at.is_not(None))
_ANY_TO_EVALUATE = union_all(_IS_DIRTY, *_WAITS).limit(1)
_SHOWN = or_(_r.backlog_at.is_(None), _r.backlog_at == LAST, _r.body_before.is_not(None))
_MARK_DIRTY = update(t.resource).where(*_AT, _r.dirty_at.is_(None), _SHOWN)
_o = t.occurrence.c
_STANDS_AT = exists().where(_o.practice == _r.practice, _o.calendar == _r.calendar, _o.ref == _r.ref)
_REPEATING = (
    select(_r.ref)
    .where(*here(t.resource), _r.state != GONE, _r.semantic != "")
    .where(or_(_STANDS_AT.where(_o.recurrence != ""), ~_STANDS_AT))
    .order_by(_r.calendar, _r.ref)
)
_TO_FETCH = select(_r.ref).where(*_STANDING, _r.owed.is_(True))
# as a literal, not as a parameter: only then SQLite uses the partial index of suspects
_SUSPECT: Any = literal_column(f"'{SUSPECT}'")
_SUSPECTS = select(_r.ref, _r.suspect_at).where(*here(t.resource, "calendar"), _r.state == _SUSPECT)
