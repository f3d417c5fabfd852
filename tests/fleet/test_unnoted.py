"""The end of a poll cannot be noted, while the process that polled lives on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from sync.store.engine import Store
from sync.store.jobs import POLL, QUEUE, WORK
from tests.backups import superuser_at
from tests.fleet.street import Street, shape
from tests.working import until

NEVER = 10_000.0
CUT = """
create sequence cuts;
create function cuts() returns trigger language plpgsql as $$ begin
    if old.task_name = '{poll}' and nextval('cuts') <= {times} then
        raise exception using errcode = '57P01', message = 'terminating connection due to administrator command';
    end if;
    return old;
end $$;
create trigger cuts before delete on procrastinate_jobs for each row execute function cuts();
grant usage on sequence cuts to public;
"""
HEALED = "drop trigger cuts on procrastinate_jobs; drop function cuts; drop sequence cuts;"
Cutting = Callable[[int], AbstractContextManager[Callable[[], bool]]]


@pytest.fixture
def cutting(store: Store) -> Cutting:
    """So many times an administrator ends a connection just where the end of a poll is noted. Whether it happened."""

    def does(sql: str) -> int:
        engine = superuser_at(store.url)
        with engine.begin() as connection:
            found = connection.exec_driver_sql(sql)
            number = int(found.scalar_one()) if found.returns_rows else 0
        engine.dispose()
        return number

    @contextmanager
    def cut(times: int) -> Iterator[Callable[[], bool]]:
        does(CUT.format(poll=POLL, times=times))
        try:
            yield lambda: does("select last_value from cuts") > times
        finally:
            does(HEALED)

    return cut


def again(street: Street) -> None:
    """Each calendar is asked again."""
    before = street.homes.counts()
    until(lambda: all(street.homes.counts().get(path, 0) > before.get(path, 0) for path in street.homes.paths), 60)


@pytest.mark.parametrize("times", [1, 6])
def test_l10_a_poll_whose_end_could_not_be_noted_keeps_no_shard_from_the_next_one(
    store: Store, tmp_path: Path, cutting: Cutting, times: int
) -> None:
    street = Street(tmp_path / "practices", store, 2)
    polling = NEVER if times == 1 else 1.0  # where noting it again does not help, a sweep does
    with street.machine(replace(shape(polling=polling, working=NEVER), shards=1)):
        again(street)
        with cutting(times) as happened:
            until(happened, 60)
            again(street)
            again(street)


BEGAN = """
insert into procrastinate_jobs (id, queue_name, task_name, status) values (:id, :queue, :task, 'todo');
update procrastinate_jobs set status = 'doing' where id = :id;
update procrastinate_events set at = now() - make_interval(secs => :ago) where job_id = :id and type = 'started'
"""


def test_a_poll_is_overlong_after_a_minute_and_the_work_for_a_practice_after_ten(store: Store) -> None:
    began = {1: (POLL, 30), 2: (POLL, 90), 3: (WORK, 90), 4: (WORK, 900)}
    with store.write() as tx:
        for number, (task, ago) in began.items():
            for statement in BEGAN.split(";"):
                tx.connection.execute(text(statement), {"id": number, "queue": QUEUE, "task": task, "ago": ago})
    assert set(store.jobs().overlong(60.0, 600.0)) == {2, 4}
