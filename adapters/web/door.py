"""Connections to the listener, few and short: whoever connects by the thousand, says nothing or says it slowly harms
neither the worker nor those who ask properly.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 64  # connections at once: each is a file of the worker's
REQUEST = 5.0  # seconds from the connection, or from the answer before, to the request's last byte
WHOLE = 30.0  # seconds for a request and its answer: who does not take it is gone
LARGEST = 8 * 1024 * 1024  # bytes of a request: no path here reads a body, and what comes is thrown away


def most() -> int:
    """How many connections at once: a quarter of the files that the process may open, for it needs them to work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(4, min(MOST, soft // 4))


class Doorkeeper:
    """Who is connected, the longest idle first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._idle: dict[Connection, None] = {}
        self._busy: set[Connection] = set()

    def comes(self, one: Connection) -> bool:
        """Whether it may stay. Where all places are taken, the longest idle one goes; where all are busy, this one."""
        if len(self._idle) + len(self._busy) >= self._limit:
            if not self._idle:
                return False
            oldest = next(iter(self._idle))
            self.goes(oldest)
            oldest.cut()
        self._idle[one] = None
        return True

    def works(self, one: Connection) -> bool:
        """Its request is whole and being answered; whether that is new."""
        new = one in self._idle
        if new:
            del self._idle[one]
            self._busy.add(one)
        return new

    def rests(self, one: Connection) -> None:
        """It was answered."""
        if one in self._busy:
            self._busy.discard(one)
            self._idle[one] = None

    def goes(self, one: Connection) -> None:
        """It is closed."""
        self._idle.pop(one, None)
        self._busy.discard(one)


class Connection(H11Protocol):
    """uvicorn's, with a place and an hour."""

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
        """A whole request has the time that its answer takes; until it is whole, its hour goes on."""
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
        """Closed at once, whatever is under way."""
        self._stop()
        self.transport.abort()


def connections() -> type[Connection]:
    """The protocol of one listener: its connections share a doorkeeper."""
    return type("Kept", (Connection,), {"keeper": Doorkeeper(most())})
