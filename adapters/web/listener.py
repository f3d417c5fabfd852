"""The socket and the thread: an application answers at an address while something else is done."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

MOST_AT_ONCE = 64
LAST_WORDS = 3  # seconds that open answers get when the worker ends


class CannotListen(Exception):
    """`str()` is a French sentence for a person."""


def bound(listen: str) -> socket.socket:
    """A socket at `host:port`, so that a taken address is known before anything starts. Raises CannotListen."""
    parts = urlsplit(f"//{listen}")
    host, port = parts.hostname or "", parts.port or 0
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=MOST_AT_ONCE)
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


@contextmanager
def serving(door: socket.socket, app: ASGIApp) -> Iterator[None]:
    """Answers from a thread of its own; ended on leaving. Nothing is logged of what is asked: links are secrets."""
    server = uvicorn.Server(_config(app))
    thread = threading.Thread(target=server.run, args=([door],), name="web", daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(LAST_WORDS + 2)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app, loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, log_level="critical",
        access_log=False, server_header=False, proxy_headers=False, limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=LAST_WORDS,
    )  # fmt: skip
