"""Whose time is taken is the same whether one asks for many times at once or for each by itself
(docs/benchmark.md B1)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import CalendarEvent, Kind
from sync.store import occurrences
from sync.store.engine import Store, Tx
from sync.store.tx import TransactionCache

BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DENTISTS = st.sampled_from(["martin", "bernard"])
MOMENTS = st.integers(0, 400).map(lambda quarters: BEGIN + timedelta(minutes=15 * quarters))
SPANS = st.tuples(DENTISTS, MOMENTS, st.integers(1, 300)).map(
    lambda one: (one[0], one[1], one[1] + timedelta(minutes=15 * one[2]))
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("taken")
    store = Store(f"sqlite:///{path / 'cabinet.db'}", "lilas")
    store.prepare()
    yield store
    store.close()


def stand(tx: Tx, spans: list[occurrences.Taken]) -> None:
    rows = [
        occurrences.row(
            tx.practice, ("a", f"{n}.ics"), dentist, CalendarEvent(f"u{n}", start, end), Kind.BLOCK, order=n
        )
        for n, (dentist, start, end) in enumerate(spans)
    ]
    occurrences.add_all(tx, rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SPANS, max_size=12), st.lists(SPANS, min_size=1, max_size=45), st.sets(st.integers(0, 11), max_size=5))
def test_many_times_at_once_are_each_what_it_is_alone(
    store: Store, standing: list[occurrences.Taken], asked: list[occurrences.Taken], judged: set[int]
) -> None:
    with pytest.raises(StopIteration), store.write() as tx:
        stand(tx, standing)
        occurrences.expect_busy(tx, asked)
        for n in judged & set(range(len(standing))):  # found out meanwhile, and not written yet
            found = {"kind": "booking" if n % 2 else "ignored", "label": "DUPONT", "booking": n, "patient": 1}
            occurrences.evaluated(tx, ("a", f"{n}.ics"), f"u{n}", "", **found, motif="Contrôle")
        together = [occurrences.busy(tx, *span) for span in asked]
        tx.cache = TransactionCache()
        tx.flush()
        assert [set(one) for one in together] == [set(occurrences.busy(tx, *span)) for span in asked]
        raise StopIteration  # nothing stays


def test_what_comes_to_stand_meanwhile_is_seen(store: Store) -> None:
    with store.write() as tx:
        span = ("martin", BEGIN, BEGIN + timedelta(minutes=30))
        occurrences.expect_busy(tx, [span])
        assert occurrences.busy(tx, *span) == ()
        stand(tx, [span])
        assert [one.uid for one in occurrences.busy(tx, *span)] == ["u0"]
