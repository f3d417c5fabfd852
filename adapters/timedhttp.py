"""Connections whose answers end in time: a server that drips its headers or its body is cut off (I06).

A socket's own timeout counts from byte to byte; here every read looks at the clock.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from math import inf
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_until: ContextVar[float] = ContextVar("until", default=inf)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Answers that begin meanwhile raise TimeoutError where they are read after that moment of the monotonic clock."""
    before = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(before)


class _Timed(io.RawIOBase):
    """A socket's bytes, while there is time."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw, self._until = raw, _until.get()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See RawIOBase."""
        if time.monotonic() > self._until:
            raise TimeoutError("the answer took too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Lets the socket go."""
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock.makefile("rb", buffering=0)), 65536)


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class TimedAdapter(HTTPAdapter):
    """Mounted into a session, it makes the session's connections such ones."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
