"""One practice of a process: opened, then at work; one on PostgreSQL works when its turn comes (`sync.fleet`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace
from schedule import Scheduler

from config.load import Thing, calendars_of
from sync.core.context import World
from sync.core.log import log
from sync.store import subscriptions
from sync.store.engine import NotStored, Store, StoreProblem, Unusable
from sync.store.engines import MOST_AT_ONCE, Engines
from sync.store.problems import Departed
from sync.wiring import open_world, without_calendars
from sync.worker.file_locks import FileLocks
from sync.worker.loop import Stop, Worker

if TYPE_CHECKING:
    from config.settings import Settings

GLANCED_WITHIN_S = 4.0  # for an answer of PostgreSQL: whoever asks how a practice is wants to know that it is silent


class Opening(Protocol):
    """How a practice is opened: `sync.wiring.open_world`, or a test's own."""

    def __call__(self, settings: Settings, *, store: Store) -> AbstractContextManager[World]:
        """Everything around its passes. Raises StoreProblem."""
        ...


class Around:
    """What the members of a process share."""

    def __init__(self, stop: Stop, opening: Opening = open_world, connections: int = MOST_AT_ONCE) -> None:
        self.stop, self.opening = stop, opening
        self.engines, self.locks, self.ticker = Engines(connections), FileLocks(), Scheduler()


class Member:
    """One practice. `world`: once it could be opened. `worker`: while it is at work here. `problem`: why its
    store cannot be used, in French. `written_at`: when its file was, in seconds since 1970."""

    def __init__(self, settings: Settings, around: Around, file: Path) -> None:
        self.settings, self._around, self.file = settings, around, file.name
        self.written_at = _written_at(file)
        self.world: World | None = None
        self.worker: Worker | None = None
        self.problem: StoreProblem | None = None
        self._open, self._opening = ExitStack(), Lock()
        self._left = False  # for good: a page or look still under way opens it no more
        self._aside: Store | None = None  # the same rows, for who waits less long for them

    @property
    def key(self) -> str:
        """The practice's key."""
        return self.settings.practice.key

    @cached_property
    def fingerprint(self) -> str:
        """See `fingerprint_of`."""
        return fingerprint_of(self.settings)

    @cached_property
    def calendars(self) -> list[str]:
        """The marks of the calendars that the practice has alone."""
        return sorted(mark_of(thing) for thing in calendars_of(self.settings))

    @property
    def address(self) -> str:
        """Where its store is."""
        return self.settings.store.get_secret_value()

    @property
    def shared(self) -> bool:
        """Whether processes share its work: its store is a PostgreSQL."""
        return self.address.startswith("postgresql")

    def resumes(self) -> None:
        """Its store can be used."""
        if self.problem is not None:
            log.info("practice no longer suspended", practice=self.key)
        self.problem = None

    def open(self) -> World:
        """Everything around its passes; from any thread. Raises StoreProblem."""
        with self._alone():
            return self._opened()

    def glance(self) -> World:
        """The practice and its store, to read a few rows; from any thread. Its calendars are opened only where the
        requests to Google are counted: how old a reading may be then depends on them. Raises StoreProblem."""
        world = self.world
        if world is None and self.settings.sync.google_daily_requests is not None:
            world = self.open()
        with self._alone():
            if self._aside is None:
                self._aside = self._around.engines.store(self.address, self.key)
                self._aside.within = GLANCED_WITHIN_S
            store = self._aside
        return replace(world, store=store) if world is not None else without_calendars(self.settings, store)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Open nothing beside others; what was opened while the practice left is given back. Raises Departed."""
        try:
            with self._opening:
                self._must_be_here()
                yield
        finally:
            if self._left:
                self.rest()
        self._must_be_here()

    def _must_be_here(self) -> None:
        if self._left:
            raise Departed

    def _opened(self) -> World:
        if self.world is None:
            store = self._around.engines.store(self.address, self.key)
            try:
                self.world = self._open.enter_context(self._around.opening(self.settings, store=store))
            except NotStored as problem:  # one practice's row ends no other's work
                raise Unusable(str(problem)) from problem
        return self.world

    def begin(self) -> None:
        """Be at work. Raises StoreProblem."""
        world = self.open()
        self._around.locks.take(world.store)
        self.worker = Worker(world, self.settings.sync.every_seconds, self._around.stop, self._around.ticker)
        self.mind_channels(self.worker)

    def mind_channels(self, worker: Worker) -> None:
        """Nothing is loaded for a practice without `page:` that has no push channel left."""
        with worker.world.store.read() as tx:
            left = bool(subscriptions.every(tx))
        if self.settings.page or left:
            worker.chores.append(_channels(worker.world, self.settings))

    @property
    def calling(self) -> bool:
        """Whether an answer to a call is still to come."""
        return self.worker is not None and self.worker.calls.running

    def close(self, *, within: float = 0.0) -> None:
        """Leave the process for good: nothing more is read, written or told for the practice, and its file is free.
        First hear what is said to the calls under way, for so many seconds at most. Whoever is just opening it gives it
        back: a server that says nothing keeps nobody from leaving."""
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.end(within=within)
            self._around.ticker.cancel_job(worker.job)
        if self.world is not None:
            self._around.locks.give_back(self.world.store)
        self._left = True  # before the lock is asked for: whoever has it looks afterwards
        self.rest()

    def rest(self) -> None:
        """Close what is open, until somebody opens it anew; not while somebody does just now."""
        if self._opening.acquire(blocking=False):
            try:
                self._closed()
            finally:
                self._opening.release()

    def _closed(self) -> None:
        self.world = None
        self._open.close()
        if self._aside is not None:
            self._aside.close()
            self._aside = None


def _written_at(file: Path) -> float:
    """0 where the file is gone, or its disk does not answer."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def fingerprint_of(settings: Settings) -> str:
    """Of what the settings say, secrets and this process's own network address apart."""
    said = settings.model_dump_json(exclude={"page": {"listen"}})
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def mark_of(calendar: Thing) -> str:
    """How a lease names the calendar: its address may be a secret."""
    return hashlib.sha256("\n".join(calendar).encode()).hexdigest()[:16]


def _channels(world: World, settings: Settings) -> Callable[[], None]:
    from sync.worker import push_channels

    page = settings.page
    where = push_channels.address(page.public_url) if page and page.google_push and page.public_url else None
    return lambda: push_channels.refresh_channels(world, where)
