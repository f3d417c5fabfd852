"""Whatever an SMS gateway does, a message ends in one deadline, and as what it is: taken, not, unclear."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from adapters import timed
from adapters.base import DAY, Denied, Outgoing, OutsideError, Permanent, TryLater, Uncertain
from adapters.http import Http
from adapters.senders.sms import HttpSms
from tests.adapters.hostile import Behaviour, Hostile, drips, hostile, pours, says, silent

SMS = Outgoing("lilas:1:confirmation:1:sms", "+33612345678", "RDV confirmé le mardi 24 novembre")
TAKEN = b"HTTP/1.1 200 OK\r\n"
SOON = 4.0  # seconds within which what has one must have ended


def sms(server: Hostile, text: str = SMS.text) -> str:
    """Sent through that gateway, with a second for all of it."""
    gateway = HttpSms(Http().session, server.url, {"to": "{to}", "text": "{text}"}, timeouts=(0.5, 0.5))
    return gateway.send(Outgoing(SMS.key, SMS.to, text))


@contextmanager
def soon() -> Iterator[None]:
    began = monotonic()
    yield
    assert monotonic() - began < SOON


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        drips(b"", b"x"),
        drips(TAKEN, b"X"),
        drips(TAKEN, b"X: 1\r\n", every=0.05),
        drips(TAKEN + b"Content-Length: 9000\r\n\r\n", b" "),
        drips(TAKEN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        drips(TAKEN + b"\r\n", b" "),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=0.05),
        pours(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ],
    ids=["silent", "status", "a header", "headers", "body", "chunks", "no length", "100", "102 as fast as it can"],
)
def test_l4_a_gateway_that_never_ends_its_answer_is_unclear_in_time(behaviour: Behaviour) -> None:
    with hostile(behaviour) as gateway, soon(), pytest.raises(Uncertain):
        sms(gateway)
    assert len(gateway.asked) == 1


def test_l4_a_handshake_that_never_ends_is_certainly_no_message() -> None:
    for behaviour in (silent, drips(b"\x16\x03\x03\x40\x00", b"\x02")):
        with hostile(behaviour, speaks_first=True) as gateway, soon(), pytest.raises(TryLater):
            HttpSms(Http().session, gateway.url.replace("http:", "https:"), {}, timeouts=(0.15, 0.15)).send(SMS)


def test_l4_a_gateway_that_reads_half_a_request_certainly_took_nothing() -> None:
    with hostile(silent, speaks_first=True) as gateway, soon(), pytest.raises(TryLater):
        sms(gateway, "x" * 40_000_000)


def test_l4_a_resolver_that_hangs_is_certainly_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    ever = threading.Event()
    monkeypatch.setattr(timed.socket, "getaddrinfo", lambda *_, **__: ever.wait(20) and [])
    with soon(), pytest.raises(TryLater):
        HttpSms(Http().session, "http://gateway.example/", {}, timeouts=(0.15, 0.15)).send(SMS)
    ever.set()


def test_a_redirection_does_not_begin_the_time_anew() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /more\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def slowly(peer: socket.socket, over: threading.Event) -> None:
        over.wait(0.7)
        peer.sendall(moved)

    with hostile(slowly) as gateway, soon(), pytest.raises(Uncertain):
        sms(gateway)


def test_l4_what_was_redirected_and_then_not_written_was_certainly_not_taken() -> None:
    """The first address said that it does not take it; the second one is not there."""
    moved = b"HTTP/1.1 307 Moved\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    doors: list[socket.socket] = []

    def moves_and_closes(peer: socket.socket, over: threading.Event) -> None:
        doors[0].close()
        peer.sendall(moved % b"/more")

    doors.append(socket.create_server(("127.0.0.1", 0)))
    port = doors[0].getsockname()[1]

    def once() -> None:
        peer, _ = doors[0].accept()
        with peer:
            peer.recv(65536)
            moves_and_closes(peer, threading.Event())

    threading.Thread(target=once, daemon=True).start()
    with soon(), pytest.raises(TryLater):
        sms(Hostile(port))


@pytest.mark.parametrize("length", [b"Content-Length: 70000\r\n", b""])
def test_what_was_taken_is_taken_however_much_the_gateway_has_to_say(length: bytes) -> None:
    with hostile(says(TAKEN + length + b"\r\n", b'{"id": "1"}' + b" " * 70_000)) as gateway, soon():
        assert sms(gateway) == ""


def test_an_answer_that_unpacks_without_end_is_taken_and_not_unpacked() -> None:
    import tracemalloc

    packed = gzip.compress(bytes(100_000_000), 9)
    head = TAKEN + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with hostile(says(head, packed)) as gateway:
        tracemalloc.start()
        assert sms(gateway) == ""
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 5_000_000


@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_refusal_needs_no_body(status: int) -> None:
    body = drips(b"HTTP/1.1 %d No\r\nContent-Length: 9000\r\n\r\n" % status, b" ")
    with hostile(body) as gateway, soon(), pytest.raises(Permanent if status == 400 else TryLater):
        sms(gateway)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        TAKEN + b"Content-Length: 3, 4\r\n\r\nabc",
        TAKEN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        TAKEN + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n",
        TAKEN + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        TAKEN + b"X: 1\r\n" * 200 + b"\r\nabc",
        TAKEN + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        TAKEN + b"Content-Length: 20\r\n\r\nabc",
        b"",
    ],
)
def test_l4_an_answer_that_is_none_is_unclear(answer: bytes) -> None:
    with hostile(says(answer)) as gateway, soon(), pytest.raises(Uncertain):
        sms(gateway)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        (b"http://[::1", TryLater), (b"http://[", TryLater), (b"http://127.0.0.1:99999/", TryLater),
        (b"", Denied), (b"ftp://127.0.0.1/", Denied), (b"http://evil.example/", Denied), (b"\xff\xfe", OutsideError),
        (b"//evil.example/", Denied), (b"javascript:0", Denied),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [307, 308])
def test_no_redirection_escapes_or_carries_a_number_away(status: int, location: bytes, kind: type[Exception]) -> None:
    moved = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location)
    with hostile(says(moved)) as gateway, soon(), pytest.raises(kind):
        sms(gateway)


def test_a_redirection_is_not_read_beyond_its_address() -> None:
    import tracemalloc

    packed = gzip.compress(bytes(100_000_000), 9)
    head = (
        b"HTTP/1.1 307 Moved\r\nLocation: http://evil.example/\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    )
    with hostile(says(head % len(packed), packed)) as gateway:
        tracemalloc.start()
        with pytest.raises(Denied):
            sms(gateway)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 5_000_000


@pytest.mark.parametrize(
    ("asked", "wait", "capped"),
    [
        (b"31536000", DAY, True), (b"99999999999999999999", DAY, True), (b"9" * 400, DAY, True), (b"60", 60, False),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", DAY, True), (b"-1", None, False), (b"soon", None, False), (b"0", 0, False),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0, False),
    ],
)  # fmt: skip
def test_p18_a_gateway_is_believed_for_a_day(asked: bytes, wait: float | None, capped: bool) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % asked
    with hostile(says(busy)) as gateway, pytest.raises(TryLater) as caught:
        sms(gateway)
    assert (caught.value.retry_after, caught.value.capped) == (wait, capped)


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        (b"[" * 60_000, ""), (b'{"id": ' + b"9" * 5000 + b"}", ""), (b'{"id": "a\\u0000\\ud800b"}', "ab"),
        (b'{"id": "' + b"x" * 900 + b'"}', "x" * 200), (b'"id"', ""), (b"\xff\xfe", ""), (b'{"id": {"id": 1}}', ""),
    ],
)  # fmt: skip
def test_a_reference_is_one_short_word_that_any_store_takes(body: bytes, reference: str) -> None:
    with hostile(says(TAKEN + b"Content-Length: %d\r\n\r\n" % len(body), body)) as gateway:
        assert sms(gateway) == reference


def test_a_probe_ends_in_time_too() -> None:
    with hostile(drips(TAKEN, b"X")) as gateway, soon(), pytest.raises(TryLater):
        HttpSms(Http().session, gateway.url, {}, timeouts=(0.15, 0.15)).probe()
