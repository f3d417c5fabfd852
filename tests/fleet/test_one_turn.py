"""A practice has one turn at a time, however much of what its turns left ends meanwhile; nothing of that is missed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from sync.fleet.seat import BUSY_S, Seat
from sync.fleet.shared import Shared
from sync.store.engine import Overtaken, Store
from sync.store.lease import Claim, Return
from sync.worker import scheduler
from tests.fleet.street import SHAPE, Machine, Street
from tests.fleet.test_woken import clicks
from tests.working import until


def at_rest(store: Store, practice: str) -> bool:
    """Whether nobody is at the practice, and nobody is asked to be."""
    idle = text(
        "select holder = '' and not exists (select from procrastinate_jobs "
        "where lock = 'practice:' || practice and status in ('todo', 'doing')) from lease where practice = :it"
    )
    with store.read() as tx:
        return bool(tx.connection.execute(idle, {"it": practice}).scalar())


@pytest.fixture
def street(store: Store, tmp_path: Path) -> Street:
    """One practice, whose next turn is far off."""
    return Street(tmp_path / "practices", store, 1, every=600)


@contextmanager
def resting(street: Street) -> Iterator[tuple[Machine, Seat, Shared]]:
    """A process after the practice's first turn: only what wakes it brings the next one."""
    with street.machine() as machine:
        until(lambda: machine.seats and machine.seats["p0"].passes["done"], 60)
        until(lambda: at_rest(street.store, "p0"), 30)
        seat = machine.seats["p0"]
        assert seat._worker is not None
        yield machine, seat, seat._worker


@contextmanager
def left_under_way(street: Street, seat: Seat, worker: Shared) -> Iterator[threading.Event]:
    """A turn has left a reading under way, which ends once that is set."""
    worker.readers.forget_moments()  # its calendar is due
    before, street.homes.gate = worker.passes["done"], threading.Event()
    clicks(street, "p0")
    try:
        until(lambda: worker.passes["done"] > before and worker.readers.busy, 30)
        with seat._turn:
            pass  # that turn has ended
        yield street.homes.gate
    finally:
        street.homes.gate.set()


def test_a_calendar_that_answers_after_its_turn_costs_one_turn_more_and_not_two(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    with resting(street) as (_, seat, worker):
        monkeypatch.setattr(scheduler, "HEALTHY_WAIT_S", 0.2)
        before = worker.passes["done"]
        with left_under_way(street, seat, worker) as gate:
            gate.set()
            until(lambda: not worker.readers.busy and at_rest(street.store, "p0"), 30)
        assert worker.passes["done"] == before + 2


def test_l10_what_ends_while_its_practice_has_a_turn_takes_no_other_practice_its_own(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    street, really = Street(tmp_path / "practices", store, 8), Shared._takes
    slow, inside, may = threading.Event(), threading.Event(), threading.Event()

    def takes(worker: Shared, work: Callable[[], object]) -> None:
        if worker.world.practice.key == "p0" and slow.is_set():
            inside.set()
            may.wait(60)
        really(worker, work)

    def again() -> bool:
        return all(street.homes.counts()[path] > before[path] + 1 for path in street.homes.paths[1:])

    monkeypatch.setattr(Shared, "_takes", takes)
    with street.machine() as machine:
        until(lambda: len(machine.seats) == 8 and all(seat.passes["done"] for seat in machine.seats.values()), 60)
        slow.set()
        try:
            assert inside.wait(20)
            worker = machine.seats["p0"]._worker
            assert worker is not None
            for _ in range(SHAPE.concurrency):  # so many of its calls end
                worker.wake()
            before = street.homes.counts()
            until(again, 20)
        finally:
            may.set()


def test_a_new_lease_waits_for_no_turn_of_an_earlier_one_and_is_given_back(street: Street) -> None:
    backs = list[Return | None]()
    with resting(street) as (_, seat, _worker):
        seat.fence = 7
        with seat._turn:  # that of a lease which ended while this machine slept
            waits = threading.Thread(target=lambda: backs.append(seat.read(Claim(7))), daemon=True)
            waits.start()
            waits.join(10)
            assert backs == [Return("p0", 7, BUSY_S)]
        assert seat.fence is None


def test_i07_what_an_earlier_lease_left_writes_nothing_once_the_practice_is_back(street: Street) -> None:
    with resting(street) as (machine, seat, earlier):
        last, others = seat._last_fence, street.store.leases()
        taken = others.claim(["p0"], 1, due=False)["p0"]
        others.give_back([Return("p0", taken.fence, 0.0)])  # another process has been at it
        until(lambda: seat._worker is not earlier and at_rest(street.store, "p0"), 30)
        assert seat._last_fence > last + 1
        with pytest.raises(Overtaken), earlier.world.store.write():
            pass
        machine.fleet.leases.wake("p0")
        until(lambda: seat._last_fence > last + 2 and at_rest(street.store, "p0"), 30)
        assert seat._worker is not None  # nobody else was at it meanwhile: it goes on
        with seat._worker.world.store.write():
            pass


# --- nothing that ended is missed -----------------------------------------------------------------------------------


class Door:
    """A seat's lock. `last`: done by whoever leaves, just before it is free."""

    def __init__(self, last: Callable[[], None]) -> None:
        self._lock, self._last = threading.RLock(), last

    def acquire(self, *words: object, **named: object) -> bool:
        return self._lock.acquire(*words, **named)  # type: ignore[arg-type]

    def release(self) -> None:
        self._last()
        self._lock.release()


def test_what_ends_just_as_a_turn_ends_has_a_turn(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own attempt finds the practice taken; whoever leaves it sees that."""
    ends = iter([True])

    with resting(street) as (machine, seat, worker):
        monkeypatch.setattr(scheduler, "HEALTHY_WAIT_S", 0.2)

        def last() -> None:
            if worker.readers.busy and next(ends, False):
                worker.wake()
                until(lambda: not machine.fleet._awaited, 10)  # its attempt came in vain

        monkeypatch.setattr(seat, "_turn", Door(last))
        before, street.homes.gate = worker.passes["done"], threading.Event()
        worker.readers.forget_moments()
        clicks(street, "p0")
        until(lambda: worker.passes["done"] >= before + 2, 30)
        street.homes.gate.set()
        until(lambda: at_rest(street.store, "p0"), 30)


def test_what_ends_just_as_its_lease_was_given_back_has_a_turn(street: Street) -> None:
    with resting(street) as (_, _seat, worker):
        before = worker.passes["done"]
        worker.wake()
        until(lambda: worker.passes["done"] > before and at_rest(street.store, "p0"), 30)


def test_whenever_something_ends_a_turn_begins_after_it_and_one_attempt_waits_at_most(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, seen, most, chance, really = 0, 0, 0, Random(7), Shared._takes

    def all_seen() -> bool:
        return seen == ended

    def takes(worker: Shared, work: Callable[[], object]) -> None:
        nonlocal seen
        seen = ended
        really(worker, work)

    with resting(street) as (machine, seat, worker):
        monkeypatch.setattr(scheduler, "HEALTHY_WAIT_S", 0.2)
        monkeypatch.setattr(Shared, "_takes", takes)
        with left_under_way(street, seat, worker) as gate:
            for times in range(40):
                for _ in range(chance.randrange(1, 6)):
                    ended += 1
                    worker.wake()
                    most = max(most, machine.fleet._turns.waiting)
                    time.sleep(chance.random() * 0.004)
                until(all_seen, 20)
                assert not at_rest(street.store, "p0"), times  # the reading goes on, and keeps the lease
            gate.set()
            until(lambda: at_rest(street.store, "p0"), 30)
    assert most <= 1
