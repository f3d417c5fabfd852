"""Servers on loopback that misbehave: each connection is handed to a function, for as long as the test lasts."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, threading.Event], None]


@dataclass
class Hostile:
    """`asked`: the request of each connection, empty where the server speaks first. `over`: set when the test ends, so
    that nobody drips for ever."""

    port: int
    asked: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/agenda/"


@contextmanager
def hostile(behaviour: Behaviour, *, speaks_first: bool = False) -> Iterator[Hostile]:
    """`speaks_first`: the client says nothing before the server does (SMTP, or a handshake that is not answered)."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as door:
        here = Hostile(door.getsockname()[1])

        def one(peer: socket.socket) -> None:
            with peer, suppress(OSError):
                here.asked.append(b"" if speaks_first else whole(peer))
                behaviour(peer, here.over)

        def all_of_them() -> None:
            with suppress(OSError):
                while not here.over.is_set():
                    threading.Thread(target=one, args=(door.accept()[0],), daemon=True).start()

        accepting = threading.Thread(target=all_of_them, daemon=True)
        accepting.start()
        try:
            yield here
        finally:
            here.over.set()
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            accepting.join(5)


def whole(peer: socket.socket) -> bytes:
    """A request with the body that it declares."""
    got = b""
    while b"\r\n\r\n" not in got and (piece := peer.recv(65536)):
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while missing > 0 and (piece := peer.recv(65536)):
        got, missing = got + piece, missing - len(piece)
    return got


def says(*pieces: bytes) -> Behaviour:
    """That, and then it hangs up."""

    def behave(peer: socket.socket, _over: threading.Event) -> None:
        for piece in pieces:
            peer.sendall(piece)

    return behave


def drips(head: bytes, drop: bytes, every: float = 0.02) -> Behaviour:
    """One drop after another, without end: each in time for a socket."""

    def behave(peer: socket.socket, over: threading.Event) -> None:
        peer.sendall(head)
        while not over.wait(every):
            peer.sendall(drop)

    return behave


def pours(head: bytes, bucket: bytes) -> Behaviour:
    """As fast as the other side takes it, without end."""
    return drips(head, bucket, every=0.0)


def silent(peer: socket.socket, over: threading.Event) -> None:
    """Takes everything and says nothing."""
    over.wait()
