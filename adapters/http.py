"""One requests session per account: what every CalDAV exchange goes through (SYNC 2.4, 2.12).

Redirects are followed here, keeping verb and body; credentials never reach another host or plain http (I04).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from tenacity import retry, retry_if_exception_type, stop_after_attempt
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from adapters import deadline
from adapters.base import Denied, Garbled, LoginRefused, NotThere, OutsideError, TryLater
from adapters.timedhttp import TimedAdapter, until

CONNECT, READ, LISTING, DEADLINE = 5.0, 30.0, 180.0, 120.0
LARGEST = 200 * 1024 * 1024
HOPS = 5
FLOOR, CEILING = 30.0, 86_400.0
SAFE = frozenset({"GET", "PROPFIND", "REPORT", "OPTIONS"})
REDIRECTS = frozenset({301, 302, 307, 308})


class Bearer(AuthBase):
    """A bearer token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def auth_for(kind: str, username: str, password: str, token: str) -> AuthBase:
    """The login for `kind`: basic, digest, bearer or auto (bearer where there is a token, else basic)."""
    if kind == "bearer" or (kind == "auto" and token):
        return Bearer(token)
    return HTTPDigestAuth(username, password) if kind == "digest" else HTTPBasicAuth(username, password)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; `url` is the final one after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One exchange as asked. `read`: seconds without a byte; `whole`: seconds in all; `most`: bytes of the answer."""

    verb: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]
    auth: AuthBase | None
    read: float
    whole: float
    most: int


class _Died(Exception):
    """A kept-alive connection that the server had closed: nothing was answered."""


class Http:
    """A pooled session with limits. `requests` counts every request sent."""

    def __init__(self, auth: AuthBase | None = None, *, may_digest: AuthBase | None = None) -> None:
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, TimedAdapter())
        self.session.trust_env = False  # a .netrc must not lend its login to another account
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers["User-Agent"] = f"attitre/{_version()}"
        self.auth = auth
        self.requests = 0
        self._may_digest = may_digest

    def send(
        self,
        verb: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        read: float = READ,
        whole: float | None = None,
        most: int | None = None,
    ) -> Answer:
        """Exchange, following redirects. Raises TryLater, Denied or Garbled; statuses are the caller's. An answer of
        more than `most` bytes is not read further; a job's deadline ends what is under way."""
        whole = whole or (DEADLINE if read <= READ else 3 * read)
        call = _Call(verb, url, body, headers or {}, self.auth, read, whole, most or LARGEST)
        answer = self._followed(call)
        if answer.status == 401 and self._may_digest and _wants_digest(answer):
            self.auth, self._may_digest = self._may_digest, None
            answer = self._followed(replace(call, auth=self.auth))
        return answer

    def settle(self, url: str) -> str:
        """Asks once where the server lives and whether it wants digest, for those who use our session and login
        directly. The URL after redirects that stay with the same host; raises as `send`."""
        answer = self.send("PROPFIND", url, headers={"Depth": "0"})
        stays = answer.status == 207 and _same_trust(urlsplit(url), urlsplit(answer.url))
        return answer.url if stays else url

    def _followed(self, call: _Call) -> Answer:
        first = urlsplit(call.url)
        for _ in range(HOPS + 1):
            answer = self._once(call)
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not target:
                return answer
            url = urljoin(call.url, target)
            call = replace(call, url=url, auth=call.auth if _same_trust(first, urlsplit(url)) else None)
        raise Garbled("Le serveur de l'agenda renvoie sans fin vers une autre adresse.")

    def _once(self, call: _Call) -> Answer:
        try:
            return self._twice(call) if call.verb in SAFE else self._exchange(call)
        except requests.exceptions.SSLError:
            raise Denied(f"Le certificat de sécurité de {_host(call.url)} n'est pas valable.") from None
        except (requests.exceptions.Timeout, ReadTimeoutError):
            raise TryLater(_late(call)) from None
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, HTTPError, _Died):
            raise TryLater(f"{_host(call.url)} n'est pas joignable.") from None
        except requests.exceptions.RequestException:
            raise Garbled(f"L'échange avec {_host(call.url)} n'a pas pu se faire.") from None

    @retry(retry=retry_if_exception_type(_Died), stop=stop_after_attempt(2), reraise=True)
    def _twice(self, call: _Call) -> Answer:
        """Verbs that change nothing are asked once more where the connection had died (I05)."""
        return self._exchange(call)

    def _exchange(self, call: _Call) -> Answer:
        now = time.monotonic()
        end = min(now + call.whole, deadline.ends())
        if end < now:
            raise TryLater(_late(call))
        self.requests += 1
        with until(end), self._begun(call, max(0.1, end - now)) as got:
            return Answer(got.status_code, got.headers, _body(got, end, call), call.url)

    def _begun(self, call: _Call, left: float) -> requests.Response:
        timeouts = (min(CONNECT, left), min(call.read, left))
        options: dict[str, Any] = {"timeout": timeouts, "stream": True, "allow_redirects": False}
        try:
            return self.session.request(
                call.verb, call.url, data=call.body, headers=dict(call.headers), auth=call.auth, **options
            )
        except requests.exceptions.ConnectionError as error:
            if _died(error):
                raise _Died from error
            raise


def _body(got: requests.Response, end: float, call: _Call) -> bytes:
    """The whole body, piece by piece, so that neither its size nor a slow drip is without end (I06, I10)."""
    declared = got.headers.get("Content-Length", "")
    content = bytearray()
    if declared.isascii() and declared.isdigit() and int(declared) > call.most:
        raise Garbled(_HUGE)
    while chunk := got.raw.read1(65536, decode_content=True):
        content += chunk
        if len(content) > call.most:
            raise Garbled(_HUGE)
        if time.monotonic() > end:
            raise TryLater(_late(call))
    return bytes(content)


def _late(call: _Call) -> str:
    return f"{_host(call.url)} n'a pas répondu à temps."


def _died(error: requests.exceptions.ConnectionError) -> bool:
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _wants_digest(answer: Answer) -> bool:
    return "digest" in answer.headers.get("WWW-Authenticate", "").casefold()


def error_of(answer: Answer) -> OutsideError:
    """The error that a status of 400 and above stands for."""
    if answer.status == 401:
        return LoginRefused(f"{_host(answer.url)} a refusé l'identifiant ou le mot de passe.")
    if answer.status == 403:
        return Denied("Ce compte n'a pas le droit d'ouvrir cet agenda.")
    if answer.status in (404, 410):
        return NotThere("L'agenda n'existe pas (ou plus) à cette adresse.")
    if answer.status in (408, 429) or answer.status >= 500:
        wait = retry_after(answer.headers.get("Retry-After"))
        busy = wait is not None or answer.status in (408, 429, 503)
        words = "demande d'attendre." if busy else f"signale une panne ({answer.status})."
        return TryLater(f"{_host(answer.url)} {words}", wait)
    return Garbled(f"Réponse inattendue du serveur d'agendas ({answer.status}).")


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date, between the floor and a day (I03)."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return min(CEILING, max(FLOOR, float(value)))
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    wait = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(CEILING, max(FLOOR, wait))


def _same_trust(first: SplitResult, now: SplitResult) -> bool:
    """The same host and port, or the same host made safer (http to https)."""
    if (first.hostname, first.port, first.scheme) == (now.hostname, now.port, now.scheme):
        return True
    return first.hostname == now.hostname and (first.scheme, now.scheme) == ("http", "https")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "le serveur"


def _version() -> str:
    try:
        return version("attitre")
    except PackageNotFoundError:
        return "0"


_HUGE = "La réponse de l'agenda est démesurée."
