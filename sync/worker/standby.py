"""One worker a practice holds its lease: on PostgreSQL a second `run` stands by for it, and takes over when the first
is gone. The lock of a SQLite file ends with its process: a second `run` that finds it taken is a mistake.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from time import monotonic

from msgspec import Struct, field

from sync.store.engine import Locked, Store, Unusable

LOOK_EVERY_S = 3.0  # times 0.7 to 1.3, so that two waiting workers do not try at the same moment


def next_try() -> float:
    """When to ask for a lease again, by the monotonic clock."""
    return monotonic() + LOOK_EVERY_S * random.uniform(0.7, 1.3)  # noqa: S311 - no secret


class _Held(Struct):
    stack: ExitStack
    practices: set[str] = field(default_factory=set)


class Leases:
    """The leases that this process holds. Practices that share a file hold its one lock together."""

    def __init__(self) -> None:
        self._held: dict[object, _Held] = {}

    def take(self, store: Store) -> bool:
        """Whether the practice's lease is ours now; False where another worker holds it, or the server cannot be
        asked. Raises Locked if the store is a file that another process holds."""
        held = self._held.get(_lock_of(store))
        if held is None:
            stack = ExitStack()
            try:
                stack.enter_context(store.lock())
            except (Locked, Unusable):
                if not store.may_lose_its_lock:
                    raise
                return False
            held = self._held[_lock_of(store)] = _Held(stack)
        held.practices.add(store.practice)
        return True

    def give_back(self, store: Store) -> None:
        """The practice's lease ends, if it is ours."""
        held = self._held.get(_lock_of(store))
        if held is None:
            return
        held.practices.discard(store.practice)
        if not held.practices:
            del self._held[_lock_of(store)]
            held.stack.close()


def _lock_of(store: Store) -> object:
    return store.file or (str(store.url), store.practice)


STANDS_BY = (
    "Un autre attitre travaille pour ce cabinet : celui-ci attend, et prend le relais dès que l'autre s'arrête ou que "
    "la base répond de nouveau."
)
