"""One contract for every way out: memory, HTTP against a real gateway, SMTP against a real mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

from adapters.base import Outgoing, OutsideError, Permanent, Sender, TryLater, Uncertain
from adapters.senders.mail import MailSender
from adapters.senders.memory import MemorySender
from adapters.senders.sms import HttpSms
from demo.sinks import Answer, MailSink, SmsSink
from rules.model import Channel

SMS = Outgoing("lilas:1:confirmation:1:sms", "+33612345678", "RDV confirmé")
MAIL = Outgoing("lilas:1:confirmation:1:email", "marie@exemple.fr", "Bonjour", "Rendez-vous confirmé", "<p>Bonjour</p>")


@dataclass(frozen=True)
class Gateway:
    """A sender, what arrives behind it, and how to make it misbehave once."""

    sender: Sender
    message: Outgoing
    received: Callable[[], int]
    busy: Callable[[], None]
    refusing: Callable[[], None]
    losing: Callable[[], None]


def _memory() -> Iterator[Gateway]:
    sender = MemorySender(Channel.SMS)
    yield Gateway(
        sender,
        SMS,
        lambda: len(sender.sent),
        lambda: sender.fail(TryLater("Plus tard.")),
        lambda: sender.fail(Permanent("Refusé.")),
        lambda: sender.fail(Uncertain("Perdu."), taken=True),
    )


def _http() -> Iterator[Gateway]:
    with SmsSink() as sink, requests.Session() as session:
        yield Gateway(
            HttpSms(session, sink.url, {"to": "{to}", "text": "{text}"}),
            SMS,
            lambda: len(sink.messages),
            lambda: sink.answer_next(Answer(503, taken=False)),
            lambda: sink.answer_next(Answer(422, taken=False)),
            lambda: sink.answer_next(Answer(drop=True)),
        )


def _smtp() -> Iterator[Gateway]:
    with MailSink() as sink:
        yield Gateway(
            MailSender(sink.url, "Cabinet des Lilas <rdv@lilas.example>", timeout=5),
            MAIL,
            lambda: len(sink.messages),
            lambda: setattr(sink, "answer_data", "451 plus tard"),
            lambda: sink.refuse.update({MAIL.to: "550 no such user marie@exemple.fr"}),
            lambda: setattr(sink, "drop_after_data", True),
        )


@pytest.fixture(params=[_memory, _http, _smtp], ids=["memory", "http", "smtp"])
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    yield from request.param()


def test_p18_a_message_arrives_once(gateway: Gateway) -> None:
    assert gateway.sender.send(gateway.message)
    assert gateway.received() == 1


def test_a_repeatable_gateway_takes_the_same_key_once(gateway: Gateway) -> None:
    references = {gateway.sender.send(gateway.message) for _ in range(2)}
    assert len(references) == 1
    assert gateway.received() == (1 if gateway.sender.repeatable else 2)


def test_a_busy_gateway_took_nothing_and_takes_it_later(gateway: Gateway) -> None:
    gateway.busy()
    with pytest.raises(TryLater):
        gateway.sender.send(gateway.message)
    assert gateway.received() == 0
    gateway.sender.send(gateway.message)
    assert gateway.received() == 1


def test_a_refused_message_is_given_up(gateway: Gateway) -> None:
    gateway.refusing()
    with pytest.raises(Permanent):
        gateway.sender.send(gateway.message)
    assert gateway.received() == 0


def test_a_lost_answer_is_uncertain_because_the_message_may_have_gone(gateway: Gateway) -> None:
    gateway.losing()
    with pytest.raises(Uncertain):
        gateway.sender.send(gateway.message)
    assert gateway.received() == 1


def test_no_error_names_the_patient(gateway: Gateway) -> None:
    for plant in (gateway.busy, gateway.losing, gateway.refusing):
        plant()
        with pytest.raises(OutsideError) as caught:
            gateway.sender.send(gateway.message)
        shown = f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"
        assert "612345678" not in shown and "marie" not in shown


def test_probing_sends_nothing(gateway: Gateway) -> None:
    assert gateway.sender.probe().endswith(".")
    assert gateway.received() == 0
