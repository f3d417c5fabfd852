"""Who works on a practice: one worker a time, whatever dies or hangs (docs/design.md#one-worker-a-practice;
hard case I07, crash point K13).

A file's lock goes with its process: nobody can lose it and work on. On a server a lock goes with its connection, and a
worker whose connection was cut may still be writing through others. So whoever takes the lock also raises the
practice's fence, and each of its writing transactions begins by looking whether that is still the highest.
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

_PATIENCE = "5s"  # how long a transaction of the worker before may keep us from raising the fence
# a worker whose machine lost its power is noticed by the server in half a minute, not in the two hours of the default
_NOTICED = ("tcp_keepalives_idle = 15", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
_TRY = text("select pg_try_advisory_lock(hashtext(:name))")
_STILL = select(lease.c.fence).with_for_update(read=True)  # held to the end: nobody raises it before we have committed


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the file's lock. Raises Locked at once where another process does."""
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
    """Hold the practice's lock on a connection of its own; gives the fence. Raises Locked at once where another worker
    holds it, or is still writing after it lost it."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # closed, not given back: the lock goes with it
    with connection:
        for setting in _NOTICED:
            connection.execute(text(f"set {setting}"))
        if not connection.execute(_TRY, {"name": f"attitre:{practice}"}).scalar():
            raise Locked
        yield _raised(connection, practice)


def _raised(connection: Connection, practice: str) -> int:
    from sqlalchemy.dialects.postgresql import insert  # not loaded where the store is a file

    first = insert(lease).values(practice=practice, fence=1)
    taken = first.on_conflict_do_update(index_elements=["practice"], set_={"fence": lease.c.fence + 1})
    connection.execute(text(f"set lock_timeout = '{_PATIENCE}'"))
    try:
        return int(connection.execute(taken.returning(lease.c.fence)).scalar_one())
    except OperationalError as error:
        raise Locked from error


def check(connection: Connection, practice: str, fence: int) -> None:
    """The lease is still ours until this transaction ends. Raises Overtaken."""
    if connection.execute(_STILL.where(lease.c.practice == practice)).scalar() != fence:
        raise Overtaken
