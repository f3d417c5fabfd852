"""Bookings and what their patients were told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update

from rules.model import Channel, Facts, Finding, MessageKind
from rules.planning import Knowledge, Row
from sync.store import basics
from sync.store import tables as t
from sync.store.codec import facts_from_json, facts_to_json, findings_from_json
from sync.store.engine import Tx

VALID, INVALID, VANISHED = "valid", "invalid", "vanished"


@dataclass(frozen=True, slots=True)
class BookingRow:
    """One booking as last judged. `vanished_at`: when it was first missed or found cancelled; `outcome` why.

    `born_here`: its patient's record was made from this very event; `updates`: what it changed in the directory (P4).
    `slots`: free times that were proposed, and for which findings, so that time alone renews none (law L2);
    `adjusted`: the length that was given to the event, and for which motif (P8, ruling 4); `attendance`: honoured,
    excused or unexcused, with the reason (P47, P48).
    """

    id: int
    calendar: str
    ref: str
    uid: str
    recurrence: str
    dentist: str
    start: datetime
    end: datetime
    patient: int | None
    state: str
    facts: Facts
    mobile: str | None
    email: str | None
    findings: tuple[Finding, ...]
    outcome: dict[str, Any] | None
    baseline: bool
    born_here: bool
    updates: tuple[str, ...]
    slots: dict[str, Any] | None
    adjusted: dict[str, Any] | None
    attendance: str | None
    attendance_reason: str | None
    created_at: datetime
    changed_at: datetime
    vanished_at: datetime | None
    released_at: datetime | None


def add(tx: Tx, **values: Any) -> int:
    """A new booking; its id."""
    number = basics.take_numbers(tx, "booking")[0]
    tx.connection.execute(insert(t.booking).values(practice=tx.practice, id=number, **values))
    return number


def change(tx: Tx, booking: int, **values: Any) -> None:
    """Set columns of one booking."""
    tx.connection.execute(
        update(t.booking).where(t.booking.c.practice == tx.practice, t.booking.c.id == booking).values(**values)
    )


def get(tx: Tx, booking: int, zone: ZoneInfo) -> BookingRow | None:
    """One booking."""
    return next(iter(_select(tx, zone, t.booking.c.id == booking)), None)


def at_place(tx: Tx, calendar: str, ref: str, zone: ZoneInfo) -> list[BookingRow]:
    """The bookings that stand, or stood last, in that resource."""
    return _select(tx, zone, t.booking.c.calendar == calendar, t.booking.c.ref == ref)


def with_uid(tx: Tx, uid: str, recurrence: str, zone: ZoneInfo) -> list[BookingRow]:
    """Bookings of that event, wherever it stands."""
    return _select(tx, zone, t.booking.c.uid == uid, t.booking.c.recurrence == recurrence)


def of_patient(tx: Tx, patient: int, zone: ZoneInfo) -> list[BookingRow]:
    """Every booking of that patient, coming and past, in order."""
    return sorted(_select(tx, zone, t.booking.c.patient == patient), key=lambda row: (row.start, row.id))


def length_stands(tx: Tx, calendar: str, ref: str, zone: ZoneInfo) -> None:
    """The length that was given stands in the calendar: from now on it is hers to change (ruling 4)."""
    for booking in at_place(tx, calendar, ref, zone):
        if booking.adjusted is not None:
            change(tx, booking.id, adjusted={**booking.adjusted, "done": True})


def vanished_of_patient(tx: Tx, patient: int, since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """That patient's bookings that vanished after `since`: one of them may have moved (G08, calcurse)."""
    c = t.booking.c
    return _select(tx, zone, c.patient == patient, c.vanished_at > since, c.outcome.is_(None))


