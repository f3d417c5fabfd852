"""Practices that a process works for no more, until their last calls are heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition, Thread

from sync.core.log import described, log
from sync.fleet.seat import Seat


class Departures:
    """Each seat that leaves has a thread of its own. `hear` hears its calls, however long that takes, and gives its
    lease back; then it is closed."""

    def __init__(self, hear: Callable[[Seat], None]) -> None:
        self._hear = hear
        self._leaving: dict[Seat, Thread | None] = {}  # None: this machine had no thread for it
        self._lock = Condition()  # nobody sees a thread in there that has not begun

    def begin(self, seat: Seat) -> None:
        """Let it go; where the machine has no more threads, that waits for `again`."""
        leaving = Thread(target=self._let_go, args=(seat,), daemon=True)
        with self._lock:
            self._leaving[seat] = None
            try:
                leaving.start()
            except RuntimeError as error:
                log.error("practice not let go", practice=seat.key, **described(error))
            else:
                self._leaving[seat] = leaving

    def again(self) -> None:
        """Try those for which there was no thread."""
        for seat in self.stranded():
            self.begin(seat)

    def seats(self) -> Sequence[Seat]:
        """Those whose leases are held still."""
        with self._lock:
            return [*self._leaving]

    def stranded(self) -> Sequence[Seat]:
        """Those of them for which there was no thread."""
        with self._lock:
            return [seat for seat, leaving in self._leaving.items() if leaving is None]

    def threads(self) -> Sequence[Thread]:
        """Those that let them go."""
        with self._lock:
            return [leaving for leaving in self._leaving.values() if leaving is not None]

    def over(self) -> None:
        """Wait until all are let go, however long that takes."""
        with self._lock:
            self._lock.wait_for(lambda: not self._leaving)

    def _let_go(self, seat: Seat) -> None:
        try:
            self._hear(seat)
            seat.close()
        finally:
            with self._lock:
                del self._leaving[seat]
                self._lock.notify_all()
