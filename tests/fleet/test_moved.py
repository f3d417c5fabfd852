"""The address of a PostgreSQL changes in the files of a process: its password was replaced, or an option added."""

import signal
import threading
from pathlib import Path

import pytest

from sync.fleet.seat import Seat, left_of
from sync.store.engine import Store
from sync.store.jobs import alive
from sync.store.lease import Return
from sync.worker import loop
from tests.fleet.street import Machine, Street
from tests.working import until


def processes(store: Store) -> int:
    """As `status` counts them."""
    with store.read() as tx:
        return len(alive(tx))


def threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name in {"jobs", "leases"})


def at_work(machine: Machine, address: str) -> bool:
    """Whether it works for its three practices, and all of them are there."""
    one = machine.fleets._at.get(address) if machine.fleets is not None else None
    return (
        one is not None and len(one.fleet.seats) == 3 and all(seat.passes["done"] for seat in one.fleet.seats.values())
    )


class Moving(Street):
    """Three practices. `addresses`: the same PostgreSQL, called by two."""

    def __init__(self, folder: Path, store: Store) -> None:
        super().__init__(folder, store, 3)
        first = store.url.render_as_string(hide_password=False)
        self.addresses = first, first + ("&" if "?" in first else "?") + "application_name=replaced"

    def moves(self, machine: Machine, way: int = 1) -> str:
        before, after = self.addresses[::way]
        for file in self.folder.iterdir():
            file.write_text(file.read_text("utf-8").replace(f'"{before}"', f'"{after}"'), "utf-8")
        machine.stop(signal.SIGHUP)
        return after


def test_l10_at_the_address_that_no_file_names_any_more_nobody_takes_jobs(store: Store, tmp_path: Path) -> None:
    street = Moving(tmp_path / "practices", store)
    with street.machine() as machine:
        until(lambda: at_work(machine, street.addresses[0]), 60)
        for way in (1, -1):  # there, and back again
            address = street.moves(machine, way)
            until(lambda address=address: at_work(machine, address), 60)
            until(lambda: threads() == ["jobs", "leases"], 30)
            assert processes(store) == 1
    assert processes(store) == 0


@pytest.fixture
def calling(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once gateways have answered those who leave."""
    answered, really = threading.Event(), Seat.let_go

    def let_go(self: Seat, until: float) -> Return | None:
        answered.wait(left_of(until))
        return really(self, until)

    monkeypatch.setattr(Seat, "let_go", let_go)
    return answered


def test_l10_the_calls_of_those_who_leave_an_address_are_heard_and_nobody_waits_for_them(
    store: Store, tmp_path: Path, calling: threading.Event
) -> None:
    street = Moving(tmp_path / "practices", store)
    with street.machine() as machine:
        until(lambda: at_work(machine, street.addresses[0]), 60)
        address = street.moves(machine)
        until(lambda: at_work(machine, address), 60)
        assert processes(store) == 2  # the leases of those whose calls go on are renewed
        calling.set()
        until(lambda: threads() == ["jobs", "leases"], 30)
        assert processes(store) == 1


@pytest.mark.usefixtures("calling")
def test_asked_to_end_a_process_ends_in_time_though_calls_of_those_who_left_an_address_go_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = Moving(tmp_path / "practices", store)
    with street.machine() as machine:
        until(lambda: at_work(machine, street.addresses[0]), 60)
        address = street.moves(machine)
        until(lambda: at_work(machine, address), 60)
        monkeypatch.setattr(loop, "ENDS_WITHIN_S", 6.0)
    until(lambda: threads() == [], 10)
    assert processes(store) == 0
