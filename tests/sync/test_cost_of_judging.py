"""Judging one event costs the same in a small practice and in a big one: no statement walks a whole table."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.desk import LUC, MARIE, make_desk
from tests.past import fill
from tests.work import counted, is_of_every_record, plans

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
# everything that one dentist ever had
EVER = re.compile(r"^SEARCH occurrence USING INDEX \S+ \(practice=\? AND dentist=\?( AND lasting=\?)?\)")
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


def walks(asked: Asked) -> list[str]:
    """The statements that read a big table from end to end."""
    found = set()
    for sql, parameters in dict(asked).items():
        for line in plans(sql, parameters):
            if WALK.match(line) or EVER.match(line) or is_of_every_record(line, sql):
                found.add(f"{line} … {sql.partition('WHERE')[2]}")
    return sorted(found)


def test_b3_a_changed_event_is_judged_without_walking_a_table(office: "Office", asked: Asked) -> None:
    office.she_books("a")
    office.passes()
    office.she_books("a", hour=11)
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes()
    assert len(asked) > 100
    assert walks(asked) == []


def test_b3_free_times_are_looked_for_without_walking_a_table(tmp_path: Path, asked: Asked) -> None:
    desk = make_desk(tmp_path, known=[MARIE, LUC])
    desk.books("DUPONT Marie – détartrage")
    desk.keeps_days("Congés", "02/12", "04/12")
    asked.clear()
    conflict = desk.books("MOREAU Luc – contrôle", at="01/12 10:10", minutes=20)
    elsewhere = desk.books("MOREAU Luc – douleur", at="03/12 10:00", minutes=20, dentist="bernard")
    assert len(conflict.proposed) == 5
    assert elsewhere.proposed[0].endswith("Dr Claire Martin")
    looked_for = [sql for sql, _ in asked if "occurrence.lasting" in sql and "occurrence.label" in sql]
    assert len(looked_for) >= 4
    assert walks(asked) == []
    desk.waits(hours=1)


def test_b3_who_answers_for_a_child_is_looked_up_without_walking_a_table(tmp_path: Path, asked: Asked) -> None:
    tom = replace(LUC, given_name="Tom", birth_date=date(2016, 2, 3), mobile=None)
    ines = replace(tom, given_name="Inès", guardian="Élodie Moreau", guardian_mobile="+33611223344")
    desk = make_desk(tmp_path, known=[ines, tom])
    asked.clear()
    assert desk.books("MOREAU Tom – contrôle", "Responsable : Élodie Moreau", minutes=20).confirmed
    assert [sql for sql, _ in asked if "guardian IS NOT NULL" in sql]
    assert walks(asked) == []


def test_b3_namesakes_are_read_without_reading_the_directory(tmp_path: Path, asked: Asked) -> None:
    names = ("Anne", "Luc", "Paul", "Zoé")
    namesakes = [replace(MARIE, given_name=name, mobile=None, email=None) for name in names]
    desk = make_desk(tmp_path, known=[MARIE, *namesakes])
    with desk.office.world.store.write() as tx:
        fill(tx, desk.office.calendars["martin"].address, 20_000)
    asked.clear()
    with counted() as steps:
        assert desk.books("DUPONT Marie – détartrage").confirmed
    assert walks(asked) == []
    assert [sql for sql, count in steps.items() if count > 3_000] == []


def test_b3_free_times_are_not_looked_for_again(tmp_path: Path, asked: Asked) -> None:
    desk = make_desk(tmp_path, known=[MARIE, LUC])
    desk.books("DUPONT Marie – détartrage", at="01/12 10:00")
    desk.books("MOREAU Luc – contrôle", at="01/12 10:10", minutes=20)
    asked.clear()
    desk.books("Réunion", at="01/12 10:00", minutes=60)  # both are judged again
    several = [sql for sql, _ in asked if "occurrence.dentist IN" in sql]
    asked.clear()
    desk.waits(hours=1)
    assert [sql for sql, _ in asked if "occurrence.dentist IN" in sql] == []
    assert len(several) <= 8  # both have a new conflict, twice: before and after the meeting was read


def test_a_walk_is_noticed(office: "Office", asked: Asked) -> None:
    with office.world.store.read() as tx:
        tx.connection.exec_driver_sql("SELECT * FROM booking WHERE practice = 'lilas' ORDER BY id")
    assert len(walks(asked)) == 1
