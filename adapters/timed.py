"""Sockets whose whole use ends in time: looking a name up, connecting, every write and every read look at the clock.

A socket's own timeout counts from byte to byte, so a server that drips would hold a thread for as long as it likes.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterable
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

LONGEST = 3600.0  # seconds; a socket takes no endless timeout besides none at all
PIECE = 65_536
SocketOption = tuple[int, int, int | bytes]


def left(end: float) -> float:
    """Seconds until that moment of the monotonic clock. Raises TimeoutError where it has passed."""
    seconds = end - monotonic()
    if seconds <= 0:
        raise TimeoutError("the exchange took too long")
    return min(seconds, LONGEST)


def connected(
    host: str, port: int, end: float, *, at_most: float = LONGEST, options: Iterable[SocketOption] = ()
) -> socket.socket:
    """A connection to the first of the host's addresses that takes one, `at_most` seconds for each of them.

    Raises OSError: gaierror, TimeoutError, or why the last address refused."""
    fault = OSError("the name has no address")
    for family, kind, protocol, _, place in _looked_up(host, port, end):
        line = socket.socket(family, kind, protocol)
        try:
            for option in options:
                line.setsockopt(*option)
            line.settimeout(min(left(end), at_most))
            line.connect(place)
        except OSError as error:
            line.close()
            fault = error
        else:
            return line
    raise fault


def _looked_up(host: str, port: int, end: float) -> list[Any]:
    """The addresses. A resolver takes no timeout: it is asked beside, and left to itself when time is up."""
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            found.put([*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except Exception as error:
            found.put(error)

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    try:
        answer = found.get(timeout=left(end))
    except Empty:
        raise TimeoutError("the name was not found in time") from None
    if isinstance(answer, UnicodeError):  # a label that is empty or too long (RFC 1035 2.3.4)
        raise socket.gaierror(socket.EAI_NONAME, "the name cannot exist")
    if isinstance(answer, Exception):
        raise answer
    return answer


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def send_all(line: socket.socket, data: bytes, end: float) -> None:
    """Every byte handed to the system before the end. Raises OSError, and then not all of them were."""
    view = memoryview(data)
    while view:
        line.settimeout(left(end))
        view = view[line.send(view[:PIECE]) :]


class Reader(io.RawIOBase):
    """A socket's bytes, while there is time and `silence` is no longer than so many seconds: else TimeoutError."""

    def __init__(self, line: socket.socket, end: float, silence: float = LONGEST) -> None:
        self._line, self._end, self._silence = line, end, silence
        self._raw = line.makefile("rb", buffering=0)

    def until(self, end: float) -> None:
        """An earlier end."""
        self._end = end

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See RawIOBase."""
        self._line.settimeout(min(left(self._end), self._silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Lets the socket go."""
        self._raw.close()
        super().close()
