"""The practices of a process take their rounds side by side: one whose calendars or gateways hang holds up no other.

Those whose stores are one SQLite file take turns, since one writes at a time there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from typing import Protocol

from sync.core.context import World
from sync.core.guard import kept_apart

AT_ONCE = 8  # threads; most of them wait


class Turning(Protocol):
    """One practice's worker, as `sync.worker.loop.Worker`."""

    @property
    def world(self) -> World:
        """What it works with."""
        ...

    @property
    def is_due(self) -> bool:
        """Whether a round is due or was asked for."""
        ...

    def turn_if_due(self) -> None:
        """Run a round if one is due."""
        ...


def all_turned(workers: Iterable[Turning], stop: threading.Event) -> None:
    """Run the rounds that are due, and return once they ended. No round begins after `stop`. Raises what ended a
    round."""
    by_store: dict[object, list[Turning]] = {}
    for worker in workers:
        if worker.is_due:
            by_store.setdefault(worker.world.store.file or worker, []).append(worker)
    turns = _Turns(by_store.values(), stop)
    others: list[threading.Thread] = []
    with kept_apart("rounds in fewer threads"):  # the machine has no more: those that are there take all rounds
        for _ in range(min(AT_ONCE, len(by_store)) - 1):
            one = threading.Thread(target=turns.take, daemon=True)
            one.start()
            others.append(one)
    turns.take()
    for one in others:
        one.join()
    if turns.fault is not None:
        raise turns.fault


class _Turns:
    """Rounds that wait to be taken, by any thread."""

    def __init__(self, groups: Iterable[list[Turning]], stop: threading.Event) -> None:
        self._stop, self._left = stop, SimpleQueue[list[Turning]]()
        self.fault: BaseException | None = None
        for group in groups:
            self._left.put(group)

    def take(self) -> None:
        """Take rounds until none is left."""
        try:
            while group := self._next():
                for worker in group:
                    if not self._stop.is_set():
                        worker.turn_if_due()
        except BaseException as fault:
            self.fault = fault

    def _next(self) -> list[Turning] | None:
        try:
            return self._left.get_nowait()
        except Empty:
            return None
