"""The store of a background thread writes only in its turn, and nothing once the worker has closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sync.store.engine import Store, Tx


class Over(BaseException):
    """The worker closed: nothing more is written."""


class Taking(Store):
    """A store for a background thread: each write waits for its turn."""

    def __init__(self, store: Store, turn: AbstractContextManager[object], over: threading.Event) -> None:
        self.url, self.practice, self._engine = store.url, store.practice, store._engine
        self._whole, self._turn, self._over = store, turn, over

    @contextmanager
    def write(self, *, durable: bool = False, answer: bool = False) -> Iterator[Tx]:
        """See Store; holds the turn meanwhile. Raises Over once the worker has closed."""
        with self._turn:
            if self._over.is_set():
                raise Over
            with self._whole.write(durable=durable, answer=answer) as tx:
                yield tx
