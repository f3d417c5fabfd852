"""Sockets with a deadline for everything: resolving, connecting, each write and each read.

The timeout of a socket starts again with every byte, so a server that sends slowly could hold a thread for ever.
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

LONGEST = 3600.0  # seconds; a socket does not accept infinity as a timeout
PIECE = 65_536
SocketOption = tuple[int, int, int | bytes]


def left(end: float) -> float:
    """Seconds until `end` on the monotonic clock. Raises TimeoutError if it has passed."""
    seconds = end - monotonic()
    if seconds <= 0:
        raise TimeoutError("the exchange took too long")
    return min(seconds, LONGEST)


def connected(
    host: str, port: int, end: float, *, at_most: float = LONGEST, options: Iterable[SocketOption] = ()
) -> socket.socket:
    """A connection to the first address of the host that accepts one, with at most `at_most` seconds for each.

    Raises OSError: gaierror, TimeoutError, or the error of the last address.
    """
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
    """The addresses. A resolver has no timeout, so it runs in a thread, which is abandoned at the deadline. Raises
    OSError, also where the machine has no thread for it: nothing was said to the host."""
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            found.put([*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except Exception as error:
            found.put(error)

    try:
        threading.Thread(target=ask, name="lookup", daemon=True).start()
    except RuntimeError as error:
        raise OSError(str(error)) from None
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
    """Hand all bytes to the operating system before `end`. Raises OSError; then not all of them were."""
    view = memoryview(data)
    while view:
        line.settimeout(left(end))
        view = view[line.send(view[:PIECE]) :]


class Reader(io.RawIOBase):
    """Reads a socket. Raises TimeoutError at the deadline, or after `silence` seconds without a byte."""

    def __init__(self, line: socket.socket, end: float, silence: float = LONGEST) -> None:
        self._line, self._end, self._silence = line, end, silence
        self._raw = line.makefile("rb", buffering=0)

    def until(self, end: float) -> None:
        """Set an earlier deadline."""
        self._end = end

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See RawIOBase."""
        self._line.settimeout(min(left(self._end), self._silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()
        super().close()
