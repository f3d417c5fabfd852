"""The worker is asked to end while a gateway holds its message: it ends within seconds, and nothing is lost (P1)."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.sinks import Answer
from tests.adapters.hostile import Behaviour, drips, hostile, silent

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
