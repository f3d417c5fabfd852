"""Any number of processes share the practices of one PostgreSQL."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine, text

from sync.fleet import fleet
from sync.fleet.fleet import shard_of
from sync.store.engine import Store, Unusable
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


def test_a_copied_file_takes_no_calendar_in_a_process_that_begins_after_it(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 2)
    with street.machine() as before:
        until(lambda: len(street.homes.counts()) == 2, 60)
        street.write("anis", street.homes.urls[0])  # the file of p0, copied; only its key was changed
        with street.machine() as after:
            before.stop(signal.SIGHUP)
            until(lambda: set(after.seats) == {"p0", "p1"}, 20)
            until(lambda: all(seat.passes["done"] > 2 for seat in after.seats.values()), 60)
            assert set(before.seats) == {"p0", "p1"}
        street.write("p0", street.homes.urls[0], more="rules: {}")  # newer than its copy by now
        with street.machine() as after:
            until(lambda: set(after.seats) == {"p0", "p1"}, 20)
    with store.read() as tx:
        assert "anis" not in tx.connection.execute(text("select practice from lease where fence > 0")).scalars().all()


def test_practices_that_leave_together_are_sorted_out_once(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_out: list[str] = []

    def shard(practice: str, of: int) -> int:
        sorted_out.append(practice)
        return shard_of(practice, of)

    with street.machine() as machine:
        read_often(street, 1)
        monkeypatch.setattr(fleet, "shard_of", shard)
        left, stay = street.keys[:9], street.keys[9:]
        for key in left:
            (street.folder / f"{key}.yaml").unlink()
        machine.stop(signal.SIGHUP)
        until(lambda: set(machine.seats) == set(stay), 30)
        assert len(sorted_out) <= len(street.keys)


def test_practices_that_had_no_turn_for_long_are_closed_and_opened_anew(street: Street) -> None:
    with street.machine(replace(SHAPE, worlds=3)) as machine:
        read_often(street, 4)
        opened = [seat for seat in machine.seats.values() if seat.member.world is not None]
        assert len(opened) < 12


def test_processes_that_begin_at_once_make_the_tables_once(store: Store) -> None:
    with admin(store) as connection:
        connection.execute(text("drop database if exists fresh"))
        connection.execute(text("create database fresh"))
    url = store.url.set(database="fresh").render_as_string(hide_password=False)
    stores = [Store(url, f"p{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: (one.prepare(), one.jobs().prepare()), stores)) == [(None, None)] * 4
    with pytest.raises(Unusable, match=r"procrastinate 01\.00\.00, le programme installé attend"):
        with stores[0].write() as tx:
            tx.connection.execute(text("comment on table procrastinate_jobs is 'procrastinate 01.00.00'"))
        stores[0].jobs().prepare()
    for one in stores:
        one.close()


@contextmanager
def admin(store: Store) -> Iterator[Connection]:
    engine = create_engine(store.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
