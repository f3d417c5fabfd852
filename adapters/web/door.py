"""Limits connections to the listener in number and time, so that many or slow ones harm nobody else."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 64  # connections at once: each is an open file of the worker
REQUEST = 5.0  # seconds from connecting, or from the previous answer, to the last byte of a request
WHOLE = 30.0  # seconds for a request and its answer
LARGEST = 8 * 1024 * 1024  # bytes of a request: a body beyond what its path reads is thrown away


def most() -> int:
    """How many connections at once: a quarter of the files that the process may open, so that the worker keeps
    enough."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(4, min(MOST, soft // 4))


class Doorkeeper:
    """The open connections, the one idle for longest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._idle: dict[Connection, None] = {}
        self._busy: set[Connection] = set()

    def comes(self, one: Connection) -> bool:
        """Whether the new connection may stay. If all places are taken, the one idle for longest is closed; if none is
        idle, the new one."""
        if len(self._idle) + len(self._busy) >= self._limit:
            if not self._idle:
                return False
            oldest = next(iter(self._idle))
            self.goes(oldest)
            oldest.cut()
        self._idle[one] = None
        return True

    def works(self, one: Connection) -> bool:
        """Note that its request is complete and being answered. Returns whether that is new."""
        new = one in self._idle
        if new:
            del self._idle[one]
            self._busy.add(one)
        return new

    def rests(self, one: Connection) -> None:
        """Note that it was answered."""
        if one in self._busy:
            self._busy.discard(one)
            self._idle[one] = None

    def goes(self, one: Connection) -> None:
        """Note that it is closed."""
        self._idle.pop(one, None)
        self._busy.discard(one)


class Connection(H11Protocol):
    """uvicorn's connection, with a place at the doorkeeper and a deadline."""

    keeper: Doorkeeper

    def __init__(self, config: Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self._hour: asyncio.TimerHandle | None = None
        self._stays = False
        self._taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._stays = self.keeper.comes(self)
        if self._stays:
            self._until(REQUEST)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.keeper.goes(self)
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if not self._stays or self.transport.is_closing():
            return
        self._taken += len(data)
        if self._taken > LARGEST:
            self.cut()
            return
        super().data_received(data)
        self._mind()

    def on_response_complete(self) -> None:
        """See H11Protocol."""
        self._taken = 0
        self.keeper.rests(self)
        self._until(REQUEST)
        super().on_response_complete()
        self._mind()

    def _mind(self) -> None:
        """A complete request gets the time for its answer; until then the deadline of the request goes on."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and self.conn.their_state is not h11.SEND_BODY and self.keeper.works(self):
            self._until(WHOLE)

    def _until(self, seconds: float) -> None:
        self._stop()
        self._hour = self.loop.call_later(seconds, self.cut)

    def _stop(self) -> None:
        if self._hour is not None:
            self._hour.cancel()

    def cut(self) -> None:
        """Close it at once, whatever is under way."""
        self._stop()
        self.transport.abort()


def connections() -> type[Connection]:
    """The protocol class of one listener: its connections share a doorkeeper."""
    return type("Kept", (Connection,), {"keeper": Doorkeeper(most())})
