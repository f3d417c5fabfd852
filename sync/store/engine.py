"""Opens the store: engine, transactions, schema version, and the lease of its one worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, create_engine, event, insert, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from sync.store import lease
from sync.store.metadata import HEAD
from sync.store.problems import (
    NEWER,
    Locked,
    NotStored,
    Outdated,
    Overtaken,
    StoreProblem,
    Unusable,
    about_rows,
    sentence,
    translated,
)
from sync.store.queue import WritersQueue, queue_of
from sync.store.tables import for_postgresql, metadata
from sync.store.tx import Tx

if TYPE_CHECKING:
    from sync.store.jobs import Jobs

__all__ = ["HEAD", "Locked", "NotStored", "Outdated", "Overtaken", "Store", "StoreProblem", "Tx", "Unusable", "migrate"]


class Store:
    """One practice's data. Readers run beside the writer. Writers of one process wait for each other in order of
    arrival; writers of several processes wait by SQLite's busy timeout of 10 s (BEGIN IMMEDIATE). `within`: seconds for
    an answer of PostgreSQL, where they are not the usual ones."""

    within: float | None = None
    _stored = 0

    def __init__(self, url: str, practice: str, engine: Engine | None = None) -> None:
        self.url = make_url(url)
        self.practice = practice
        self._engine = engine if engine is not None else engine_at(url)
        self._queue: WritersQueue | None = queue_of(str(self.file.resolve())) if self.file else None
        self._fence: int | None = None  # our fencing token, while we hold the lease of a practice on PostgreSQL

    def named(self, key: str) -> Store:
        """The same tables, for what several practices count together under a key that no practice can have."""
        store = Store(self.url.render_as_string(hide_password=False), key, self._engine)
        store.within = self.within
        return store

    def under(self, fence: int) -> Store:
        """The same rows, for one worker, which writes under that lease: what is left of an earlier worker must not
        take a later lease for its own."""
        store = self.named(self.practice)
        store.leased(fence)
        return store

    @property
    def may_lose_its_lock(self) -> bool:
        """Whether workers share its practices, and one may take over from another: on PostgreSQL, not with a file."""
        return self._engine.dialect.name == "postgresql"

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL, or a store in memory."""
        name = self.url.database if self.url.get_backend_name() == "sqlite" else None
        return Path(name) if name and name != ":memory:" else None

    @property
    def stored(self) -> int:
        """How many transactions of ours changed rows and were committed; counted on PostgreSQL only, where processes
        tell each other how it goes."""
        return self._stored

    @contextmanager
    def write(self, *, durable: bool = False, answer: bool = False) -> Iterator[Tx]:
        """A writing transaction, committed at the end and rolled back by any exception. `durable`: the commit survives
        a power cut; used before and after a call to a gateway. `answer`: of a call that began before; a newer version's
        schema takes it too, as migrations only add, and without it the message would be sent again. Raises Overtaken if
        another worker took over the practice, Outdated if a newer version did, NotStored for rows that the store
        refuses, StoreProblem if the store itself fails."""
        fence = self._fence  # as it is now: while this waits for its turn, the lease may end and a later one be ours
        changed: list[int] = []  # rows; see `apart.listen`
        options = {"attitre_durable": durable, "attitre_practice": self.practice, "attitre_within": self.within}
        options["attitre_changed"] = changed
        with (
            self._of_rows(),
            self._in_order(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            if fence is not None:
                lease.check(connection, self.practice, fence, answer=answer)
            tx = Tx(connection, self.practice)
            yield tx
            tx.flush()
        self._stored += any(changed)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A reading transaction."""
        options = {"attitre_read": True, "attitre_practice": self.practice, "attitre_within": self.within}
        with self._of_rows(), self._engine.connect().execution_options(**options) as connection:
            yield Tx(connection, self.practice)

    def server_time(self) -> float:
        """What PostgreSQL's clock says, in seconds since 1970. Raises Unusable."""
        with self.read() as tx:
            return float(tx.connection.execute(text("select extract(epoch from clock_timestamp())")).scalar_one())

    def read_only(self) -> bool:
        """Whether PostgreSQL answers and takes nothing, as a standby server does. Raises StoreProblem, as `write`."""
        with self.write() as tx:
            asked = text("select current_setting('transaction_read_only') = 'on'")
            return self.may_lose_its_lock and bool(tx.connection.execute(asked).scalar_one())

    def left_open(self) -> bool:
        """Whether PostgreSQL itself would show our role the rows of other practices: it then is a superuser, or has
        BYPASSRLS."""
        if not self.may_lose_its_lock:
            return False
        from sync.store import apart

        with self.read() as tx:
            return apart.left_open(tx.connection)

    def _in_order(self) -> AbstractContextManager[None]:
        return self._queue.turn() if self._queue is not None else nullcontext()

    def prepare(self) -> None:
        """Create or migrate the tables; the file is readable by its owner only. Raises Unusable."""
        if self.file is not None:
            _private_file(self.file)
        with translated():
            current = _revision(self._engine)
            if current == HEAD:
                return
            if current is not None and current > HEAD:
                raise Unusable(NEWER)
            if current is None:
                _create(self._engine)
            else:
                migrate(self._engine)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lease of the practice, so that no other worker runs. Raises Locked at once if another one does."""
        if self.file is not None:
            with lease.file_lock(self.file.with_name(self.file.name + ".lock")):
                yield
        elif self.may_lose_its_lock:
            with self._leased():
                yield
        else:
            yield

    def leased(self, fence: int) -> None:
        """From now on write under that lease, and not at all once another worker has taken it."""
        self._fence = fence

    def leases(self, lasts: float = lease.LASTS_S) -> lease.Leases:
        """Those of a process that works for practices of this PostgreSQL."""
        return lease.Leases(self._engine, lasts)

    def jobs(self) -> Jobs:
        """Those of the workers that share this PostgreSQL."""
        from sync.store.jobs import Jobs  # a file has none

        return Jobs(self._engine)

    def still_ours(self) -> None:
        """Raises Overtaken if another worker took over the practice."""
        fence = self._fence
        if fence is not None:
            with translated(), self._engine.begin() as connection:
                lease.check(connection, self.practice, fence)

    @contextmanager
    def _leased(self) -> Iterator[None]:
        with translated(), lease.server_lease(self._engine, self.practice) as fence:
            self._fence = fence
            try:
                yield
            finally:
                self._fence = None

    def shred(self) -> None:
        """Leave no trace of deleted rows in the SQLite files. On PostgreSQL the administrator runs VACUUM."""
        if self.file is None:
            return
        with translated():
            raw = self._engine.raw_connection()  # without our BEGIN: VACUUM is not allowed in a transaction
            try:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    raw.cursor().execute(statement)
            finally:
                raw.close()

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _of_rows(self) -> Iterator[None]:
        """As `translated`, around one transaction; an error about its rows becomes NotStored, which is no
        StoreProblem."""
        with translated():
            try:
                yield
            except DBAPIError as error:
                if not about_rows(error):
                    raise
                raise NotStored(sentence(error)) from error


def engine_at(url: str | URL, **words: Any) -> Engine:
    """A new engine with our settings of each database. `words`: further ones of SQLAlchemy's `create_engine`."""
    where = make_url(url)
    if where.get_backend_name() == "postgresql":
        from sync.store import silence  # imported here: SQLite has nothing of the kind

        asked = {name: value for name, value in silence.NOTICED.items() if name not in where.query}
        words["connect_args"] = {**asked, **words.get("connect_args", {})}
    engine = create_engine(where, hide_parameters=True, **words)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
        event.listen(engine, "begin", _begin_immediate)
    elif engine.dialect.name == "postgresql":
        from sync.store import apart, silence

        for_postgresql()
        silence.listen(engine)
        apart.listen(engine)
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
    """Set SQLite's `synchronous` before BEGIN; within a transaction it would be ignored. PostgreSQL's commits are
    always durable."""
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
    """Create the tables in their newest form, without importing alembic. Two processes that begin at once wait for each
    other."""
    with engine.begin() as connection:
        _alone(connection)
        version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
        if not engine.dialect.has_table(connection, version.name):
            metadata.create_all(connection)
            version.create(connection)
            connection.execute(insert(version), {"version_num": HEAD})
            if engine.dialect.name == "postgresql":
                from sync.store import apart

                apart.enforce(connection)


def migrate(engine: Engine, to: str = HEAD) -> None:
    """Migrate older tables to the schema of this version, or to that of an earlier one."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        _alone(connection)
        with _for_every_practice(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, to)


def _alone(connection: Connection) -> None:
    """Nobody else changes the tables until the commit; a SQLite file has its own lock for that."""
    if connection.dialect.name == "postgresql":
        from sync.store import silence

        silence.unhurried(connection)
        connection.execute(text("select pg_advisory_xact_lock(hashtext('attitre:schema'))"))


def _for_every_practice(connection: Connection) -> AbstractContextManager[None]:
    """A migration concerns the rows of all practices."""
    if connection.dialect.name != "postgresql":
        return nullcontext()
    from sync.store import apart

    return apart.lifted(connection)
