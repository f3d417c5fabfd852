"""One practice of a process: opened, then at work while its lease is ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Protocol

from schedule import Scheduler

from sync.core.context import World
from sync.core.log import log
from sync.store import subscriptions
from sync.store.engine import Overtaken, Store, StoreProblem
from sync.store.engines import Engines
from sync.wiring import open_world
from sync.worker.loop import Stop, Worker
from sync.worker.standby import STANDS_BY, Leases

if TYPE_CHECKING:
    from config.settings import Settings


class Opening(Protocol):
    """How a practice is opened: `sync.wiring.open_world`, or a test's own."""

    def __call__(self, settings: Settings, *, store: Store) -> AbstractContextManager[World]:
        """Everything around its passes. Raises StoreProblem."""
        ...


class Around:
    """What the members of a process share."""

    def __init__(self, stop: Stop, opening: Opening = open_world) -> None:
        self.stop, self.opening = stop, opening
        self.engines, self.leases, self.ticker = Engines(), Leases(), Scheduler()


class Member:
    """One practice. `world`: once it could be opened. `worker`: while it is at work. `problem`: why its store cannot be
    used, in French. A practice that was refused its lease stands by."""

    def __init__(self, settings: Settings, around: Around) -> None:
        self.settings, self._around = settings, around
        self.world: World | None = None
        self.worker: Worker | None = None
        self.problem: StoreProblem | None = None
        self._open = ExitStack()
        self._refused = False

    @property
    def key(self) -> str:
        """The practice's key."""
        return self.settings.practice.key

    @property
    def standing_by(self) -> bool:
        """Whether another process works for it, as far as we know."""
        return self._refused and self.worker is None and self.problem is None

    def open(self) -> World:
        """Everything around its passes. Raises StoreProblem."""
        if self.world is None:
            store = self._around.engines.store(self.settings.store.get_secret_value(), self.key)
            self.world = self._open.enter_context(self._around.opening(self.settings, store=store))
        return self.world

    def begin(self) -> None:
        """Be at work, if nobody else is. Raises StoreProblem."""
        world = self.open()
        if not self._around.leases.take(world.store):
            if not self._refused:
                log.info("standing by", practice=self.key, reason=STANDS_BY)
            self._refused = True
            return
        self._refused = False
        self.worker = Worker(world, self.settings.sync.every_seconds, self._around.stop, self._around.ticker)
        self._mind_channels(self.worker)

    def _mind_channels(self, worker: Worker) -> None:
        """Nothing is loaded for a practice without `page:` that has no push channel left."""
        with worker.world.store.read() as tx:
            left = bool(subscriptions.every(tx))
        if self.settings.page or left:
            worker.chores.append(_channels(worker.world, self.settings))

    def overtaken(self, problem: Overtaken) -> None:
        """Another process works for it now: wait for it to end."""
        log.warning("overtaken", practice=self.key, reason=str(problem))
        self.rest(calls=False)

    def rest(self, *, calls: bool) -> None:
        """Work no more; the lease is free. `calls`: wait for the calls under way."""
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.end(calls=calls)
            self._around.ticker.cancel_job(worker.job)
        if self.world is not None:
            try:
                self._around.leases.give_back(self.world.store)
            except StoreProblem as problem:  # its connection was cut: the lease is over
                log.info("lease not given back", practice=self.key, reason=str(problem))

    def close(self, *, calls: bool) -> None:
        """Leave the process: nothing more is read, written or told for the practice."""
        self.rest(calls=calls)
        self.world = None
        self._open.close()


def _channels(world: World, settings: Settings) -> Callable[[], None]:
    from sync.worker import push_channels

    page = settings.page
    where = push_channels.address(page.public_url) if page and page.google_push and page.public_url else None
    return lambda: push_channels.refresh_channels(world, where)
