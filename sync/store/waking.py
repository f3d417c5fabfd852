"""The store of what writes beside the workers of a practice: pages, Google's hints. Each commit wakes the practice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sync.store import jobs, lease
from sync.store.engine import Store
from sync.store.tx import Tx

PAGES_WITHIN_S = 20.0  # then the visitor reads why, before the connection to the browser is cut


class Waking(Store):
    """As `store`, without its lease. A job for the practice is committed with what is written: nobody has to ring, and
    a death in between loses nothing."""

    def __init__(self, store: Store) -> None:
        super().__init__(str(store.url), store.practice, store._engine)
        self.within = PAGES_WITHIN_S

    @contextmanager
    def write(self, *, durable: bool = False, answer: bool = False) -> Iterator[Tx]:
        """See Store."""
        with super().write(durable=durable, answer=answer) as tx:
            yield tx
            lease.wake(tx.connection, self.practice)
            jobs.defer_work(tx.connection, [self.practice])

    def close(self) -> None:
        """Its connections are those of `store`."""
