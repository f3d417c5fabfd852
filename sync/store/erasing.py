"""Deletes a patient's rows from every table; `sync.people.erase` says what erasing means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, String, Table, and_, delete, or_, select, update

from sync.store import bookings, edits, resources
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.offers import OfferKind
from sync.store.states import OfferState

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns
    from sync.store.resources import ResourceRow


Place = tuple[str, str]
_TELLING = frozenset({"mobile", "email", "address"})
_OF_BOOKING = (
    t.message, t.telling, t.consent, t.link, t.wish, t.slot_hold, t.intent, t.agreement, t.rescue, t.waiting, t.offer,
)  # fmt: skip


def all_of(tx: Tx, patient: int) -> list[int]:
    """The numbers of the record and of those merged into it."""
    c = t.patient.c
    found = [patient]
    for number in found:
        query = select(c.id).where(c.practice == tx.practice, c.merged_into == number)
        found += [one for one in tx.connection.execute(query).scalars() if one not in found]
    return found


def signs(tx: Tx, ids: list[int]) -> Iterator[str]:
    """Whatever identifies the patient in the directory and its history: names in either order, mobiles, e-mails,
    addresses."""
    for row in _rows(tx, t.patient, t.patient.c.id.in_(ids)):
        yield from (row[name] for name in _TELLING if row[name])
        for family in filter(None, (row["family_name"], row["birth_name"])):
            yield from (f"{family} {row['given_name']}", f"{row['given_name']} {family}")
    for row in _rows(tx, t.patient_history, t.patient_history.c.patient.in_(ids)):
        if row["field"] in _TELLING:
            yield from (row[side] for side in ("old", "new") if row[side])


def events(tx: Tx, ids: list[int]) -> list[dict[str, Any]]:
    """The patient's events that stand in calendars, coming and past, and those in the waiting list's own."""
    c = t.occurrence.c
    waits = _rows(tx, t.waiting, t.waiting.c.patient.in_(ids), t.waiting.c.ref != "")
    listed = [
        one for row in waits for one in _rows(tx, t.occurrence, c.calendar == row["calendar"], c.ref == row["ref"])
    ]
    return [*_rows(tx, t.occurrence, c.patient.in_(ids)), *listed]


def withdraw_offers(tx: Tx, ids: list[int], numbers: list[int], now: datetime) -> None:
    """Keep of each offer that an event shows, or may show, only what takes that event out, and of the time that their
    appointments left only that it is free: it may be offered to others."""
    o, g = t.offer.c, t.gap.c
    seen = or_(o.ref != "", and_(o.ref.is_(None), o.kind == OfferKind.SLOT))
    theirs = (o.practice == tx.practice, seen, or_(o.patient.in_(ids), o.booking.in_(numbers)))
    nobody = {"waiting": 0, "booking": 0, "patient": 0, "title": None}
    ended = {"state": OfferState.WITHDRAWN.value, "closed_at": now, "why": None}
    tx.connection.execute(update(t.offer).where(*theirs).values(**nobody, **ended))
    left = (g.practice == tx.practice, g.booking.in_(numbers))
    tx.connection.execute(update(t.gap).where(*left).values(booking=0))


def drop_bookings(tx: Tx, numbers: list[int]) -> None:
    """Delete these bookings, their messages and agreements, and what was asked by link."""
    for number in numbers:
        _drop(tx, t.booking, t.booking.c.id == number)
        for table in _OF_BOOKING:
            _drop(tx, table, table.c.booking == number)


def drop_records(tx: Tx, ids: list[int]) -> None:
    """Delete the records, their names, history, links and wishes."""
    for number in ids:
        for table in (t.patient_history, t.patient_name, t.link, t.wish, t.waiting, t.offer):
            _drop(tx, table, table.c.patient == number)
        _drop(tx, t.patient, t.patient.c.id == number)


def empty(tx: Tx, place: Place) -> None:
    """Empty our copy of the event; its time stays taken. See `resources.emptied`."""
    c = t.occurrence.c
    here = (c.practice == tx.practice, c.calendar == place[0], c.ref == place[1])
    nothing = {"label": "", "booking": None, "patient": None, "motif": None}
    tx.connection.execute(update(t.occurrence).where(*here).values(**nothing))
    values: ResourceColumns = {
        "payload": resources.NO_BODY,
        "raw_hash": b"",
        "written": None,
        "dirty_at": None,
        "backlog_at": None,
        "body_before": None,
        "owed": False,
        "problem": "",
    }
    resources.change(tx, *place, **values)
    edits.drop(tx, *place)


def drop_facts(tx: Tx, ids: list[int]) -> None:
    """Delete the messages to the patient about events that have another patient today."""
    for table in (t.message, t.telling):
        for row in _rows(tx, table):
            said = [row["facts"], row.get("before")]
            if any(facts and facts["patient_id"] in ids for facts in said):
                _drop(tx, table, *(column == row[column.name] for column in table.primary_key))


def out_of_others(
    tx: Tx, mentions: Callable[[str], bool], own: set[Place], meaning: Callable[[ResourceRow], str], now: datetime
) -> int:
    """Take the patient's name out of other patients' events, where it stands in a conflict or among proposals: coming
    ones are evaluated again, past ones are emptied. Returns how many coming ones there are. `meaning`: the hash of a
    body's meaning, by which an emptied event is known again (`resources.emptied`)."""
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
            resources.change(tx, *place, semantic=meaning(resource))
            empty(tx, place)
        edits.drop(tx, *place)
    return corrected


def _coming(tx: Tx, now: datetime) -> set[Place]:
    c = t.occurrence.c
    query = select(c.calendar, c.ref).where(c.practice == tx.practice, c.end > now)
    return {(calendar, ref) for calendar, ref in tx.connection.execute(query)}


# their rows were deleted by the patient's number: a search for the name would also delete those of a namesake
_SEEN = frozenset({
    "resource", "booking", "occurrence", "message", "telling", "consent", "patient", "patient_name", "patient_history",
    "link", "wish", "slot_hold", "intent", "agreement", "rescue", "gap", "offer", "setting", "counter", "lease",
})  # fmt: skip


def out_of_the_rest(tx: Tx, mentions: Callable[[str], bool]) -> None:
    """Delete the rows of all other tables whose texts name the patient: alerts, answers, edits, offers."""
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
