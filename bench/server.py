"""A CalDAV server and Google's event lists, answered from memory, so that the client's own cost shows."""

from __future__ import annotations

import time
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from bench.davreplay import UNKNOWN, DavReplay
from bench.googlereplay import GoogleReplay
from bench.state import State


class Replay(State):
    """A practice's calendars on a port of this machine. `latency`: seconds that every answer takes more.

    `requests` and `writes` count what was asked; writes are taken note of and change nothing.
    """

    def __init__(self, events: int, today: date, calendars: int = 1, latency: float = 0.0) -> None:
        super().__init__(events, today, calendars)
        self.latency = latency
        self.requests = self.writes = 0
        self.dav, self.google = DavReplay(self), GoogleReplay(self)
        replay = self

        class Handler(_Handler):
            served = replay

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self.urls = [f"{self.root}home/{number}/" for number in range(calendars)]
        self.url = self.urls[0]

    def serve(self) -> None:
        """Answer for ever."""
        self._server.serve_forever()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def counted(self) -> int:
        """Requests since it was asked last."""
        count, self.requests = self.requests, 0
        return count

    def seen(self, _path: str, _login: str) -> None:
        """Something was asked, with that Authorization."""
        self.requests += 1

    def about_itself(self, path: str) -> bytes | None:
        """What a process that is measured asks of the replay itself: no request of a client's."""
        where = urlsplit(path)
        if where.path == "/count":
            return str(self.counted()).encode()
        if where.path != "/change":
            return None
        asked = dict(parse_qsl(where.query))
        at = datetime.fromisoformat(asked["at"]) if "at" in asked else None
        number = int(asked["number"]) if "number" in asked else None
        return self.change_one(at, int(asked.get("after", 0)), number).encode()


class _Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed meanwhile."""


class _Handler(BaseHTTPRequestHandler):
    served: Replay
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_REPORT(self) -> None:
        """Both reports."""
        asked = self._asked().decode()
        with self.served.lock:
            said = self.served.dav.report(self.path, asked)
        self._answer(403, UNKNOWN) if said is None else self._answer(207, said)

    def do_PROPFIND(self) -> None:
        """Of the home or a calendar."""
        self._asked()
        with self.served.lock:
            said = self.served.dav.propfind(unquote(self.path), self.headers.get("Depth", "0"))
        self._answer(207, said)

    def do_OPTIONS(self) -> None:
        """What a client may count on."""
        self._asked()
        self._answer(200, b"")

    def do_GET(self) -> None:
        """Google's questions, and a CalDAV body."""
        where = urlsplit(self.path)
        if (said := self.served.about_itself(self.path)) is not None:
            return self._answer(200, said)
        self._asked()
        if where.path.startswith("/calendar/v3/"):
            with self.served.lock:
                found = self.served.google.get(unquote(where.path), dict(parse_qsl(where.query)))
            return self._answer(*found)
        body = self.served.bodies.get(where.path.rpartition("/")[2])
        return self._answer(404, b"") if body is None else self._answer(200, body)

    def do_POST(self) -> None:
        """A token; anything else would be a write."""
        if self.path == "/token":
            self._asked()
            return self._answer(200, self.served.google.token())
        return self.do_PUT()

    def do_PUT(self) -> None:
        """Counted, so that a pass that should not write is found out."""
        self._asked()
        self.served.writes += 1
        self._answer(204, b"")

    do_PATCH = do_DELETE = do_PUT  # noqa: N815 - the names are the library's

    def _asked(self) -> bytes:
        self.served.seen(self.path, self.headers.get("Authorization", ""))
        if self.served.latency:
            time.sleep(self.served.latency)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes) -> None:
        """In one piece: a head of its own would wait for the client's acknowledgement."""
        kind = "application/json" if self.path.startswith(("/calendar/", "/token")) else "application/xml"
        head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}; charset=utf-8\r\nDAV: 1, 3, calendar-access\r\n"
        self.wfile.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
