"""Writers of one process wait in the order of their arrival.

SQLite admits one writer and lets the others retry at random moments until their busy timeout: on a slow machine, eight
threads then time out because of each other. In this queue only other programs can make them wait for SQLite.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary


class WritersQueue:
    """First come, first served. A writer that leaves by an exception lets the next one in."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._waiting: deque[Lock] = deque()
        self._taken = False

    def __len__(self) -> int:
        """How many writers wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until all earlier writers are done, then let the next one in at the end."""
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
            mine.acquire()  # released by the writer before us
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
    """The process's one queue for that file, shared by all stores that open it."""
    with _finding:
        found = _queues.get(file)
        if found is None:
            found = _queues[file] = WritersQueue()
        return found
