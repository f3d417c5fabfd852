"""PostgreSQL's clock goes back: it was put right, or a machine took over whose clock is ten minutes behind."""

from pathlib import Path

from sqlalchemy import text

from sync.core.context import since_start
from sync.store.engine import Store
from sync.store.jobs import POLL, QUEUE, alive
from sync.store.lease import LASTS_S
from tests.fleet.street import Machine, Street
from tests.working import until

BACK_S = 600.0
AS_SEEN = """
update lease set until = until + make_interval(secs => :ago), due_at = due_at + make_interval(secs => :ago);
update process set seen_at = seen_at + make_interval(secs => :ago);
update procrastinate_workers set last_heartbeat = last_heartbeat + make_interval(secs => :ago);
update procrastinate_events set at = at + make_interval(secs => :ago);
update procrastinate_jobs set scheduled_at = coalesce(scheduled_at, now()) + make_interval(secs => :ago)
    where status = 'todo'
"""


def set_back(store: Store) -> None:
    """All that was written lies that far ahead, as a clock that was set back sees it."""
    with store.write() as tx:
        for statement in AS_SEEN.split(";"):
            tx.connection.execute(text(statement), {"ago": BACK_S})


def turned(machine: Machine, most: float) -> None:
    """Each practice has a turn within these seconds."""
    before = {key: seat.passes["done"] for key, seat in machine.seats.items()}
    until(lambda: all(seat.passes["done"] > before[key] for key, seat in machine.seats.items()), most)


def test_k16_a_process_that_runs_goes_on_when_the_servers_clock_is_set_back(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 3, every=600)
    with street.machine() as machine:
        until(lambda: len(machine.seats) == 3 and all(seat.passes["done"] for seat in machine.seats.values()), 60)
        until(lambda: all(seat.fence is None for seat in machine.seats.values()), 30)
        set_back(store)
        machine.fleet.clock.heard(store.server_time() + BACK_S, since_start())  # what it said until now
        turned(machine, 60)


def test_k16_a_process_that_begins_polls_though_the_servers_clock_was_set_back(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 3)
    with street.machine() as machine:
        until(lambda: len(machine.seats) == 3 and all(seat.passes["done"] for seat in machine.seats.values()), 60)
    set_back(store)
    with street.machine() as machine:
        until(lambda: len(machine.seats) == 3, 60)
        turned(machine, 60)


def test_k16_who_died_before_the_servers_clock_was_set_back_is_missed_for_no_longer_than_a_lease(
    store: Store,
) -> None:
    store.leases().know(["lilas"])
    store.leases().claim(["lilas"], 1)
    set_back(store)
    store.leases().know(["lilas"])
    with store.read() as tx:
        left = text("select extract(epoch from until - now()) from lease")
        assert float(tx.connection.execute(left).scalar_one()) <= LASTS_S


def test_k16_the_jobs_of_who_died_before_the_servers_clock_was_set_back_are_ended(store: Store) -> None:
    with store.write() as tx:
        for statement in BEGAN.split(";"):
            tx.connection.execute(text(statement), {"queue": QUEUE, "task": POLL})
    jobs = store.jobs()
    jobs.beat("dead", "one:1")
    assert jobs.overlong(60.0, 600.0) == []
    set_back(store)
    assert len(jobs.overlong(60.0, 600.0)) == 1
    jobs.defer_missing_polls([], 1, 5.0)
    with store.read() as tx:
        ahead = text("select count(*) from procrastinate_workers where last_heartbeat > now()")
        assert tx.connection.execute(ahead).scalar_one() == 0
        assert alive(tx) == ()


BEGAN = """
insert into procrastinate_workers default values;
insert into procrastinate_jobs (queue_name, task_name, status) values (:queue, :task, 'todo');
update procrastinate_jobs set status = 'doing', worker_id = (select max(id) from procrastinate_workers)
"""
