"""A CalDAV server that answers from memory, so that the client's own cost shows. One calendar, /cal/."""

from __future__ import annotations

import re
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote
from xml.sax.saxutils import escape

from bench import practice

_OPEN = '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
_FOUND = "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"


class Replay:
    """`events` resources; `change(n)` gives the first n of them a new revision."""

    def __init__(self, events: int, today: date) -> None:
        self.today, self.requests, self.revision = today, 0, 0
        self.revisions = [0] * events
        self.bodies = {f"{number}.ics": practice.event(number, 0, today) for number in range(events)}
        replay = self

        class Handler(_Handler):
            served = replay

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/cal/"

    def serve(self) -> None:
        """Answer for ever."""
        self._server.serve_forever()

    def change(self, count: int) -> None:
        """`count` events are edited."""
        self.revision += 1
        for number in range(count):
            self.revisions[number] = self.revision
            self.bodies[f"{number}.ics"] = practice.event(number, self.revision, self.today)

    def since(self, token: str) -> str:
        """A sync-collection answer."""
        past = int(token.rpartition("/")[2]) if token else -1
        named = [number for number, revision in enumerate(self.revisions) if revision > past]
        members = "".join(
            f"<d:response><d:href>/cal/{number}.ics</d:href><d:propstat><d:prop><d:getetag>"
            f"{escape(practice.etag(number, self.revisions[number]))}</d:getetag></d:prop>{_FOUND}"
            for number in named
        )
        return f"{_OPEN}{members}<d:sync-token>http://bench/{self.revision}</d:sync-token></d:multistatus>"

    def multiget(self, names: list[str]) -> str:
        """A calendar-multiget answer."""
        return f"{_OPEN}{''.join(map(self._member, names))}</d:multistatus>"

    def _member(self, name: str) -> str:
        tag = practice.etag(number := int(name.removesuffix(".ics")), self.revisions[number])
        data = escape(self.bodies[name].decode()).replace("\r", "&#13;")
        return (
            f"<d:response><d:href>/cal/{name}</d:href><d:propstat><d:prop><d:getetag>{escape(tag)}</d:getetag>"
            f"<c:calendar-data>{data}</c:calendar-data></d:prop>{_FOUND}"
        )


class _Handler(BaseHTTPRequestHandler):
    served: Replay
    protocol_version = "HTTP/1.1"

    def do_REPORT(self) -> None:
        """Both reports."""
        self.served.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "sync-collection" in body:
            found = re.search(r"sync-token>([^<]*)</", body)
            self._answer(207, self.served.since(found[1] if found else "").encode())
        else:
            names = [unquote(href) for href in re.findall(r"href>/cal/([^<]+)</", body)]
            self._answer(207, self.served.multiget(names).encode())

    def do_GET(self) -> None:
        """`/count` and `/change/N` for the benchmark itself; else a body."""
        if self.path == "/count":
            count, self.served.requests = self.served.requests, 0
            return self._answer(200, str(count).encode())
        if self.path.startswith("/change/"):
            self.served.change(int(self.path.rpartition("/")[2]))
            return self._answer(200, b"")
        self.served.requests += 1
        return self._answer(200, self.served.bodies[self.path.rpartition("/")[2]])

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
