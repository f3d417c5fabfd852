"""Whatever a mail server does, a message ends in one deadline, and as what it is: taken, not, unclear."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

import pytest

from adapters import deadline, timed
from adapters.base import Denied, Outgoing, Permanent, TryLater, Uncertain
from adapters.http import Http
from adapters.senders import smtp
from adapters.senders.mail import MailSender
from adapters.senders.sms import HttpSms
from tests.adapters.hostile import Behaviour, Hostile, drips, hostile, pours, says, silent

SMS = Outgoing("lilas:1:confirmation:1:sms", "+33612345678", "RDV confirmé le mardi 24 novembre")
MAIL = Outgoing("lilas:1:confirmation:1:email", "marie@exemple.fr", "Bonjour", "Rendez-vous confirmé", "<p>Bonjour</p>")
SOON = 4.0  # seconds within which what has one must have ended


@contextmanager
def soon() -> Iterator[None]:
    began = monotonic()
    yield
    assert monotonic() - began < SOON


READY, HELLO, OK, GO = b"220 here\r\n", b"250 here\r\n", b"250 ok\r\n", b"354 go\r\n"


def talks(*answers: bytes | Behaviour) -> Behaviour:
    """The banner, then an answer a command; the whole message counts as one. A function goes on from there."""

    def behave(peer: socket.socket, over: threading.Event) -> None:
        with peer.makefile("rb") as said:
            for number, answer in enumerate(answers):
                if number and not _command(said, after_go=answers[number - 1] == GO):
                    return
                if callable(answer):
                    answer(peer, over)
                    return
                peer.sendall(answer)

    return behave


def _command(said: object, *, after_go: bool) -> bool:
    line: Callable[[], bytes] = said.readline  # type: ignore[attr-defined]
    got = line()
    while after_go and got and got != b".\r\n":
        got = line()
    return bool(got)


def mail(server: Hostile, scheme: str = "smtp", timeout: float = 0.3, **more: str) -> str:
    """Sent through that server, with so many seconds for all of it."""
    who = "rdv@" if more else ""
    url = f"{scheme}://{who}127.0.0.1:{server.port}"
    return MailSender(url, "Cabinet <rdv@lilas.example>", timeout=timeout, **more).send(MAIL)


ENDLESS = {
    "silent": silent,
    "a line without end": drips(b"250-", b"x"),
    "lines without end": drips(b"", b"250-MORE\r\n", every=0.05),
    "lines as fast as they can": pours(b"", b"250-" + b"x" * 60 + b"\r\n"),
    "a long line": pours(b"250-", b"x" * 1000),
}


@pytest.mark.parametrize("behaviour", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("step", range(5))
def test_l4_until_the_last_byte_of_a_message_a_server_without_end_took_nothing(step: int, behaviour: Behaviour) -> None:
    """At the banner, EHLO, MAIL, RCPT, DATA."""
    before = (READY, HELLO, OK, OK)[:step]
    with hostile(talks(*before, behaviour), speaks_first=True) as server, soon(), pytest.raises(TryLater):
        mail(server)


@pytest.mark.parametrize("behaviour", ENDLESS.values(), ids=ENDLESS)
def test_l4_after_it_it_is_unclear(behaviour: Behaviour) -> None:
    with (
        hostile(talks(READY, HELLO, OK, OK, GO, behaviour), speaks_first=True) as server,
        soon(),
        pytest.raises(Uncertain),
    ):
        mail(server, timeout=1.0)


@pytest.mark.parametrize("behaviour", ENDLESS.values(), ids=ENDLESS)
def test_a_farewell_without_end_changes_nothing(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "FAREWELL", 0.1)
    with hostile(talks(READY, HELLO, OK, OK, GO, OK, behaviour), speaks_first=True) as server, soon():
        assert mail(server, timeout=30.0).endswith("@lilas.example>")


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ((says(b""),), TryLater),
        ((READY, HELLO, OK, OK, says(b"")), TryLater),
        ((READY, HELLO, OK, OK, GO, says(b"")), Uncertain),
        ((READY, HELLO, OK, OK, b"250 ok\r\n"), TryLater),
        ((READY, HELLO, OK, OK, b"nonsense\r\n"), TryLater),
        ((READY, HELLO, OK, OK, b"554 no\r\n"), Permanent),
        ((READY, HELLO, OK, OK, GO, b"nonsense\r\n"), Uncertain),
        ((READY, HELLO, OK, OK, GO, b"354 go\r\n"), Uncertain),
        ((READY, HELLO, OK, OK, GO, b"\xff\xfe\x00\r\n"), Uncertain),
        ((READY, HELLO, OK, OK, GO, b"451 later\r\n"), TryLater),
        ((READY, HELLO, OK, OK, GO, b"554 spam\r\n"), Permanent),
        ((READY, HELLO, b"354 odd\r\n"), TryLater),
        ((b"\x00\x01\x02\r\n",), TryLater),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), TryLater),
    ],
)
def test_l4_each_odd_answer_is_what_it_is(answers: tuple[bytes | Behaviour, ...], kind: type[Exception]) -> None:
    with hostile(talks(*answers), speaks_first=True) as server, soon(), pytest.raises(kind):
        mail(server, timeout=30.0)


def test_l4_a_server_that_stops_reading_inside_the_message_took_nothing() -> None:
    def deaf(peer: socket.socket, over: threading.Event) -> None:
        peer.sendall(GO)
        over.wait()

    big = Outgoing(MAIL.key, MAIL.to, "x" * 20_000_000, "Objet")
    with hostile(talks(READY, HELLO, OK, OK, deaf), speaks_first=True) as server, pytest.raises(TryLater):
        MailSender(f"smtp://127.0.0.1:{server.port}", "rdv@lilas.example", timeout=3.0).send(big)


def test_l4_a_handshake_without_end_is_certainly_no_message() -> None:
    for behaviour in (silent, drips(b"\x16\x03\x03\x40\x00", b"\x02")):
        with hostile(behaviour, speaks_first=True) as server, soon(), pytest.raises(TryLater):
            mail(server, "smtps")


def test_l4_a_handshake_after_starttls_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.senders.mail._this_machine", lambda _: False)
    offers = b"250-here\r\n250 STARTTLS\r\n"
    for behaviour in (silent, drips(b"\x16\x03\x03\x40\x00", b"\x02")):

        def ready(peer: socket.socket, over: threading.Event, then: Behaviour = behaviour) -> None:
            peer.sendall(b"220 go\r\n")
            then(peer, over)

        with hostile(talks(READY, offers, ready), speaks_first=True) as server, soon(), pytest.raises(TryLater):
            mail(server)


@pytest.mark.parametrize("challenge", [b"334 !!!\r\n", b"334 \xff\r\n", b"334 " + b"QUJD" * 300 + b"\r\n", b"334\r\n"])
def test_a_challenge_that_is_nonsense_is_no_message(challenge: bytes) -> None:
    offers = b"250-here\r\n250 AUTH CRAM-MD5\r\n"
    with (
        hostile(talks(READY, offers, challenge, challenge, challenge), speaks_first=True) as server,
        soon(),
        pytest.raises((TryLater, Denied)),
    ):
        mail(server, password="s3cret")


def test_a_password_that_smtp_cannot_carry_is_for_a_person() -> None:
    with (
        hostile(talks(READY, b"250-here\r\n250 AUTH PLAIN\r\n", OK), speaks_first=True) as server,
        soon(),
        pytest.raises(Denied, match="accent"),
    ):
        mail(server, password="secrété")


def test_l4_a_resolver_that_hangs_is_no_e_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    ever = threading.Event()
    monkeypatch.setattr(timed.socket, "getaddrinfo", lambda *_, **__: ever.wait(20) and [])
    with soon(), pytest.raises(TryLater, match="à temps|injoignable"):  # noqa: RUF043
        MailSender("smtp://mail.example", "rdv@lilas.example", timeout=0.3).send(MAIL)
    ever.set()


def test_the_time_of_the_caller_counts_where_it_is_shorter() -> None:
    with (
        hostile(talks(drips(b"220-", b"x")), speaks_first=True) as server,
        soon(),
        deadline.within(0.2),
        pytest.raises(TryLater),
    ):
        MailSender(f"smtp://127.0.0.1:{server.port}", "rdv@lilas.example", timeout=30).send(MAIL)
    with hostile(silent) as gateway, soon(), deadline.within(0.2), pytest.raises(Uncertain):
        HttpSms(Http().session, gateway.url, {"to": "{to}", "text": "{text}"}).send(SMS)


# --- what counts as hanging ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [silent, drips(b"220-", b"x")], ids=["no greeting", "a greeting without end"])
def test_a_mail_server_that_takes_all_its_time_counts_as_hanging(behaviour: Behaviour) -> None:
    with hostile(behaviour, speaks_first=True) as server, soon(), pytest.raises(TryLater, match="à temps") as late:
        MailSender(f"smtp://127.0.0.1:{server.port}", "Cabinet <rdv@lilas.example>", timeout=0.5).send(MAIL)
    assert late.value.slow


def test_a_mail_server_that_cannot_even_be_connected_to_counts_as_hanging() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door, ExitStack() as stack:
        port = door.getsockname()[1]
        for _ in range(4):  # nobody is let in, and the queue is full
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        with soon(), pytest.raises(TryLater, match="à temps") as late:
            MailSender(f"smtp://127.0.0.1:{port}", "Cabinet <rdv@lilas.example>", timeout=0.5).send(MAIL)
    assert late.value.slow


def test_a_mail_server_that_is_down_or_busy_does_not_hang() -> None:
    with hostile(says(b"421 busy\r\n"), speaks_first=True) as server, pytest.raises(TryLater) as busy:
        MailSender(f"smtp://127.0.0.1:{server.port}", "Cabinet <rdv@lilas.example>").send(MAIL)
    with pytest.raises(TryLater) as down:
        MailSender(f"smtp://127.0.0.1:{server.port}", "Cabinet <rdv@lilas.example>").send(MAIL)
    assert not (busy.value.slow or down.value.slow)
