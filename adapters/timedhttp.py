"""HTTP connections whose exchanges end in time: a server that drips its headers or its body is cut off (hard case I06).

The end of an exchange and whether the request went out are kept beside the call (`until`): requests and urllib3 know
of neither.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, parse_headers
from math import inf
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from adapters import timed

HOSTS, KEPT = 4, 8  # connections kept: to so many hosts, so many each
IDLE_S = 120.0  # an idler connection is closed unused: routers forget it silently
INTERIM = 20  # answers of class 1xx before the true one


@dataclass(slots=True)
class Exchange:
    """`end`: by the monotonic clock. `silence`: seconds without a byte. `written`: the whole request was handed over,
    so the other side may act on it."""

    end: float = inf
    silence: float = timed.LONGEST
    written: bool = False


_under_way: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def until(moment: float, silence: float = timed.LONGEST) -> Iterator[Exchange]:
    """What is asked meanwhile ends by that moment of the monotonic clock, whatever the other side does, and after so
    many seconds in which it does nothing."""
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
        """The true answer's; interim ones (RFC 9110 15.2) are passed over, as many as make sense."""
        for _ in range(INTERIM):
            said: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if said[1] >= 200 or said[1] == 101:
                return said
            parse_headers(self.fp)
        raise HTTPException("interim answers without end")


class _InTime(HTTPConnection):
    response_class = _Answer
    used_at = inf

    def _new_conn(self) -> socket.socket:
        """As urllib3's, with an end for the resolver and for the addresses together."""
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
        """The bytes of a request."""
        if self.sock is None:
            self.connect()
        timed.send_all(self.sock, data, _now().end)

    def request(self, *args: Any, **options: Any) -> None:
        """See HTTPConnection; from its end on the other side may have acted."""
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
            one.close()  # it opens again by itself


class TimedAdapter(HTTPAdapter):
    """Mounted into a session, it makes the session's connections such ones."""

    def __init__(self) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=KEPT)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def in_time(session: requests.Session) -> None:
    """Have that session's exchanges end in time. It follows no redirect: it would unpack the page behind one to its
    end, and fall over an address that is none."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, TimedAdapter())
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
