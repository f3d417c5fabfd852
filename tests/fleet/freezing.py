"""A PostgreSQL that stands still, as with a disk that does: the kernel takes what is sent, and nobody answers."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from sync.store.engine import Store


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def mother(store: Store) -> int:
    """The server's process that takes connections."""
    with store.read() as tx:
        return parent(int(tx.connection.execute(text("select pg_backend_pid()")).scalar_one()))


def children(server: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


@contextmanager
def frozen(store: Store) -> Iterator[None]:
    """Within this context the server does nothing at all."""
    stopped = []
    try:
        server = mother(store)
        os.kill(server, signal.SIGSTOP)  # so that no child is born meanwhile
        stopped.append(server)
        for pid in children(server):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        yield
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)
