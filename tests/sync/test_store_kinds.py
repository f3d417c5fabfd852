"""What the store refuses is of two kinds: its own trouble ends a pass, a row's own trouble ends that row (law L10)."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from sync.core.guard import kept_apart
from sync.store import keyvalue, tables
from sync.store.engine import NotStored, Overtaken, Store, StoreProblem, Tx, Unusable
from sync.worker.loop import Ending


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    store.prepare()
    return store


def twice(tx: Tx) -> None:
    for _ in range(2):
        tx.connection.execute(insert(tables.setting), {"practice": "lilas", "name": "a", "value": "DUPONT Marie"})


def nothing(tx: Tx) -> None:
    tx.connection.execute(insert(tables.setting), {"practice": "lilas", "name": "a", "value": None})


def no_text(tx: Tx) -> None:
    tx.connection.execute(text("select cast(x'ff' as text)")).all()


def strange(tx: Tx) -> None:
    tx.connection.execute(text("select :it"), {"it": {}})


ROWS: dict[str, Callable[[Tx], None]] = {
    "a key twice": twice, "a value missing": nothing, "no UTF-8": no_text, "no value of SQL": strange,
}  # fmt: skip


@pytest.mark.parametrize("what", ROWS)
def test_rows_that_are_refused_are_no_trouble_of_the_store(store: Store, what: str) -> None:
    with pytest.raises(NotStored) as refused, store.write() as tx:
        ROWS[what](tx)
    assert not isinstance(refused.value, StoreProblem)
    assert str(refused.value).startswith("La base a refusé une donnée")
    assert "DUPONT" not in str(refused.value)
    with store.write() as tx:
        keyvalue.put(tx, "b", "1")  # whoever is next is served


@pytest.mark.parametrize(
    ("written", "kept"),
    [("\ud800", Exception), (2**70, Exception)],
    ids=["half a character", "a number without end"],
)
def test_what_python_itself_cannot_hand_over_stays_with_its_row(store: Store, written: object, kept: type) -> None:
    with pytest.raises(kept) as refused, store.write() as tx:
        tx.connection.execute(text("select :it"), {"it": written})
    assert not isinstance(refused.value, StoreProblem)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("database or disk is full", "plein"),
        ("disk I/O error", "refuse l'écriture"),
        ("attempt to write a readonly database", "lecture seule"),
        ("database is locked", "occupée"),
        ("unable to open database file", "joignable"),
    ],
)
def test_trouble_of_the_store_is_everybodys(store: Store, said: str, told: str) -> None:
    def fails(_tx: Tx) -> None:
        raise_from_driver(store, sqlite3.OperationalError(said))

    with pytest.raises(Unusable, match=told), store.write() as tx:
        fails(tx)


@pytest.mark.parametrize("said", ["database disk image is malformed", "file is not a database"])
def test_a_damaged_file_is_everybodys(store: Store, said: str) -> None:
    with pytest.raises(Unusable, match="abîmé"), store.write():
        raise_from_driver(store, sqlite3.DatabaseError(said))


def raise_from_driver(store: Store, error: sqlite3.Error) -> None:
    """As SQLAlchemy hands it on."""
    from sqlalchemy.exc import DBAPIError

    raise DBAPIError.instance("insert", {}, error, sqlite3.Error, dialect=store._engine.dialect)


# --- one bad thing stays one -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [ValueError("x"), KeyError("x"), MemoryError(), RecursionError(), OSError("x"), NotStored("x")]
)
def test_a_fault_stays_in_what_was_guarded(fault: Exception) -> None:
    with kept_apart("step failed", step="judge") as fate:
        raise fault
    assert fate.failed is fault


def test_what_went_well_has_not_failed() -> None:
    with kept_apart("step failed") as fate:
        pass
    assert fate.failed is None


@pytest.mark.parametrize("end", [Unusable("x"), Overtaken(), Ending(), KeyboardInterrupt(), SystemExit(1)])
def test_the_stores_own_trouble_and_every_end_pass_through(end: BaseException) -> None:
    with pytest.raises(type(end)), kept_apart("step failed"):
        raise end
