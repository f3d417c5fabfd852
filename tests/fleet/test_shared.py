"""Any number of processes share the practices of one PostgreSQL."""

from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from sync.store.engine import Store
from tests.fleet.street import SHAPE, Street
from tests.working import until


@pytest.fixture
def street(store: Store, tmp_path: Path) -> Street:
    return Street(tmp_path / "practices", store, 12)


def jobs(store: Store) -> int:
    with store.read() as tx:
        return int(tx.connection.execute(text("select count(*) from procrastinate_jobs")).scalar_one())


def held_by(store: Store, holder: str) -> int:
    with store.read() as tx:
        held = text("select count(*) from lease where holder = :holder")
        return int(tx.connection.execute(held, {"holder": holder}).scalar_one())


def read_often(street: Street, times: int) -> None:
    until(lambda: len(street.homes.asked) == 12 and min(street.homes.counts().values()) >= times, 60)


def test_three_processes_read_every_calendar_and_none_is_read_by_two_at_once(street: Street) -> None:
    street.homes.slow = 0.05
    with street.machine() as first, street.machine() as second, street.machine() as third:
        read_often(street, 8)
        took = [{key for key, seat in one.seats.items() if seat.passes["done"]} for one in (first, second, third)]
        assert all(took)
        assert set.union(*took) == set(street.keys)
    for times in street.homes.asked.values():
        assert all(ended <= begun for (_, ended), (begun, _) in pairwise(times))
    assert jobs(street.store) <= SHAPE.shards + len(street.keys)


def test_i07_without_notifications_the_work_is_found_by_looking(street: Street) -> None:
    with street.machine(replace(SHAPE, listens=False)):
        read_often(street, 3)


def test_processes_with_different_shards_are_safe(street: Street) -> None:
    street.homes.slow = 0.05
    with street.machine(), street.machine(replace(SHAPE, shards=5)):
        read_often(street, 6)
    for times in street.homes.asked.values():
        assert all(ended <= begun for (_, ended), (begun, _) in pairwise(times))


def test_who_ends_gives_its_leases_back_and_the_others_go_on_at_once(street: Street) -> None:
    with street.machine() as first:
        read_often(street, 1)
        with street.machine():
            holder = first.fleet.leases.holder
            first.ends()
            assert held_by(street.store, holder) == 0
            before = street.homes.counts()
            until(lambda: all(count > before[path] for path, count in street.homes.counts().items()), 60)
