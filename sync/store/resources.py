"""Resources, and the occurrences that stand in them: the local copy of each calendar."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Unpack

from sqlalchemy import (
    CompoundSelect,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from adapters.base import Resource
from rules.model import Annotation, Busy, CalendarEvent, Kind
from sync.store import tables as t
from sync.store.codec import annotation_from_json
from sync.store.engine import Tx
from sync.store.states import CalendarState, ResourceState
from sync.store.tx import here, in_parts, numbered, the, those

if TYPE_CHECKING:
    from sync.store.columns import FoundColumns, ResourceColumns


ONE_DAY = timedelta(days=1)
Taken = tuple[str, datetime, datetime]  # a dentist, from, until
PRESENT, SUSPECT, GONE = ResourceState


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One stored resource: an iCalendar file, or an event of Google."""

    calendar: str  # the address of its calendar
    ref: str  # its name in the calendar
    version: str | None  # the server's ETag; None: it gave none, or the body is to be fetched anew
    payload: bytes  # the body as fetched; empty until it was, and once its patient is erased
    raw_hash: bytes  # SHA-256 of the body
    semantic: str  # hash of its meaning, our own part and what clients rewrite by themselves left out
    state: ResourceState
    suspect_at: datetime | None  # when a single read first found it gone; None: not read yet
    owed: bool  # its body is to be fetched
    baseline: bool  # there before attitre, and nobody changed its meaning since
    first_pass: bool  # there before attitre
    problem: str  # the rule's id where the body cannot be read, else empty
    changed_at: datetime  # when it came, went, or changed its meaning
    dirty_at: datetime | None  # since when its occurrences are to be evaluated; None: they are
    order: int  # grows with the moment at which it was first seen: of two that overlap, the later gives way
    written: Annotation | None  # our part as we last wrote it; None: we never did
    rewrites: int  # repairs of our part that no change of the event caused (hard case D08)
    unwritable: str | None  # why nothing is written into it, in French; None: it takes writes
    twin: int | None  # the booking of which this event is a double


def emptied(row: ResourceRow) -> bool:
    """An erased patient's event: what it said is not kept, and it is not judged until a person changes it. One whose
    body came empty has its problem instead."""
    return not row.payload and bool(row.semantic) and not row.problem


def digest(payload: bytes) -> bytes:
    """What tells one body from another."""
    return hashlib.sha256(payload).digest()


def pack(payload: bytes) -> bytes:
    """Compressed, as stored: with little memory, for most of the time of a small body goes into its preparation."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, wbits=13, memLevel=7)
    return squeeze.compress(payload) + squeeze.flush()


def versions(tx: Tx, calendar: str) -> dict[str, str | None]:
    """ref → version of everything held, for comparison with a listing. What is owed has no version: it is wanted."""
    rows = tx.run(_VERSIONS, the_calendar=calendar)
    return {ref: None if owed else version for ref, version, owed in rows}


def find(tx: Tx, calendar: str, refs: Sequence[str]) -> dict[str, ResourceRow]:
    """The rows of those refs."""
    parts = (tx.run(_FIND, the_calendar=calendar, those_ref=part) for part in in_parts(refs))
    return {row.ref: row for part in parts for row in map(_row, part.mappings())}


def get(tx: Tx, calendar: str, ref: str) -> ResourceRow | None:
    """One row."""
    return find(tx, calendar, [ref]).get(ref)


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many new resources at once."""
    tx.add(_ADD, rows)


def change(tx: Tx, calendar: str, ref: str, **values: Unpack[ResourceColumns]) -> None:
    """Set columns of one resource."""
    tx.run(_CHANGE, the_calendar=calendar, the_ref=ref, **values)


def settled(tx: Tx, calendar: str, ref: str) -> None:
    """That resource owes no judgement any more."""
    tx.later(_CHANGE, {"the_calendar": calendar, "the_ref": ref, "dirty_at": None}, (calendar, ref))


