"""Whatever a calendar's server does, one exchange ends in time, stays small and goes nowhere else
(docs/hard-cases.md I)."""

import gzip
import threading
import zlib
from time import monotonic

import pytest
import responses

from adapters import http, timed, timedhttp
from adapters.base import DAY, Denied, Garbled, OutsideError, TryLater
from adapters.http import Http, TooLong, auth_for, error_of
from tests.adapters.hostile import drips, hostile, pours, says, silent

URL = "https://dav.example/cal/"
HERS = b"BEGIN:VCALENDAR\r\nSUMMARY:DUPONT Marie\r\n"
LOGIN = auth_for("basic", "cabinet", "secret", "")
EVERYTHING = ("GET", "PROPFIND", "OPTIONS", "REPORT", "PUT", "DELETE", "POST", "PATCH")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        drips(b"", b"x"),
        drips(b"HTTP/1.1 200 OK\r\n", b"X"),
        drips(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", every=0.05),
        drips(HEAD, b"x"),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=0.05),
    ],
    ids=["silent", "status line", "a header", "headers", "body", "chunks", "no length", "interim answers"],
)
def test_i06_one_deadline_from_the_first_byte_to_the_last(behaviour):
    began = monotonic()
    with hostile(behaviour) as server, pytest.raises(TryLater, match=r"à temps|joignable"):
        Http().send("PROPFIND", server.url, b"<propfind/>", whole=0.3)
    assert monotonic() - began < 2


def test_i06_a_handshake_that_is_never_answered_ends_too():
    began = monotonic()
    with hostile(silent, speaks_first=True) as server, pytest.raises(TryLater):
        Http().send("GET", server.url.replace("http:", "https:"), whole=0.3)
    assert monotonic() - began < 2


def test_i06_a_handshake_that_drips_ends_too():
    began = monotonic()
    record = drips(b"\x16\x03\x03\x40\x00", b"\x02")  # a record of 16 kB, byte by byte
    with hostile(record, speaks_first=True) as server, pytest.raises(OutsideError):
        Http().send("GET", server.url.replace("http:", "https:"), whole=0.3)
    assert monotonic() - began < 2


def test_i06_a_server_that_does_not_read_what_is_written_ends_too():
    def deaf(peer, over):
        over.wait()

    began = monotonic()
    with hostile(deaf, speaks_first=True) as server, pytest.raises(TryLater):
        Http().send("PUT", server.url, b"x" * 40_000_000, whole=0.3)
    assert monotonic() - began < 3


def test_i06_a_resolver_that_hangs_ends_too(monkeypatch):
    ever = threading.Event()
    monkeypatch.setattr(timed.socket, "getaddrinfo", lambda *_, **__: ever.wait(20) and [])
    began = monotonic()
    with pytest.raises(TryLater):
        Http().send("GET", URL, whole=0.3)
    assert monotonic() - began < 2
    ever.set()


def test_i06_redirects_share_the_deadline():
    began = monotonic()
    again = b"HTTP/1.1 302 Found\r\nLocation: /more/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def slowly(peer, over):
        over.wait(0.15)
        peer.sendall(again)

    with hostile(slowly) as server, pytest.raises(TryLater, match="à temps"):
        Http().send("GET", server.url, whole=0.4)
    assert len(server.asked) <= 3
    assert monotonic() - began < 2


