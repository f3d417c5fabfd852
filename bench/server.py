"""A CalDAV server that answers from memory, so that the client's own cost shows: /home/0/, /home/1/…"""

from __future__ import annotations

import re
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote
from xml.sax.saxutils import escape

from bench import practice

_OPEN = '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
_FOUND = "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
_UNKNOWN = '<?xml version="1.0"?><d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>'


class Replay:
    """`events` resources in each of the calendars; `change(n)` gives the first n of all a new revision."""

    def __init__(self, events: int, today: date, calendars: int = 1) -> None:
        self.today, self.requests, self.revision, self.events = today, 0, 0, events
        self.oldest = 0  # tokens from before this revision are forgotten
        self.revisions = [0] * (events * calendars)
        self.bodies = {f"{number}.ics": practice.event(number, 0, today) for number in range(events * calendars)}
        replay = self

        class Handler(_Handler):
            served = replay

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self.urls = [f"{self.root}home/{number}/" for number in range(calendars)]
        self.url = self.urls[0]

    def serve(self) -> None:
        """Answer for ever."""
        self._server.serve_forever()

    def change(self, count: int) -> None:
        """`count` events are edited."""
        self.revision += 1
        for number in range(count):
            self.revisions[number] = self.revision
            self.bodies[f"{number}.ics"] = practice.event(number, self.revision, self.today)

    def lose_tokens(self) -> None:
        """No token given so far is known any more; the events are what they were."""
        self.revision += 1
        self.oldest = self.revision

    def home(self) -> str:
        """The calendars with their tokens, as a PROPFIND on their home has it."""
        members = "".join(
            f"<d:response><d:href>/home/{number}/</d:href><d:propstat><d:prop>"
            f"<d:sync-token>{self._token()}</d:sync-token></d:prop>{_FOUND}"
            for number in range(len(self.urls))
        )
        return f"{_OPEN}{members}</d:multistatus>"

    def since(self, token: str, calendar: int) -> str | None:
        """A sync-collection answer; None where the token is not known."""
        past = int(token.rpartition("/")[2]) if token else -1
        if token and past < self.oldest:
            return None
        own = range(calendar * self.events, (calendar + 1) * self.events)
        named = [number for number in own if self.revisions[number] > past]
        members = "".join(
            f"<d:response><d:href>/home/{calendar}/{number}.ics</d:href><d:propstat><d:prop><d:getetag>"
            f"{escape(practice.etag(number, self.revisions[number]))}</d:getetag></d:prop>{_FOUND}"
            for number in named
        )
        return f"{_OPEN}{members}<d:sync-token>{self._token()}</d:sync-token></d:multistatus>"

    def multiget(self, names: list[str], calendar: int) -> str:
        """A calendar-multiget answer."""
        return f"{_OPEN}{''.join(self._member(name, calendar) for name in names)}</d:multistatus>"

    def _token(self) -> str:
        return f"http://bench/{self.revision}"

    def _member(self, name: str, calendar: int) -> str:
        tag = practice.etag(number := int(name.removesuffix(".ics")), self.revisions[number])
        data = escape(self.bodies[name].decode()).replace("\r", "&#13;")
        return (
            f"<d:response><d:href>/home/{calendar}/{name}</d:href><d:propstat><d:prop><d:getetag>{escape(tag)}"
            f"</d:getetag><c:calendar-data>{data}</c:calendar-data></d:prop>{_FOUND}"
        )


class _Handler(BaseHTTPRequestHandler):
    served: Replay
    protocol_version = "HTTP/1.1"

    def do_REPORT(self) -> None:
        """Both reports."""
        self.served.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        calendar = int(self.path.split("/")[2])
        if "sync-collection" not in body:
            names = [unquote(href) for href in re.findall(r"href>/home/\d+/([^<]+)</", body)]
            return self._answer(207, self.served.multiget(names, calendar).encode())
        found = re.search(r"sync-token>([^<]*)</", body)
        said = self.served.since(found[1] if found else "", calendar)
        return self._answer(403, _UNKNOWN.encode()) if said is None else self._answer(207, said.encode())

    def do_PROPFIND(self) -> None:
        """Of the home: all its calendars."""
        self.served.requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(207, self.served.home().encode())

    def do_GET(self) -> None:
        """`/count`, `/change/N` and `/lose` for the benchmark itself; else a body."""
        if self.path == "/count":
            count, self.served.requests = self.served.requests, 0
            return self._answer(200, str(count).encode())
        if self.path.startswith("/change/"):
            self.served.change(int(self.path.rpartition("/")[2]))
            return self._answer(200, b"")
        if self.path == "/lose":
            self.served.lose_tokens()
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
