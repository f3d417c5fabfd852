"""A server that hands everything out and takes no write: patients are told, and the practice is told why
(hard case C11)."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

if TYPE_CHECKING:
    from tests.flows.conftest import Practice


@contextmanager
def shared_for_reading(address: str) -> Iterator[str]:
    """The calendar behind a door that answers 403 to every PUT and DELETE; its address there."""
    real = urlsplit(address)

    class Door(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def passes(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command in {"PUT", "DELETE"}:
                self.says(403, {}, b"")
                return
            sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            url = f"{real.scheme}://{real.netloc}{self.path}"
            got = requests.request(self.command, url, data=body, headers=sent, timeout=30, allow_redirects=False)
            kept = {name: got.headers[name] for name in ("Content-Type", "ETag", "DAV") if name in got.headers}
            self.says(got.status_code, kept, got.content)

        do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = do_OPTIONS = passes  # noqa: N815

        def says(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{real.path}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_a_calendar_shared_for_reading_only_is_said_and_its_patients_are_told(first_day: "Practice") -> None:
    practice = first_day
    with shared_for_reading(practice.martin.calendar) as address:
        practice.sets(practice.martin.calendar, address)
        practice.sync()
        practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
        practice.sync()
        practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)
    state = practice.json("status", said=1)
    (martin,) = (row for row in state["calendars"] if row["dentist"] == "martin")
    assert "Chaque écriture y est refusée" in martin["reason"]
    assert state["troubles"]
    assert [one for one in practice.alerts() if "écriture refusée" in one]
    assert "Chaque écriture y est refusée" in practice.attitre("digest", said=None).stdout
