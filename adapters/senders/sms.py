"""SMS through any gateway that takes a JSON or form POST (INTERFACE 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from adapters.base import Denied, Outgoing, Permanent, TryLater, Uncertain
from rules.model import Channel

if TYPE_CHECKING:
    import requests

_TIMEOUTS = (5.0, 15.0)  # seconds to connect, to answer
_LATER = {408, 425, 429}
_REFERENCES = ("id", "message_id", "messageId", "reference", "ref", "sid")
_PLACEHOLDER = re.compile(r"\{(to|text|key|sender)\}")


@dataclass(frozen=True, slots=True)
class HttpSms:
    """A gateway. `body` is the template of the JSON (or, with `form`, of the form): `{to}`, `{text}`, `{key}` and
    `{sender}` are filled in in every string at any depth; every other brace stays. `headers` are templates too.

    The session must not retry by itself. `Idempotency-Key` is always sent, so a repeated message is the same message.
    """

    session: requests.Session
    url: str = field(repr=False)  # may hold a token, as may body and headers
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sender: str = ""
    form: bool = False
    repeatable: bool = True
    timeouts: tuple[float, float] = _TIMEOUTS

    @property
    def channel(self) -> Channel:
        """SMS."""
        return Channel.SMS

    def send(self, message: Outgoing) -> str:
        """Hand the message over; the gateway's reference, where its answer has one.

        Raises TryLater (unreachable, 408, 425, 429, 5xx), Permanent (other 4xx), Denied (no usable address), Uncertain
        (the request went out and no answer came back).
        """
        words = {"to": message.to, "text": message.text, "key": message.key, "sender": self.sender}
        ours = {name: value for name, value in self.headers.items() if name.lower() != "idempotency-key"}
        headers = {name: filled(value, words).encode() for name, value in {**ours, "Idempotency-Key": "{key}"}.items()}
        body = filled(self.body, words)
        answer = self._post(self.url, body, headers)
        if answer.status_code in {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}:
            answer = self._post(_same_house(self.url, answer.headers.get("Location", "")), body, headers)
        return _reference(_accepted(answer))

    def probe(self) -> str:
        """Reach the gateway without sending: any answer to OPTIONS will do. Raises TryLater, Denied."""
        try:
            with _Mishaps():
                self.session.options(self.url, timeout=self.timeouts, allow_redirects=False)
        except Uncertain:
            raise TryLater("La passerelle SMS ne répond pas.") from None
        return f"Passerelle SMS joignable : {urlsplit(self.url).hostname}."

    def _post(self, url: str, body: Any, headers: Mapping[str, bytes]) -> requests.Response:
        payload = {"data": body} if self.form else {"json": body}
        with _Mishaps():
            return self.session.post(url, headers=headers, timeout=self.timeouts, allow_redirects=False, **payload)


def filled(template: Any, words: Mapping[str, str]) -> Any:
    """The template with its placeholders filled in, once: braces in the words themselves are only text."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda found: words[found[1]], template)
    if isinstance(template, Mapping):
        return {name: filled(value, words) for name, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [filled(value, words) for value in template]
    return template


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110 10.2.3): a number, or a date; None where it says
    nothing that can be read."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


class _Mishaps:
    """Turns what can go wrong on the line into what the caller does next."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, mishap: BaseException | None, trace: object) -> None:
        import requests

        if not isinstance(mishap, requests.RequestException):
            return
        if isinstance(mishap, ValueError):  # InvalidURL, InvalidHeader and their kind
            raise Denied("L'adresse ou un en-tête de la passerelle SMS n'est pas valable.") from None
        if "CERTIFICATE_VERIFY_FAILED" in str(mishap):
            raise Denied("Le certificat de la passerelle SMS n'est pas valable.") from None
        if _before_sending(mishap):
            raise TryLater("La passerelle SMS est injoignable.") from None
        raise Uncertain("La passerelle SMS n'a pas confirmé : le message est peut-être parti.") from None


def _before_sending(mishap: requests.RequestException) -> bool:
    """The connection never stood, so certainly nothing was taken."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    early = (requests.ConnectTimeout, requests.exceptions.ProxyError)
    cause = getattr(mishap.args[0] if mishap.args else None, "reason", None)
    return isinstance(mishap, early) or isinstance(cause, (NewConnectionError, ConnectTimeoutError))


def _same_house(url: str, location: str) -> str:
    """Where a redirection leads, if it stays on the host: a number and a text go to no other."""
    target = urljoin(url, location)
    old, new = urlsplit(url), urlsplit(target)
    if not location or new.hostname != old.hostname or (old.scheme == "https" and new.scheme != "https"):
        raise Denied("La passerelle SMS renvoie vers une autre adresse : corrigez `url`.")
    return target


def _accepted(answer: requests.Response) -> requests.Response:
    status = answer.status_code
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
        raise TryLater(f"La passerelle SMS demande d'attendre ({status}).", wait)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise Permanent(f"La passerelle SMS refuse l'accès ({status}) : vérifiez l'identifiant et le mot de passe.")
    if status < HTTPStatus.BAD_REQUEST:
        raise Denied(f"La passerelle SMS a changé d'adresse ({status}) : corrigez `url`.")
    raise Permanent(f"La passerelle SMS refuse ce message ({status} {_phrase(status)}).")


def _phrase(status: int) -> str:
    """The standard's words: the gateway's own might repeat the number."""
    return responses.get(status, "")


def _reference(answer: requests.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    found = (told[name] for name in _REFERENCES if isinstance(told.get(name), (str, int)))
    return str(next(found, ""))
