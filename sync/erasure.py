"""A patient is erased: nothing in the store says any more who they were.

Their events stand in her calendars until she deletes them: the copy of each is emptied and never judged again, so no
later reading brings the record back. Only what a person types into such an event afterwards counts anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, String, Table, delete, select, update

from rules.model import Patient
from rules.text import fold
from sync.store import basics, bookings, edits, nameindex, resources
from sync.store import tables as t
from sync.store.engine import Tx

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Left:
    """An event that still stands in a calendar and names the patient: only a person may delete it."""

    dentist: str
    start: datetime
    uid: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. `others`: coming events of other patients that named them, corrected at the next pass."""

    events: tuple[Left, ...]
    bookings: int
    others: int


def erase(tx: Tx, patient: Patient, now: datetime, zone: ZoneInfo) -> Erased:
    """Take everything about that patient out of the store, records that were merged into theirs included."""
    assert patient.id is not None
    ids = _all_of(tx, patient.id)
    theirs = [row for number in ids for row in bookings.of_patient(tx, number, zone)]
    mentions = _mentions(tx, ids, [value for row in theirs for value in (row.mobile, row.email) if value])
    left, places = _events(tx, ids, zone)
    places |= {(row.calendar, row.ref) for row in theirs}
    for row in theirs:
        _drop(tx, t.booking, t.booking.c.id == row.id)
        for table in (t.message, t.telling, t.consent):
            _drop(tx, table, table.c.booking == row.id)
    _drop_facts(tx, ids)
    for place in places:
        _empty(tx, place)
    others = _out_of_others(tx, mentions, places, now)
    for number in ids:
        for table, column in ((t.patient_history, "patient"), (t.patient_name, "patient"), (t.patient, "id")):
            _drop(tx, table, table.c[column] == number)
    _out_of_the_rest(tx, mentions)
    nameindex.erased(tx)
    basics.log(tx, now, "patient-erased")
    return Erased(tuple(left), len(theirs), others)


def _all_of(tx: Tx, patient: int) -> list[int]:
    c = t.patient.c
    found = [patient]
    for number in found:
        query = select(c.id).where(c.practice == tx.practice, c.merged_into == number)
        found += [one for one in tx.connection.execute(query).scalars() if one not in found]
    return found


# --- what names them -------------------------------------------------------------------------------------------------

_TELLING = frozenset({"mobile", "email", "address"})


def _mentions(tx: Tx, ids: list[int], more: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text names the patient: by a full name in either order, a mobile, an e-mail, an address."""
    signs = {fold(one) for one in more}
    for row in _rows(tx, t.patient, t.patient.c.id.in_(ids)):
        signs |= {fold(row[name]) for name in _TELLING if row[name]}
        for family in filter(None, (row["family_name"], row["birth_name"])):
            signs |= {fold(f"{family} {row['given_name']}"), fold(f"{row['given_name']} {family}")}
    for row in _rows(tx, t.patient_history, t.patient_history.c.patient.in_(ids)):
        if row["field"] in _TELLING:
            signs |= {fold(row[side]) for side in ("old", "new") if row[side]}
    signs |= {f"0{one[3:]}" for one in signs if one.startswith("+33")}
    found = tuple(sign for sign in signs if len(sign) > 3)
    return lambda text: any(sign in said for said in (fold(text), _run_together(text)) for sign in found)


def _run_together(text: str) -> str:
    return fold(text).replace(" ", "").replace(".", "")


def _events(tx: Tx, ids: list[int], zone: ZoneInfo) -> tuple[list[Left], set[Place]]:
    """Their events, coming and past, as they stand in the calendars."""
    rows = _rows(tx, t.occurrence, t.occurrence.c.patient.in_(ids))
    left = [Left(row["dentist"], row["start"].astimezone(zone), row["uid"]) for row in rows]
    return sorted(left, key=lambda one: one.start), {(row["calendar"], row["ref"]) for row in rows}


# --- taking it out ---------------------------------------------------------------------------------------------------


def _empty(tx: Tx, place: Place) -> None:
    """The copy of that event says nothing any more; it still takes its time. See `resources.emptied`."""
    c = t.occurrence.c
    here = (c.practice == tx.practice, c.calendar == place[0], c.ref == place[1])
    nothing = {"label": "", "booking": None, "patient": None, "motif": None}
    tx.connection.execute(update(t.occurrence).where(*here).values(**nothing))
    values: dict[str, Any] = {
        "payload": resources.pack(b""),
        "raw_hash": b"",
        "written": None,
        "dirty_at": None,
        "owed": False,
        "problem": "",
    }
    resources.change(tx, *place, **values)
    edits.drop(tx, *place)


def _drop_facts(tx: Tx, ids: list[int]) -> None:
    """What they were told of an event that carries another patient's name today."""
    for table in (t.message, t.telling):
        for row in _rows(tx, table):
            said = [row["facts"], row.get("before")]
            if any(facts and facts["patient_id"] in ids for facts in said):
                _drop(tx, table, *(column == row[column.name] for column in table.primary_key))


def _out_of_others(tx: Tx, mentions: Callable[[str], bool], own: set[Place], now: datetime) -> int:
    """Events of other patients that name them, in a conflict or among the proposals: judged again, or emptied where
    they are past. Returns how many of them are to come."""
    coming = _coming(tx, now)
    for row in _rows(tx, t.booking):
        kept = [one for one in row["findings"] if not mentions(_text(one))]
        if kept != row["findings"]:
            bookings.change(tx, row["id"], findings=kept)
    corrected = 0
    for resource in resources.present(tx):
        place = (resource.calendar, resource.ref)
        raw = resource.payload.replace(b"\r\n ", b"").replace(b"\\", b"").decode("utf-8", errors="replace")
        if place in own or not mentions(f"{raw} {_text(resource.written.lines if resource.written else ())}"):
            continue
        if place in coming:
            resources.change(tx, *place, written=None)
            resources.mark_dirty(tx, [place], now)
            corrected += 1
        else:
            _empty(tx, place)
        edits.drop(tx, *place)
    return corrected


def _coming(tx: Tx, now: datetime) -> set[Place]:
    c = t.occurrence.c
    query = select(c.calendar, c.ref).where(c.practice == tx.practice, c.end > now)
    return {(calendar, ref) for calendar, ref in tx.connection.execute(query)}


# done by number: a namesake's bookings and what they were told must stay
_SEEN = frozenset({
    "resource", "booking", "occurrence", "message", "telling", "consent", "patient", "patient_name", "patient_history",
    "setting", "counter", "lease",
})  # fmt: skip


def _out_of_the_rest(tx: Tx, mentions: Callable[[str], bool]) -> None:
    """Every other row whose words name them, whatever table it is in: alerts, answers, edits, offers."""
    for table in t.metadata.sorted_tables:
        spoken = [column.name for column in table.columns if isinstance(column.type, String | JSON)]
        if table.name in _SEEN or not spoken:
            continue
        for row in _rows(tx, table):
            if any(mentions(_text(row[name])) for name in spoken if row[name]):
                _drop(tx, table, *(column == row[column.name] for column in table.primary_key))


def _rows(tx: Tx, table: Table, *where: Any) -> list[dict[str, Any]]:
    found = tx.connection.execute(select(table).where(table.c.practice == tx.practice, *where)).mappings()
    return [dict(row) for row in found]


def _drop(tx: Tx, table: Table, *where: Any) -> None:
    tx.connection.execute(delete(table).where(table.c.practice == tx.practice, *where))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
