"""A server that answers no more, though its machine still takes what it is sent: a disk that stands still, a process
that was stopped. The limits of `sync.store.apart` are kept by the server itself, and the kernel's are for machines that
fell silent; so whoever waits for an answer looks at a clock of its own, and gives the connection up."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from math import inf
from time import monotonic
from typing import Any

from psycopg import AsyncConnection, Notify, OperationalError
from psycopg import Connection as Psycopg
from sqlalchemy import Connection, Engine, event

from sync.store.problems import SILENT

# a server that fell silent (power lost, network cut) is noticed within half a minute; by default after two hours
NOTICED = {
    "connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip
ANSWERS_WITHIN_S = 135.0  # the server itself ends a statement after 120


class NoAnswer(OperationalError):
    """The connection is closed: what the server still does with it is rolled back, or unknown as after any cut."""


class Answering(Psycopg[Any]):
    """`within`: seconds that an answer may take; None: as usual."""

    within: float | None = None

    def wait(self, gen: Any, *args: Any, **words: Any) -> Any:
        """See psycopg. Raises NoAnswer."""
        seconds = ANSWERS_WITHIN_S if self.within is None else self.within
        try:
            return super().wait(_until(gen, monotonic() + seconds), *args, **words)
        except NoAnswer:
            self.pgconn.finish()
            raise


class AnsweringJobs(AsyncConnection[Any]):
    """As `Answering`, for the library that takes jobs."""

    within: float | None = None

    async def wait(self, gen: Any, *args: Any, **words: Any) -> Any:
        """See psycopg. Raises NoAnswer."""
        seconds = ANSWERS_WITHIN_S if self.within is None else self.within
        try:
            return await super().wait(_until(gen, monotonic() + seconds), *args, **words)
        except NoAnswer:
            self.pgconn.finish()
            raise

    async def notifies(self, **words: Any) -> AsyncGenerator[Notify, None]:
        """See psycopg. Nothing may be heard for long; whoever listens asks in between whether the server is there."""
        within, self.within = self.within, inf
        try:
            async with aclosing(super().notifies(**words)) as heard:
                async for one in heard:
                    yield one
        finally:
            self.within = within


def _until(gen: Generator[Any, Any, Any], end: float) -> Generator[Any, Any, Any]:
    """What psycopg waits for by; it is asked again each tenth of a second where nothing came."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and monotonic() > end:
                raise NoAnswer(SILENT)
            wanted = gen.send(ready)
    except StopIteration as done:
        return done.value


def listen(engine: Engine) -> None:
    """Have this engine's connections wait no longer than the option `attitre_within` of a transaction says."""
    event.listen(engine, "do_connect", _connected)
    event.listen(engine, "begin", _begun)


def unhurried(connection: Connection, seconds: float | None = None) -> None:
    """Until the end of this transaction an answer may take so long; None: as usual."""
    connection.connection.driver_connection.within = seconds  # type: ignore[union-attr]


def _connected(_dialect: object, _record: object, args: list[Any], words: dict[str, Any]) -> Answering:
    return Answering.connect(*args, **words)


def _begun(connection: Connection) -> None:
    unhurried(connection, connection.get_execution_options().get("attitre_within"))
