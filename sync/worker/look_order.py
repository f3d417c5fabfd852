"""In which order practices are looked at for `/healthz` and `/metrics`, and how much that may cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Generic, Protocol, TypeVar

SHARE = 0.1  # of a core: thousands of practices cost no more
SAVED_S = 1.0  # of processor time, at most: some hundred practices are looked at whenever somebody asks


class Turn(Protocol):
    """A practice that is looked at (`sync.worker.last_look.AsSeen`)."""

    @property
    def address(self) -> str:
        """Where its store is."""
        ...

    @property
    def looked_at(self) -> float:
        """When it was looked at last, by the monotonic clock; 0 before the first time."""
        ...

    @property
    def well(self) -> bool | None:
        """How it was then; None where nobody knows."""
        ...


T = TypeVar("T", bound=Turn)


class Order(Generic[T]):
    """Those that are due. First those of whom nothing is known: a start, or a store that is back, is to be seen soon.
    Then one that is not well and one that is, in turn, each looked at longest ago: recovery shows soon, and however
    many stay ill, the others are looked at too."""

    def __init__(self, offices: Iterable[T]) -> None:
        due = sorted(offices, key=lambda one: one.looked_at)
        self._unknown = deque(one for one in due if one.well is None)
        self._ill = deque(one for one in due if one.well is False)
        self._well = deque(one for one in due if one.well)

    @property
    def _queues(self) -> tuple[deque[T], ...]:
        return self._unknown, self._ill, self._well

    def take(self) -> T | None:
        """The next one; None where none is left."""
        if self._unknown:
            return self._unknown.popleft()
        self._ill, self._well = self._well, self._ill  # the two take turns
        first, other = self._well, self._ill
        return first.popleft() if first else other.popleft() if other else None

    def forget(self, office: T) -> None:
        """It was looked at since this order was made."""
        for queue in self._queues:
            with suppress(ValueError):
                queue.remove(office)

    def without(self, address: str) -> Iterator[T]:
        """Take out those whose store is there."""
        for queue in self._queues:
            out = [one for one in queue if one.address == address]
            left = [one for one in queue if one.address != address]
            queue.clear()
            queue.extend(left)
            yield from out


class Purse:
    """The processor time that looks may take: so much of each second, and a little that was saved."""

    def __init__(self) -> None:
        self._saved, self._at = SAVED_S, monotonic()

    def spend(self, seconds: float, *, free: bool) -> float:
        """Take that from it. Returns the seconds to rest, by the wall clock. `free`: what is missing is not owed."""
        now = monotonic()
        self._saved = min(SAVED_S, self._saved + (now - self._at) * SHARE) - seconds
        self._at = now
        if self._saved >= 0.0:
            return 0.0
        if free:
            self._saved = 0.0
            return 0.0
        return -self._saved / SHARE