def written_row(resource: Resource) -> ResourceColumns:
    """The columns that a body fills."""
    return {"version": resource.version, "payload": pack(resource.payload), "raw_hash": digest(resource.payload)}


def dirty(tx: Tx) -> list[tuple[str, str, ResourceState]]:
    """What is still to be judged, as (calendar, ref, state): present first, so that a move finds its new place before
    its old one is missed; then in the order in which things were first seen."""
    return [(calendar, ref, ResourceState(state)) for calendar, ref, state in tx.run(_DIRTY)]


def mark_dirty(tx: Tx, places: Iterable[tuple[str, str]], now: datetime) -> None:
    """Owe a judgement to these resources."""
    for calendar, ref in set(places):
        tx.run(_OWE, the_calendar=calendar, the_ref=ref, dirty_at=now)


def mark_future_dirty(tx: Tx, now: datetime) -> None:
    """Owe a judgement to everything that is still to come: the configuration changed."""
    o, c = t.occurrence.c, t.resource.c
    coming = select(o.ref).where(o.practice == tx.practice, o.calendar == c.calendar, o.end >= now)
    tx.connection.execute(
        update(t.resource)
        .where(c.practice == tx.practice, c.state == PRESENT, c.dirty_at.is_(None), c.ref.in_(coming))
        .values(dirty_at=now)
    )


def may_be_written(tx: Tx, calendar: str, why_not: str, now: datetime, at_most: int | None = None) -> None:
    """What kept our part out of these events is over, or is tried anew: they are owed a judgement. Oldest first."""
    c = t.resource.c
    here_ = (c.practice == tx.practice, c.calendar == calendar, c.state == PRESENT, c.unwritable == why_not)
    refs = list(tx.connection.execute(select(c.ref).where(*here_).order_by(c.order).limit(at_most)).scalars())
    for ref in refs:
        change(tx, calendar, ref, unwritable=None, dirty_at=now)


def debts(tx: Tx, calendar: str) -> list[str]:
    """Refs whose body is owed."""
    return list(tx.run(_DEBTS, the_calendar=calendar).scalars())


def of_series(tx: Tx, calendar: str, ref: str, uids: Collection[str]) -> list[tuple[str, str, str]]:
    """(ref, uid, recurrence) of occurrences of those events that lie in other resources of the calendar. What waits to
    be written names none of them."""
    found = tx.run_before(_OF_SERIES, those_uid=list(uids))
    return [(other, uid, recurrence) for there, other, uid, recurrence in found if there == calendar and other != ref]


def keys_of(tx: Tx, calendar: str, ref: str) -> set[tuple[str, str]]:
    """(uid, recurrence) of the resource's occurrences."""
    return {(row.uid, row.recurrence) for row in tx.run_before(_HERE, the_calendar=calendar, the_ref=ref)}


def repeating(tx: Tx, calendar: str) -> list[str]:
    """Refs of what repeats, and of what has no occurrence yet: it may begin beyond the view."""
    o, c = t.occurrence.c, t.resource.c
    here_now = exists().where(o.practice == c.practice, o.calendar == c.calendar, o.ref == c.ref)
    query = select(c.ref).where(c.practice == tx.practice, c.calendar == calendar, c.state == PRESENT)
    rows = tx.connection.execute(query.where(or_(here_now.where(o.recurrence != ""), ~here_now)).order_by(c.ref))
    return list(rows.scalars())


def series_of(tx: Tx, calendar: str, ref: str) -> set[tuple[str, str]]:
    """(calendar, ref) of the other resources that hold occurrences of the series that this one's belong to."""
    o = t.occurrence.c
    mine = select(o.uid).where(o.practice == tx.practice, o.calendar == calendar, o.ref == ref, o.recurrence != "")
    uids = set(tx.connection.execute(mine).scalars())
    return {(calendar, other) for other, _, _ in of_series(tx, calendar, ref, uids)} if uids else set()


