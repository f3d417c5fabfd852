"""A calendar feed on loopback, and her hand in the calendar behind it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ServedFeed:
    """The events behind the feed, by name. `marks`: which of ETag and Last-Modified it gives; `raw` replaces the file;
    `stamps`: every answer stamps its events anew; `says`: lines of its head; `fresh`: its Cache-Control."""

    events: dict[str, bytes] = field(default_factory=dict)
    marks: set[str] = field(default_factory=lambda: {"ETag"})
    raw: bytes | None = None
    status: int = 200
    stamps: bool = False
    name: str = "Gardes"
    says: str = ""
    fresh: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def put(self, ref: str, payload: bytes) -> None:
        inner = payload.partition(b"PRODID:-//her client//FR\r\n")[2].partition(b"END:VCALENDAR")[0]
        uid = ref.removesuffix(".ics").encode()
        self.events[ref] = re.sub(rb"UID:[^\r\n]*", b"UID:" + uid, inner, count=1)

    def delete(self, ref: str) -> None:
        del self.events[ref]

    def file(self) -> bytes:
        """The whole feed as it is now."""
        if self.raw is not None:
            return self.raw
        head = (
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//feed//FR\r\nX-WR-CALNAME:{self.name}\r\n{self.says}".encode()
        )
        body = b"".join(self.events.values())
        if self.stamps:
            body = re.sub(rb"DTSTAMP:[^\r\n]*", f"DTSTAMP:20261101T{len(self.asked):06}Z".encode(), body)
        return head + body + b"END:VCALENDAR\r\n"


@contextmanager
def served() -> Iterator[ServedFeed]:
    """A running feed."""
    feed = ServedFeed()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            feed.asked.append({name.lower(): value for name, value in self.headers.items()})
            content = feed.file()
            etag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
            known = "ETag" in feed.marks and self.headers.get("If-None-Match") == etag
            known |= "Last-Modified" in feed.marks and self.headers.get("If-Modified-Since") == f"day {etag}"
            self.send_response(304 if known and feed.status == 200 else feed.status)
            if "ETag" in feed.marks:
                self.send_header("ETag", etag)
            if "Last-Modified" in feed.marks:
                self.send_header("Last-Modified", f"day {etag}")
            if feed.fresh:
                self.send_header("Cache-Control", feed.fresh)
            self.send_header("Content-Length", "0" if known else str(len(content)))
            self.end_headers()
            self.wfile.write(b"" if known else content)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    feed.url = f"http://127.0.0.1:{server.server_address[1]}/private-s3cret/gardes.ics"
    try:
        yield feed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
