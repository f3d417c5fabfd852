"""Serves an application at an address, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from adapters.web.door import MOST, connections, most

AGAIN = 1.0  # seconds before a failed listener starts again
LAST_WORDS = 3  # seconds for open answers when the worker ends


class CannotListen(Exception):
    """`str()` is a French sentence for a person."""


class NotYet(CannotListen):
    """The machine has no thread for it now."""

    def __init__(self) -> None:
        super().__init__("Impossible d'écouter pour l'instant : cette machine n'a plus de fil d'exécution libre.")


def bound(listen: str) -> socket.socket:
    """A socket at `host:port`, opened early so that a taken address is known before anything starts. Raises
    CannotListen."""
    parts = urlsplit(f"//{listen}")
    host, port = parts.hostname or "", parts.port or 0
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        door = socket.create_server((host, port), family=family, backlog=MOST)
        # Headers and body leave in two packets: the second would wait 40 ms for the first to be acknowledged. asyncio
        # sets this for sockets that name their protocol only; on Linux accepted ones inherit it.
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return door
    except OSError as error:
        raise CannotListen(
            f"Impossible d'écouter à l'adresse « {listen} » ({_why(error)}) : donnez-en une autre à « page.listen: »."
        ) from None


def _why(error: OSError) -> str:
    import errno

    return {
        errno.EADDRINUSE: "un autre programme l'occupe", errno.EACCES: "droits insuffisants",
        errno.EADDRNOTAVAIL: "cette machine n'a pas cette adresse",
    }.get(error.errno or 0, error.strerror or "refusé")  # fmt: skip


def _nobody(_error: Exception) -> None: ...


@contextmanager
def serving(door: socket.socket, app: ASGIApp, fault: Callable[[Exception], None] = _nobody) -> Iterator[None]:
    """Within this context the application answers. Requests are not logged, as links are secrets. `fault` is told of
    faults of the listener itself, once a minute at most; it goes on after any of them. Raises NotYet."""
    listener = _Listener(door, app, fault)
    thread = threading.Thread(target=listener.run, name="web", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        raise NotYet from None
    listener.ready.wait(LAST_WORDS)
    try:
        yield
    finally:
        listener.end()
        thread.join(LAST_WORDS + 2)


class _Listener:
    """Runs a server, and a new one if it failed."""

    def __init__(self, door: socket.socket, app: ASGIApp, fault: Callable[[Exception], None]) -> None:
        self.ready = threading.Event()
        self._door, self._app, self._fault = door, app, fault
        self._ended = threading.Event()
        self._server: _Server | None = None
        self._told_at = -inf

    def run(self) -> None:
        """Serve until `end`; called in its own thread."""
        while not self._ended.is_set():
            try:
                with self._door.dup() as door:  # the server closes the socket it is given
                    self._server = _Server(_config(self._app), self)
                    self._server.run([door])
            except (Exception, SystemExit) as error:
                self.tell(error if isinstance(error, Exception) else RuntimeError("the listener ended"))
            self._ended.wait(AGAIN)

    def end(self) -> None:
        """Stop serving."""
        self._ended.set()
        if self._server is not None:
            self._server.should_exit = True

    def tell(self, error: Exception) -> None:
        """Report the fault, seldom: the next connections will have the same one."""
        if time.monotonic() - self._told_at > 60:
            self._told_at = time.monotonic()
            self._fault(error)

    @property
    def ended(self) -> bool:
        return self._ended.is_set()


class _Server(uvicorn.Server):
    """uvicorn's server, without a log line for each connection that cannot be accepted (no file is left): it accepts
    later."""

    def __init__(self, config: uvicorn.Config, listener: _Listener) -> None:
        super().__init__(config)
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server."""
        asyncio.get_running_loop().set_exception_handler(self._mishap)
        await super().startup(sockets)
        self.should_exit = self._listener.ended
        self._listener.ready.set()

    def _mishap(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self._listener.tell(error)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app, loop="asyncio", http=connections(), ws="none", lifespan="off", log_config=None, log_level="critical",
        access_log=False, server_header=False, proxy_headers=False, backlog=most(),
        timeout_graceful_shutdown=LAST_WORDS,
    )  # fmt: skip
