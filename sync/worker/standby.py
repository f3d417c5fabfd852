"""One worker a practice holds the lease: on PostgreSQL a second `run` stands by and takes over when the first is gone.

On a SQLite file the second is refused: the file lock ends with its process, so a second worker is a mistake.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from sync.core.context import World
from sync.core.log import log
from sync.store.engine import Locked, Overtaken, Store, Unusable
from sync.worker.loop import Stop

LOOK_EVERY_S = 3.0  # times 0.7 to 1.3, so that two waiting workers do not try at the same moment


def as_the_only_worker(worlds: Sequence[World], stop: Stop, work: Callable[[], int]) -> int:
    """Run `work` while we hold the leases of all practices, and return its exit code.

    The leases are taken all or none; a worker that is overtaken waits for them again. Returns `stop.code` if asked to
    end before. Raises Locked if a store is a file that another worker holds."""
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
        stop.event.wait(LOOK_EVERY_S * random.uniform(0.7, 1.3))  # noqa: S311 - no secret
    return stop.code


def _taken(locks: ExitStack, stores: Iterable[Store]) -> bool:
    """Whether the leases of all stores are ours now."""
    for store in stores:
        try:
            locks.enter_context(store.lock())
        except (Locked, Unusable):
            if not store.may_lose_its_lock:
                raise
            return False
    return True


def _distinct(worlds: Sequence[World]) -> Iterable[Store]:
    """Every store once: practices may share a file, which has one lock for all."""
    found: dict[object, Store] = {}
    for world in worlds:
        found.setdefault(world.store.file or (str(world.store.url), world.practice.key), world.store)
    return found.values()


_STANDS_BY = (
    "Un autre attitre travaille pour ce cabinet : celui-ci attend, et prend le relais dès que l'autre s'arrête ou que "
    "la base répond de nouveau."
)
