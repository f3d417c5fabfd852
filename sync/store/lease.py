"""The lease of a practice: one worker at a time, even if workers die or hang (docs/design.md#one-worker-a-practice;
hard case I07, crash point K13).

The lock of a file ends with its process, so no worker can lose it and go on. A lock on PostgreSQL ends with its
connection, and a worker whose connection was cut may still write through another one. So each new holder raises the
practice's fencing token, and every writing transaction first checks that its own token is still the highest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import OperationalError

from sync.store.problems import Locked, Overtaken
from sync.store.tables import lease

_PATIENCE = "5s"  # how long we wait for a transaction of the previous worker before raising the fencing token
# with these keep-alives the server notices within 30 s that a worker's machine lost power; by default after 2 h
_NOTICED = ("tcp_keepalives_idle = 15", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
_TRY = text("select pg_try_advisory_lock(hashtext(:name))")
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
    """Hold the practice's lock on a connection of its own; yields the fencing token. Raises Locked at once if another
    worker holds the lock, or lost it and is still writing."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # not returned to the pool: closing it must end the lock
    with connection:
        for setting in _NOTICED:
            connection.execute(text(f"set {setting}"))
        if not connection.execute(_TRY, {"name": f"attitre:{practice}"}).scalar():
            raise Locked
        yield _raised(connection, practice)


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
