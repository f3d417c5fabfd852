"""What lies outside of attitre, in a process of its own: calendars, and a gateway for SMS.

`python -m bench.scale.outside CALENDARS HIDDEN` prints its two addresses. It takes note of who asked which calendar
when, by the steady clock that all processes of a machine share, and counts messages by their keys.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from base64 import b64decode
from collections import Counter
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bench.scale.bookings import Shown

Seen = tuple[float, str]  # when, by which worker


class Outside(Shown):
    """The calendars; each answer takes `latency` seconds more. A worker is known by the password that it logs in with:
    the name that its environment gave it."""

    def __init__(self, calendars: int, hidden: int) -> None:
        super().__init__(calendars, hidden, date.today(), 0.0)  # noqa: DTZ011
        self.asked: list[list[Seen]] = [[] for _ in range(calendars)]
        self.gateway = Gateway()

    def seen(self, path: str, login: str) -> None:
        """See Replay."""
        super().seen(path, login)
        calendar = path.strip("/").split("/")[1:2]
        if calendar and calendar[0].isdecimal():
            self.asked[int(calendar[0])].append((time.monotonic(), _password(login)))

    def about_itself(self, path: str) -> bytes | None:
        """See Replay: what the benchmark asks, and sets."""
        where = urlsplit(path)
        words = dict(parse_qsl(where.query))
        if where.path == "/asked":
            since = float(words["since"])
            return _told([[one for one in seen if one[0] >= since] for seen in self.asked])
        if where.path == "/messages":
            return _told(self.gateway.plain())
        if where.path == "/latency":
            self.latency, self.gateway.latency = float(words["calendars"]), float(words["gateway"])
            return _told(True)
        return (
            _told(self.show(int(words["more"]), int(words["step"])))
            if where.path == "/show"
            else super().about_itself(path)
        )


class Gateway:
    """Takes messages after `latency` seconds, each key once; a key that comes again is counted in `repeats`."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.taken: dict[str, tuple[float, str, str]] = {}
        self.repeats: Counter[str] = Counter()
        self._lock = threading.Lock()
        gateway = self

        class Handler(_Handler):
            of = gateway

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/sms"

    def take(self, key: str, to: str, worker: str) -> None:
        """Keep a message once; whoever sent it may die before it hears of that."""
        with self._lock:
            if key in self.taken:
                self.repeats[key] += 1
            else:
                self.taken[key] = time.monotonic(), to, worker

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        with self._lock:
            return {"taken": dict(self.taken), "repeats": dict(self.repeats)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed meanwhile."""


class _Handler(BaseHTTPRequestHandler):
    of: Gateway
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """A message: half of the latency goes by before it is taken, half before the answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.of.latency / 2)
        self.of.take(self.headers["Idempotency-Key"], body["to"], self.headers.get("X-Worker", ""))
        time.sleep(self.of.latency / 2)
        content = b'{"id": "1"}'
        head = f"HTTP/1.1 202 x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self.wfile.write(head.encode() + content)

    def do_OPTIONS(self) -> None:
        """`attitre check --connect` asks."""
        self.wfile.write(b"HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _password(login: str) -> str:
    kind, _, word = login.partition(" ")
    return b64decode(word).decode().partition(":")[2] if kind == "Basic" else ""


def _told(value: object) -> bytes:
    return json.dumps(value).encode()


def main(calendars: str, hidden: str) -> None:
    """Serve for ever."""
    outside = Outside(int(calendars), int(hidden))
    print(outside.root, outside.gateway.url, flush=True)
    outside.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
