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


def family(store: Store) -> list[int]:
    """The server's processes, the one that takes connections first."""
    with store.read() as tx:
        backend = int(tx.connection.execute(text("select pg_backend_pid()")).scalar_one())
    server, found = parent(backend), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if parent(int(entry.name)) == server:
                    found.append(int(entry.name))
            except OSError:  # it ended meanwhile
                continue
    return [server, *found]


@contextmanager
def frozen(store: Store) -> Iterator[None]:
    """Within this context the server does nothing at all."""
    stopped = []
    try:
        for pid in family(store):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        yield
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)
