"""SMS through any gateway with a JSON or form POST (docs/design.md#gateways)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import responses
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from adapters import deadline
from adapters.base import Denied, Garbled, NoAccess, Outgoing, OutsideError, Permanent, TryLater, Uncertain
from adapters.waiting import later
from rules.model import Channel

if TYPE_CHECKING:
    import requests

_TIMEOUTS = (5.0, 15.0)  # seconds to connect, then for the answer
_LONGEST = 64 * 1024  # bytes of an answer, unpacked
_LATER = {408, 425, 429}
_REFERENCES = ("id", "message_id", "messageId", "reference", "ref", "sid")
_PLACEHOLDER = re.compile(r"\{(to|text|key|sender)\}")


@dataclass(frozen=True, slots=True)
class HttpSms:
    """A gateway. `body` is the template of the JSON (or, with `form`, of the form): `{to}`, `{text}`, `{key}` and
    `{sender}` are filled in in each string at any depth; other braces are text. `headers` are templates too.

    One message takes at most the sum of `timeouts`, from resolving the name to the last byte of the answer, a redirect
    included; nothing is repeated. `session` is changed so that its connections keep that time. `Idempotency-Key` is
    always sent, so that a message sent again is the same message.
    """

    session: requests.Session
    url: str = field(repr=False)  # may hold a token, as may body and headers
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sender: str = ""
    form: bool = False
    repeatable: bool = True
    timeouts: tuple[float, float] = _TIMEOUTS

    def __post_init__(self) -> None:
        from adapters.timedhttp import in_time

        in_time(self.session)

    @property
    def channel(self) -> Channel:
        """SMS."""
        return Channel.SMS

    def send(self, message: Outgoing) -> str:
        """Hand the message over. Returns the gateway's reference, if its answer has one.

        Raises TryLater (surely not taken: unreachable, interrupted before the request was written, 408, 425, 429, 5xx),
        Permanent (other 4xx), Denied (unusable address), Uncertain (the request was sent and no complete answer came).
        """
        words = {"to": message.to, "text": message.text, "key": message.key, "sender": self.sender}
        ours = {name: value for name, value in self.headers.items() if name.lower() != "idempotency-key"}
        headers = {name: filled(value, words).encode() for name, value in {**ours, "Idempotency-Key": "{key}"}.items()}
        body, end = filled(self.body, words), self._end()
        payload = {"data": body} if self.form else {"json": body}
        answer = self._asked("POST", self.url, end, headers=headers, **payload)
        if answer.status in {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}:
            url = _same_house(self.url, answer.location)
            answer = self._asked("POST", url, end, headers=headers, **payload)
        _must_be_accepted(answer)
        return _reference(answer.body)

    def probe(self) -> str:
        """Reach the gateway without sending: any answer to OPTIONS will do. Raises TryLater, Denied."""
        try:
            self._asked("OPTIONS", self.url, self._end())
        except Uncertain:
            raise TryLater("La passerelle SMS ne répond pas.") from None
        return f"Passerelle SMS joignable : {urlsplit(self.url).hostname}."

    def _end(self) -> float:
        return min(monotonic() + sum(self.timeouts), deadline.ends())

    def _asked(self, verb: str, url: str, end: float, **payload: Any) -> _Said:
        """One exchange, until `end` on the monotonic clock."""
        from adapters.timedhttp import until

        timeouts = (self.timeouts[0], max(0.1, end - monotonic()))
        with until(end) as exchange:
            try:
                with self.session.request(
                    verb, url, timeout=timeouts, allow_redirects=False, stream=True, **payload
                ) as answer:
                    return _said(answer)
            except Exception as mishap:  # the three libraries involved raise errors of their own
                slow = monotonic() >= end - self.timeouts[1]  # not even the connection was made in its time
                raise _meaning(mishap, written=exchange.written, slow=slow) from None


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer. Its body is read only if the status leaves a question."""

    status: int
    location: str
    wait: str | None
    body: bytes


def _said(answer: requests.Response) -> _Said:
    from adapters.http import body_of

    body = b""
    if HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        try:
            body = body_of(answer, _LONGEST)
        except Garbled:  # the status says that it was taken
            body = b""
    told = answer.headers
    return _Said(answer.status_code, told.get("Location", ""), told.get("Retry-After"), body)


def filled(template: Any, words: Mapping[str, str]) -> Any:
    """The template with its placeholders filled in once: braces in the words themselves are text."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda found: words[found[1]], template)
    if isinstance(template, Mapping):
        return {name: filled(value, words) for name, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [filled(value, words) for value in template]
    return template


def _meaning(mishap: Exception, *, written: bool, slow: bool) -> OutsideError:
    """The error for an exception. A request that was not written completely surely had no effect."""
    if written:
        return Uncertain("La passerelle SMS n'a pas confirmé : le message est peut-être parti.", slow=slow)
    if "CERTIFICATE_VERIFY_FAILED" in str(mishap):
        return Denied("Le certificat de la passerelle SMS n'est pas valable.")
    if isinstance(mishap, ValueError):  # InvalidURL, InvalidHeader and others
        return Denied("L'adresse ou un en-tête de la passerelle SMS n'est pas valable.")
    return TryLater("La passerelle SMS est injoignable.", slow=slow)


def _same_house(url: str, location: str) -> str:
    """The target of a redirect within the same host: number and text are sent to no other."""
    from adapters.http import same_house

    try:
        target = urljoin(url, location)
        stays = same_house(urlsplit(url), urlsplit(target))
    except ValueError:
        raise TryLater("La passerelle SMS renvoie vers une adresse qui n'en est pas une.") from None
    if not location or not stays:
        raise Denied("La passerelle SMS renvoie vers une autre adresse : corrigez `url`.")
    return target


def _must_be_accepted(answer: _Said) -> None:
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise later(f"La passerelle SMS demande d'attendre ({status}).", answer.wait, least=0.0)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NoAccess(f"La passerelle SMS refuse l'accès ({status}) : vérifiez l'identifiant et le mot de passe.")
    if status < HTTPStatus.BAD_REQUEST:
        raise Denied(f"La passerelle SMS a changé d'adresse ({status}) : corrigez `url`.")
    raise Permanent(f"La passerelle SMS refuse ce message ({status} {_phrase(status)}).")


def _phrase(status: int) -> str:
    """The standard's phrase for the status: the gateway's own might contain the number."""
    return responses.get(status, "")


def _reference(body: bytes) -> str:
    """The gateway's reference for the message; empty if it is not one short printable word."""
    try:
        told = json.loads(body)
        found = (told[name] for name in _REFERENCES if isinstance(told.get(name), (str, int)))
        said = str(next(found, ""))
    except (ValueError, AttributeError, RecursionError):  # no JSON, no object, or nested too deeply
        return ""
    return "".join(sign for sign in said if sign.isprintable())[:200]
