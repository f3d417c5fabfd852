"""Judging one event costs the same in a small practice and in a big one: no statement walks a whole table."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

if TYPE_CHECKING:
    from conftest import Office

BIG = (
    "booking",
    "occurrence",
    "resource",
    "message",
    "telling",
    "patient",
    "patient_name",
    "patient_history",
    "journal",
)
WALK = re.compile(rf"^(SCAN|SEARCH) (?P<table>{'|'.join(BIG)})\b(?! USING (COVERING )?INDEX \S+ \(practice=\? AND)")
Asked = list[tuple[str, Any]]


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Every question that is put to the store."""
    said: Asked = []

    def note(_connection: object, _cursor: object, sql: str, parameters: Any, *_rest: object) -> None:
        if sql.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE"}:
            said.append((sql, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def walks(office: "Office", asked: Asked) -> list[str]:
    """The statements that read a big table from end to end."""
    found = []
    with office.world.store.read() as tx:
        for sql, parameters in list(asked):
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            found += [f"{row[3]} … {sql.partition('WHERE')[2]}" for row in plan if WALK.match(row[3])]
    return sorted(set(found))


def test_b3_a_changed_event_is_judged_without_walking_a_table(office: "Office", asked: Asked) -> None:
    office.she_books("a")
    office.passes()
    office.she_books("a", hour=11)
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes()
    assert len(asked) > 100
    assert walks(office, asked) == []


def test_a_walk_is_noticed(office: "Office", asked: Asked) -> None:
    with office.world.store.read() as tx:
        tx.connection.exec_driver_sql("SELECT * FROM booking WHERE practice = 'lilas' ORDER BY id")
    assert len(walks(office, asked)) == 1
