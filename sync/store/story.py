"""The history of one event, for `attitre explain`: journal, planned edit, changes in the directory. Read-only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from rules.model import Annotation
from rules.text.fold import words
from sync.store import resources
from sync.store import tables as t
from sync.store.codec import annotation_from_json
from sync.store.edits import EditRow
from sync.store.engine import Tx
from sync.store.resources import ResourceRow


class Entry(Struct, frozen=True):
    """One line of the journal."""

    at: datetime
    event: str
    detail: str


class Occurrence(Struct, frozen=True):
    """One occurrence: its place, its booking and patient, and its kind."""

    calendar: str
    ref: str
    uid: str
    recurrence: str
    dentist: str
    start: datetime
    end: datetime
    kind: str
    label: str
    booking: int | None


def journal(tx: Tx, place: tuple[str, str], booking: int | None) -> list[Entry]:
    """What happened to that event, to its booking and to its calendar as a whole, oldest first."""
    c = t.journal.c
    here = (c.calendar == place[0], c.ref == place[1])
    whole = (c.calendar == place[0], c.ref.is_(None), c.booking.is_(None))
    restored = (c.calendar.is_(None), c.ref.is_(None), c.event == "restored")
    asked = [here, whole, restored, *([(c.booking == booking,)] if booking is not None else [])]
    found: dict[int, Entry] = {}
    for clauses in asked:  # one query for each index
        for row in tx.connection.execute(select(t.journal).where(c.practice == tx.practice, *clauses)):
            if booking is None or row.booking in {None, booking}:
                found[row.id] = Entry(row.at, row.event, row.detail)
    return [found[number] for number in sorted(found)]


def planned_edit(tx: Tx, place: tuple[str, str]) -> EditRow | None:
    """The edit planned for that event."""
    c = t.edit.c
    query = select(t.edit).where(c.practice == tx.practice, c.calendar == place[0], c.ref == place[1])
    row = tx.connection.execute(query).first()
    if row is None:
        return None
    annotation = annotation_from_json(row.annotation) or Annotation()
    return EditRow(row.calendar, row.ref, annotation, row.end, row.due_at, row.attempts, row.remove)


def planned(tx: Tx, booking: int) -> dict[int, datetime]:
    """message number → when the message was put into the outbox. Suppressed ones that are deleted are missing."""
    c = t.message.c
    query = select(c.id, c.created_at).where(c.practice == tx.practice, c.booking == booking)
    return {int(row.id): row.created_at for row in tx.connection.execute(query)}


def directory_changes(tx: Tx, patient: int, place: tuple[str, str]) -> list[tuple[datetime, str]]:
    """(when, field) of what that event changed in the patient's record (P4)."""
    c = t.patient_history.c
    query = select(c.at, c.field).where(
        c.practice == tx.practice, c.patient == patient, c.source == f"{place[0]} {place[1]}"
    )
    return [(at, field) for at, field in tx.connection.execute(query.order_by(c.id))]


def consents(tx: Tx, booking: int) -> list[tuple[datetime, str, str]]:
    """(when, dentist, words) of the agreements stored for that booking (P23)."""
    c = t.consent.c
    query = select(c.at, c.dentist, c.detail).where(c.practice == tx.practice, c.booking == booking, c.dentist != "")
    return [(at, dentist, detail) for at, dentist, detail in tx.connection.execute(query.order_by(c.at))]


# --- finding an event ------------------------------------------------------------------------------------------------


def occurrences(tx: Tx, *, uid: str | None = None, place: tuple[str, str] | None = None) -> list[Occurrence]:
    """The occurrences of that UID, or of that resource, in order of time."""
    c = t.occurrence.c
    clauses = [c.uid == uid] if uid is not None else []
    clauses += [c.calendar == place[0], c.ref == place[1]] if place else []
    query = select(t.occurrence).where(c.practice == tx.practice, *clauses).order_by(c.start)
    rows = tx.connection.execute(query).mappings()
    return [Occurrence(**{name: row[name] for name in Occurrence.__struct_fields__}) for row in rows]


def bookings_of(tx: Tx, uid: str) -> list[int]:
    """The numbers of that event's bookings."""
    c = t.booking.c
    return sorted(tx.connection.execute(select(c.id).where(c.practice == tx.practice, c.uid == uid)).scalars())


def every_resource(tx: Tx) -> Iterator[ResourceRow]:
    """All resources ever seen, gone or not, calendar by calendar."""
    c = t.resource.c
    query = select(c.calendar, c.ref).where(c.practice == tx.practice).order_by(c.order)
    refs: dict[str, list[str]] = {}
    for calendar, ref in tx.connection.execute(query):
        refs.setdefault(calendar, []).append(ref)
    for calendar, here in refs.items():
        for start in range(0, len(here), 400):
            yield from resources.find(tx, calendar, here[start : start + 400]).values()


def booked_names(tx: Tx) -> Iterator[tuple[int, list[str]]]:
    """(booking, words of the patient's name and the motif) of all bookings."""
    c = t.booking.c
    rows: Any = tx.connection.execute(select(c.id, c.facts).where(c.practice == tx.practice).order_by(c.id))
    for number, facts in rows:
        yield number, words(f"{facts['name']} {facts['motif'] or ''}")
