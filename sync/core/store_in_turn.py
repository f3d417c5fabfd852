"""The store of a thread that writes beside a pass's steps: only in its turn, and a background thread's nothing once the
worker has closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sync.store.engine import Store, Tx


class Over(BaseException):
    """The worker closed: nothing more is written."""


class Taking(Store):
    """Each write waits for its turn. `over`: set once the worker has closed; None for the thread of its passes, which
    the lease's fence ends: Over is no problem of the store, and would leave the pass half ended."""

    def __init__(self, store: Store, turn: AbstractContextManager[object], over: threading.Event | None = None) -> None:
        self.url, self.practice, self._engine = store.url, store.practice, store._engine
        self._whole, self._turn, self._over = store, turn, over

    @property
    def stored(self) -> int:
        """See Store."""
        return self._whole.stored

    @contextmanager
    def write(self, *, durable: bool = False, answer: bool = False) -> Iterator[Tx]:
        """See Store; holds the turn meanwhile. Raises Over once the worker has closed."""
        with self._turn:
            if self._over is not None and self._over.is_set():
                raise Over
            with self._whole.write(durable=durable, answer=answer) as tx:
                yield tx
