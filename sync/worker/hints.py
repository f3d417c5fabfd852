"""Push notifications on their way from the web server to whoever reads the practice's calendars."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from sync.core.log import described, log
from sync.store.engine import StoreProblem
from sync.worker import push_channels

if TYPE_CHECKING:
    from adapters.web.office import Ring
    from sync.worker.runs import Runs

WAKE_EVERY_S = 1.0  # at most one wake-up a second, however many notifications come
KEPT_S = 60.0  # a thread that nothing came for ends: a balancer spreads those of all practices over all processes


class Hints:
    """Collects a practice's notifications and wakes its worker: for the first at once, then at most once a second. None
    is lost: one that comes during a reading leads to another reading."""

    def __init__(self, runs: Runs, kept: float = KEPT_S) -> None:
        self._runs, self._kept, self._lock = runs, kept, threading.Lock()
        self._pending: dict[str, Ring] = {}
        self._come, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None  # while there is something to pass on, and a minute longer
        self.wakes = 0

    def give(self, ring: Ring) -> None:
        """Add a notification, from any thread; the latest of a channel is enough. Raises RuntimeError where the machine
        has no more threads: the next one tries again."""
        with self._lock:
            self._pending[ring.channel] = ring
            self._come.set()
            if self._thread is None:
                thread = threading.Thread(target=self._passes_on, name="hints", daemon=True)
                thread.start()
                self._thread = thread

    def end(self) -> None:
        """Pass nothing on any more."""
        self._ended.set()
        self._come.set()

    def join(self, until: float) -> None:
        """Wait until what is under way is over, until then at most by the monotonic clock."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, until - monotonic()))

    def _passes_on(self) -> None:
        while (taken := self._taken()) is not None:
            self._tell(taken)
            self._ended.wait(WAKE_EVERY_S)

    def _taken(self) -> dict[str, Ring] | None:
        """What came. None once that was nothing for long, or it ends: the next notification begins another thread."""
        self._come.wait(self._kept)
        with self._lock:
            self._come.clear()
            taken, self._pending = self._pending, {}
            if taken and not self._ended.is_set():
                return taken
            self._thread = None
            return None

    def _tell(self, taken: dict[str, Ring]) -> None:
        try:
            push_channels.heard(self._runs.world, taken.values())
        except StoreProblem as problem:  # kept, and tried again a second later
            log.warning("hint not stored", reason=str(problem))
            with self._lock:
                self._pending = taken | self._pending
                self._come.set()
            return
        except Exception as error:
            log.error("hint failed", **described(error))
            return
        self.wakes += 1
        self._runs.wake()


def end_all(hints: Iterable[Hints]) -> None:
    """End them beside each other: one whose store says nothing keeps the others' waiting no longer than its own."""
    ending = list(hints)
    for one in ending:
        one.end()
    until = monotonic() + WAKE_EVERY_S
    for one in ending:
        one.join(until)


@contextmanager
def telling(runs: Runs) -> Iterator[Hints]:
    """Within this context, notifications wake those rounds."""
    hints = Hints(runs)
    try:
        yield hints
    finally:
        end_all([hints])
