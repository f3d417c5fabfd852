"""HTTP connections with a deadline for each exchange: a server that sends its answer slowly is cut off (hard case I06).

requests and urllib3 know neither the deadline nor whether the request was written, so both are kept for the thread by
`until`.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse, parse_headers
from math import inf
from time import monotonic
from typing import Any

import requests
from msgspec import Struct
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from adapters import timed

HOSTS, KEPT = 4, 8  # idle connections are kept to 4 hosts, 8 for each
IDLE_S = 120.0  # a connection idle for longer is closed: routers may have dropped it silently
INTERIM = 20  # answers of class 1xx at most, before the final one


class Exchange(Struct):
    """`end`: the deadline on the monotonic clock. `silence`: seconds without a byte. `written`: the whole request was
    written, so the server may have acted on it."""

    end: float = inf
    silence: float = timed.LONGEST
    written: bool = False


_under_way: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def until(moment: float, silence: float = timed.LONGEST) -> Iterator[Exchange]:
    """Within this context exchanges end at `moment` on the monotonic clock, or after `silence` seconds without a
    byte."""
    now = Exchange(moment, silence)
    before = _under_way.set(now)
    try:
        yield now
    finally:
        _under_way.reset(before)


def _now() -> Exchange:
    return _under_way.get(None) or Exchange()


class _Answer(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(timed.Reader(sock, _now().end, _now().silence), timed.PIECE)

    def _read_status(self) -> tuple[str, int, str]:
        """The final status. Interim answers (RFC 9110 15.2) before it are skipped, up to 20."""
        for _ in range(INTERIM):
            said: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if said[1] >= 200 or said[1] == 101:
                return said
            parse_headers(self.fp)
        raise HTTPException("interim answers without end")


class _InTime(HTTPConnection):
    """A connection whose exchanges end at the deadline of `until`."""

    response_class = _Answer
    used_at = inf

    def _new_conn(self) -> socket.socket:
        """As urllib3's, with one deadline for the resolver and all addresses."""
        end, each = _now().end, self.timeout or timed.LONGEST
        try:
            options = self.socket_options or ()
            return timed.connected(self._dns_host.strip("[]"), self.port, end, at_most=each, options=options)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "connecting took too long") from error
        except OSError as error:
            raise NewConnectionError(self, "no connection") from error

    def send(self, data: Any) -> None:
        """Write bytes of a request."""
        if self.sock is None:
            self.connect()
        timed.send_all(self.sock, data, _now().end)

    def request(self, *args: Any, **options: Any) -> None:
        """See HTTPConnection. From its end on the server may act on the request."""
        super().request(*args, **options)
        _now().written = True


class _Secure(_InTime, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _InTime

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn: Any = super()._get_conn(timeout)
        _close_idle([conn])
        return conn

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.used_at = monotonic()
        super()._put_conn(conn)
        if self.pool is not None:
            with self.pool.mutex:
                _close_idle(self.pool.queue)


class _SecurePool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _Secure


def _close_idle(connections: Any) -> None:
    now = monotonic()
    for one in connections:
        if one is not None and now - one.used_at > IDLE_S:
            one.close()  # it reconnects at its next use


class TimedAdapter(HTTPAdapter):
    """Mounted into a session, makes its connections timed."""

    def __init__(self) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=KEPT)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def in_time(session: requests.Session) -> None:
    """Time the session's exchanges. The session follows no redirects: it would read a redirect's body to its end, and
    fail at an invalid address."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, TimedAdapter())
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
