"""The store keeps its promises: UTC, owner-only, one writer, nothing lost between writers, every key by practice."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import JSON, Engine, create_engine, insert, select, text
from sqlalchemy.dialects.sqlite import DATETIME, dialect

from sync.store import calendars, counters, keyvalue, tables
from sync.store.engine import HEAD, Locked, Store, Unusable, migrate
from sync.store.problems import translated
from sync.store.utc import UtcDateTime


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    store.prepare()
    return store


def test_every_key_starts_with_the_practice() -> None:
    for table in tables.metadata.sorted_tables:
        assert next(iter(table.primary_key)).name == "practice", table.name
        assert all(next(iter(index.columns)).name == "practice" for index in table.indexes), table.name


def test_the_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate(engine)
    assert differences(engine) == []


def test_a_new_store_is_as_if_it_had_been_migrated(store: Store, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate(engine)
    assert differences(create_engine(store.url)) == []
    with engine.connect() as old, create_engine(store.url).connect() as new:
        named = text("select type, name, tbl_name from sqlite_master order by 1, 2")
        assert old.execute(named).all() == new.execute(named).all()


def test_an_older_store_knows_which_events_are_over_without_rewriting_the_past(tmp_path: Path) -> None:
    engine, long_ago = create_engine(f"sqlite:///{tmp_path / 'older.db'}"), datetime(2020, 1, 6, 9, tzinfo=UTC)
    now = datetime.now(UTC)
    migrate(engine, "0022")
    there = {"practice": "lilas", "calendar": "memory:martin", "order": 1}
    body = {"payload": b"", "raw_hash": b"", "semantic": "s", "state": "present", "changed_at": long_ago}
    event = {"uid": "u", "dentist": "martin", "all_day": False, "lasting": False, "kind": "block"}
    weeks = [now + timedelta(days=7 * week) for week in (-1, 0, 1)]
    with engine.begin() as connection:
        connection.execute(
            insert(tables.resource), [{**there, **body, "ref": ref} for ref in ("series", "past", "empty")]
        )
        visits = [("series", at) for at in weeks] + [("past", long_ago), ("past", now - timedelta(days=3))]
        times = [{"ref": ref, "recurrence": f"{at}", "start": at, "end": at} for ref, at in visits]
        connection.execute(insert(tables.occurrence), [{**there, **event, **one} for one in times])
    migrate(engine)
    with engine.connect() as connection:
        known = connection.execute(select(tables.resource.c.ref, tables.resource.c.over_at)).all()
    assert dict(known) == {"series": weeks[-1], "past": None, "empty": None}


def differences(engine: Engine) -> list[Any]:
    """What the tables there and those of the code do not share."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": tables.metadata})
        assert connection.execute(text("select version_num from alembic_version")).scalar() == HEAD
        return list(compare_metadata(context, tables.metadata))


@given(st.datetimes(timezones=st.timezones()))
@example(datetime(3, 1, 1, tzinfo=UTC))
@example(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris")))
def test_sqlite_holds_the_very_text_that_sqlalchemy_writes(moment: datetime) -> None:
    own, kind = dialect(), UtcDateTime()
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    written = kind.bind_processor(own)(moment)
    usual = DATETIME().bind_processor(own)
    assert usual is not None
    assert written == usual(utc.replace(tzinfo=None))
    assert kind.result_processor(own, None)(written) == utc


def test_the_file_is_its_owner_s_alone(store: Store) -> None:
    assert store.file is not None
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600


def test_times_come_back_as_the_same_instant(store: Store) -> None:
    paris = datetime(2026, 7, 1, 9, 30, tzinfo=ZoneInfo("Europe/Paris"))
    with store.write() as tx:
        calendars.ensure(tx, "a", "martin")
        calendars.change(tx, "a", last_success=paris)
    with store.read() as tx:
        row = calendars.get(tx, "a")
    assert row is not None
    assert row.last_success == paris
    assert row.last_success.tzinfo is UTC


def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="without zone"), store.write() as tx:
        calendars.ensure(tx, "a", "martin")
        calendars.change(tx, "a", last_success=datetime(2026, 7, 1))


def test_an_exception_rolls_everything_back(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as tx:
        keyvalue.put(tx, "x", "1")
        raise RuntimeError
    with store.read() as tx:
        assert keyvalue.get(tx, "x") is None


def test_writers_side_by_side_lose_no_update(store: Store) -> None:
    def count() -> None:
        for _ in range(50):
            with store.write() as tx:
                counters.take_numbers(tx, "n")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.write() as tx:
        assert counters.take_numbers(tx, "n")[0] == 201


def test_i09_a_second_worker_is_refused_with_a_clear_sentence(store: Store) -> None:
    with store.lock(), pytest.raises(Locked, match="Un autre attitre travaille déjà"), store.lock():
        pass


def test_the_lock_is_free_again_afterwards(store: Store) -> None:
    for _ in range(2):
        with store.lock():
            pass


def test_practices_in_one_store_never_see_each_other(store: Store) -> None:
    with store.write() as tx:
        keyvalue.put(tx, "x", "1")
    other = Store(str(store.url), "roses")
    with other.read() as tx:
        assert keyvalue.get(tx, "x") is None


def test_a_full_disk_is_said_in_words_and_nothing_is_half_written(store: Store) -> None:
    with store.write() as tx:
        pages = tx.connection.execute(text("pragma page_count")).scalar()
        tx.connection.execute(text(f"pragma max_page_count={pages}"))
        with pytest.raises(Unusable, match="Le disque est plein"), translated():
            keyvalue.put(tx, "x", "y" * 1_000_000)


def test_a_store_from_a_newer_attitre_is_left_alone(store: Store) -> None:
    with store.write() as tx:
        tx.connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Unusable, match="version plus récente"):
        store.prepare()


def test_a_file_that_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"pas une base" * 500)
    with pytest.raises(Unusable, match="abîmé"):
        Store(f"sqlite:///{tmp_path / 'x.db'}", "lilas").prepare()


def test_numbers_are_never_given_twice_even_across_practices(store: Store) -> None:
    with store.write() as tx:
        first = list(counters.take_numbers(tx, "booking", 3))
    with Store(str(store.url), "roses").write() as tx:
        assert list(counters.take_numbers(tx, "booking", 2)) == [1, 2]
    assert first == [1, 2, 3]


def test_the_secret_stays_the_same(store: Store) -> None:
    with store.write() as tx:
        first = keyvalue.secret(tx)
    with store.write() as tx:
        assert keyvalue.secret(tx) == first
        assert tx.connection.execute(select(tables.setting.c.value)).scalar() == first.hex()


def test_nothing_in_a_json_column_is_null_to_a_question() -> None:
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, JSON) and column.nullable:
                assert column.type.none_as_null, f"{table.name}.{column.name}: « is null » would never find it"
