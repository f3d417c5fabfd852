"""How jobs are fetched and ended where one connection ends, or the server is away for a moment.

The library's worker takes no more jobs after one failure, and first waits for the end of all that run, however long
they take: so a failure that stands alone is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import Error
from psycopg.errors import RaiseException
from psycopg_pool import PoolTimeout

from sync.store.problems import StoreProblem
from sync.store.silence import NoAnswer

GONE = (ProcrastinateException, Error, PoolTimeout, StoreProblem, OSError)
NOTED_AGAIN, AGAIN_S = 60, 1.0  # times, and seconds between them, where the end of a job could not be noted
LISTENED_AGAIN_S = 3.0  # after a connection for notifications was lost


class Manager(JobManager):
    """See JobManager. Of a server that is gone the second fetch in a row tells; of one that says nothing the first.
    `says` is told what failed, each time."""

    def __init__(self, connector: BaseConnector, says: Callable[[str, Exception], None]) -> None:
        super().__init__(connector)
        self._says = says
        self._failed = 0  # fetches, in a row

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """See JobManager."""
        try:
            job = await super().fetch_job(queues, worker_id)
        except GONE as error:
            self._failed += 1
            if self._failed > 1 or isinstance(error.__cause__, NoAnswer):
                raise
            self._says("jobs not fetched", error)
            return None
        self._failed = 0
        return job

    async def update_heartbeat(self, worker_id: int) -> None:
        """See JobManager. Where the server is gone fetching tells."""
        try:
            await super().update_heartbeat(worker_id)
        except GONE as error:
            self._says("jobs' heartbeat not noted", error)

    async def listen_for_jobs(self, **words: Any) -> None:
        """See JobManager. Without notifications jobs are found by looking."""
        while True:
            try:
                await super().listen_for_jobs(**words)
            except GONE as error:
                self._says("jobs not listened for", error)
            await asyncio.sleep(LISTENED_AGAIN_S)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """See JobManager. Noted again where that failed: until then the job's name keeps the next one from beginning.
        Raises what happened last."""
        for _ in range(NOTED_AGAIN):
            try:
                return await super().finish_job(job=job, status=status, delete_job=delete_job)
            except GONE as error:
                if isinstance(error.__cause__, RaiseException):  # noted, though the answer was lost; or a sweep did it
                    return None
                self._says("job's end not noted", error)
            await asyncio.sleep(AGAIN_S)
        return await super().finish_job(job=job, status=status, delete_job=delete_job)
