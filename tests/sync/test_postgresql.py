"""The same store on a real PostgreSQL: passes, migrations, one writer a practice."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from bench.server import Replay
from config.load import load
from sync.store import calendars, counters, generation, keyvalue, resources
from sync.store.engine import HEAD, Locked, Store
from sync.wiring import open_world
from sync.worker.one_pass import one_pass
from tests.working import until

YAML = """
store: "{store}"
practice: {{key: passes, name: Banc, address: 12 rue des Lilas, phone: 01 43 00 00 00, email: s@lilas.example}}
dentists:
  martin: {{name: Dr Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "{url}"}}]}}
motifs: [{{label: Détartrage, minutes: 30}}]
"""


@pytest.fixture
def store(postgresql: str) -> Iterator[Store]:
    store = Store(postgresql, "lilas")
    store.prepare()
    yield store
    store.close()


def test_the_migrations_run_once(store: Store) -> None:
    store.prepare()
    with store.read() as tx:
        assert tx.connection.execute(text("select version_num from alembic_version")).scalar() == HEAD


def test_i09_one_writer_a_practice_others_beside_it(store: Store, postgresql: str) -> None:
    with store.lock():
        with pytest.raises(Locked, match="Un autre attitre"), Store(postgresql, "lilas").lock():
            pass
        with Store(postgresql, "roses").lock():
            pass
    with store.lock():
        pass


def test_two_processes_may_open_a_new_practice_at_the_same_moment(
    store: Store, postgresql: str, tmp_path: Path
) -> None:
    (tmp_path / "neuf.yaml").write_text(
        YAML.format(store=postgresql, url="http://127.0.0.1:9/").replace("passes", "neuf")
    )
    settings, problems = load([tmp_path / "neuf.yaml"], {})
    assert settings, problems
    opened: list[bool] = []

    def opens() -> None:
        with open_world(settings):
            opened.append(True)

    other, new = threading.Thread(target=opens), Store(postgresql, "neuf")
    with new.write() as tx:
        secret = keyvalue.secret(tx)
        generation.current(tx, datetime.now(UTC))
        other.start()
        until(lambda: waits(store))
    other.join(10)
    assert opened == [True]
    with new.read() as tx:
        assert keyvalue.secret(tx) == secret
    new.close()


def waits(store: Store) -> bool:
    """Whether a transaction waits for another one."""
    with store.read() as tx:
        return bool(tx.connection.execute(text("select count(*) from pg_locks where not granted")).scalar())


def test_times_come_back_as_the_same_instant(store: Store) -> None:
    moment = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    with store.write() as tx:
        calendars.ensure(tx, "a", "martin")
        calendars.change(tx, "a", last_success=moment)
    with store.read() as tx:
        row = calendars.get(tx, "a")
    assert row is not None
    assert row.last_success == moment


def test_writers_side_by_side_give_no_number_twice(store: Store) -> None:
    given: list[int] = []

    def count() -> None:
        for _ in range(20):
            with store.write() as tx:
                given.append(counters.take_numbers(tx, "side")[0])

    with store.write() as tx:
        counters.take_numbers(tx, "side")
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(2, 82))


def test_a_whole_pass_and_an_idle_one(postgresql: str, tmp_path: Path) -> None:
    replay = Replay(400, date(2026, 11, 24))
    threading.Thread(target=replay.serve, daemon=True).start()
    (tmp_path / "attitre.yaml").write_text(YAML.format(store=postgresql, url=replay.url))
    settings, _ = load([tmp_path / "attitre.yaml"], {})
    assert settings is not None
    with open_world(settings, clock=lambda: datetime(2026, 11, 24, 8, 0, tzinfo=UTC)) as world:
        one_pass(world)
        replay.requests = 0
        one_pass(world)
        assert replay.requests == 1
        with world.store.read() as tx:
            assert len(resources.versions(tx, replay.url)) == 400
