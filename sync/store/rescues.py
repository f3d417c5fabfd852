"""Other dates of the same dentist, proposed to patients whose appointments lie in a leave: once for each leave and
booking, with the answers (P24)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import insert, select, update

from sync.store import counters
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import AnswerState
from sync.store.tx import here, those

_c = t.rescue.c
_OF_LEAVE = select(t.rescue).where(*here(t.rescue, "calendar", "uid"))
_OF_BOOKING = select(t.rescue).where(*here(t.rescue, "booking"))
# Without a clause on the calendar: with one, SQLite scans the calendar instead of using the index on the UID. With a
# column that stands in no index: without it, SQLite scans the index that has all columns.
_o = t.occurrence.c
_STAND = select(_o.calendar, _o.ref, _o.order).where(*here(t.occurrence), those(_o.uid))
_ADD = insert(t.rescue)


class RescueRow(Struct, frozen=True):
    """One proposal. `calendar`, `uid`: the leave. `start`: when the appointment was, in the practice's zone. `stands`:
    she still wants it; `at_prompt`: asked for by the command, not typed into the leave. The other times are UTC."""

    id: int
    calendar: str
    uid: str
    booking: int
    start: datetime
    stands: bool
    at_prompt: bool
    asked_at: datetime
    answer: AnswerState | None
    answered_at: datetime | None


def of_leave(tx: Tx, calendar: str, uid: str, zone: ZoneInfo) -> list[RescueRow]:
    """The proposals because of that leave, oldest first."""
    return _read(tx.run(_OF_LEAVE, the_calendar=calendar, the_uid=uid).mappings(), zone)


def of_booking(tx: Tx, booking: int, zone: ZoneInfo) -> list[RescueRow]:
    """The proposals to that booking's patient, oldest first."""
    return _read(tx.run(_OF_BOOKING, the_booking=booking).mappings(), zone)


def leaves_of(tx: Tx, booking: int) -> set[tuple[str, str]]:
    """(calendar, ref) of the absences because of which that booking's patient was asked."""
    because = tx.run(_OF_BOOKING, the_booking=booking).all()  # whole rows: for fewer columns, SQLite walks an index
    if not because:
        return set()
    calendars = {row.calendar for row in because}
    found = tx.run(_STAND, those_uid=list({row.uid for row in because}))
    return {(row.calendar, row.ref) for row in found if row.calendar in calendars}


def add(tx: Tx, leave: tuple[str, str], booking: int, start: datetime, now: datetime, *, at_prompt: bool) -> int:
    """Store a proposal because of that leave (calendar, uid). Returns its number."""
    number = counters.take_numbers(tx, "rescue")[0]
    row = {
        "id": number, "calendar": leave[0], "uid": leave[1], "booking": booking, "start": start, "stands": True,
        "at_prompt": at_prompt, "asked_at": now,
    }  # fmt: skip
    tx.add(_ADD, [row])
    return number


def note(tx: Tx, number: int, *, stands: bool) -> None:
    """Store whether she still wants it asked."""
    tx.connection.execute(update(t.rescue).where(*_one(tx, number)).values(stands=stands))


def refuse(tx: Tx, number: int, now: datetime) -> bool:
    """The patient wants none of these dates. Returns whether it is their first answer."""
    values = {"answer": AnswerState.REFUSED, "answered_at": now}
    done = tx.connection.execute(update(t.rescue).where(*_one(tx, number), _c.answer.is_(None)).values(**values))
    return done.rowcount == 1


def _one(tx: Tx, number: int) -> tuple[Any, ...]:
    return _c.practice == tx.practice, _c.id == number


def _read(rows: Any, zone: ZoneInfo) -> list[RescueRow]:
    return sorted((_row(row, zone) for row in rows), key=lambda one: one.id)


def _row(row: Any, zone: ZoneInfo) -> RescueRow:
    values = {name: row[name] for name in RescueRow.__struct_fields__}
    values["start"] = values["start"].astimezone(zone)
    values["answer"] = AnswerState(values["answer"]) if values["answer"] else None
    return RescueRow(**values)