def test_interim_answers_are_passed_over():
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    with hostile(says(early, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as server:
        assert Http().send("GET", server.url).body == b"ok"


def test_interim_answers_without_end_are_no_answer():
    with hostile(pours(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")) as server, pytest.raises(TryLater):
        Http().send("GET", server.url, whole=5.0)


# --- size ------------------------------------------------------------------------------------------------------------


def bomb(coding: str) -> bytes:
    """A hundred megabytes in a hundred kilobytes, or in one where it is packed twice."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if "gzip" in coding else 15)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    return gzip.compress(packed) if coding == "gzip, gzip" else packed


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip"])
def test_i10_what_unpacks_without_end_is_not_unpacked(coding):
    import tracemalloc

    packed = bomb(coding)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(packed))
    with hostile(says(head, packed)) as server:
        tracemalloc.start()
        with pytest.raises(TooLong):
            Http().send("GET", server.url, most=1_000_000)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 10_000_000


@pytest.mark.parametrize(("verb", "most"), [("GET", http.LARGEST), ("PUT", http.SMALL), ("DELETE", http.SMALL)])
def test_i10_a_change_is_answered_in_few_words(verb, most):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (most + 1)
    with hostile(says(head)) as server, pytest.raises(TooLong):
        Http().send(verb, server.url, b"")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_i10_a_packed_answer_that_is_damaged_is_an_error_of_ours(coding):
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 9\r\n\r\n" % coding.encode()
    with hostile(says(head, b"\x1f\x8b\x08nonsense"[:9])) as server:
        try:
            Http().send("GET", server.url)
        except OutsideError:
            return
        assert coding == "br", "what nobody knows is handed on as it came"


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\xe9: \xe9\r\n\r\nabc",
        b"HTTP/1.1 99999999999999999999 OK\r\n\r\n",
    ],
)
def test_nonsense_is_an_error_of_ours_or_an_answer(answer):
    for verb in ("GET", "PUT"):
        with hostile(says(answer)) as server:
            try:
                Http(LOGIN).send(verb, server.url, b"x", whole=2.0)
            except OutsideError as error:
                assert "agenda/" not in str(error)


@pytest.mark.parametrize("status", [302, 307])
def test_i10_a_redirect_with_a_bomb_behind_it_is_not_unpacked(status):
    import tracemalloc

    packed = bomb("gzip")
    head = b"HTTP/1.1 %d Moved\r\nLocation: /more/\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    with hostile(says(head % (status, len(packed)), packed)) as server:
        tracemalloc.start()
        with pytest.raises(Garbled):
            Http().send("PROPFIND", server.url, most=1_000_000)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 10_000_000


def test_a_challenge_with_a_bomb_behind_it_is_not_unpacked():
    packed = bomb("gzip")
    head = (
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="dav", nonce="n", qop="auth"\r\n'
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    )
    import tracemalloc

    with hostile(says(head, packed)) as server:
        tracemalloc.start()
        with pytest.raises(TooLong):
            Http(auth_for("digest", "cabinet", "secret", "")).send("GET", server.url, most=1_000_000)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 10_000_000


# --- elsewhere -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1", "http://[", "", " ", "ftp://dav.example/", "javascript:alert(1)", "mailto:a@b.fr", "http://",
        "https://dav.example:99999/", "https://dav.example:abc/", "https://dav.example:0/", "//[", "///",
        "https://[v1.x]/", "file:///etc/passwd", "https://:8/", "http://a" + "b" * 300 + ".example/", "http://a..b/",
        "https://dav.example\u2100/", "\x00", "http://\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["PROPFIND", "PUT"])
def test_i04_a_redirect_to_what_is_no_address_is_garbled(server, monkeypatch, verb, location):
    monkeypatch.setattr(timed.socket, "getaddrinfo", lambda *_, **__: [])
    server.add(verb, URL, status=301, headers={"Location": location})
    with pytest.raises((Garbled, TryLater)):
        Http(LOGIN).send(verb, URL, HERS)


@pytest.mark.parametrize("location", [b"http://[::1", b"http://\xe9\xff/", b"\xff", b"https://h:99999/"])
def test_i04_the_same_from_a_real_server(location):
    answer = b"HTTP/1.1 301 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location
    with hostile(says(answer)) as server, pytest.raises(OutsideError):
        Http(LOGIN).send("PROPFIND", server.url, b"<propfind/>", whole=2.0)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/cal/", "http://dav.example/cal/", "https://dav.example:8443/", "//evil.example/cal/"],
)
@pytest.mark.parametrize("verb", ["PUT", "DELETE", "POST", "REPORT", "PATCH", "MKCALENDAR"])
def test_i04_what_may_hold_her_text_goes_to_no_other_server(server, verb, elsewhere, status):
    server.add(verb, URL, status=status, headers={"Location": elsewhere})
    with pytest.raises(Garbled, match="redirige vers un autre serveur"):
        Http(LOGIN).send(verb, URL, HERS)
    assert len(server.calls) == 1


@pytest.mark.parametrize("verb", ["PUT", "REPORT", "DELETE"])
def test_i04_inside_the_house_it_goes_on(server, verb):
    server.add(verb, "http://dav.example/cal/", status=308, headers={"Location": URL})
    server.add(verb, URL, status=301, headers={"Location": "/dav/petit/"})
    server.add(verb, "https://dav.example/dav/petit/", status=201)
    answer = Http(LOGIN).send(verb, "http://dav.example/cal/", HERS)
    assert answer.status == 201
    assert [one.request.body for one in server.calls] == [HERS] * 3
    assert all("Authorization" in one.request.headers for one in server.calls)


@pytest.mark.parametrize("verb", ["GET", "PROPFIND", "OPTIONS"])
def test_i04_a_question_without_her_text_may_be_asked_where_the_server_moved_without_the_login(server, verb):
    """iCloud's accounts live on partition hosts; a published feed on the provider's file store."""
    server.add(verb, URL, status=301, headers={"Location": "https://p42-dav.example/cal/"})
    server.add(verb, "https://p42-dav.example/cal/", "there")
    answer = Http(LOGIN).send(verb, URL)
    assert answer.url == "https://p42-dav.example/cal/"
    assert "Authorization" not in server.calls[1].request.headers


# --- how long to wait ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "wait", "capped"),
    [
        ("31536000", DAY, True), ("99999999999999999999", DAY, True), ("9" * 400, DAY, True), ("86400", DAY, False),
        ("86401", DAY, True), ("Fri, 31 Dec 9999 23:59:59 GMT", DAY, True), ("120", 120, False), ("1", 30, False),
        ("-5", None, False), ("soon", None, False), ("1e9", None, False), ("", None, False), (None, None, False),
        ("Fri, 32 Dec 2026", None, False), ("Fri, 31 Dec 0000 23:59:59 GMT", 30, False), (",", None, False),
        ("Fri, 31 Dec 2026 23:59:59 -9999", None, False), ("12, 13", None, False), ("٣", None, False),
    ],
)  # fmt: skip
def test_i03_a_wait_of_more_than_a_day_is_a_day_and_said_to_be(server, asked, wait, capped):
    server.add("GET", URL, status=503, headers={} if asked is None else {"Retry-After": asked})
    error = error_of(Http().send("GET", URL))
    assert isinstance(error, TryLater)
    assert (error.retry_after, error.capped) == (wait, capped)


# --- kept connections ------------------------------------------------------------------------------------------------


def kept_alive(peer, over):
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    while not over.is_set() and peer.recv(65536):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_kept_connection_that_nobody_used_for_long_is_closed_not_written_to(monkeypatch):
    with hostile(kept_alive) as server:
        session = Http()
        session.send("GET", server.url)
        session.send("GET", server.url)
        assert len(server.asked) == 1, "kept"
        monkeypatch.setattr(timedhttp, "IDLE_S", -1.0)
        assert session.send("GET", server.url).body == b"ok"
    assert len(server.asked) == 2


def test_kept_connections_are_few():
    together = threading.Barrier(20)

    def at_once(peer, over):
        together.wait(10)
        kept_alive(peer, over)

    with hostile(at_once) as server:
        session = Http()
        asking = [threading.Thread(target=session.send, args=("GET", server.url)) for _ in range(20)]
        for one in asking:
            one.start()
        for one in asking:
            one.join(10)
        pools = session.session.get_adapter(server.url).poolmanager.pools
        (pool,) = (pools[key] for key in pools.keys())  # noqa: SIM118  it refuses to be iterated
        assert sum(one is not None and not one.is_closed for one in pool.pool.queue) == timedhttp.KEPT


def test_a_certificate_is_still_for_a_person(server):
    import requests

    server.add("GET", URL, body=requests.exceptions.SSLError("self-signed"))
    with pytest.raises(Denied):
        Http().send("GET", URL)
