"""A temporary store for the audit with a copy of the directory. The real store is only read and stays unchanged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from msgspec import Struct

from sync.store import excerpt
from sync.store.engine import Store


class Notebook(Struct, frozen=True):
    """`born`: (uid, recurrence) of events from which a patient's record was made; `known`: there is a directory."""

    store: Store
    born: frozenset[tuple[str, str]] = frozenset()
    known: bool = False


@contextmanager
def notebook(real: Store, since: datetime) -> Iterator[Notebook]:
    """A new store with the patients of the real one and their visits before `since`, without events."""
    with TemporaryDirectory(prefix="attitre-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'audit.db'}", real.practice)
        try:
            store.prepare()
            with _directory(real, Path(folder)) as origin:
                yield _filled(store, origin, since)
        finally:
            store.close()


@contextmanager
def _directory(real: Store, folder: Path) -> Iterator[Store | None]:
    """Where to read the directory: a migrated copy of the file, the database server itself, or None before the first
    sync."""
    if real.file is None:
        yield real if real.url.get_backend_name() != "sqlite" else None
        return
    if not real.file.exists() or not real.file.stat().st_size:
        yield None
        return
    copy = folder / "copie.db"
    backup(real.file, copy)
    origin = Store(f"sqlite:///{copy}", real.practice)
    try:
        origin.prepare()
        yield origin
    finally:
        origin.close()


def backup(file: Path, copy: Path) -> None:
    """A copy readable by its owner only. The original is opened read-only: its write-ahead log is not merged, and no
    file appears beside it."""
    copy.touch(0o600)
    busy = file.with_name(file.name + "-wal").exists()
    how = "mode=ro" if busy else "mode=ro&immutable=1"
    uri = f"file:{quote(str(file.resolve()))}?{how}"
    with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _filled(store: Store, origin: Store | None, since: datetime) -> Notebook:
    if origin is None:
        return Notebook(store)
    with origin.read() as theirs:
        if not excerpt.is_made(theirs):
            return Notebook(store)
        with store.write() as ours:
            known = excerpt.directory(theirs, ours)
            excerpt.visits(theirs, ours, since)
        return Notebook(store, excerpt.born(theirs), known)
