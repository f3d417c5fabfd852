"""Writers of one process, one after the other in the order in which they came.

SQLite lets one writer in and has the others try again at random moments until their patience ends: eight readers of a
slow machine then fail by each other. In a queue of their own they meet SQLite's patience for other programs only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary


class WritersQueue:
    """First come, first served; whoever leaves the queue by an exception holds nobody up."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._waiting: deque[Lock] = deque()
        self._taken = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One's turn: it begins when all that came before are done."""
        self._wait()
        try:
            yield
        finally:
            self._hand_on()

    def _wait(self) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()  # whoever is before us hands its turn on by releasing it
        except BaseException:  # Ctrl-C
            with self._mutex:
                still_waits = mine in self._waiting
                if still_waits:
                    self._waiting.remove(mine)
            if not still_waits:
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_queues: WeakValueDictionary[str, WritersQueue] = WeakValueDictionary()
_finding = Lock()


def queue_of(file: str) -> WritersQueue:
    """The one queue of this process for that file, for however many stores open it."""
    with _finding:
        found = _queues.get(file)
        if found is None:
            found = _queues[file] = WritersQueue()
        return found
