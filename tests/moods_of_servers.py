"""Ways in which a server may fail, each of them for ever: what `OddServer.moods` takes."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

Mood = Callable[[BaseHTTPRequestHandler], None]
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<d:multistatus xmlns:d="DAV:"><d:response><d:href>&d;</d:href></d:response></d:multistatus>"""


def says(status: int, body: bytes = b"", **headers: str) -> Mood:
    """That answer."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)

    return answer


def hangs(until: threading.Event) -> Mood:
    """Not a byte, until the test is over."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        until.wait(120)
        to.close_connection = True

    return answer


def drips(until: threading.Event) -> Mood:
    """A byte now and then: always in time for a socket."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.close_connection = True
        try:
            for byte in b"HTTP/1.1 207 Multi-Status\r\n" + b"X-Slow: yes\r\n" * 1000:
                to.wfile.write(bytes([byte]))
                to.wfile.flush()
                if until.wait(0.05):
                    return
        except OSError:
            return

    return answer


def floods(to: BaseHTTPRequestHandler) -> None:
    """Announces more than anybody should read."""
    to.close_connection = True
    to.send_response(207)
    to.send_header("Content-Length", "300000000")
    to.end_headers()


def turns(to: BaseHTTPRequestHandler) -> None:
    """Sends everybody back to where they come from."""
    says(301, Location=to.path)(to)


def fails(until: threading.Event) -> dict[str, Mood]:
    """By a short name."""
    return {
        "pend": hangs(until),
        "goutte": drips(until),
        "mdp": says(401, WWW_Authenticate="Basic realm=x"),
        "droit": says(403),
        "absent": says(404),
        "panne": says(500),
        "attendre": says(503, Retry_After="600"),
        "casse": says(207, b'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:resp'),
        "portail": says(200, b"<html><body>Identifiez-vous</body></html>", Content_Type="text/html"),
        "deluge": floods,
        "bombe": says(207, BOMB, Content_Type="application/xml"),
        "boucle": turns,
    }
