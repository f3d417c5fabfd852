"""The session behind every CalDAV exchange: redirects, logins, dead connections, limits (docs/hard-cases.md I)."""

import gzip
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic, sleep

import pytest
import responses

from adapters import deadline, http
from adapters.base import DAY, Denied, Garbled, LoginRefused, TryLater
from adapters.http import Http, auth_for, error_of, retry_after

URL = "https://dav.example/cal/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LOGIN = auth_for("basic", "cabinet", "secret", "")


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def sockets():
    """`sockets(*answers)`: a server that gives each connection those bytes, one a request, and then closes it. A number
    among the pieces of an answer is seconds of silence."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve(connections):
        for answers in connections:
            with suppress(OSError), listening.accept()[0] as peer:  # a test may end before it connects
                for answer in answers:
                    asked.append(peer.recv(65536))
                    for piece in answer if isinstance(answer, list) else [answer]:
                        sleep(piece) if isinstance(piece, float) else peer.sendall(piece)

    def start(*connections):
        threading.Thread(target=serve, args=(connections,), daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/", asked

    yield start
    listening.close()


# --- redirects and logins --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_i04_a_redirect_keeps_verb_and_body(server, status):
    server.add("PROPFIND", URL, status=status, headers={"Location": "/dav/petit/"})
    server.add("PROPFIND", "https://dav.example/dav/petit/", "found", status=207)
    answer = Http(LOGIN).send("PROPFIND", URL, b"<propfind/>")
    assert (answer.status, answer.url) == (207, "https://dav.example/dav/petit/")
    assert server.calls[1].request.body == b"<propfind/>"
    assert server.calls[1].request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/cal/", "http://dav.example/cal/", "https://dav.example:8443/"]
)
def test_i04_the_login_never_reaches_another_host_or_plain_http(server, elsewhere):
    server.add("PROPFIND", URL, status=301, headers={"Location": elsewhere})
    server.add("PROPFIND", elsewhere, status=207)
    Http(LOGIN).send("PROPFIND", URL)
    assert "Authorization" in server.calls[0].request.headers
    assert "Authorization" not in server.calls[1].request.headers


def test_i04_a_login_that_was_dropped_does_not_come_back(server):
    server.add("GET", URL, status=302, headers={"Location": "https://evil.example/"})
    server.add("GET", "https://evil.example/", status=302, headers={"Location": "https://dav.example/other/"})
    server.add("GET", "https://dav.example/other/", "ok")
    Http(LOGIN).send("GET", URL)
    assert ["Authorization" in call.request.headers for call in server.calls] == [True, False, False]


def test_a_redirect_without_end_is_given_up(server):
    server.add("GET", URL, status=302, headers={"Location": URL})
    with pytest.raises(Garbled):
        Http().send("GET", URL)
    assert len(server.calls) == http.HOPS + 1


def test_digest_is_used_where_the_server_asks_for_it_and_kept(sockets):
    no = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="dav", nonce="n1", qop="auth"\r\nContent-Length: 0\r\n\r\n'
    url, asked = sockets([no, no, OK, OK])
    session = Http(LOGIN, may_digest=auth_for("digest", "cabinet", "secret", ""))
    assert session.send("GET", url).status == 200
    assert session.send("GET", url).status == 200
    logins = [b"Basic " if b"Basic " in one else b"Digest " if b"Digest " in one else b"" for one in asked]
    assert logins == [b"Basic ", b"", b"Digest ", b"Digest "]


def test_a_cookie_is_not_kept(server):
    server.add("GET", URL, "ok", headers={"Set-Cookie": "session=1; Path=/"})
    session = Http()
    session.send("GET", URL)
    session.send("GET", URL)
    assert "Cookie" not in server.calls[1].request.headers


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_i03_how_long_to_wait_is_read_in_seconds_and_as_a_date():
    assert retry_after("120") == 120
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    assert 290 < retry_after(later) <= 300
    assert retry_after(None) is None


@pytest.mark.parametrize("value", ["0", "1", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_i03_nobody_is_asked_again_at_once(value):
    assert retry_after(value) == http.FLOOR


@pytest.mark.parametrize("value", ["soon", "²", "-5", "1.5", ""])
def test_i03_a_wait_that_is_no_wait_is_none_or_the_floor(value):
    assert retry_after(value) in {None, http.FLOOR}


@pytest.mark.parametrize(
    ("status", "kind"), [(401, LoginRefused), (403, Denied), (429, TryLater), (503, TryLater), (409, Garbled)]
)
def test_every_status_is_an_error_that_names_no_path(server, status, kind):
    server.add("GET", URL + "dupont-marie.ics", status=status)
    error = error_of(Http(LOGIN).send("GET", URL + "dupont-marie.ics"))
    assert type(error) is kind
    assert "dupont" not in str(error)


# --- dead connections, slow drips, floods ----------------------------------------------------------------------------


def test_i05_a_connection_that_had_died_is_asked_again_for_a_question(sockets):
    url, asked = sockets([b""], [OK])
    session = Http()
    assert session.send("REPORT", url, b"<report/>").body == b"ok"
    assert (session.requests, len(asked)) == (2, 2)


def test_i05_a_write_is_never_sent_twice(sockets):
    url, asked = sockets([b""], [OK])
    session = Http()
    with pytest.raises(TryLater):
        session.send("PUT", url, b"BEGIN:VCALENDAR")
    assert session.requests == 1
    assert len(asked) == 1


def test_i05_a_server_that_always_hangs_up_is_asked_twice_at_most(sockets):
    url, _ = sockets([b""], [b""], [OK])
    session = Http()
    with pytest.raises(TryLater):
        session.send("GET", url)
    assert session.requests == 2


def test_b08_a_body_shorter_than_it_says_is_no_answer(sockets):
    url, _ = sockets([OK.replace(b"Length: 2", b"Length: 20")])
    with pytest.raises(TryLater):
        Http().send("PROPFIND", url)


def test_i06_a_slow_drip_ends_at_the_deadline(sockets, monkeypatch):
    monkeypatch.setattr(http, "DEADLINE", 0.0)
    url, _ = sockets([[OK[:-1], b"k"]])
    with pytest.raises(TryLater):
        Http().send("GET", url)


def drip(text: bytes, every: float = 0.05) -> list:
    """One byte after another: each comes in time for a socket, all of them never."""
    return [piece for byte in text for piece in (bytes([byte]), every)]


@pytest.mark.parametrize("headers_too", [True, False])
def test_i06_a_drip_through_headers_or_body_ends_with_the_job(sockets, headers_too):
    head, body = b"HTTP/1.1 200 OK\r\nX-Slow: yes\r\nContent-Length: 200\r\n\r\n", b"x" * 200
    url, _ = sockets([drip(head + body) if headers_too else [head, *drip(body)]])
    began = monotonic()
    with deadline.within(0.4), pytest.raises(TryLater, match="à temps"):
        Http().send("REPORT", url, b"<report/>")
    assert monotonic() - began < 2


def test_i06_a_job_that_is_over_asks_nothing_more(sockets):
    url, asked = sockets([OK])
    session = Http()
    with deadline.within(-1), pytest.raises(TryLater):
        session.send("GET", url)
    assert (session.requests, asked) == (0, [])


def test_i06_the_deadline_of_a_job_is_not_longer_inside_another():
    with deadline.within(10):
        first = deadline.ends()
        with deadline.within(100):
            assert deadline.ends() == first
    assert deadline.ends() == float("inf")


def test_i10_what_says_that_it_is_too_long_is_not_read(sockets):
    url, _ = sockets([b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n"])
    with pytest.raises(Garbled, match="démesurée"):
        Http().send("GET", url, most=1000)


def test_i10_what_does_not_say_its_length_is_read_up_to_the_limit(sockets):
    piece = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    url, _ = sockets([[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[piece] * 40, 5.0]])
    began = monotonic()
    with pytest.raises(Garbled, match="démesurée"):
        Http().send("GET", url, most=100_000)
    assert monotonic() - began < 4


def test_i10_a_flood_is_refused(server, monkeypatch):
    monkeypatch.setattr(http, "LARGEST", 1000)
    server.add("GET", URL, b"x" * 1001)
    with pytest.raises(Garbled):
        Http().send("GET", URL)


@pytest.mark.parametrize("value", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_i03_no_server_sends_us_away_for_more_than_a_day(value):
    assert retry_after(value) == DAY


def test_a_compressed_body_that_comes_byte_by_byte_is_whole(sockets):
    text = b"BEGIN:VCALENDAR" * 200
    packed = gzip.compress(text)
    chunks = b"".join(b"1\r\n" + packed[at : at + 1] + b"\r\n" for at in range(len(packed))) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    url, _ = sockets([[head, *(chunks[at : at + 1] for at in range(len(chunks)))]])
    assert Http().send("GET", url).body == text
