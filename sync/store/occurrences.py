"""The occurrences of events, each with what evaluation found out about it, and the times that they take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Unpack

from msgspec import Struct
from sqlalchemy import CompoundSelect, and_, bindparam, delete, insert, literal_column, or_, select, union_all, update

from rules.model import Busy, CalendarEvent, Kind
from sync.store import calendars, resources
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import ResourceState
from sync.store.tx import here, in_parts, numbered, the, those

if TYPE_CHECKING:
    from sync.store.columns import FoundColumns

ONE_DAY = timedelta(days=1)


class Block(Struct, frozen=True):
    """One block of a dentist's calendar."""

    calendar: str
    ref: str
    uid: str
    start: datetime
    end: datetime
    all_day: bool
    label: str  # its title


Taken = tuple[str, datetime, datetime]  # a dentist, from, until


def replace(tx: Tx, calendar: str, ref: str, rows: Sequence[dict[str, Any]]) -> None:
    """Replace the resource's occurrences; those that remain keep their links to booking and patient."""
    place = {"the_calendar": calendar, "the_ref": ref}
    kept = {
        (row.uid, row.recurrence): {"booking": row.booking, "patient": row.patient, "motif": row.motif}
        for row in tx.run(_HERE, **place)
    }
    tx.run(_EMPTY, **place)
    tx.cache.found.clear()
    add_all(tx, [{**row, **kept.get((row["uid"], row["recurrence"]), {})} for row in rows])
    resources.change(tx, calendar, ref, over_at=over_at(rows))


def take_away(tx: Tx, places: Sequence[tuple[str, str]]) -> None:
    """Delete the occurrences of these resources (calendar, ref)."""
    if places:
        gone = [{"the_practice": tx.practice, "the_calendar": calendar, "the_ref": ref} for calendar, ref in places]
        tx.connection.execute(_EMPTY, gone)
        for kept in (tx.cache.found, tx.cache.busy, tx.cache.theirs):
            kept.clear()


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Add many occurrences at once."""
    tx.cache.busy.clear()
    tx.cache.theirs.clear()
    tx.add(_ADD_OCCURRENCES, rows)


def over_at(rows: Sequence[dict[str, Any]]) -> datetime | None:
    """When the last of these occurrences is over: `resource.over_at`, by which nobody looks at what is past."""
    return max((row["end"] for row in rows), key=datetime.timestamp, default=None)


def row(
    practice: str, place: tuple[str, str], dentist: str, event: CalendarEvent, kind: Kind, *, order: int
) -> dict[str, Any]:
    """The columns of one occurrence before its evaluation."""
    return {
        "practice": practice, "calendar": place[0], "ref": place[1], "uid": event.uid, "recurrence": event.recurrence,
        "dentist": dentist, "start": event.start, "end": event.end, "all_day": event.all_day,
        "lasting": event.end - event.start > ONE_DAY, "kind": kind.value,
        "label": "", "order": order, "booking": None, "patient": None, "motif": None,
    }  # fmt: skip


def keys_of(tx: Tx, calendar: str, ref: str) -> set[tuple[str, str]]:
    """(uid, recurrence) of the resource's occurrences."""
    return {(row.uid, row.recurrence) for row in tx.run_before(_HERE, the_calendar=calendar, the_ref=ref)}


def of_series(tx: Tx, calendar: str, ref: str, uids: Collection[str]) -> list[tuple[str, str, str]]:
    """(ref, uid, recurrence) of the occurrences of these series in other resources of the calendar."""
    found = tx.run_before(_OF_SERIES, those_uid=list(uids))
    return [(other, uid, recurrence) for there, other, uid, recurrence in found if there == calendar and other != ref]


def series_of(tx: Tx, calendar: str, ref: str) -> set[tuple[str, str]]:
    """(calendar, ref) of the other resources that hold occurrences of this resource's series."""
    o = t.occurrence.c
    mine = select(o.uid).where(o.practice == tx.practice, o.calendar == calendar, o.ref == ref, o.recurrence != "")
    uids = set(tx.connection.execute(mine).scalars())
    return {(calendar, other) for other, _, _ in of_series(tx, calendar, ref, uids)} if uids else set()


def stands(tx: Tx, uid: str, order: int) -> bool:
    """Whether the resource with that order number, which has an event of that UID, is in its calendar."""
    o, c = t.occurrence.c, t.resource.c
    joined = t.occurrence.join(t.resource, and_(c.practice == o.practice, c.calendar == o.calendar, c.ref == o.ref))
    query = select(c.state).select_from(joined).where(o.practice == tx.practice, o.uid == uid, o.order == order)
    return tx.connection.execute(query).scalar() == ResourceState.PRESENT


def is_in(tx: Tx, calendar: str, uid: str) -> bool:
    """Whether an event of that UID is in that calendar."""
    o, c = t.occurrence.c, t.resource.c
    joined = t.occurrence.join(t.resource, and_(c.practice == o.practice, c.calendar == o.calendar, c.ref == o.ref))
    query = select(c.calendar, c.state).select_from(joined).where(o.practice == tx.practice, o.uid == uid)
    return any((row.calendar, row.state) == (calendar, ResourceState.PRESENT) for row in tx.connection.execute(query))


