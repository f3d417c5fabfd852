"""Calendars before work, work beside them, and no more practices at once than was asked for."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
import structlog
from msgspec.structs import replace
from sqlalchemy import text

from sync.core.log import log, of
from sync.fleet import turns as of_turns
from sync.fleet.fleet import Fleet
from sync.fleet.seat import Seat
from sync.fleet.turns import Turns, Unbound
from sync.store.engine import Store
from sync.store.jobs import POLL, WORK, defer_poll, defer_work
from sync.worker.loop import Stop
from tests.fleet.street import SHAPE, Street, seat_in, shape
from tests.working import until


def taken(store: Store, count: int) -> list[str]:
    """The tasks that a worker of procrastinate gets, one after the other."""
    with store.write() as tx:
        worker = tx.connection.execute(text("insert into procrastinate_workers default values returning id")).scalar()
        found = text("select task_name from procrastinate_fetch_job_v2(array['attitre'], :worker)")
        return [str(tx.connection.execute(found, {"worker": worker}).scalar()) for _ in range(count)]


def test_calendars_are_read_before_the_work_that_an_outage_left(store: Store) -> None:
    with store.write() as tx:
        defer_work(tx.connection, [f"p{number}" for number in range(200)])
        defer_poll(tx.connection, 0, 3)
    assert taken(store, 2) == [POLL, WORK]


def test_work_goes_on_where_more_calendars_hang_than_there_are_jobs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str] = []
    really = Fleet.work

    def noted(self: Fleet, practice: str) -> None:
        worked.append(practice)
        really(self, practice)

    monkeypatch.setattr(Fleet, "work", noted)
    street = Street(tmp_path / "practices", store, 12)
    street.homes.slow = 1.0
    with street.machine(replace(shape(poll=10.0), shards=12, concurrency=2)) as machine:
        until(lambda: len(machine.seats) == 12 and len(street.homes.came) >= 12, 60)
        worked.clear()
        until(lambda: len(worked) > 2, 60)


def test_no_more_practices_have_a_turn_at_once_than_was_asked_for(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 12)
    street.homes.slow = 0.4
    with street.machine(replace(SHAPE, concurrency=2)):
        until(lambda: sum(street.homes.counts().values()) > 30, 60)
    moments = sorted(
        (at, by)
        for times in street.homes.asked.values()
        for pair in times
        for at, by in zip(pair, (1, -1), strict=True)
    )
    asked = most = 0
    for _, by in moments:
        asked += by
        most = max(most, asked)
    assert most in {1, 2}  # on a busy machine two may never meet


def test_turns_are_taken_in_order_and_none_begins_once_it_is_over() -> None:
    turns, may, began, taken_by = Turns(2), threading.Event(), list[int](), list[threading.Thread]()

    def turn(number: int) -> None:
        taken_by.append(threading.current_thread())
        began.append(number)
        may.wait(10)

    futures = [turns.submit(turn, number) for number in range(5)]
    until(lambda: len(began) == 2)
    assert turns.waiting == 3
    assert [thread.daemon for thread in taken_by] == [True, True]
    turns.close()
    wait(futures[2:], 1)
    assert [one.cancelled() for one in futures] == [False, False, True, True, True]
    assert turns.submit(turn, 5).cancelled()
    may.set()
    wait(futures, 5)
    assert began == [0, 1]


def test_what_fails_or_hangs_is_said_by_its_future() -> None:
    pool, turns, may = Unbound(), Turns(1), threading.Event()
    tries: list[Callable[..., object]] = [pool.submit, turns.submit]
    for submit in tries:
        with pytest.raises(ZeroDivisionError):
            submit(lambda: 1 // 0).result(5)  # type: ignore[attr-defined]
    hanging = pool.submit(may.wait, 10)
    pool.shutdown()  # returns, though it hangs
    may.set()
    assert hanging.result(5)


def test_a_turn_that_another_practices_call_asked_for_is_logged_under_its_own_name() -> None:
    turns = Turns(1)

    def turn(practice: str) -> None:
        log.error("leases not renewed")
        with of(practice):
            log.error("message not sent")

    with structlog.testing.capture_logs() as lines, of("roses"):
        turns.submit(turn, "lilas").result(5)
    assert [line.get("practice") for line in lines] == [None, "lilas"]


class Looked(dict[str, Seat]):
    """Seats, and those that somebody looked at."""

    def __init__(self, seats: Mapping[str, Seat]) -> None:
        super().__init__(seats)
        self.at = list[str]()

    def get(self, key: str, default: Any = None) -> Any:
        self.at.append(key)
        return super().get(key, default)


def test_while_few_practices_are_open_a_poll_looks_at_none_of_them(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 1)
    for worlds, looked in ((3, []), (1, ["p0", "p1", "p0", "p1"])):  # looked at to find what rests, and closed
        fleet = Fleet(store, Stop(), replace(SHAPE, worlds=worlds))
        fleet.seats = seats = Looked({f"p{number}": seat_in(street) for number in range(3)})
        fleet._kept_open(seats)
        fleet._kept_open([])
        assert seats.at == looked


def no_thread(*_: object) -> None:
    raise RuntimeError("can't start new thread")


def test_a_thread_that_could_not_be_begun_costs_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, done = Turns(2), list[int]()
    with monkeypatch.context() as patch:
        patch.setattr(of_turns, "in_a_thread", no_thread)
        assert [turns.submit(done.append, number).cancelled() for number in range(3)] == [True] * 3
    assert turns.waiting == 0
    turns.submit(done.append, 3).result(5)
    assert done == [3]
