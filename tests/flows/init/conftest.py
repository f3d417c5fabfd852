"""Where `attitre init` finds calendars: a CalDAV server, Google's stand-in, a feed."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from demo.googlestandin import OWNER, GoogleStandIn
from demo.server import Server, radicale
from tests.flows.init.administrator import FEED, MARTIN


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with radicale(tmp_path / "agendas") as made:
        for name in ("martin", "bernard"):
            body = (
                '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>'
                f"<displayname>Dr {name.capitalize()}</displayname></prop></set></C:mkcalendar>"
            )
            url, login = f"{made.url}{made.user}/{name}/", (made.user, made.password)
            requests.request("MKCALENDAR", url, data=body.encode(), auth=login, timeout=30).raise_for_status()
        yield made


@pytest.fixture
def google() -> Iterator[GoogleStandIn]:
    with GoogleStandIn() as made:
        made.add_calendar(OWNER, "Cabinet")
        made.add_calendar(MARTIN, "Dr Martin")
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "cabinet"
    folder.mkdir()
    return folder


@pytest.fixture
def feed(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a feed; parametrized with `user:password`, of one that asks for these."""
    login = getattr(request, "param", "")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = f"Basic {b64encode(login.encode()).decode()}"
            if login and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="flux"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(FEED)))
            self.end_headers()
            self.wfile.write(FEED)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}/private-5ecret/basic.ics"
        made.shutdown()
