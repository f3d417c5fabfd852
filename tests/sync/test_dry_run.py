"""`sync --dry-run` reads the store and leaves it as it is, byte by byte."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sync.rehearsal.dry_run import copied
from sync.store import keyvalue
from sync.store.engine import Store, Unusable


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'lilas.db'}", "lilas")
    store.prepare()
    return store


def files(place: Path) -> dict[str, tuple[bytes, int]]:
    """Name → content and time of the last change. What SQLite shares in memory between processes is no content."""
    there = (one for one in place.iterdir() if not one.name.endswith("-shm"))
    return {one.name: (one.read_bytes(), one.stat().st_mtime_ns) for one in there}


def known(store: Store) -> str | None:
    with store.read() as tx:
        return keyvalue.get(tx, "seen")


def writes(store: Store, value: str) -> None:
    with store.write() as tx:
        keyvalue.put(tx, "seen", value)


def test_a_store_at_rest_keeps_its_bytes_and_gets_no_file_beside_it(store: Store, tmp_path: Path) -> None:
    writes(store, "one")
    store.close()
    before = files(tmp_path)
    with copied(store.file, "lilas") as copy:
        assert known(copy) == "one"
        writes(copy, "two")
    assert files(tmp_path) == before
    assert set(before) == {"lilas.db"}
    assert known(store) == "one"


def test_a_store_at_work_keeps_its_bytes_and_its_log(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lilas.db")) as held:  # a `run` beside it: the log stays
        held.execute("select count(*) from setting").fetchone()
        writes(store, "only in the log so far")
        before = files(tmp_path)
        with copied(store.file, "lilas") as copy:
            assert known(copy) == "only in the log so far"
            writes(copy, "two")
        assert files(tmp_path) == before
        assert before["lilas.db-wal"][0] != b""


def test_a_file_that_is_no_store_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lilas.db").write_text("rien de tel" * 1000)
    with pytest.raises(Unusable, match="base"), copied(tmp_path / "lilas.db", "lilas"):
        pass
