"""A process that is asked to end hears what gateways say, reads nothing more, and gives everything back at once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from config.settings import Settings
from rules.model import Channel
from sync.core.context import World
from sync.fleet.seat import Seat
from sync.fleet.shared import Shared
from sync.store.engine import Overtaken, Store
from sync.store.lease import After, Claim, Return
from tests.fleet.street import SHAPE, Machine, Street, claimed, seat_in
from tests.fleet.test_leases import ends, office_on
from tests.fleet.test_shared import held_by
from tests.office import Office
from tests.sync.test_crew import Slow
from tests.working import until


@pytest.fixture
def calling(store: Store, tmp_path: Path) -> Iterator[tuple[Office, Slow, Callable[[], Machine]]]:
    """A practice with a confirmation to send, its slow gateway, and processes that work for it."""
    office, gateway = office_on(store, tmp_path), Slow()
    office.she_books("e1")
    office.world = replace(office.world, senders={Channel.SMS: gateway})

    @contextmanager
    def opening(settings: Settings, *, store: Store) -> Iterator[World]:
        yield office.world
        store.close()

    street = Street(tmp_path / "practices", store, 1)
    (street.folder / "p0.yaml").unlink()
    street.write("lilas", "https://dav.example/lilas/")

    def begun() -> Machine:
        machine = Machine(street.folder, SHAPE, opening)
        machine.thread.start()
        return machine

    yield office, gateway, begun
    gateway.may.set()


@pytest.mark.parametrize("longer_than_a_lease", [False, True])
def test_l4_a_call_under_way_is_heard_before_the_process_ends(
    store: Store, calling: tuple[Office, Slow, Callable[[], Machine]], *, longer_than_a_lease: bool
) -> None:
    office, gateway, begun = calling
    machine = begun()
    assert gateway.asked.wait(60)
    until(lambda: machine.seats["lilas"].fence is not None)
    holder, other = machine.fleet.leases.holder, begun()
    threading.Timer(2 * SHAPE.times.leased if longer_than_a_lease else 1.0, gateway.may.set).start()
    machine.ends()
    assert office.told("confirmation") == ["sent"]
    assert held_by(store, holder) == 0
    other.ends()
    assert len(gateway.sent) == 1


def test_a_reading_under_way_keeps_no_process_from_ending_and_stores_nothing_more(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 2)
    street.homes.slow = 60.0
    with street.machine() as machine:
        until(lambda: any(seat.fence for seat in machine.seats.values()), 60)
        holder, began = machine.fleet.leases.holder, time.monotonic()
        machine.ends()
        assert time.monotonic() - began < 30
    assert held_by(store, holder) == 0


def reads(seat: Seat) -> bool:
    return seat._worker is not None and seat._worker.busy


def test_a_practice_that_waits_keeps_no_other_from_being_given_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may, really = threading.Event(), Seat.let_go

    def waits(seat: Seat, until: float) -> Return | None:
        if seat.key == "p0":
            may.wait(20)
        return really(seat, until)

    monkeypatch.setattr(Seat, "let_go", waits)
    street = Street(tmp_path / "practices", store, 3)
    street.homes.slow = 60.0
    with street.machine() as machine:
        until(lambda: len(machine.seats) == 3 and all(map(reads, machine.seats.values())), 60)
        holder = machine.fleet.leases.holder
        machine.stop(signal.SIGTERM)
        until(lambda: held_by(store, holder) == 1, 15)
        may.set()
    assert held_by(store, holder) == 0


@pytest.fixture
def seat(store: Store, tmp_path: Path) -> Iterator[Seat]:
    """A practice in a process whose threads are the test's."""
    seat = seat_in(Street(tmp_path / "practices", store, 1))
    store.leases().know(["p0"])
    yield seat
    seat.close()


def test_what_others_left_stays_where_the_turn_of_a_lease_never_began(store: Store, seat: Seat) -> None:
    ours, theirs = store.leases(), store.leases()
    back = seat.read(claimed(seat, ours))
    assert back is not None and back.memory
    ours.give_back([back], After())
    theirs.give_back(
        [Return("p0", theirs.claim(["p0"], 1, due=False)["p0"].fence, 0.0, memory={"by": "another"})], After()
    )
    claimed(seat, ours)
    assert seat.settle() is None  # the end of something that an earlier turn had left
    waited = seat.gives_back()
    assert waited is not None
    ours.give_back([waited], After())
    assert store.leases().left(["p0"]) == {"p0": {"by": "another"}}


@pytest.mark.parametrize("overtaken", [False, True])
def test_i07_a_machine_that_slept_through_its_lease_gives_only_that_one_back(
    store: Store, seat: Seat, monkeypatch: pytest.MonkeyPatch, *, overtaken: bool
) -> None:
    """It claims the practice anew while the turn of the lease that ended goes on."""
    ours, really, later = store.leases(), Shared.read, list[Claim]()

    def sleeps(worker: Shared) -> None:
        really(worker)
        if not later:
            ends(worker.world.store)
            later.append(claimed(seat, ours))
            if overtaken:
                raise Overtaken

    monkeypatch.setattr(Shared, "read", sleeps)
    back = seat.read(claimed(seat, ours))
    ours.give_back([back] if back is not None else [])
    assert seat.fence == later[0].fence
    assert held_by(store, ours.holder) == 1
    back = seat.read(later[0])
    assert back is not None
    assert (back.fence, seat.fence) == (later[0].fence, None)


def test_a_lease_that_another_one_followed_while_it_waited_has_no_turn(store: Store, seat: Seat) -> None:
    ours = store.leases()
    first = claimed(seat, ours)
    ends(Store(str(store.url), "p0", store._engine))
    second = claimed(seat, ours)
    back = seat.read(first)
    assert seat.passes["done"] == 0
    ours.give_back([back] if back is not None else [])
    assert (seat.fence, held_by(store, ours.holder)) == (second.fence, 1)