def evaluated(
    tx: Tx, place: tuple[str, str], uid: str, recurrence: str, **values: Unpack[FoundColumns]
) -> frozenset[int] | None:
    """Store what the evaluation found out about one occurrence. Returns whose it was and whose it is, None if nothing
    changed."""
    before = _seen(tx, place).get((uid, recurrence))
    if before is None or values.items() <= before.items():
        return None
    key = {"the_calendar": place[0], "the_ref": place[1], "the_uid": uid, "the_recurrence": recurrence}
    longer = values.get("end", before["end"]) != before["end"]
    whose = frozenset(who for who in (before["patient"], values.get("patient")) if who is not None)
    _forget_of(tx, whose)
    before.update(values)
    tx.later(_EVALUATED, {**key, **before})
    if longer:
        tx.cache.busy.clear()
        tx.flush()  # the query for overlapping times must see the new end
    return whose


def is_booking(tx: Tx, place: tuple[str, str], uid: str, recurrence: str, booking: int) -> bool:
    """Whether that occurrence was found to be that booking, when it was last evaluated."""
    found = _seen(tx, place).get((uid, recurrence))
    return found is not None and (found["kind"], found["booking"]) == (Kind.BOOKING.value, booking)


def expect(tx: Tx, calendar: str, refs: Sequence[str]) -> None:
    """Read in one query what was found out about the occurrences of these resources, before they are evaluated."""
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
    """What takes the dentist's time from `start` to `end`."""
    seen = tx.cache.found
    found: Iterable[Sequence[Any]] | None = tx.cache.busy.get((dentist, start, end))
    if found is None:
        found = tx.run_before(_TAKEN, the_dentist=dentist, **_span(start, end))
    taken = (_as_evaluated(shown, seen.get((calendar, ref))) for calendar, ref, *shown in found)
    return tuple(one for one in taken if one.kind is not Kind.IGNORED)


def expect_busy(tx: Tx, spans: Sequence[Taken]) -> None:
    """Read in few queries what takes each of these spans, before `busy` is asked about them."""
    around = tx.cache.busy
    for start in range(0, len(spans), _MANY):
        part = spans[start : start + _MANY]
        around.update({span: [] for span in part})
        padded = [
            *part,
            *[part[-1]] * (_MANY - len(part)),
        ]  # the same statement for any number of spans, so that it is compiled once
        asked = {f"{name}_{n}": value for n, span in enumerate(padded) for name, value in _asked(*span).items()}
        for number, *row in tx.run_before(_taken_by_many(), **asked):
            if number < len(part):
                around[part[number]].append(row)


def taken(tx: Tx, dentists: Sequence[str], start: datetime, end: datetime) -> tuple[Busy, ...]:
    """What takes these dentists' time from `start` to `end`, with only the fields that a search for free slots
    needs."""
    return tuple(
        Busy(dentist, begins, ends, Kind(kind), 0, uid, recurrence, label=label)
        for dentist, begins, ends, kind, uid, recurrence, label in tx.run(
            _KEPT_TIMES, those_dentist=list(dentists), **_span(start, end)
        )
    )


def busy_of_patient(tx: Tx, patient: int, since: datetime) -> tuple[Busy, ...]:
    """The patient's bookings that end after `since`, with any dentist."""
    if (patient, since) not in tx.cache.theirs:
        expect_of_patients(tx, [patient], since)
    return tuple(_busy(*row) for row in tx.cache.theirs[patient, since])


def expect_of_patients(tx: Tx, patients: Collection[int], since: datetime) -> None:
    """Read in one query what takes the time of these patients, before `busy_of_patient` is asked about them."""
    theirs = tx.cache.theirs
    theirs.update({(patient, since): [] for patient in patients})
    for part in in_parts(sorted(patients)):
        for patient, *row in tx.run(_THEIRS, those_patient=part, the_end=since):
            theirs[patient, since].append(row)


def _forget_of(tx: Tx, patients: Collection[int]) -> None:
    theirs = tx.cache.theirs
    for key in [key for key in theirs if key[0] in patients]:
        del theirs[key]


