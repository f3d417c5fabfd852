"""What `/healthz` and `/metrics` say of the practices: how they were at the last look. A thread of its own looks at all
of them, so that whoever asks is answered soon, whatever a store does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from adapters.web.office import Gone, Measure, Present, Ring, Unavailable

RESTS = 9.0  # times as long as the last look took: thousands of practices cost a tenth of a thread
WAITED_S = 2.0  # at most by whoever asks, for a look that is under way
STUCK_S = 5.0  # without an answer: the store that it waits for is as if away
FAILED_TO_TELL = 2  # practices of a store: one alone may have a slow answer of its own


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
        """How it is now. Raises Unavailable, Gone where it left."""
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
        self._number, self._rests_until = 0, 0.0
        self._waits = ("", 0.0)  # for the store at that address, since then
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
        stuck = self._stuck_at()
        new = [one for one in now.offices if isinstance(one, AsSeen) and one.last is None]
        starting = {one.key for one in new if one.desk.address != stuck}
        if not starting:
            return now
        known = tuple(one for one in now.offices if one.key not in starting)
        return replace(now, offices=known, starting=(*now.starting, *(one.key for one in new if one.key in starting)))

    def seen(self, office: AsSeen) -> Seen:
        """How that one was. Raises Unavailable."""
        number, found = office.last or (0, None)
        if found is None or (number < self._number and office.desk.address == self._stuck_at()):
            raise Unavailable
        return found

    def _stuck_at(self) -> str | None:
        """The store that is waited for too long, if one is."""
        address, since = self._waits
        return address if not self._over.is_set() and monotonic() - since > STUCK_S else None

    def _begin(self, offices: Sequence[AsSeen]) -> None:
        with self._turn:
            if self._ended or not self._over.is_set() or monotonic() < self._rests_until:
                return
            self._waits = ("", monotonic())
            self._over.clear()
            self._number += 1
        try:
            threading.Thread(target=self._take, args=(offices,), name="look", daemon=True).start()
        except RuntimeError as error:  # the machine has no more threads: the next who asks tries again
            self._fault(error)
            self._over.set()

    def _take(self, offices: Sequence[AsSeen]) -> None:
        rests, silent = 0.0, dict[str, list[float]]()  # when each of the last ones in a row that failed began
        try:
            for one in offices:
                if self._ended:
                    return
                with suppress(Gone):  # it left since the look began, which says nothing of its store
                    rests += self._one(one, silent)
        finally:
            self._rests_until = monotonic() + rests
            self._over.set()

    def _one(self, office: AsSeen, silent: dict[str, list[float]]) -> float:
        """Look at that one. Returns for how long to rest afterwards. Raises Gone."""
        failed = silent.get(office.desk.address, [])
        if len(failed) >= FAILED_TO_TELL:  # its other practices would wait as long
            office.last = (self._number, None)
            return 0.0
        began = monotonic()
        self._waits = office.desk.address, min([began, *failed])
        found = self._at(office.desk)
        if found is None:
            silent[office.desk.address] = [*failed, began]
        else:
            silent.pop(office.desk.address, None)
        office.last = (self._number, found)
        return (monotonic() - began) * (RESTS if found else 1)  # who waits in vain costs no time of ours

    def _at(self, desk: Looked) -> Seen | None:
        """How it is; None where its store is away. Raises Gone."""
        try:
            return desk.look()
        except Gone:
            raise
        except Unavailable:
            return None
        except Exception as error:  # a fault of ours at one practice keeps no other from being seen
            self._fault(error)
            return Seen(well=False)
