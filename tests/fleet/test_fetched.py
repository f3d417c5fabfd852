"""A connection by which jobs are taken is ended while one of them takes long: the others are worked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync.fleet.fleet import Fleet
from sync.store.engine import Store
from tests.backups import superuser_at
from tests.fleet.street import SHAPE, Street
from tests.fleet.test_woken import clicks
from tests.working import until

CUT = """
create sequence cuts;
create function cuts() returns trigger language plpgsql as $$ begin
    if nextval('cuts') = 1 then
        raise exception using errcode = '57P01', message = 'terminating connection due to administrator command';
    end if;
    return new;
end $$;
create trigger cuts before update on {table} for each row execute function cuts();
grant usage on sequence cuts to public;
"""
HEALED = "drop trigger cuts on {table}; drop function cuts; drop sequence cuts;"


def does(store: Store, sql: str) -> int:
    engine = superuser_at(store.url)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(sql)
        number = int(found.scalar_one()) if found.returns_rows else 0
    engine.dispose()
    return number


@contextmanager
def cut_once(store: Store, table: str) -> Iterator[None]:
    """An administrator ends a connection just where a row there is written, and it was noticed."""
    does(store, CUT.format(table=table))
    try:
        until(lambda: does(store, "select last_value from cuts") > 1, 30)
        yield
    finally:
        does(store, HEALED.format(table=table))


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The job of p0 began; its end."""
    begun, end, really = threading.Event(), threading.Event(), Fleet.work

    def work(self: Fleet, practice: str) -> None:
        if practice == "p0":
            begun.set()
            end.wait(120)
        really(self, practice)

    monkeypatch.setattr(Fleet, "work", work)
    return begun, end


@pytest.mark.parametrize(
    "table", ["procrastinate_jobs", "procrastinate_workers"]
)  # a job is fetched, a heartbeat noted
def test_l10_one_connection_that_ends_has_nobody_wait_for_a_long_turn(
    store: Store, tmp_path: Path, long: tuple[threading.Event, threading.Event], table: str
) -> None:
    street, (begun, end) = Street(tmp_path / "practices", store, 4), long
    others = street.homes.paths[1:]
    with street.machine(SHAPE) as machine:
        try:
            until(lambda: len(machine.seats) == 4 and all(seat.passes["done"] for seat in machine.seats.values()), 60)
            until(lambda: begun.is_set() or clicks(street, "p0"), 30)
            with cut_once(store, table):
                for _ in range(3):
                    before = street.homes.counts()
                    until(lambda before=before: all(street.homes.counts()[one] > before[one] for one in others), 30)
        finally:
            end.set()
