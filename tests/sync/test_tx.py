"""What is written later is there for whoever looks, and gone with its transaction; one bad event undoes no other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from sync.evaluate import evaluate
from sync.store import counters, keyvalue, tables
from sync.store.engine import Store, Tx
from sync.store.tx import here

if TYPE_CHECKING:
    from conftest import Office

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ADD = insert(tables.setting)
SET = update(tables.setting).where(*here(tables.setting, "name"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    store.prepare()
    return store


def read(tx: Tx, name: str) -> str | None:
    return keyvalue.get(tx, name)


def test_a_row_that_waits_is_seen_by_who_reads_its_table(store: Store) -> None:
    with store.write() as tx:
        tx.later(ADD, {"name": "a", "value": "1"})
        assert read(tx, "a") == "1"
        tx.later(SET, {"the_name": "a", "value": "2"})
        assert read(tx, "a") == "2"


def test_a_row_that_waits_is_written_before_any_other_statement(store: Store) -> None:
    with store.write() as tx:
        tx.later(ADD, {"name": "a", "value": "1"})
        assert tx.connection.execute(select(tables.setting.c.value)).scalars().all() == ["1"]


def test_a_row_that_waits_stands_when_the_transaction_ended_well(store: Store) -> None:
    with store.write() as tx:
        tx.later(ADD, {"name": "a", "value": "1"})
    with store.read() as tx:
        assert read(tx, "a") == "1"


def test_a_row_that_waits_is_gone_with_its_transaction(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as tx:
        tx.later(ADD, {"name": "a", "value": "1"})
        raise RuntimeError
    with store.read() as tx:
        assert read(tx, "a") is None


def test_of_rows_with_one_key_the_last_counts(store: Store) -> None:
    with store.write() as tx:
        keyvalue.put(tx, "a", "0")
        for value in "123":
            tx.later(SET, {"the_name": "a", "value": value}, "a")
    with store.read() as tx:
        assert read(tx, "a") == "3"


def test_numbers_go_on_where_the_last_transaction_ended(store: Store) -> None:
    with store.write() as tx:
        assert [counters.take_numbers(tx, "x")[0] for _ in range(3)] == [1, 2, 3]
        assert list(counters.take_numbers(tx, "x", 2)) == [4, 5]
    with store.write() as tx:
        assert counters.take_numbers(tx, "x")[0] == 6


def test_l10_of_many_events_judged_together_one_that_breaks_leaves_the_others_judged(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    of_one = evaluate.evaluate_resource

    def breaks(world: Any, tx: Any, source: Any, row: Any, *entries: Any, **how: Any) -> None:
        of_one(world, tx, source, row, *entries, **how)
        if row.ref == "c.ics":
            raise ZeroDivisionError

    for number, name in enumerate("abcde"):
        office.she_books(name, hour=9 + number)
    monkeypatch.setattr(evaluate, "evaluate_resource", breaks)
    office.passes(later=timedelta(minutes=5))
    with office.world.store.read() as tx:
        booked: dict[str, Any] = {row.ref: row.dirty_at for row in tx.connection.execute(select(tables.resource))}
        stand = set(tx.connection.execute(select(tables.booking.c.ref)).scalars())
    assert {"a.ics", "b.ics", "d.ics", "e.ics"} <= stand
    assert "c.ics" not in stand
    waiting = {ref for ref, dirty in booked.items() if dirty is not None}
    assert waiting == {"c.ics"}  # it is tried again


def test_what_was_read_ahead_is_read_anew_once_a_text_changes(store: Store) -> None:
    with store.write() as tx:
        keyvalue.put(tx, "gateway:sms", "one")
        keyvalue.expect(tx, ["gateway:", "fault:"])
        assert keyvalue.starting_with(tx, "gateway:") == {"gateway:sms": "one"}
        assert keyvalue.starting_with(tx, "gateway:e") == {}
        assert keyvalue.get(tx, "gateway:email") is None
        keyvalue.put(tx, "gateway:email", "two")
        assert keyvalue.get(tx, "gateway:email") == "two"
        keyvalue.expect(tx, ["gateway:"])
        keyvalue.drop(tx, "gateway:sms")
        assert keyvalue.starting_with(tx, "gateway:") == {"gateway:email": "two"}
