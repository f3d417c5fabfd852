"""One worker a practice, others beside it: on a server a second `run` waits, and takes over when the first is gone.

On a file it is refused, as ever: there nobody can be gone and still hold the lock, so a second worker is a mistake.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from sync.core.context import World
from sync.core.log import log
from sync.store.engine import Locked, Overtaken, Store, Unusable
from sync.worker.loop import Stop

EVERY = 3.0  # seconds between two looks, more or less: two that wait do not look at the same moment


def as_the_only_worker(worlds: Sequence[World], stop: Stop, work: Callable[[], int]) -> int:
    """What `work` returns, done while every practice's lock is ours: waited for together, taken all or none, waited for
    again where we are overtaken. Returns the exit code where we are asked to end before. Raises Locked where a store is
    a file and another worker is at it."""
    stores, waiting = list(_distinct(worlds)), False
    while not stop.event.is_set():
        with ExitStack() as locks:
            if _taken(locks, stores):
                waiting = False
                try:
                    return work()
                except Overtaken as problem:
                    log.warning("overtaken", reason=str(problem))
        if not waiting:
            log.info("standing by", reason=_STANDS_BY)
        waiting = True
        stop.event.wait(EVERY * random.uniform(0.7, 1.3))  # noqa: S311 - no secret
    return stop.code


def _taken(locks: ExitStack, stores: Iterable[Store]) -> bool:
    """Whether all of them are ours now."""
    for store in stores:
        try:
            locks.enter_context(store.lock())
        except (Locked, Unusable):
            if not store.may_lose_its_lock:
                raise
            return False
    return True


def _distinct(worlds: Sequence[World]) -> Iterable[Store]:
    """Every store once: practices may share a file, which has one lock."""
    found: dict[object, Store] = {}
    for world in worlds:
        found.setdefault(world.store.file or (str(world.store.url), world.practice.key), world.store)
    return found.values()


_STANDS_BY = (
    "Un autre attitre travaille pour ce cabinet : celui-ci attend, et prend le relais dès que l'autre s'arrête ou que "
    "la base répond de nouveau."
)
