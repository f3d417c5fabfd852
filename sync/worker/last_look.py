"""What `/healthz` and `/metrics` say of the practices: how they were at the last look. A thread of its own looks at all
of them, so that whoever asks is answered soon, whatever a store does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from adapters.web.office import Measure, Present, Ring, Unavailable

RESTS = 9.0  # times as long as the last look took: thousands of practices cost a tenth of a thread
WAITED_S = 2.0  # at most by whoever asks, for a look that is under way
STUCK_S = 5.0  # without a step: what it waits for, and all behind it, is as if away


class Seen(Struct, frozen=True):
    """One practice at the last look. `measures`: those that the store knows."""

    well: bool
    measures: tuple[Measure, ...] = ()


class Looked(Protocol):
    """A practice that is looked at (`sync.worker.web_server.Desk`)."""

    @property
    def key(self) -> str:
        """The practice's key."""
        ...

    @property
    def address(self) -> str:
        """Where its store is."""
        ...

    def look(self) -> Seen:
        """How it is now. Raises Unavailable."""
        ...

    def of_the_process(self) -> Iterable[Measure]:
        """What this process counts itself."""
        ...

    def may_ring(self, channel: str) -> bool:
        """See `Office.may_ring`."""
        ...

    def rung(self, ring: Ring) -> bool:
        """See `Office.rung`."""
        ...

    def fault(self, error: Exception) -> None:
        """See `Office.fault`."""
        ...


class AsSeen:
    """An `Office` that says how its practice was at the last look. `last`: the number of that look and what was seen,
    None where the store was away."""

    def __init__(self, desk: Looked, look: Look) -> None:
        self.desk, self._look = desk, look
        self.key, self.may_ring, self.rung, self.fault = desk.key, desk.may_ring, desk.rung, desk.fault
        self.last: tuple[int, Seen | None] | None = None

    def healthy(self) -> bool:
        """See `Office.healthy`."""
        return self._look.seen(self).well

    def measures(self) -> Iterator[Measure]:
        """See `Office.measures`."""
        yield from self._look.seen(self).measures
        yield from self.desk.of_the_process()


class Look:
    """The last look at the practices of one address, and the one under way."""

    def __init__(self, fault: Callable[[Exception], None]) -> None:
        self._fault, self._turn = fault, threading.Lock()
        self._number, self._moved, self._rests_until = 0, 0.0, 0.0
        self._over, self._ended = threading.Event(), False
        self._over.set()

    def end(self) -> None:
        """Look no more."""
        self._ended = True
        self._over.wait(WAITED_S)

    def looked(self, now: Present) -> Present:
        """Have all of them looked at, if the last look is over for long enough, and wait a moment for the end of that.
        Those of whom nothing is known yet are starting."""
        self._begin([one for one in now.offices if isinstance(one, AsSeen)])
        self._over.wait(WAITED_S)
        if self._is_stuck():
            return now
        known = tuple(one for one in now.offices if not isinstance(one, AsSeen) or one.last is not None)
        if len(known) == len(now.offices):
            return now
        new = (one.key for one in now.offices if isinstance(one, AsSeen) and one.last is None)
        return replace(now, offices=known, starting=(*now.starting, *new))

    def seen(self, office: AsSeen) -> Seen:
        """How that one was. Raises Unavailable."""
        number, found = office.last or (0, None)
        if found is None or (number < self._number and self._is_stuck()):
            raise Unavailable
        return found

    def _is_stuck(self) -> bool:
        return not self._over.is_set() and monotonic() - self._moved > STUCK_S

    def _begin(self, offices: Sequence[AsSeen]) -> None:
        with self._turn:
            if self._ended or not self._over.is_set() or monotonic() < self._rests_until:
                return
            self._over.clear()
            self._number, self._moved = self._number + 1, monotonic()
        threading.Thread(target=self._take, args=(offices,), name="look", daemon=True).start()

    def _take(self, offices: Sequence[AsSeen]) -> None:
        took, away = 0.0, set[str]()
        try:
            for one in offices:
                if self._ended:
                    return
                found = None if one.desk.address in away else self._at(one.desk)
                if found is None:
                    away.add(one.desk.address)  # its other practices would wait as long
                else:
                    took += monotonic() - self._moved
                one.last, self._moved = (self._number, found), monotonic()
        finally:
            self._rests_until = monotonic() + RESTS * took
            self._over.set()

    def _at(self, desk: Looked) -> Seen | None:
        try:
            return desk.look()
        except Unavailable:
            return None
        except Exception as error:  # a fault of ours at one practice keeps no other from being seen
            self._fault(error)
            return Seen(well=False)
