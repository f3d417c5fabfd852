"""Takes a fleet's jobs: procrastinate's worker in a thread of its own, begun anew whenever the server was gone."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Status

from sync.core.log import described, log
from sync.fleet import ANSWERED_WITHIN_S
from sync.fleet.fleet import ENDED_WITHIN_S, Fleet, in_an_outage
from sync.fleet.manager import GONE, Manager
from sync.fleet.turns import Unbound
from sync.store.jobs import POLL, QUEUE, WORK
from sync.store.silence import AnsweringJobs

CONNECTIONS = 4  # fetching and ending jobs; the work itself has those of the store


class Engine(threading.Thread):
    """The jobs of one fleet, until `end`."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(name="jobs", daemon=True)
        self._fleet = fleet
        self._away = False  # the server is, and that was said: each outage has a line, not each try
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def end(self) -> None:
        """Take no more jobs; the thread ends once those that run have."""
        if self._loop is not None and self.is_alive():
            with suppress(RuntimeError):  # it ended just now
                self._loop.call_soon_threadsafe(self._end.set)

    def run(self) -> None:
        """See Thread."""
        for name in ("procrastinate", "psycopg"):  # what they say the heartbeat says in our words, and once
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._work())

    async def _work(self) -> None:
        asyncio.get_running_loop().set_default_executor(Unbound())  # asyncio's own has as many as there are processors
        asyncio.get_running_loop().set_exception_handler(_left_behind)
        while not (self._end.is_set() or self._fleet.outdated):
            try:
                await self._until_gone()
            except GONE as error:
                self._says("jobs not taken", error)
            except Exception as error:
                log.error("jobs not taken", **described(error))
            again = self._fleet.shape.times.again * random.uniform(0.7, 1.3)  # noqa: S311 - no secret
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), again)

    async def _until_gone(self) -> None:
        """Take jobs until the server is gone, or `end`. Raises what happened."""
        app, shape = _app(self._fleet, self._says), self._fleet.shape
        await asyncio.to_thread(self._fleet.jobs.prepare)  # somebody may have taken its tables away
        async with app.open_async():
            takes = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE], concurrency=shape.concurrency, install_signal_handlers=False, delete_jobs="always",
                    listen_notify=shape.listens, fetch_job_polling_interval=shape.times.fetched,
                    stalled_worker_timeout=shape.times.alive, update_heartbeat_interval=shape.times.alive / 3,
                    shutdown_graceful_timeout=ENDED_WITHIN_S,
                )
            )  # fmt: skip
            sweeps = asyncio.create_task(self._sweeps(app))
            ends = asyncio.create_task(self._end.wait())
            try:
                await asyncio.wait((takes, sweeps, ends), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (takes, sweeps, ends):
                    task.cancel()
                done = await asyncio.gather(takes, sweeps, ends, return_exceptions=True)
        for one in done:
            if isinstance(one, Exception):
                raise one

    async def _sweeps(self, app: App) -> None:
        """What died is cleared away, and what is missing is made; every process does that for all. Ends where a newer
        version does."""
        times = self._fleet.shape.times
        while not self._fleet.outdated:
            try:
                await self._sweep(app)
                self._away = False
            except GONE as error:  # a lock, or a slow server: jobs are taken all the same
                self._says("jobs not swept", error)
            await asyncio.sleep(times.swept * random.uniform(0.8, 1.2))  # noqa: S311 - no secret

    def _says(self, what: str, error: Exception) -> None:
        if not self._away:
            log.info(what, error=type(error).__name__)
        self._away = True

    async def _sweep(self, app: App) -> None:
        manager, times, fleet = app.job_manager, self._fleet.shape.times, self._fleet
        await manager.prune_stalled_workers(times.alive)
        stalled = await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=times.alive)
        overlong = await asyncio.to_thread(fleet.jobs.overlong, times.polling, times.working)
        if overlong:
            log.warning("jobs overlong", jobs=len(overlong))
        for job in {job.id for job in stalled if job.id is not None} | set(overlong):
            with suppress(ProcrastinateException):  # another process ended it
                await manager.finish_job_by_id_async(job, Status.FAILED, delete_job=True)
        await asyncio.to_thread(fleet.jobs.defer_missing_polls, fleet.shards(), fleet.shape.shards, times.polled)


def _left_behind(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of a task that nobody awaits: a job whose end could not be noted, though it was tried again, is ended by a
    sweep."""
    error = context.get("exception")
    if isinstance(error, Exception) and not isinstance(error, GONE):
        log.error("jobs not taken", **described(error))


async def _soon(connection: AnsweringJobs) -> None:
    """A proxy may hold a connection open whose server is gone: whoever waits for ever takes no job any more."""
    connection.within = ANSWERED_WITHIN_S


def _app(fleet: Fleet, says: Callable[[str, Exception], None]) -> App:
    """The two tasks. They always end well: when to try again stands in our rows, and the sweep makes what is missing
    (an engine's retry and a job's name get in each other's way)."""
    app = App(
        connector=PsycopgConnector(
            conninfo=fleet.jobs.address, min_size=1, max_size=CONNECTIONS, timeout=10, connection_class=AnsweringJobs,
            configure=_soon,
        )
    )  # fmt: skip
    app.job_manager = Manager(app.connector, says)

    @app.task(name=POLL)
    def poll_shard(shard: int, of: int, missed: int = 0) -> None:
        _ended_well(fleet, partial(fleet.poll, shard, of, missed))

    @app.task(name=WORK)
    def work(practice: str) -> None:
        _ended_well(fleet, partial(fleet.work, practice))

    return app


def _ended_well(fleet: Fleet, job: Callable[[], None]) -> None:
    try:
        with in_an_outage():
            job()
    except Exception as error:
        log.error("job failed", **described(error))
