"""A reading in a thread of its own, in a lane that limits how many run at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from time import monotonic

from msgspec import Struct, field

from sync.core.store_in_turn import Over


class Job(Struct):
    """One reading in a thread of its own."""

    addresses: frozenset[str]  # the calendars that it reads
    work: Callable[[], list[Job]]  # returns the jobs to start next
    lane: threading.Semaphore  # limits how many jobs of one kind run at once
    patience: float  # seconds that a pass waits for it
    first: bool = False  # the calendar of a practice of which none was read whole yet
    holds: bool = False  # it has its place in the lane
    problem: Exception | None = None
    after: list[Job] = field(default_factory=list)
    begun: float = field(default_factory=monotonic)
    left: bool = False  # no pass waits for it any more
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, done: Callable[[Job], None]) -> None:
        """Do the work in the background. Where the machine has no more threads that ends as any other fault does."""
        try:
            in_a_thread(partial(self.run, done))
        except RuntimeError as error:
            self.problem = error
            done(self)

    def run(self, done: Callable[[Job], None]) -> None:
        """Do the work; called in the job's own thread."""
        self.lane.acquire()
        self.holds = True
        try:
            self.after = self.work()
        except Over:
            pass
        except Exception as error:
            self.problem = error
        finally:
            self.give_way()
            done(self)

    def give_way(self) -> None:
        """Free the place in the lane, whether the job ended or hangs."""
        with self.lock:
            if self.holds:
                self.holds = False
                self.lane.release()


def in_a_thread(work: Callable[[], None], context: Context | None = None) -> None:
    """Run `work` in the background, in a copy of this context unless another one is given; the process may end without
    waiting for it."""
    within = copy_context() if context is None else context  # an empty one is false
    threading.Thread(target=within.run, args=(work,), daemon=True).start()
