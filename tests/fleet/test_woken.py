"""What a patient or Google wants is committed together with the job for it; files reach the processes that share."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from sync.store import keyvalue
from sync.store.engine import Store
from sync.store.waking import Waking
from tests.fleet.street import Machine, Street, shape
from tests.working import until

SELDOM = 600


@pytest.fixture
def street(store: Store, tmp_path: Path) -> Street:
    return Street(tmp_path / "practices", store, 3, every=SELDOM)


def waiting(store: Store) -> list[str]:
    with store.read() as tx:
        found = text("select lock from procrastinate_jobs where status = 'todo' and task_name = 'attitre:work'")
        return list(tx.connection.execute(found).scalars())


def clicks(street: Street, key: str) -> None:
    """Something is written for the practice as its pages write."""
    beside = Waking(Store(str(street.store.url), key))
    with beside.write() as tx:
        keyvalue.put(tx, "a-patient", "wants something")


def read_once(machine: Machine) -> None:
    until(lambda: len(machine.seats) == 3 and all(seat.passes["done"] for seat in machine.seats.values()), 60)
    until(lambda: all(seat.fence is None for seat in machine.seats.values()), 60)


def test_a_click_is_committed_with_the_job_for_it_or_not_at_all(street: Street) -> None:
    store = Store(str(street.store.url), "p0")
    with pytest.raises(ZeroDivisionError), Waking(store).write() as tx:
        keyvalue.put(tx, "a-patient", "wants something")
        raise ZeroDivisionError
    assert waiting(store) == []
    for _ in range(2):
        clicks(street, "p0")
    assert waiting(store) == ["practice:p0"]


def test_a_click_that_nobody_heard_is_worked_for_as_soon_as_a_process_is_there(street: Street) -> None:
    with street.machine() as first:
        read_once(first)
    clicks(street, "p1")
    with street.machine() as second:
        until(lambda: second.seats and second.seats["p1"].passes["done"], 30)
        until(lambda: waiting(street.store) == [], 30)


def test_a_click_reaches_the_practice_at_once_though_its_next_turn_is_far_off(street: Street) -> None:
    with street.machine(shape(polled=60.0)) as machine:
        read_once(machine)
        before = machine.seats["p2"].passes["done"]
        clicks(street, "p2")
        until(lambda: machine.seats["p2"].passes["done"] > before, 30)


def test_a_process_that_does_not_know_a_practice_leaves_its_jobs_to_others(street: Street, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for key in ("p1", "p2"):
        (street.folder / f"{key}.yaml").rename(elsewhere / f"{key}.yaml")
    never_swept = replace(shape(swept=600.0), shards=64)  # each practice has a shard of its own
    with street.machine(never_swept) as here, street.machine(never_swept, elsewhere) as there:
        until(lambda: here.seats and there.seats and here.seats["p0"].passes["done"], 30)
        for _ in range(8):
            before = here.seats["p0"].passes["done"]
            clicks(street, "p0")
            until(lambda before=before: here.seats["p0"].passes["done"] > before, 30)


def test_of_two_files_for_a_practice_the_newer_one_holds_until_both_are_the_same(
    street: Street, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    old, new = street.folder / "p0.yaml", elsewhere / "p0.yaml"
    new.write_text(old.read_text("utf-8").replace("12 rue des Lilas", "9 rue Neuve"), "utf-8")
    os.utime(old, (1_000_000, 1_000_000))
    with street.machine(folder=elsewhere) as there:
        until(lambda: there.seats and there.seats["p0"].passes["done"], 30)
        with street.machine() as here:
            until(lambda: here.seats and here.seats["p1"].passes["done"], 30)
            for _ in range(5):
                done = there.seats["p0"].passes["done"]
                clicks(street, "p0")
                until(lambda done=done: there.seats["p0"].passes["done"] > done, 30)
            assert here.seats["p0"].passes["done"] == 0


def test_an_older_file_is_worked_by_where_no_newer_one_is_left(street: Street) -> None:
    with street.machine() as machine:
        read_once(machine)
    file = street.folder / "p0.yaml"
    file.write_text(file.read_text("utf-8").replace("12 rue des Lilas", "9 rue Neuve"), "utf-8")
    os.utime(file, (1_000_000, 1_000_000))
    with street.machine() as machine:
        until(lambda: machine.seats and machine.seats["p0"].passes["done"], 60)


def test_a_practice_at_rest_is_left_alone_until_its_time(street: Street) -> None:
    with street.machine() as machine:
        read_once(machine)
        until(lambda: waiting(street.store) == [], 30)
        before = {key: seat.passes["done"] for key, seat in machine.seats.items()}
        for times in range(15):
            clicks(street, "p0")
            until(lambda times=times: machine.seats["p0"].passes["done"] > before["p0"] + times, 30)
        after = {key: seat.passes["done"] for key, seat in machine.seats.items()}
        assert {key for key, passes in after.items() if passes > before[key] + 1} == {"p0"}


def test_a_file_that_changes_goes_wrong_or_leaves_reaches_the_processes(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.worker.crew.LOOK_AT_FILES_EVERY_S", 0.1)
    monkeypatch.setattr("sync.worker.crew.LOOK_AT_SHARED_EVERY_S", 0.1)
    with street.machine() as machine:
        read_once(machine)
        home = street.homes.paths[0]
        before = street.homes.counts()[home]
        os.utime(street.write("p0", street.homes.urls[0], every=1), (1_000_000, 1_000_000))
        until(lambda: street.homes.counts()[home] >= before + 3, 60)
        (street.folder / "p0.yaml").write_text("practice: {}", "utf-8")
        (street.folder / "p1.yaml").unlink()
        until(lambda: set(machine.seats) == {"p2"}, 60)
