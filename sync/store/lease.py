"""The lease of a practice: one worker at a time, even if workers die or hang (docs/design.md#one-worker-a-practice;
hard case I07, crash point K13).

The lock of a file ends with its process, so no worker can lose it and go on. A lock on PostgreSQL ends with its
connection, and a worker whose connection was cut may still write through another one. So each new holder raises the
practice's fencing token, and every writing transaction first checks that its own token is still the highest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from weakref import WeakKeyDictionary

from msgspec import Struct, field
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from sync.store.problems import Locked, Overtaken
from sync.store.tables import lease

_PATIENCE = "5s"  # how long we wait for a transaction of the previous worker before raising the fencing token
# with these keep-alives the server notices within 30 s that a worker's machine lost power; by default after 2 h
_NOTICED = ("tcp_keepalives_idle = 15", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
_TRY = text("select pg_try_advisory_lock(hashtext(:name))")
_UNLOCK = text("select pg_advisory_unlock(hashtext(:name))")
_ALIVE = text("select 1")
_STILL = select(lease.c.fence).with_for_update(
    read=True
)  # a shared lock until the commit: nobody raises the token before


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of the file. Raises Locked at once if another process holds it."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def server_lease(engine: Engine, practice: str) -> Iterator[int]:
    """Hold the practice's lock; yields the fencing token. All practices of an engine hold theirs through one
    connection, which does nothing else. Raises Locked at once if another worker holds the lock, or lost it and is still
    writing."""
    lines = _lines_of(engine)
    with lines.turn:
        line = lines.taken(engine, practice)
    try:
        with lines.turn:
            fence = _raised(line.connection, practice)
        yield fence
    finally:
        with lines.turn:
            lines.given_back(line, practice)


class _Line(Struct):
    """A connection, and the practices whose locks it holds."""

    connection: Connection
    practices: set[str] = field(default_factory=set)

    def take(self, practice: str) -> bool:
        """Whether the lock is ours now. Raises DBAPIError if the connection was cut."""
        if practice in self.practices:
            self.connection.execute(_ALIVE)
            return False
        if not self.connection.execute(_TRY, {"name": f"attitre:{practice}"}).scalar():
            return False
        self.practices.add(practice)
        return True


class _Lines:
    """The line of one engine; a new one after it was cut."""

    def __init__(self) -> None:
        self.turn = Lock()
        self._line: _Line | None = None

    def taken(self, engine: Engine, practice: str) -> _Line:
        """The line that holds the practice's lock now. Raises Locked."""
        if self._line is not None and not self._line.connection.invalidated:
            try:
                return self._on(self._line, practice)
            except DBAPIError:
                pass  # it was cut, and its locks ended with it; the last who held one closes it
        self._line = _Line(_connected(engine))
        return self._on(self._line, practice)

    def _on(self, line: _Line, practice: str) -> _Line:
        if line.take(practice):
            return line
        self._end_if_idle(line)
        raise Locked

    def given_back(self, line: _Line, practice: str) -> None:
        """The practice's lock ends, also before its connection closes: the server notices that a little later."""
        line.practices.discard(practice)
        if not line.connection.invalidated:
            with suppress(DBAPIError):  # cut: its locks are over already
                line.connection.execute(_UNLOCK, {"name": f"attitre:{practice}"})
        self._end_if_idle(line)

    def _end_if_idle(self, line: _Line) -> None:
        if not line.practices:
            line.connection.close()
            self._line = None if line is self._line else self._line


_lines: WeakKeyDictionary[Engine, _Lines] = WeakKeyDictionary()
_finding = Lock()


def _lines_of(engine: Engine) -> _Lines:
    with _finding:
        return _lines.setdefault(engine, _Lines())


def _connected(engine: Engine) -> Connection:
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # not returned to the pool: closing it must end the locks
    for setting in _NOTICED:
        connection.execute(text(f"set {setting}"))
    return connection


def _raised(connection: Connection, practice: str) -> int:
    from sqlalchemy.dialects.postgresql import insert  # imported here: not needed with SQLite

    first = insert(lease).values(practice=practice, fence=1)
    taken = first.on_conflict_do_update(index_elements=["practice"], set_={"fence": lease.c.fence + 1})
    connection.execute(text(f"set lock_timeout = '{_PATIENCE}'"))
    try:
        return int(connection.execute(taken.returning(lease.c.fence)).scalar_one())
    except OperationalError as error:
        raise Locked from error


def check(connection: Connection, practice: str, fence: int) -> None:
    """Raises Overtaken if a newer lease exists; otherwise none can begin before this transaction ends."""
    if connection.execute(_STILL.where(lease.c.practice == practice)).scalar() != fence:
        raise Overtaken
