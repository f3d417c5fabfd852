"""The SMS gateway over HTTP (docs/design.md#gateways), against a real server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses
import time_machine

from adapters.base import Denied, Outgoing, Permanent, TryLater, Uncertain
from adapters.senders.sms import HttpSms, filled
from demo.sinks import Answer, SmsSink

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MESSAGE = Outgoing("lilas:1:confirmation:1:sms", "+33612345678", "RDV confirmé le mardi 24 novembre à 9h30 {to}")


@pytest.fixture
def sink() -> Iterator[SmsSink]:
    with SmsSink() as sink:
        yield sink


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def sms(sink: SmsSink, session: requests.Session) -> HttpSms:
    return HttpSms(session, sink.url, {"to": "{to}", "text": "{text}", "ref": "{key}"}, timeouts=(1, 1))


def test_p18_the_gateway_receives_number_text_and_key(sms: HttpSms, sink: SmsSink) -> None:
    assert sms.send(MESSAGE) == "sms-1"
    [got] = sink.messages
    assert got.body == {
        "to": "+33612345678",
        "text": "RDV confirmé le mardi 24 novembre à 9h30 {to}",
        "ref": "lilas:1:confirmation:1:sms",
    }
    assert got.key == "lilas:1:confirmation:1:sms"


def test_placeholders_are_filled_in_at_any_depth_and_other_braces_stay(sms: HttpSms, sink: SmsSink) -> None:
    body = {
        "messages": [{"destinations": [{"to": "{to}"}], "from": "{sender}"}],
        "flags": {"a": True},
        "odd": "{x} {{}}",
    }
    replace(sms, body=body, sender="LILAS").send(MESSAGE)
    assert sink.messages[0].body == {
        "messages": [{"destinations": [{"to": "+33612345678"}], "from": "LILAS"}],
        "flags": {"a": True},
        "odd": "{x} {{}}",
    }


def test_headers_are_templates_too(sms: HttpSms, sink: SmsSink) -> None:
    replace(sms, headers={"Authorization": "Bearer s3cret", "X-Ref": "ref-{key}"}).send(MESSAGE)
    headers = sink.messages[0].headers
    assert (headers["authorization"], headers["x-ref"]) == ("Bearer s3cret", "ref-lilas:1:confirmation:1:sms")


def test_a_form_gateway_gets_a_form(sms: HttpSms, sink: SmsSink) -> None:
    replace(sms, form=True).send(MESSAGE)
    assert sink.messages[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert sink.messages[0].to == "+33612345678"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_p18_a_gateway_that_asks_to_wait_is_asked_later(sms: HttpSms, sink: SmsSink, status: int) -> None:
    sink.answer_next(Answer(status, {"Retry-After": "120"}, taken=False))
    with pytest.raises(TryLater) as caught:
        sms.send(MESSAGE)
    assert caught.value.retry_after == 120


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_p18_another_refusal_is_for_good(sms: HttpSms, sink: SmsSink, status: int) -> None:
    sink.answer_next(Answer(status, taken=False))
    with pytest.raises(Permanent, match=rf"^La passerelle SMS refuse ce message \({status} "):
        sms.send(MESSAGE)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_says_to_look_at_the_credentials(sms: HttpSms, sink: SmsSink, status: int) -> None:
    sink.answer_next(Answer(status, taken=False))
    with pytest.raises(Permanent, match="vérifiez l'identifiant et le mot de passe"):
        sms.send(MESSAGE)


def test_nobody_listening_is_certainly_not_sent(session: requests.Session) -> None:
    with socket.socket() as held:  # bound, not listening: refuses
        held.bind(("127.0.0.1", 0))
        sms = HttpSms(session, f"http://127.0.0.1:{held.getsockname()[1]}/", {})
        with pytest.raises(TryLater, match="injoignable"):
            sms.send(MESSAGE)


def test_an_unknown_host_is_certainly_not_sent(session: requests.Session) -> None:
    with pytest.raises(TryLater, match="injoignable"):
        HttpSms(session, "http://gateway.invalid/sms", {}).send(MESSAGE)


def test_a_late_answer_is_uncertain_and_the_repetition_is_no_second_sms(sms: HttpSms, sink: SmsSink) -> None:
    sink.answer_next(Answer(delay=1.5))
    with pytest.raises(Uncertain):
        replace(sms, timeouts=(1, 0.2)).send(MESSAGE)
    assert sms.send(MESSAGE) == "sms-1"
    assert len(sink.messages) == 1
    assert sink.repeats[MESSAGE.key] == 1


def test_a_number_is_never_carried_to_another_host(sms: HttpSms, sink: SmsSink) -> None:
    sink.answer_next(Answer(307, {"Location": "http://localhost:1/sms"}, taken=False))
    with pytest.raises(Denied, match="renvoie vers une autre adresse"):
        sms.send(MESSAGE)


def test_a_redirection_inside_the_host_is_followed(sms: HttpSms, sink: SmsSink) -> None:
    sink.answer_next(Answer(308, {"Location": "/v2/sms"}, taken=False))
    assert sms.send(MESSAGE) == "sms-1"
    assert sink.requests == 2


def test_a_get_redirection_is_not_followed(sms: HttpSms, sink: SmsSink) -> None:
    sink.answer_next(Answer(302, {"Location": "/v2/sms"}, taken=False))
    with pytest.raises(Denied, match="changé d'adresse"):
        sms.send(MESSAGE)


def test_an_unusable_address_is_for_a_person(session: requests.Session) -> None:
    with pytest.raises(Denied):
        HttpSms(session, "no-address", {}).send(MESSAGE)


@responses.activate
@pytest.mark.parametrize(
    ("answer", "reference"),
    [('{"messageId": 42}', "42"), ('{"sid": "SM1"}', "SM1"), ("OK 123", ""), ("[1]", ""), ('{"id": null}', "")],
)
def test_the_reference_is_taken_where_there_is_one(session: requests.Session, answer: str, reference: str) -> None:
    responses.post("https://gateway.example/sms", body=answer)
    assert HttpSms(session, "https://gateway.example/sms", {}).send(MESSAGE) == reference


def test_a_date_to_wait_for_is_counted_from_now(sms: HttpSms, sink: SmsSink) -> None:
    sink.answer_next(
        Answer(503, {"Retry-After": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, taken=False)
    )
    with time_machine.travel(NOW, tick=False), pytest.raises(TryLater) as caught:
        sms.send(MESSAGE)
    assert caught.value.retry_after == 120


def test_braces_in_the_words_are_only_text() -> None:
    assert filled("{text}|{to}", {"text": "{to}", "to": "+33", "key": "", "sender": ""}) == "{to}|+33"


def test_no_secret_of_a_gateway_is_ever_printed(session: requests.Session) -> None:
    secret = "s3cret"
    sms = HttpSms(session, f"https://gateway.example/{secret}", {"token": secret}, {"Authorization": secret})
    assert secret not in repr(sms)


def test_a_certificate_that_nobody_vouches_for_is_for_a_person(session: requests.Session) -> None:
    refused = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    with responses.RequestsMock() as gateway:
        gateway.post("https://gateway.example/sms", body=refused)
        with pytest.raises(Denied, match="certificat"):
            HttpSms(session, "https://gateway.example/sms", {}).send(MESSAGE)


def test_probing_a_gateway_that_says_nothing_is_no_uncertain_message(session: requests.Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/sms"
        with pytest.raises(TryLater):
            HttpSms(session, url, {}, timeouts=(0.2, 0.2)).probe()