def neighbours(tx: Tx, dentist: str, start: datetime, end: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of the bookings that overlap that span, and of the blocks, which name them (P24)."""
    found = tx.run(_NEIGHBOURS, the_dentist=dentist, **_span(start, end))
    return {(calendar, ref) for calendar, ref in found}


def blocks_around(tx: Tx, dentist: str, start: datetime, end: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of the blocks that overlap that span: an absence shows which bookings lie in it (P24)."""
    found = tx.run(_BLOCKS, the_dentist=dentist, **_span(start, end))
    return {(calendar, ref) for calendar, ref in found}


def blocks(tx: Tx, dentist: str, start: datetime, end: datetime) -> list[Block]:
    """The blocks that overlap that time of the dentist, in order."""
    found = tx.run(_EVERY_BLOCK, the_dentist=dentist, **_span(start, end))
    return sorted((Block(*row) for row in found), key=lambda one: (one.start, one.ref))


def places_of_patient(tx: Tx, patient: int, since: datetime) -> set[tuple[str, str]]:
    """(calendar, ref) of the patient's bookings that end after `since`."""
    found = tx.run(_PLACES, the_patient=patient, the_end=since)
    return {(calendar, ref) for calendar, ref in found}


def _span(start: datetime, end: datetime) -> dict[str, datetime]:
    return {"since": start - ONE_DAY, "the_start": start, "the_end": end}


def _asked(dentist: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {"the_dentist": dentist, **_span(start, end)}


@lru_cache(maxsize=1)
def _taken_by_many() -> CompoundSelect[Any]:
    """The query for many spans, made at first use: most passes evaluate nothing."""
    return union_all(*(numbered(_TAKEN, number) for number in range(_MANY)))


def _as_evaluated(shown: Sequence[Any], found: Mapping[tuple[str, str], Mapping[str, Any]] | None) -> Busy:
    """The time as stored, corrected by what this transaction found out and has not written yet."""
    dentist, start, end, kind, order, uid, recurrence, patient, motif, label, all_day = shown
    if found and (known := found.get((uid, recurrence))):
        kind, patient, motif, label = known["kind"], known["patient"], known["motif"], known["label"]
    return Busy(dentist, start, end, Kind(kind), order, uid, recurrence, patient, motif, label, all_day)


def _busy(dentist: str, start: datetime, end: datetime, kind: str, *more: Any) -> Busy:
    return Busy(dentist, start, end, Kind(kind), *more)


# --- the statements -------------------------------------------------------------------------------------------------

_o = t.occurrence.c
_PLACE = here(t.occurrence, "calendar", "ref")
_FINDS = ("end", "kind", "label", "booking", "patient", "motif")
_HERE = select(_o.uid, _o.recurrence, _o.booking, _o.patient, _o.motif).where(*_PLACE)
_EMPTY, _ADD_OCCURRENCES = delete(t.occurrence).where(*_PLACE), insert(t.occurrence)
_EVALUATED = update(t.occurrence).where(*_PLACE, *here(t.occurrence, "uid", "recurrence")[1:])
_FOUND_OUT = select(_o.ref, _o.uid, _o.recurrence, *(_o[name] for name in _FINDS)).where(
    *here(t.occurrence, "calendar"), those(_o.ref)
)
# An event of one day at most that overlaps a span began less than a day before it: an index range. Longer ones are few.
_BEGAN = (_o.start < the(_o.end), _o.end > the(_o.start))
_SHORT = and_(_o.lasting.is_(False), _o.start > bindparam("since", type_=_o.start.type), *_BEGAN)
_LONG = and_(_o.lasting.is_(True), *_BEGAN)
_MEETS = or_(_SHORT, _LONG)
_SHOWN = (
    _o.dentist, _o.start, _o.end, _o.kind, _o.order, _o.uid, _o.recurrence, _o.patient, _o.motif, _o.label, _o.all_day,
)  # fmt: skip
STANDS = _o.calendar.not_in(calendars.SUSPENDED)
_COMING = (*here(t.occurrence), _o.end > the(_o.end), STANDS)
_TAKEN = select(_o.calendar, _o.ref, *_SHOWN).where(*here(t.occurrence, "dentist"), _MEETS, STANDS)
_MANY = 20
# A union of two queries: with OR and several dentists, SQLite scans all occurrences of these dentists.
_LABELLED = select(_o.dentist, _o.start, _o.end, _o.kind, _o.uid, _o.recurrence, _o.label).where(
    *here(t.occurrence), those(_o.dentist), STANDS, _o.kind != Kind.IGNORED.value
)
_KEPT_TIMES = union_all(_LABELLED.where(_SHORT), _LABELLED.where(_LONG))
_THERE = select(_o.calendar, _o.ref).where(*here(t.occurrence, "dentist"), _MEETS)
_IS_BLOCK = (*here(t.occurrence, "dentist"), _MEETS, _o.kind == Kind.BLOCK.value, STANDS)
_EVERY_BLOCK = select(_o.calendar, _o.ref, _o.uid, _o.start, _o.end, _o.all_day, _o.label).where(*_IS_BLOCK)
_BLOCKS = _THERE.where(_o.kind == Kind.BLOCK.value)
_NEIGHBOURS = _THERE.where(_o.kind.in_((Kind.BOOKING.value, Kind.BLOCK.value)))
_THEIRS = select(_o.patient, *_SHOWN).where(*_COMING, those(_o.patient), _o.kind == Kind.BOOKING.value)
_PLACES = select(_o.calendar, _o.ref).where(*_COMING, _o.patient == the(_o.patient))
# as a literal, not as a parameter: only then SQLite uses the partial index of series; and without a clause on the
# calendar: with one, it scans the calendar instead
_ORDINARY: Any = literal_column("''")
_OF_SERIES = select(_o.calendar, _o.ref, _o.uid, _o.recurrence).where(
    *here(t.occurrence), those(_o.uid), _o.recurrence != _ORDINARY
)