def stands(tx: Tx, uid: str, order: int) -> bool:
    """Whether the resource of that number, which holds an event of that UID, is in its calendar."""
    o, c = t.occurrence.c, t.resource.c
    joined = t.occurrence.join(t.resource, and_(c.practice == o.practice, c.calendar == o.calendar, c.ref == o.ref))
    query = select(c.state).select_from(joined).where(o.practice == tx.practice, o.uid == uid, o.order == order)
    return tx.connection.execute(query).scalar() == PRESENT


def changed_since(tx: Tx, calendar: str, moment: datetime) -> set[str]:
    """Refs of what came, went or changed its meaning after that moment."""
    c = t.resource.c
    query = select(c.ref).where(c.practice == tx.practice, c.calendar == calendar, c.changed_at > moment)
    return set(tx.connection.execute(query).scalars())


def suspects(tx: Tx, calendar: str) -> list[tuple[str, datetime | None]]:
    """Refs that a listing lacked, with the time at which a read first found them gone (None: not read yet)."""
    return [(ref, at) for ref, at in tx.run(_SUSPECTS, the_calendar=calendar)]


# --- occurrences -----------------------------------------------------------------------------------------------------


def replace_occurrences(tx: Tx, calendar: str, ref: str, rows: Sequence[dict[str, Any]]) -> None:
    """What stands in the resource now; bookings keep their link where the occurrence is the same."""
    place = {"the_calendar": calendar, "the_ref": ref}
    kept = {
        (row.uid, row.recurrence): {"booking": row.booking, "patient": row.patient, "motif": row.motif}
        for row in tx.run(_HERE, **place)
    }
    tx.run(_EMPTY, **place)
    tx.cache.found.clear()
    add_occurrences(tx, [{**row, **kept.get((row["uid"], row["recurrence"]), {})} for row in rows])


