"""What an edit costs does not grow with the years that a calendar holds: asked of a store that has many of them."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.engine import Engine

from sync.store import tables as t
from tests.office import COMPLETE, MORNING, Office, ics, make_office

EVENTS = 200_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 20_000
LONG_AGO = datetime(2020, 1, 6, 9, tzinfo=UTC)
# an index over the practice alone, or the practice's calendar alone, holds the whole history
WALK = re.compile(r"^(SCAN|SEARCH) (resource|occurrence|booking)\b(?! USING (COVERING )?INDEX \S+ \(practice=\? AND)")
OF_A_CALENDAR = re.compile(r"^SEARCH (resource|occurrence) USING (COVERING )?INDEX \S+ \(practice=\? AND calendar=\?\)")
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=8"
Asked = list[tuple[str, Any]]


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Every statement that is put to the store."""
    said: Asked = []

    def note(_connection: object, _cursor: object, sql: str, parameters: Any, *_rest: object) -> None:
        if sql.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE"}:
            said.append((sql, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def years(office: Office, events: int) -> None:
    """The calendar held as many events since 2020; each third is a visit of a series."""
    practice, calendar = office.world.practice.key, office.calendars["martin"].address
    with office.world.store.write() as tx:
        for first in range(0, events, 10_000):
            numbers = range(first, min(first + 10_000, events))
            tx.connection.execute(insert(t.resource), [_resource(practice, calendar, n) for n in numbers])
            tx.connection.execute(insert(t.occurrence), [_occurrence(practice, calendar, n) for n in numbers])


def _resource(practice: str, calendar: str, n: int) -> dict[str, Any]:
    return {
        "practice": practice, "calendar": calendar, "ref": f"old{n}.ics", "version": f'"{n}"', "payload": b"",
        "raw_hash": b"", "semantic": "known", "state": "present", "changed_at": LONG_AGO, "order": -n,
    }  # fmt: skip


def _occurrence(practice: str, calendar: str, n: int) -> dict[str, Any]:
    start = LONG_AGO + timedelta(minutes=10 * n)
    uid, recurrence = (f"series{n // 78}", f"{start:%Y%m%dT%H%M%SZ}") if n % 3 == 0 else (f"old{n}", "")
    return {
        "practice": practice, "calendar": calendar, "ref": f"old{n}.ics", "uid": uid, "recurrence": recurrence,
        "dentist": "martin", "start": start, "end": start + timedelta(minutes=10), "all_day": False,
        "lasting": False, "kind": "ignored", "order": -n,
    }  # fmt: skip


def walks(office: Office, asked: Asked) -> list[str]:
    """The statements whose cost is the length of the history."""
    found = []
    with office.world.store.read() as tx:
        for sql, parameters in list(asked):
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            found += [f"{row[3]} … {sql}" for row in plan if WALK.match(row[3]) or OF_A_CALENDAR.match(row[3])]
    return sorted(set(found))


def edited(office: Office, asked: Asked) -> int:
    """She books, moves and deletes an appointment and a series; how many statements the rounds needed."""
    asked.clear()
    office.she_books("a")
    office.passes()
    office.she_books("a", hour=11)
    office.passes()
    weekly = ics("w", "DUPONT Marie – contrôle", MORNING + timedelta(days=8, hours=6), 20, COMPLETE, WEEKLY)
    office.calendars["martin"].put("w.ics", weekly)
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes()
    return len(asked)


def test_b9_an_edit_reads_nothing_of_the_history(office: Office, asked: Asked) -> None:
    years(office, EVENTS)
    assert edited(office, asked) > 100
    assert walks(office, asked) == []


def test_b9_an_edit_needs_as_many_statements_in_a_long_history(tmp_path: Path, asked: Asked) -> None:
    needed = []
    for name, events in (("young", 0), ("old", 2_000)):
        (tmp_path / name).mkdir()
        office = make_office(tmp_path / name)
        office.passes()
        years(office, events)
        needed.append(edited(office, asked))
    assert needed[0] == needed[1]
