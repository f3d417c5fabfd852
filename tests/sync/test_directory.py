"""The directory: who is found, how fast, and what merging does (P3, P5)."""

import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from rules.model import Channel, Patient
from rules.patients.clues import Clues, search_term
from sync.store import nameindex, patients
from sync.store.engine import Store
from tests.sync.conftest import MORNING, ics

if TYPE_CHECKING:
    from conftest import Office

GIVEN = ("Marie", "Anne", "Luc", "Paul", "Jeanne")


def filled(office: "Office", count: int) -> Store:
    """A directory of that many people: few first names, many family names."""
    with office.world.store.write() as tx:
        for number in range(count):
            family = "".join("bcdfghjklm"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:04}")
            born = date(1950, 1, 1) + timedelta(days=number)
            patients.save(tx, Patient(family.title(), GIVEN[number % 5], birth_date=born), MORNING, "import")
    return office.world.store


def add(office: "Office", *people: Patient) -> list[int]:
    with office.world.store.write() as tx:
        return [patients.save(tx, one, MORNING, "import") for one in people]


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Every question put to the store."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        said.append(sql)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def nearest(store: Store, name: str) -> list[str]:
    with store.read() as tx:
        return [one.name for one in patients.nearest(tx, name)]


def test_p03_near_names_are_found_without_reading_the_directory_again(office: "Office", asked: list[str]) -> None:
    store = filled(office, 300)
    nearest(store, "bababebe marie")
    asked.clear()
    assert len(nearest(store, "bababacu marie")) == 3
    names = [sql for sql in asked if "patient_name" in sql]
    assert (len(asked) <= 8, names) == (True, [])


def test_p03_what_another_process_changed_is_seen(office: "Office") -> None:
    store = filled(office, 20)
    other = Store(str(store.url), "lilas")
    assert nearest(store, "zorglub anne") == []
    with other.write() as tx:
        number = patients.save(tx, Patient("Zorglub", "Anne"), MORNING, "import")
    assert nearest(store, "zorglub anna") == ["ZORGLUB Anne"]
    with other.write() as tx:
        patients.save(tx, Patient("Quillevere", "Anne", number), MORNING, "import")
    assert nearest(store, "zorglub anna") == []
    assert nearest(store, "quilevere anne") == ["QUILLEVERE Anne"]
    other.close()


def test_p03_a_change_that_is_rolled_back_was_never_there(office: "Office") -> None:
    store = filled(office, 5)
    nearest(store, "zorglub anne")
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        patients.save(tx, Patient("Zorglub", "Anne"), MORNING, "import")
        assert [one.name for one in patients.nearest(tx, "zorglub anne")] == ["ZORGLUB Anne"]
        raise ZeroDivisionError
    add(office, Patient("Quillevere", "Jeanne"))
    assert nearest(store, "zorglub anne") == []
    assert nearest(store, "quillevere jeane") == ["QUILLEVERE Jeanne"]


def test_p03_what_is_rolled_back_after_a_part_of_it_failed_was_never_there(office: "Office") -> None:
    store = filled(office, 5)
    nearest(store, "zorglub anne")
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        patients.save(tx, Patient("Zorglub", "Anne"), MORNING, "import")
        with pytest.raises(ValueError), tx.part():
            patients.save(tx, Patient("Tartempion", "Luc"), MORNING, "import")
            assert [one.name for one in patients.nearest(tx, "tartempion luc")] == ["TARTEMPION Luc"]
            raise ValueError
        assert patients.nearest(tx, "tartempion luc") == ()
        assert [one.name for one in patients.nearest(tx, "zorglub anne")] == ["ZORGLUB Anne"]
        raise ZeroDivisionError
    add(office, Patient("Quillevere", "Jeanne"))
    assert nearest(store, "quillevere jeane") == ["QUILLEVERE Jeanne"]


def test_p03_a_renamed_record_is_found_by_its_new_name_only_and_namesakes_keep_their_order(office: "Office") -> None:
    numbers = add(office, Patient("Garnier", "Anne"), Patient("Garnier", "Anne"), Patient("Garnier", "Anne"))
    nearest(office.world.store, "garnier anne")
    with office.world.store.write() as tx:
        patients.save(tx, Patient("Zorglub", "Anne", numbers[0]), MORNING, "import")
        late = patients.save(tx, Patient("Garnier", "Anne"), MORNING, "import")
        patients.save(tx, Patient("Garnier", "Anne", numbers[1], mobile="+33612345678"), MORNING, "import")
        found = [one.id for one in patients.nearest(tx, "garnier anne", 9)]
        assert (found, nameindex.nearest(tx, "garnier anne", 1)) == ([*numbers[1:], late], [numbers[1]])
        assert [one.id for one in patients.nearest(tx, "zorglub anne")] == [numbers[0]]
    with office.world.store.read() as tx:
        assert [one.id for one in patients.nearest(tx, "garnier anne", 9)] == [*numbers[1:], late]


def whole_readings(asked: list[str]) -> int:
    """How often all names were read."""
    return sum("patient_name" in sql and "GROUP BY" in sql and " IN " not in sql for sql in asked)


