"""Commands beside others that work for the same PostgreSQL: on a machine whose clock is ten minutes wrong, and where
the server takes nothing any more."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from time_machine import travel

from sync.store import calendars, generation
from sync.store.engine import Store
from tests.backups import superuser_at
from tests.sync.test_cli_commands import YAML, Shelf, ask, attitre, put, shelves

__all__ = ["shelves"]
WRONG = [pytest.param(-600, id="slow"), pytest.param(600, id="fast")]


@pytest.fixture
def lilas(store: Store, shelves: dict[str, Shelf]) -> Store:
    """A practice with a first pass, made by a machine whose clock is right."""
    address = store.url.render_as_string(hide_password=False)
    file = YAML.replace("practice: {", "practice: {key: lilas, ") + f'store: "{address}"\n'
    Path("attitre.yaml").write_text(file, encoding="utf-8")
    assert attitre("sync").exit_code == 0
    return store


@contextmanager
def machine(wrong: float) -> Iterator[None]:
    """Within this context this machine's clock is so many seconds wrong."""
    with travel(datetime.now(UTC) + timedelta(seconds=wrong)):
        yield


def noticed(store: Store) -> list[str]:
    """What was said of a wrong clock, and to whom."""
    with store.read() as tx:
        journal = tx.connection.execute(text("select event from journal where event = 'clock-set'")).scalars()
        notices = tx.connection.execute(text("select subject from notice")).scalars()
        return [*journal, *notices]


def off(store: Store) -> float:
    """Seconds by which the youngest moments of the practice's calendars and journal are wrong."""
    with store.read() as tx:
        worked = [row.last_success for row in calendars.every(tx)]
        worked += tx.connection.execute(text("select max(at) from journal")).scalars()
    return max(abs(moment.timestamp() - time.time()) for moment in worked if moment is not None)


def mark(store: Store) -> str:
    with store.read() as tx:
        return generation.mark_of(tx)


@pytest.mark.parametrize("wrong", WRONG)
def test_k16_a_pass_on_a_machine_whose_clock_is_wrong_disturbs_nobody(
    lilas: Store, shelves: dict[str, Shelf], wrong: float
) -> None:
    before = mark(lilas)
    put(shelves["martin"], "e1", "DUPONT Marie - contrôle")
    with machine(wrong):
        assert attitre("sync").exit_code == 0
    assert off(lilas) < 120
    assert attitre("sync").exit_code == 0
    assert (noticed(lilas), mark(lilas)) == ([], before)


@pytest.mark.parametrize("wrong", WRONG)
def test_k16_what_a_person_does_there_is_noted_at_its_hour(lilas: Store, wrong: float) -> None:
    with machine(wrong):
        assert attitre("hold", "martin").exit_code == 0
        [held] = ask("status", "--json")["held"]
    with lilas.read() as tx:
        [at] = [row.held_at for row in calendars.every(tx) if row.held_at]
    assert abs(at.timestamp() - time.time()) < 120
    assert held["dentist"] == "martin"
    assert attitre("sync").exit_code == 0
    assert noticed(lilas) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_k16_the_state_that_it_shows_is_the_one_by_the_servers_clock(lilas: Store, wrong: float) -> None:
    right = [row["state"] for row in ask("status", "--json")["calendars"]]
    with machine(wrong):
        assert [row["state"] for row in ask("status", "--json")["calendars"]] == right == ["ok", "ok"]


def test_a_check_says_that_the_server_takes_nothing(lilas: Store) -> None:
    """After a failover the address may lead to a standby server, which answers all questions."""
    said = "La base PostgreSQL est en lecture seule"
    engine = superuser_at(lilas.url)
    alone = f'alter database "{lilas.url.database}" set default_transaction_read_only = '
    try:
        with engine.begin() as connection:
            connection.execute(text(f"{alone}on"))
        lilas.close()
        done = attitre("check", "--connect")
        assert (done.exit_code, f"✗ base : {said}" in done.stdout) == (1, True)
        assert "Tout répond" not in done.stdout
        overall = attitre("status")
        assert (overall.exit_code, said in " ".join(overall.stdout.split())) == (1, True)
    finally:
        with engine.begin() as connection:
            connection.execute(text("set transaction read write"))
            connection.execute(text(f"{alone}off"))
        engine.dispose()
    assert "✓ base : ouverte et à jour." in attitre("check", "--connect").stdout
