"""Opening the store: engine, transactions, schema version, and the lock that keeps one writer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, create_engine, event, insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from sync.store import lease
from sync.store.problems import Locked, NotStored, Overtaken, StoreProblem, Unusable, about_rows, sentence
from sync.store.queue import WritersQueue, queue_of
from sync.store.tables import for_postgresql, metadata
from sync.store.tx import Tx

__all__ = ["HEAD", "Locked", "NotStored", "Overtaken", "Store", "StoreProblem", "Tx", "Unusable", "migrate"]
HEAD = "0013"


class Store:
    """One practice's data. Readers run beside the writer; writers of one process wait for each other in their order,
    those of several by SQLite's own patience (BEGIN IMMEDIATE)."""

    def __init__(self, url: str, practice: str) -> None:
        self.url = make_url(url)
        self.practice = practice
        self._engine = _engine(url)
        self._queue: WritersQueue | None = queue_of(str(self.file.resolve())) if self.file else None
        self._fence: int | None = None  # raised while we hold the lock of a practice on a server

    @property
    def may_lose_its_lock(self) -> bool:
        """Whether a worker may be overtaken, so that another one may stand by: on a server, not with a file."""
        return self._engine.dialect.name == "postgresql"

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a server or a store in memory."""
        name = self.url.database if self.url.get_backend_name() == "sqlite" else None
        return Path(name) if name and name != ":memory:" else None

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Tx]:
        """A writing transaction: committed at the end, rolled back by any exception. `durable`: on the disk itself when
        this returns, so that a power cut cannot undo it; for what a call outside follows, and for that call's result.
        Raises Overtaken where we held the practice's lock on a server and another worker has it now, NotStored for rows
        that the store does not take, StoreProblem where the store itself is in trouble."""
        options = {"attitre_durable": durable}
        with (
            self._of_rows(),
            self._in_order(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            if self._fence is not None:
                lease.check(connection, self.practice, self._fence)
            tx = Tx(connection, self.practice)
            yield tx
            tx.flush()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A reading transaction."""
        options = {"attitre_read": True}
        with self._of_rows(), self._engine.connect().execution_options(**options) as connection:
            yield Tx(connection, self.practice)

    def _in_order(self) -> AbstractContextManager[None]:
        return self._queue.turn() if self._queue is not None else nullcontext()

    def prepare(self) -> None:
        """Create or migrate the tables; owner-only file. Raises Unusable."""
        if self.file is not None:
            _private_file(self.file)
        with self._translated():
            current = _revision(self._engine)
            if current == HEAD:
                return
            if current is not None and current > HEAD:
                raise Unusable("Cette base a été créée par une version plus récente d'attitre : mettez attitre à jour.")
            if current is None:
                _create(self._engine)
            else:
                migrate(self._engine)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer loop of this store. Raises Locked at once when another one is at work."""
        if self.file is not None:
            with lease.file_lock(self.file.with_name(self.file.name + ".lock")):
                yield
        elif self.may_lose_its_lock:
            with self._leased():
                yield
        else:
            yield

    def still_ours(self) -> None:
        """Raises Overtaken where we held the practice's lock on a server and another worker has it now."""
        if self._fence is not None:
            with self._translated(), self._engine.begin() as connection:
                lease.check(connection, self.practice, self._fence)

    @contextmanager
    def _leased(self) -> Iterator[None]:
        with self._translated(), lease.server_lease(self._engine, self.practice) as fence:
            self._fence = fence
            try:
                yield
            finally:
                self._fence = None

    def shred(self) -> None:
        """Leave nothing of deleted rows in the files. A server's own vacuum is its administrator's."""
        if self.file is None:
            return
        with self._translated():
            raw = self._engine.raw_connection()  # without our BEGIN: a vacuum stands in no transaction
            try:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    raw.cursor().execute(statement)
            finally:
                raw.close()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise Unusable(sentence(error)) from error

    @contextmanager
    def _of_rows(self) -> Iterator[None]:
        """As `_translated`, around one transaction: what is wrong with its rows alone is not the store's."""
        with self._translated():
            try:
                yield
            except DBAPIError as error:
                if not about_rows(error):
                    raise
                raise NotStored(sentence(error)) from error


def _engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
        event.listen(engine, "begin", _begin_immediate)
    elif engine.dialect.name == "postgresql":
        for_postgresql()
    return engine


def _sqlite_settings(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
    cursor = connection.cursor()  # type: ignore[attr-defined]
    wanted = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON", "secure_delete=ON")
    for pragma in wanted:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("attitre_read"):
        connection.exec_driver_sql("BEGIN")
        return
    _synchronous(connection, "FULL" if options.get("attitre_durable") else "NORMAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _synchronous(connection: Connection, wanted: str) -> None:
    """SQLite ignores the pragma within a transaction. A server's commits are on its disk in any case."""
    if connection.info.get("synchronous", "NORMAL") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted


def _private_file(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
    except OSError as error:
        raise Unusable(f"La base {file} ne peut pas être ouverte ({error.strerror}).") from error


def _revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(attitre_read=True) as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        row = connection.execute(text("select version_num from alembic_version")).first()
        return str(row[0]) if row else None


def _create(engine: Engine) -> None:
    """What the migrations make, without loading what runs them; two that begin at once wait for each other."""
    with engine.begin() as connection:
        version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
        if not engine.dialect.has_table(connection, version.name):
            metadata.create_all(connection)
            version.create(connection)
            connection.execute(insert(version), {"version_num": HEAD})


def migrate(engine: Engine) -> None:
    """Bring older tables to what this version expects."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
