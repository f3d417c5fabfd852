"""The locks of the SQLite files in which this process works. Each ends with its process, so a second `run` that finds
one taken is a mistake. The practices of a PostgreSQL are shared instead (`sync.fleet`).
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from threading import Lock
from time import monotonic

from msgspec import Struct, field

from sync.store.engine import Store

LOOK_EVERY_S = 3.0  # times 0.7 to 1.3, so that two waiting workers do not try at the same moment


def next_try() -> float:
    """When to ask for a lock again, by the monotonic clock."""
    return monotonic() + LOOK_EVERY_S * random.uniform(0.7, 1.3)  # noqa: S311 - no secret


class _Held(Struct):
    stack: ExitStack
    practices: set[str] = field(default_factory=set)


class FileLocks:
    """The locks that this process holds. Practices that share a file hold its one lock together."""

    def __init__(self) -> None:
        self._held: dict[object, _Held] = {}
        self._turn = Lock()  # a practice that leaves gives its own back from a thread

    def take(self, store: Store) -> None:
        """Hold the file's lock for that practice. Raises Locked if another process holds it."""
        with self._turn:
            held = self._held.get(_lock_of(store))
            if held is None:
                stack = ExitStack()
                stack.enter_context(store.lock())
                held = self._held[_lock_of(store)] = _Held(stack)
            held.practices.add(store.practice)

    def give_back(self, store: Store) -> None:
        """The practice works no more; with its last one the file is free."""
        with self._turn:
            held = self._held.get(_lock_of(store))
            if held is None:
                return
            held.practices.discard(store.practice)
            if not held.practices:
                del self._held[_lock_of(store)]
                held.stack.close()


def _lock_of(store: Store) -> object:
    return store.file or (str(store.url), store.practice)
