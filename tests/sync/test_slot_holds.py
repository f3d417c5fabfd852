"""A time that two patients choose at the same moment is kept for one of them, on both kinds of database (P44)."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rules.model import Slot
from sync.store import slot_holds
from sync.store.engine import Store
from tests.office import MORNING

NINE, HALF = MORNING + timedelta(days=1), timedelta(minutes=30)
TWO_MINUTES = timedelta(minutes=2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    made.prepare()
    return made


def takes(store: Store, booking: int, start: datetime = NINE, *, now: datetime = MORNING, dentist: str = "m") -> bool:
    with store.write() as tx:
        return slot_holds.take(tx, Slot(dentist, start, start + HALF), booking, now)


def test_p44_a_part_of_it_is_enough_to_be_in_the_way(store: Store) -> None:
    assert takes(store, 1)
    assert not takes(store, 2, NINE + timedelta(minutes=25))
    assert not takes(store, 2, NINE - timedelta(minutes=25))
    assert takes(store, 2, NINE + HALF)
    assert takes(store, 3, dentist="b")


def test_p44_after_two_minutes_it_is_free_again_and_who_comes_back_keeps_it(store: Store) -> None:
    assert takes(store, 1)
    assert takes(store, 1, now=MORNING + TWO_MINUTES - timedelta(seconds=1))
    assert not takes(store, 2, now=MORNING + TWO_MINUTES)
    assert takes(store, 2, now=MORNING + 2 * TWO_MINUTES)
    assert not takes(store, 1, now=MORNING + 2 * TWO_MINUTES)


def test_p44_a_second_choice_gives_back_the_first(store: Store) -> None:
    assert takes(store, 1)
    assert takes(store, 1, NINE + 2 * HALF)
    assert takes(store, 2)
    with store.read() as tx:
        kept = slot_holds.kept(tx, "m", MORNING, but=2)
    assert {one.start for one in kept} == {NINE + 2 * HALF + n * timedelta(minutes=5) for n in range(6)}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_p44_five_at_once_and_one_has_it(kind: str, store: Store, request: pytest.FixtureRequest) -> None:
    if kind == "postgresql":
        store = Store(request.getfixturevalue("postgresql"), "lilas-holds")
        store.prepare()
    for turn in range(20):
        assert at_once(store, range(turn * 5 + 1, turn * 5 + 6), NINE + turn * HALF) == 1
    store.close()


def at_once(store: Store, bookings: range, start: datetime) -> int:
    """How many of these have it, all choosing at the same moment."""
    got: list[int] = []
    gate = threading.Barrier(len(bookings))

    def chooses(booking: int) -> None:
        gate.wait()
        if takes(store, booking, start):
            got.append(booking)

    hands = [threading.Thread(target=chooses, args=(booking,)) for booking in bookings]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    return len(got)