def add_occurrences(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many occurrences at once."""
    tx.cache.busy.clear()
    tx.add(_ADD_OCCURRENCES, rows)


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


def judged(tx: Tx, place: tuple[str, str], uid: str, recurrence: str, **values: Unpack[FoundColumns]) -> bool:
    """Set what judging found out of one occurrence; whether that changed what others see of it."""
    before = _seen(tx, place).get((uid, recurrence))
    if before is None or values.items() <= before.items():
        return False
    key = {"the_calendar": place[0], "the_ref": place[1], "the_uid": uid, "the_recurrence": recurrence}
    longer = values.get("end", before["end"]) != before["end"]
    before.update(values)
    tx.later(_JUDGED, {**key, **before})
    if longer:
        tx.cache.busy.clear()
        tx.flush()  # it may meet others than before
    return True


def expect(tx: Tx, calendar: str, refs: Sequence[str]) -> None:
    """These resources are about to be judged: read at once what was found out of their occurrences."""
    seen = tx.cache.found
    seen.update({(calendar, ref): {} for ref in refs})
    for part in in_parts(refs):
        for ref, uid, recurrence, end, kind, label, *whose in tx.run(_FOUND_OUT, the_calendar=calendar, those_ref=part):
            booking, patient, motif = whose
            seen[(calendar, ref)][(uid, recurrence)] = {
                "end": end, "kind": kind, "label": label, "booking": booking, "patient": patient, "motif": motif,
            }  # fmt: skip


def _seen(tx: Tx, place: tuple[str, str]) -> dict[tuple[str, str], FoundColumns]:
    if place not in tx.cache.found:
        expect(tx, place[0], [place[1]])
    return tx.cache.found[place]


def busy(tx: Tx, dentist: str, start: datetime, end: datetime) -> tuple[Busy, ...]:
    """What takes that dentist's time between those moments."""
    seen = tx.cache.found
    found: Iterable[Sequence[Any]] | None = tx.cache.busy.get((dentist, start, end))
    if found is None:
        found = tx.run_before(_TAKEN, the_dentist=dentist, **_span(start, end))
    taken = (_as_judged(shown, seen.get((calendar, ref))) for calendar, ref, *shown in found)
    return tuple(one for one in taken if one.kind is not Kind.IGNORED)


def expect_busy(tx: Tx, spans: Sequence[Taken]) -> None:
    """What takes these spans is about to be asked: many are one question."""
    around = tx.cache.busy
    for start in range(0, len(spans), _MANY):
        part = spans[start : start + _MANY]
        around.update({span: [] for span in part})
        padded = [*part, *[part[-1]] * (_MANY - len(part))]  # always the same statement
        asked = {f"{name}_{n}": value for n, span in enumerate(padded) for name, value in _asked(*span).items()}
        for number, *row in tx.run_before(_taken_by_many(), **asked):
            if number < len(part):
                around[part[number]].append(row)


def taken(tx: Tx, dentists: Sequence[str], start: datetime, end: datetime) -> tuple[Busy, ...]:
    """What keeps those dentists' time between those moments, with no more than free slots are looked for by."""
    return tuple(
        Busy(dentist, begins, ends, Kind(kind), 0, uid, recurrence, label=label)
        for dentist, begins, ends, kind, uid, recurrence, label in tx.run(
            _KEPT_TIMES, those_dentist=list(dentists), **_span(start, end)
        )
    )


def busy_of_patient(tx: Tx, patient: int, since: datetime) -> tuple[Busy, ...]:
    """That patient's bookings that end after `since`, with any dentist."""
    return tuple(_busy(*row) for row in tx.run(_THEIRS, the_patient=patient, the_end=since))


def neighbours(tx: Tx, dentist: str, start: datetime, end: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of the bookings that overlap that span."""
    found = tx.run(_NEIGHBOURS, the_dentist=dentist, **_span(start, end))
    return {(calendar, ref) for calendar, ref in found}


def places_of_patient(tx: Tx, patient: int, since: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of that patient's coming bookings."""
    found = tx.run(_PLACES, the_patient=patient, the_end=since)
    return {(calendar, ref) for calendar, ref in found}


def present(tx: Tx, since: datetime | None = None) -> Iterator[ResourceRow]:
    """All resources that stand in their calendars."""
    query = select(t.resource).where(t.resource.c.practice == tx.practice, t.resource.c.state == PRESENT)
    for row in tx.connection.execute(query.order_by(t.resource.c.order)).mappings():
        yield _row(row)


def _span(start: datetime, end: datetime) -> dict[str, datetime]:
    return {"since": start - ONE_DAY, "the_start": start, "the_end": end}


def _row(row: Mapping[Any, Any]) -> ResourceRow:
    values = {name: row[name] for name in ResourceRow.__slots__}
    values["state"] = ResourceState(values["state"])
    values["payload"] = zlib.decompress(values["payload"])
    values["written"] = annotation_from_json(values["written"])
    return ResourceRow(**values)


def _asked(dentist: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {"the_dentist": dentist, **_span(start, end)}


@lru_cache(maxsize=1)
def _taken_by_many() -> CompoundSelect[Any]:
    """Made where it is first asked: most passes judge nothing."""
    return union_all(*(numbered(_TAKEN, number) for number in range(_MANY)))


def _as_judged(shown: Sequence[Any], found: Mapping[tuple[str, str], Mapping[str, Any]] | None) -> Busy:
    """As stored, but for what this transaction found out of it and has not written yet."""
    dentist, start, end, kind, order, uid, recurrence, patient, motif, label, all_day = shown
    if found and (known := found.get((uid, recurrence))):
        kind, patient, motif, label = known["kind"], known["patient"], known["motif"], known["label"]
    return Busy(dentist, start, end, Kind(kind), order, uid, recurrence, patient, motif, label, all_day)


def _busy(dentist: str, start: datetime, end: datetime, kind: str, *more: Any) -> Busy:
    return Busy(dentist, start, end, Kind(kind), *more)


# --- the statements --------------------------------------------------------------------------------------------------

_r, _o = t.resource.c, t.occurrence.c
_AT, _PLACE = here(t.resource, "calendar", "ref"), here(t.occurrence, "calendar", "ref")
_STANDING = (*here(t.resource, "calendar"), _r.state != GONE)
_VERSIONS = select(_r.ref, _r.version, _r.owed).where(*_STANDING)
_FIND = select(t.resource).where(*here(t.resource, "calendar"), those(_r.ref))
_ADD, _CHANGE = insert(t.resource), update(t.resource).where(*_AT)
_DIRTY = (
    select(_r.calendar, _r.ref, _r.state)
    .where(*here(t.resource), _r.dirty_at.is_not(None))
    .order_by(_r.state == GONE, _r.order)
)
_OWE = update(t.resource).where(*_AT, _r.dirty_at.is_(None))
_DEBTS = select(_r.ref).where(*_STANDING, _r.owed.is_(True))
_SUSPECT: Any = literal_column(f"'{SUSPECT}'")  # in so many letters: only then the index of suspects serves
_SUSPECTS = select(_r.ref, _r.suspect_at).where(*here(t.resource, "calendar"), _r.state == _SUSPECT)

_FINDS = ("end", "kind", "label", "booking", "patient", "motif")
_HERE = select(_o.uid, _o.recurrence, _o.booking, _o.patient, _o.motif).where(*_PLACE)
_EMPTY, _ADD_OCCURRENCES = delete(t.occurrence).where(*_PLACE), insert(t.occurrence)
_JUDGED = update(t.occurrence).where(*_PLACE, *here(t.occurrence, "uid", "recurrence")[1:])
_FOUND_OUT = select(_o.ref, _o.uid, _o.recurrence, *(_o[name] for name in _FINDS)).where(
    *here(t.occurrence, "calendar"), those(_o.ref)
)
# What lasts a day at most began within a day of the span, so that the index finds it at once.
_BEGAN = (_o.start < the(_o.end), _o.end > the(_o.start))
_SHORT = and_(_o.lasting.is_(False), _o.start > bindparam("since", type_=_o.start.type), *_BEGAN)
_LONG = and_(_o.lasting.is_(True), *_BEGAN)
_MEETS = or_(_SHORT, _LONG)
_SHOWN = (
    _o.dentist, _o.start, _o.end, _o.kind, _o.order, _o.uid, _o.recurrence, _o.patient, _o.motif, _o.label, _o.all_day,
)  # fmt: skip
# What stood in a calendar that left the YAML keeps nobody's time.
_SUSPENDED = select(t.calendar.c.calendar).where(*here(t.calendar), t.calendar.c.state == CalendarState.SUSPENDED)
STANDS = _o.calendar.not_in(_SUSPENDED)
_COMING = (*here(t.occurrence, "patient"), _o.end > the(_o.end), STANDS)
_TAKEN = select(_o.calendar, _o.ref, *_SHOWN).where(*here(t.occurrence, "dentist"), _MEETS, STANDS)
_MANY = 20
# Two questions of one: of several dentists at once, SQLite walks all they ever had for an OR.
_LABELLED = select(_o.dentist, _o.start, _o.end, _o.kind, _o.uid, _o.recurrence, _o.label).where(
    *here(t.occurrence), those(_o.dentist), STANDS, _o.kind != Kind.IGNORED.value
)
_KEPT_TIMES = union_all(_LABELLED.where(_SHORT), _LABELLED.where(_LONG))
_NEIGHBOURS = select(_o.calendar, _o.ref).where(*here(t.occurrence, "dentist"), _MEETS, _o.kind == Kind.BOOKING.value)
_THEIRS = select(*_SHOWN).where(*_COMING, _o.kind == Kind.BOOKING.value)
_PLACES = select(_o.calendar, _o.ref).where(*_COMING)
# asked for the calendar too, SQLite walks all of it instead of what has the UID
_OF_SERIES = select(_o.calendar, _o.ref, _o.uid, _o.recurrence).where(
    *here(t.occurrence), those(_o.uid), _o.recurrence != ""
)