def untold_of_patient(tx: Tx, patient: int, since: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """That patient's bookings made after `since` that stand in a calendar."""
    c = t.booking.c
    return _select(tx, zone, c.patient == patient, c.created_at >= since, c.vanished_at.is_(None))


def between(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo, dentist: str | None = None) -> list[BookingRow]:
    """Bookings that overlap that span, in order."""
    c = t.booking.c
    clauses = [c.start < end, c.end > start, *([c.dentist == dentist] if dentist else [])]
    return sorted(_select(tx, zone, *clauses), key=lambda row: (row.start, row.id))


def starting(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Bookings that begin in that span."""
    c = t.booking.c
    return _select(tx, zone, c.start >= start, c.start < end)


def vanished_since(tx: Tx, moment: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Every booking that vanished after that moment."""
    return _select(tx, zone, t.booking.c.vanished_at > moment)


def vanished_lately(tx: Tx, calendar: str, now: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """What the brake counts: vanished within the hour, still to come, not cancelled in so many words nor released."""
    c = t.booking.c
    return _select(
        tx, zone, c.calendar == calendar, c.vanished_at > now - timedelta(hours=1), c.start > now,
        c.outcome.is_(None), c.released_at.is_(None),
    )  # fmt: skip


def vanished_untold(tx: Tx, calendar: str, now: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """What a held calendar holds: vanished, still to come, not cancelled in so many words, not released."""
    c = t.booking.c
    clauses = (c.vanished_at.is_not(None), c.start > now, c.outcome.is_(None), c.released_at.is_(None))
    return _select(tx, zone, c.calendar == calendar, *clauses)


def count_future(tx: Tx, calendar: str, now: datetime) -> int:
    """How many coming bookings stand in that calendar."""
    c = t.booking.c
    query = select(func.count()).where(
        c.practice == tx.practice, c.calendar == calendar, c.start > now, c.vanished_at.is_(None)
    )
    return int(tx.connection.execute(query).scalar() or 0)


def release(tx: Tx, bookings: Iterable[int], now: datetime) -> None:
    """Approve these cancellations."""
    for booking in bookings:
        change(tx, booking, released_at=now)


def place(tx: Tx, booking: int) -> tuple[str, str] | None:
    """(calendar, ref) of that booking."""
    c = t.booking.c
    query = select(c.calendar, c.ref).where(c.practice == tx.practice, c.id == booking)
    row = tx.connection.execute(query).first()
    return (row.calendar, row.ref) if row else None


# --- what was told ---------------------------------------------------------------------------------------------------


def knowledge(tx: Tx, booking: int, zone: ZoneInfo) -> dict[tuple[int, Channel], Knowledge]:
    """What each patient of the booking knows by each channel: (patient id, channel) → knowledge.

    A refused message told nothing, but it is not tried again until its facts or its address change: see `refused`.
    """
    c = t.telling.c
    query = select(t.telling).where(c.practice == tx.practice, c.booking == booking).order_by(c.number)
    known: dict[tuple[int, Channel], Knowledge] = {}
    for row in tx.connection.execute(query):
        if row.state != "failed":
            facts = facts_from_json(row.facts, zone)
            known[(facts.patient_id, Channel(row.channel))] = _knowledge(row, facts)
    return known


def refused(tx: Tx, booking: int, zone: ZoneInfo) -> set[tuple[Channel, str, str, datetime]]:
    """(channel, recipient, kind, start) of messages that a gateway refused for good."""
    c = t.telling.c
    query = select(t.telling).where(c.practice == tx.practice, c.booking == booking, c.state == "failed")
    return {
        (Channel(row.channel), row.recipient, row.kind, facts_from_json(row.facts, zone).start)
        for row in tx.connection.execute(query)
    }


def next_number(tx: Tx, booking: int, channel: Channel) -> int:
    """The number of the next telling: it counts claims, not edits (DESIGN 1)."""
    c = t.telling.c
    query = select(func.max(c.number)).where(
        c.practice == tx.practice, c.booking == booking, c.channel == channel.value
    )
    last = tx.connection.execute(query).scalar()
    return 1 if last is None else int(last) + 1


def tell(tx: Tx, booking: int, channel: Channel, number: int, **values: Any) -> None:
    """Record a telling: kind, facts, recipient, state (`baseline`, `flight`, `told`, `failed`), at."""
    values["facts"] = facts_to_json(values["facts"])
    row = {"practice": tx.practice, "booking": booking, "channel": channel.value, "number": number}
    tx.connection.execute(insert(t.telling).values(**row, **values))


def settle(tx: Tx, booking: int, channel: Channel, number: int, state: str) -> None:
    """The result of a telling is known."""
    c = t.telling.c
    tx.connection.execute(
        update(t.telling)
        .where(c.practice == tx.practice, c.booking == booking, c.channel == channel.value, c.number == number)
        .values(state=state)
    )


def forget(tx: Tx, booking: int, channel: Channel, number: int) -> None:
    """That telling certainly did not happen."""
    c = t.telling.c
    tx.connection.execute(
        delete(t.telling).where(
            c.practice == tx.practice, c.booking == booking, c.channel == channel.value, c.number == number
        )
    )


def _knowledge(row: Any, facts: Facts) -> Knowledge:
    if row.kind == MessageKind.CANCELLATION.value:
        return Knowledge(Row.NEVER)
    state = {"baseline": Row.BASELINE, "flight": Row.IN_FLIGHT}.get(row.state, Row.TOLD)
    return Knowledge(state, facts, row.recipient, row.at)


def _select(tx: Tx, zone: ZoneInfo, *clauses: Any) -> list[BookingRow]:
    # sorted here: asked to sort by its key, SQLite walks the whole table instead of using the clause's index
    rows = tx.connection.execute(select(t.booking).where(t.booking.c.practice == tx.practice, *clauses)).mappings()
    return [_row(row, zone) for row in sorted(rows, key=lambda row: row["id"])]


def _row(row: Any, zone: ZoneInfo) -> BookingRow:
    values = {name: row[name] for name in BookingRow.__slots__}
    values["facts"] = facts_from_json(row["facts"], zone)
    values["findings"], values["updates"] = findings_from_json(row["findings"]), tuple(row["updates"])
    values["start"], values["end"] = row["start"].astimezone(zone), row["end"].astimezone(zone)
    return BookingRow(**values)