def test_p03_a_process_that_changes_before_it_asks_reads_all_names_once_more_and_never_again(
    office: "Office", asked: list[str]
) -> None:
    filled(office, 30)
    store = Store(str(office.world.store.url), "lilas")  # as a worker started anew
    read = []
    for number in range(4):
        asked.clear()
        with store.write() as tx:
            patients.save(tx, Patient("Zorglub", GIVEN[number]), MORNING, "import")
            assert patients.nearest(tx, f"zorglub {GIVEN[number].lower()}", 1)[0].given_name == GIVEN[number]
        read.append(whole_readings(asked))
    store.close()
    assert read == [1, 1, 0, 0]


def test_p03_a_change_costs_the_same_whatever_the_directory_holds(office: "Office") -> None:
    def taken(change: int) -> int:
        """The most memory that a transaction takes which changes one record."""
        nearest(office.world.store, "zorglub anne")
        tracemalloc.start()
        add(office, Patient("Zorglub", GIVEN[change]))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    filled(office, 100)
    taken(0)
    small = taken(1)
    filled(office, 3000)
    assert taken(2) < small + 20_000


def test_p03_what_a_transaction_changes_it_finds_so_itself(office: "Office") -> None:
    with office.world.store.write() as tx:

        def found() -> tuple[Patient, ...]:
            return patients.candidates(tx, Clues(names=("dupont", "martin")))

        marie = patients.save(tx, Patient("Dupont", "Marie"), MORNING, "import")
        assert [one.id for one in found()] == [marie]
        zoe = patients.save(tx, Patient("Dupont", "Zoé"), MORNING, "import")
        assert [one.id for one in found()] == [marie, zoe]
        patients.save(tx, Patient("Martin", "Zoé", zoe, mobile="+33612345678"), MORNING, "import")
        assert [(one.family_name, one.mobile) for one in found()] == [("Dupont", None), ("Martin", "+33612345678")]
        patients.save(tx, Patient("Lebrun", "Zoé", zoe), MORNING, "import")
        assert [one.id for one in found()] == [marie]
        patients.set_unwanted(tx, marie, {Channel.SMS: MORNING}, MORNING)
        assert [one.no_sms_since for one in found()] == [MORNING]


def test_p03_an_erased_directory_is_forgotten(office: "Office") -> None:
    store = filled(office, 5)
    [number] = add(office, Patient("Zorglub", "Anne"))
    assert nearest(store, "zorglub anne") == ["ZORGLUB Anne"]
    with store.write() as tx:
        tx.connection.exec_driver_sql(f"DELETE FROM patient WHERE id = {number}")
        nameindex.erased(tx)
    assert nearest(store, "zorglub anne") == []


@pytest.mark.parametrize(
    "clue",
    [
        Clues(names=("marie",), mobiles=("+33612345678",)),
        Clues(names=("marie",), birth_dates=(date(1899, 5, 12),)),
        Clues(names=("marie",), emails=("anne@orange.fr",)),
        Clues(names=("legoff", "marie")),
        Clues(names=("goff", "marie")),
    ],
)
def test_p03_among_very_many_namesakes_the_right_one_is_never_lost(office: "Office", clue: Clues) -> None:
    with office.world.store.write() as tx:
        for number in range(450):
            patients.save(tx, Patient(f"B{number}", "Marie"), MORNING, "import")
    [number] = add(
        office, Patient("Le Goff", "Marie", birth_date=date(1899, 5, 12), mobile="+33612345678", email="anne@orange.fr")
    )
    with office.world.store.read() as tx:
        found = patients.candidates(tx, clue)
    assert number in {one.id for one in found}
    assert len(found) <= 201


@pytest.mark.parametrize("term", ["garnier", "Garnier Hélène", "helene garnier", "06 34 56 78 91", "30/09/1990"])
def test_p03_search_finds_by_name_phone_or_birth_date(office: "Office", term: str) -> None:
    filled(office, 30)
    [number] = add(office, Patient("Garnier", "Hélène", birth_date=date(1990, 9, 30), mobile="+33634567891"))
    with office.world.store.read() as tx:
        assert [one.id for one in patients.candidates(tx, search_term(term))] == [number]


def test_p05_a_typo_creates_nobody_and_the_right_one_is_proposed(office: "Office") -> None:
    add(office, Patient("Garnier", "Hélène", birth_date=date(1990, 9, 30), dentist="martin"))
    text = "Né(e) le : 30/09/1990\nMobile : 06 34 56 78 91\nE-mail : h@example.org\nAdresse : 3 rue Verte, 75011 Paris"
    office.calendars["martin"].put("g.ics", ics("g", "GARNER Hélène – contrôle", MORNING + timedelta(days=7), 20, text))
    office.passes()
    with office.world.store.read() as tx:
        assert len(patients.every(tx)) == 1
    assert "n'est pas dans le fichier" in office.block("g")
    assert "GARNIER Hélène, né(e) le 30/09/1990" in office.block("g")
    assert office.sms.sent == []
