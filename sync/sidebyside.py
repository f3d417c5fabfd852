"""Several things at once in threads that no end of the process waits for: a calendar that hangs holds up no Ctrl-C.

They write in turn, and nothing any more once whoever began them has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TypeVar

from sync.store.engine import Store, Tx

AT_ONCE, A_MOMENT = 8, 0.5
T = TypeVar("T")


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


def for_each(items: Sequence[T], work: Callable[[T, Store], None], store: Store) -> None:
    """`work` for each of them, with the store that it may use; returns when all are done. Raises the first fault, after
    the others had their turn; what interrupts the wait ends it at once, and nothing is stored from then on."""
    turn, over = threading.RLock(), threading.Event()
    taking, waiting = Taking(store, turn, over), SimpleQueue[T]()
    done: SimpleQueue[BaseException | None] = SimpleQueue()
    for item in items:
        waiting.put(item)
    try:
        for _ in range(min(AT_ONCE, len(items))):
            threading.Thread(target=_work_through, args=(waiting, done, work, taking, over), daemon=True).start()
        faults = [fault for _ in items if (fault := _next(done)) is not None]
    finally:
        with turn:  # a write that has begun is ended
            over.set()
    if faults:
        raise faults[0]


def _next(done: SimpleQueue[BaseException | None]) -> BaseException | None:
    while True:
        try:
            return done.get(timeout=A_MOMENT)  # a signal that another thread took is heeded between two
        except Empty:
            continue


def _work_through(
    waiting: SimpleQueue[T],
    done: SimpleQueue[BaseException | None],
    work: Callable[[T, Store], None],
    store: Store,
    over: threading.Event,
) -> None:
    while not over.is_set():
        try:
            item = waiting.get_nowait()
        except Empty:
            return
        try:
            work(item, store)
        except BaseException as fault:
            done.put(fault)
        else:
            done.put(None)
