"""What a quiet round and an edit cost does not grow with the years that a store holds: asked of one that has many."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from sync.store import tables as t
from sync.worker.one_pass import at_rest
from tests.desk import LUC, MARIE, Desk
from tests.office import COMPLETE, MORNING, Office, ics, make_office
from tests.past import OF_NOW, fill, kept, pour, visits_behind, written
from tests.procedure.waiting import LIST, ZOE, desk_with_list
from tests.work import counted, is_of_every_record, plans, quiet_round

EVENTS = 200_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 20_000
TABLES = "|".join(sorted(table.name for table in kept()))
# an index over the practice alone, or the practice's calendar alone, holds the whole history
WALK = re.compile(rf"^(SCAN|SEARCH) ({TABLES})\b(?! USING (COVERING )?INDEX \S+ \(practice=\? AND)")
OF_A_CALENDAR = re.compile(r"^SEARCH (resource|occurrence) USING (COVERING )?INDEX \S+ \(practice=\? AND calendar=\?\)")
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=8"
FEW = 3_000  # steps of SQLite: a statement about one event; of a walk, each row takes three at least
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


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What became of so many events of Dr Martin's calendar."""
    return written(tmp_path_factory.mktemp("past") / "past.db", "lilas", "memory:martin", EVENTS)


def walks(asked: Asked) -> list[str]:
    """The statements whose plan is to read the whole history."""
    found = set()
    for sql, parameters in dict(asked).items():
        for line in plans(sql, parameters):
            if WALK.match(line) or OF_A_CALENDAR.match(line) or is_of_every_record(line, sql):
                found.add(f"{line} … {sql}")
    return sorted(found)


def heavy(steps: Counter[str], most: int = FEW) -> list[str]:
    """The statements over which SQLite worked longer."""
    return [f"{count} … {sql}" for sql, count in steps.most_common() if count > most]


def edited(office: Office, asked: Asked) -> int:
    """She books, moves and deletes an appointment and a series; how many statements the rounds needed."""
    asked.clear()
    office.she_books("a")
    office.passes()
    office.she_books("a", hour=11)
    office.passes()
    office.calendars["martin"].put("w.ics", weekly())
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes()
    return len(asked)


def weekly(text: str = COMPLETE) -> bytes:
    return ics("w", "DUPONT Marie – contrôle", MORNING + timedelta(days=8, hours=6), 20, text, WEEKLY)


def test_the_past_fills_every_table_that_keeps_what_is_over(office: Office) -> None:
    with office.world.store.write() as tx:
        fill(tx, "memory:martin", 20)
    with office.world.store.read() as tx:
        for table in kept():
            assert tx.connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar_one() >= 20
    assert {*kept(), *OF_NOW} == set(t.metadata.tables.values())


def test_b9_an_edit_reads_nothing_of_the_history(office: Office, past: Path, asked: Asked) -> None:
    pour(past, office.world.store)
    with counted() as steps:
        assert edited(office, asked) > 100
    assert walks(asked) == []
    assert heavy(steps) == []


def test_b3_a_quiet_round_reads_nothing_of_the_history(office: Office, past: Path, asked: Asked) -> None:
    edited(office, asked)
    pour(past, office.world.store)
    asked.clear()
    with counted() as steps:
        assert quiet_round(office) > 10
    assert at_rest(office.world)
    assert walks(asked) == []
    assert heavy(steps) == []


@pytest.fixture
def listed(tmp_path: Path, past: Path) -> Desk:
    """A practice with a waiting list, and a calendar of its own for that, for years."""
    desk = desk_with_list(tmp_path, [MARIE, LUC, ZOE])
    pour(past, desk.office.world.store)
    return desk


def test_p44_b9_the_waiting_list_reads_nothing_of_the_history(listed: Desk, asked: Asked) -> None:
    asked.clear()
    with counted() as steps:
        listed.books("DUPONT Marie – détartrage", "Liste d'attente : le matin", at="15/12 10:00")
        listed.books("PETIT Zoé – contrôle", "le matin", dentist=LIST, at="15/12 11:00")
        freed = listed.books("MOREAU Luc – détartrage", at="01/12 10:00")
        listed.waits(minutes=1)
        freed.deletes()
        listed.waits(minutes=1)
        listed.waits(minutes=1)
    assert walks(asked) == []
    assert heavy(steps) == []


def test_p44_b3_a_quiet_round_of_a_practice_with_a_waiting_list_reads_nothing_of_it(listed: Desk, asked: Asked) -> None:
    asked.clear()
    with counted() as steps:
        quiet_round(listed.office)
    assert at_rest(listed.office.world)
    assert walks(asked) == []
    assert heavy(steps) == []


def test_b9_many_edits_at_once_read_nothing_of_the_history(office: Office, past: Path, asked: Asked) -> None:
    """Each is read by its key, however long the list of keys is."""
    pour(past, office.world.store)
    for n in range(300):
        start = MORNING + timedelta(days=7 + n // 20, minutes=20 * (n % 20))
        office.calendars["martin"].put(f"m{n}.ics", ics(f"m{n}", f"DURAND{n} Paul – contrôle", start, 20, COMPLETE))
    asked.clear()
    office.passes()
    assert walks(asked) == []


def test_b9_an_edit_and_a_quiet_round_need_as_many_statements_in_a_long_history(tmp_path: Path, asked: Asked) -> None:
    needed = []
    for name, rows in (("young", 0), ("old", 2_000)):
        (tmp_path / name).mkdir()
        office = make_office(tmp_path / name)
        office.passes()
        with office.world.store.write() as tx:
            fill(tx, "memory:martin", rows)
        needed.append((edited(office, asked), quiet_round(office)))
    assert needed[0] == needed[1]


def test_b9_an_edit_of_a_series_needs_as_many_statements_with_four_years_behind_it(
    tmp_path: Path, asked: Asked
) -> None:
    needed = []
    for visits in (0, 200):
        (tmp_path / f"{visits}").mkdir()
        office = make_office(tmp_path / f"{visits}")
        office.passes()
        office.calendars["martin"].put("w.ics", weekly())
        office.passes()
        with office.world.store.write() as tx:
            visits_behind(tx, "memory:martin", "w", visits)
        asked.clear()
        office.calendars["martin"].put("w.ics", weekly(f"{COMPLETE}\nVient avec sa fille"))
        office.passes()
        office.calendars["martin"].delete("w.ics")
        office.passes()
        needed.append(len(asked))
    assert needed[0] == needed[1]
