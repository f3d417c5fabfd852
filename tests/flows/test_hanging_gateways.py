"""What hangs outside: the worker ends within seconds while a gateway holds its message, and nothing is lost (P1); a
calendar server that takes a write and never answers holds up no other calendar.
"""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from demo.sinks import Answer
from tests.adapters.hostile import Behaviour, drips, hostile, silent, whole

if TYPE_CHECKING:
    from tests.flows.conftest import Practice

ATTITRE = str(Path(sys.executable).with_name("attitre"))


SLOWLY = {"sms": drips(b"HTTP/1.1 200 OK\r\n", b"X", every=2.0), "smtp": drips(b"220-", b"x", every=2.0)}
a_gateway_that = pytest.mark.parametrize(
    ("way", "behaviour"),
    [("sms", silent), ("sms", SLOWLY["sms"]), ("smtp", silent), ("smtp", SLOWLY["smtp"])],
    ids=["an SMS gateway that never answers", "one that drips", "a mail server that never greets", "one that drips"],
)


@pytest.mark.slow
@a_gateway_that
def test_p1_the_worker_ends_within_seconds_while_a_gateway_holds_a_message(
    practice: "Practice", way: str, behaviour: Behaviour
) -> None:
    code, _, took = interrupted(practice, "run", way, behaviour)
    assert (code, took < 5) == (0, True)


@pytest.mark.slow
@a_gateway_that
def test_a_pass_ends_within_seconds_while_a_gateway_holds_a_message(
    practice: "Practice", way: str, behaviour: Behaviour
) -> None:
    code, said, took = interrupted(practice, "sync", way, behaviour)
    assert (code, said, took < 5) == (130, "Interrompu.\n", True)


def interrupted(practice: "Practice", command: str, way: str, behaviour: Behaviour) -> tuple[int, str, float]:
    """By SIGTERM: exit code, what it said, and how long it took to end."""
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    with hostile(behaviour, speaks_first=way == "smtp") as gateway:
        if way == "sms":
            practice.sets(practice.sink.url, gateway.url)
        else:
            practice.sets(practice.mail.url, f"smtp://127.0.0.1:{gateway.port}")
        words = [ATTITRE, command, "-c", str(practice.file)]
        with subprocess.Popen(words, cwd=practice.folder, stderr=subprocess.PIPE, text=True) as process:
            until = time.monotonic() + 60
            while not gateway.asked and time.monotonic() < until and process.poll() is None:
                time.sleep(0.05)
            assert gateway.asked, "the message was tried"
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
            return process.returncode, said, time.monotonic() - began


def test_p18_a_gateway_that_asks_to_wait_for_a_year_is_told_to_the_practice(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sink.answer_next(Answer(503, {"Retry-After": "31536000"}, taken=False))
    practice.sync()
    assert practice.sms() == []
    assert "attitre : envoi des SMS suspendu par le service" in practice.alerts()
    (waiting,) = (one for one in practice.json("outbox") if one["channel"] == "sms")
    assert waiting["state"] == "pending"


# --- a server that takes a write and never answers --------------------------------------------------------------------


@contextmanager
def swallows(server: str) -> Iterator[tuple[str, list[bytes], list[bytes]]]:
    """An address that hands requests on to the server, but swallows what writes; what it swallowed, and of that what
    nobody waits for any more."""
    real, swallowed, given_up, over = urlsplit(server), list[bytes](), list[bytes](), threading.Event()

    def one(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            request = whole(peer)
            if request.startswith(b"PUT"):
                swallowed.append(request)
                peer.recv(1)
                given_up.append(request)
                return
            head, _, body = request.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            with socket.create_connection((str(real.hostname), real.port or 80)) as on:
                on.sendall(b"\r\n".join([*lines, b"Connection: close", b"", body]))
                while piece := on.recv(65536):
                    peer.sendall(piece)

    with socket.create_server(("127.0.0.1", 0), backlog=100) as door:

        def all_of_them() -> None:
            with suppress(OSError):
                while not over.is_set():
                    threading.Thread(target=one, args=(door.accept()[0],), daemon=True).start()

        threading.Thread(target=all_of_them, daemon=True).start()
        try:
            yield server.replace(real.netloc, f"127.0.0.1:{door.getsockname()[1]}"), swallowed, given_up
        finally:
            over.set()
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)


def test_e_a_server_that_swallows_writes_delays_no_other_calendar_and_not_the_end(
    practice: "Practice", until: Callable[..., None]
) -> None:
    with swallows(practice.bernard.calendar) as (address, swallowed, given_up):
        practice.sets(practice.bernard.calendar, address)
        practice.sync()
        practice.bernard.books("Bloqué", practice.at(18), 30)
        hers = practice.martin.books("Bloqué", practice.at(18), 30)
        command = [ATTITRE, "run", "-c", str(practice.file)]
        with subprocess.Popen(command, cwd=practice.folder) as process:
            try:
                until(lambda: swallowed, 60)
                until(lambda: practice.martin.sees(hers).title.startswith("⚠"), 60)
                assert not given_up
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0
            finally:
                process.kill()
