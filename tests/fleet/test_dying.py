"""A process that dies, hangs or is cut off is missed by nobody: the others go on with its practices."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.core.log import log
from sync.store import calendars
from sync.store.engine import Overtaken, Store
from tests.fleet.nest import nest
from tests.fleet.street import SHORT, Street, shape
from tests.working import until

MISSED_S = 2 * 1 + SHORT.leased + 15  # two intervals, a lease, and what a busy machine takes


@pytest.fixture
def street(store: Store, tmp_path: Path) -> Street:
    return Street(tmp_path / "practices", store, 6)


def again(street: Street, seconds: float) -> None:
    """Every calendar is asked again within that time."""
    before = street.homes.counts()
    until(lambda: all(street.homes.counts().get(path, 0) > before.get(path, 0) for path in street.homes.paths), seconds)


@pytest.mark.slow
def test_i07_killed_in_the_middle_of_reading_its_calendars_are_read_by_the_other(
    street: Street, tmp_path: Path
) -> None:
    with nest(street.folder, tmp_path / "log") as born:
        first, _ = born(), born()
        for _ in range(3):
            again(street, 60)
            street.homes.slow = 1.0
            time.sleep(0.5)
            os.kill(first, signal.SIGKILL)
            street.homes.slow = 0.0
            again(street, MISSED_S)
            first = born()


def test_i07_cut_off_while_it_read_it_stores_nothing_once_another_is_at_the_practice(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can neither renew its lease nor claim another one, as if the network were cut for them alone."""
    overtaken: list[str] = []
    monkeypatch.setattr(log, "warning", lambda event, practice="", **_: overtaken.append(practice))
    gate = street.homes.gate = threading.Event()
    wide = replace(shape(leased=0.5, renewed=60.0), concurrency=12)  # what was claimed is read, nothing waits its turn
    with street.machine(wide) as alone:
        until(street.read, 60)
        monkeypatch.setattr(alone.fleet.leases, "claim", lambda *_, **__: {})
        begun = street.read()
        worlds = [worker.world for key in begun if (worker := alone.seats[key]._worker) is not None]
        street.homes.gate = threading.Event()
        street.homes.gate.set()
        with street.machine() as other:
            until(lambda: other.seats and all(other.seats[key].passes["done"] for key in begun), 60)
            time.sleep(3.5)  # also a pass that waits for its readings has left them
            gate.set()
            until(lambda: all(key in overtaken or alone.seats[key].fence is None for key in begun), 60)
            for world in worlds:  # a turn with nothing to store may end without noticing; what it stored is refused
                with pytest.raises(Overtaken), world.store.write():
                    pass


@pytest.mark.slow
def test_i07_a_process_that_hangs_beyond_its_leases_stores_nothing_when_it_goes_on(
    street: Street, store: Store, tmp_path: Path
) -> None:
    with nest(street.folder, tmp_path / "log") as born:
        first = born()
        again(street, 60)
        os.kill(first, signal.SIGSTOP)
        with street.machine() as other:
            until(lambda: all(seat.passes["done"] for seat in other.seats.values()), 60)
            os.kill(first, signal.SIGCONT)
            again(street, 60)
        again(street, 60)  # it works again, alone
    for key in street.keys:
        with Store(str(store.url), key).read() as tx:
            assert all(row.fail_count == 0 for row in calendars.every(tx))
