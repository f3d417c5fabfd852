"""The store as a thread beside the pass has it: it writes when it is its turn, and nothing once nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sync.store.engine import Store, Tx


class Over(BaseException):
    """Whoever waited for it ended: nothing more is written."""


class Taking(Store):
    """The store as a thread beside the pass has it: it writes when it is its turn."""

    def __init__(self, store: Store, turn: threading.RLock, over: threading.Event) -> None:
        self.url, self.practice, self._engine = store.url, store.practice, store._engine
        self._whole, self._turn, self._over = store, turn, over

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Tx]:
        """See Store: under the lock that the whole store holds. Raises Over once nobody waits any more."""
        with self._turn:
            if self._over.is_set():
                raise Over
            with self._whole.write(durable=durable) as tx:
                yield tx
