"""What `/healthz` and `/metrics` say of the practices: how each was when it was last looked at. A thread of its own
looks at them in turn, so that whoever asks is answered soon, whatever a store does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from time import monotonic, thread_time
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from adapters.web.office import Gone, Measure, Present, Ring, Unavailable
from sync.worker.look_order import Order, Purse

WAITED_S = 2.0  # at most by whoever asks, for looks that follow each other without a rest
STUCK_S = 5.0  # without an answer: the store that it waits for is as if away
FAILED_TO_TELL = 2  # practices of a store: one alone may have a slow answer of its own
_AGE = "Since the look at the practice, of the one looked at longest ago."


class Seen(Struct, frozen=True):
    """One practice at the last look. `measures`: those that the store knows."""

    well: bool
    measures: tuple[Measure, ...] = ()


class Last(Struct, frozen=True):
    """The last look at a practice: at the `number`-th question, at that moment by the monotonic clock. `found`: None
    where the store was away."""

    number: int
    at: float
    found: Seen | None


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
    """An `Office` that says how its practice was when it was last looked at."""

    def __init__(self, desk: Looked, look: Look) -> None:
        self.desk, self._look = desk, look
        self.key, self.may_ring, self.rung, self.fault = desk.key, desk.may_ring, desk.rung, desk.fault
        self.last: Last | None = None

    @property
    def address(self) -> str:
        """Where its store is."""
        return self.desk.address

    @property
    def well(self) -> bool | None:
        """See `Turn.well`."""
        return self.last.found.well if self.last and self.last.found else None

    @property
    def looked_at(self) -> float:
        """See `Turn.looked_at`."""
        return self.last.at if self.last else 0.0

    def healthy(self) -> bool:
        """See `Office.healthy`."""
        return self._look.seen(self).well

    def measures(self) -> Iterator[Measure]:
        """See `Office.measures`."""
        yield from self.desk.of_the_process()  # first: they need no store
        yield from self._look.seen(self).measures
        age = monotonic() - self.looked_at
        yield Measure("attitre_look_age_seconds", _AGE, age, {"practice": self.key}, worst=True)


class Look:
    """The looks at the practices of one address. Each question makes all of them due; those of whom nothing is known
    come first and without a rest, then those that are not well in turn with the others."""

    def __init__(self, fault: Callable[[Exception], None]) -> None:
        self._fault, self._turn = fault, threading.Lock()
        self._number, self._due, self._purse = 0, Order[AsSeen](()), Purse()
        self._waits: tuple[str, float] | None = None  # for the store at that address, since then
        self._failed = dict[str, list[float]]()  # when each last look in a row began that a store did not answer
        self._asked_again = dict[str, float]()  # from when on a store is asked again that did not
        self._running, self._ending = False, threading.Event()
        self._calm = threading.Event()  # nothing is due, or the thread rests
        self._calm.set()

    def end(self) -> None:
        """Look no more."""
        self._ending.set()
        self._calm.wait(WAITED_S)

    def looked(self, now: Present) -> Present:
        """Have all of them looked at, and wait a moment for that. Those of whom nothing is known yet are starting."""
        self._begin([one for one in now.offices if isinstance(one, AsSeen)])
        self._calm.wait(WAITED_S)
        stuck = self._stuck_at()
        new = [one for one in now.offices if isinstance(one, AsSeen) and one.last is None]
        starting = {one.key for one in new if one.address != stuck}
        if not starting:
            return now
        known = tuple(one for one in now.offices if one.key not in starting)
        return replace(now, offices=known, starting=(*now.starting, *(one.key for one in new if one.key in starting)))

    def seen(self, office: AsSeen) -> Seen:
        """How that one was. Raises Unavailable."""
        number, found = (office.last.number, office.last.found) if office.last else (0, None)
        if found is None or (number < self._number and office.address == self._stuck_at()):
            raise Unavailable
        return found

    def _stuck_at(self) -> str | None:
        """The store that is waited for too long, if one is."""
        waits = self._waits
        return waits[0] if waits is not None and monotonic() - waits[1] > STUCK_S else None

    def _begin(self, offices: Iterable[AsSeen]) -> None:
        with self._turn:
            if self._ending.is_set():
                return
            now = monotonic()
            self._number += 1
            self._due = Order(one for one in offices if self._asked_again.get(one.address, 0.0) <= now)
            if self._running:
                return
            self._running = True
            self._calm.clear()
        try:
            threading.Thread(target=self._take, name="look", daemon=True).start()
        except RuntimeError as error:  # the machine has no more threads: the next who asks tries again
            self._fault(error)
            self._rests_for_good()

    def _rests_for_good(self) -> None:
        self._running = False
        self._calm.set()

    def _take(self) -> None:
        try:
            while (one := self._next()) is not None:
                began, unknown = thread_time(), one.well is None
                with suppress(Gone):  # it left since it was due, which says nothing of its store
                    self._one(one)
                self._rest(self._purse.spend(thread_time() - began, free=unknown))
        except BaseException:
            self._rests_for_good()
            raise

    def _next(self) -> AsSeen | None:
        with self._turn:
            one = None if self._ending.is_set() else self._due.take()
            if one is None:
                self._rests_for_good()
            return one

    def _rest(self, seconds: float) -> None:
        if seconds > 0.0:
            self._calm.set()  # whoever asks is told what is known
            self._ending.wait(seconds)
            self._calm.clear()

    def _one(self, office: AsSeen) -> None:
        """Look at that one. Raises Gone."""
        address, number, began = office.address, self._number, monotonic()
        failed = self._failed.get(address, [])
        self._waits = address, min([began, *failed])
        try:
            found = self._at(office.desk)
        finally:
            self._waits = None
        office.last = Last(number, began, found)
        if found is None:
            self._silent(office, [*failed, began])
        else:
            self._failed.pop(address, None)
            self._asked_again.pop(address, None)

    def _silent(self, office: AsSeen, failed: list[float]) -> None:
        """The store did not answer: who asks next leaves it alone for as long as that took. Where it did not answer the
        practice before either, its other practices would wait as long."""
        address, now = office.address, monotonic()
        with self._turn:
            self._failed[address] = failed[-FAILED_TO_TELL:]
            self._asked_again[address] = now + (now - failed[-1])
            self._due.forget(office)
            if len(failed) >= FAILED_TO_TELL:
                for one in self._due.without(address):
                    one.last = Last(self._number, now, None)

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
