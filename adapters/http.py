"""One requests session per account: what every CalDAV exchange goes through (SYNC 2.4, 2.12).

Redirects are followed here, keeping verb and body; credentials never reach another host or plain http (I04).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from adapters.base import Denied, Garbled, NotThere, OutsideError, TryLater

CONNECT, READ, LISTING, DEADLINE = 5.0, 30.0, 180.0, 300.0
LARGEST = 200 * 1024 * 1024
HOPS = 5
FLOOR = 30.0
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


class Http:
    """A pooled session with limits. `requests` counts every request sent."""

    def __init__(self, auth: AuthBase | None = None) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers["User-Agent"] = f"attitre/{_version()}"
        self.auth = auth
        self.requests = 0

    def send(
        self, verb: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None,
        read: float = READ,
    ) -> Answer:  # fmt: skip
        """Exchange, following redirects. Raises TryLater, Denied or Garbled; statuses are the caller's."""
        auth, first = self.auth, urlsplit(url)
        for _ in range(HOPS + 1):
            answer = self._once(verb, url, body, dict(headers or {}), auth, read)
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not target:
                return answer
            url = urljoin(url, target)
            auth = auth if _same_trust(first, urlsplit(url)) else None
        raise Garbled("Le serveur du calendrier renvoie sans fin vers une autre adresse.")

    def _once(
        self, verb: str, url: str, body: bytes | None, headers: dict[str, str], auth: AuthBase | None, read: float
    ) -> Answer:
        for attempt in (1, 2):
            try:
                return self._exchange(verb, url, body, headers, auth, read)
            except requests.exceptions.SSLError:
                raise Denied(f"Le certificat de sécurité de {_host(url)} n'est pas valable.") from None
            except requests.exceptions.Timeout:
                raise TryLater(f"{_host(url)} n'a pas répondu à temps.") from None
            except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError):
                if attempt == 2 or verb not in SAFE:
                    raise TryLater(f"{_host(url)} n'est pas joignable.") from None
            except requests.exceptions.RequestException:
                raise Garbled(f"L'échange avec {_host(url)} a échoué.") from None
        raise AssertionError("unreachable")

    def _exchange(
        self, verb: str, url: str, body: bytes | None, headers: dict[str, str], auth: AuthBase | None, read: float
    ) -> Answer:
        self.requests += 1
        until = time.monotonic() + max(DEADLINE, read)
        with self.session.request(
            verb, url, data=body, headers=headers, auth=auth, timeout=(CONNECT, read), stream=True,
            allow_redirects=False,
        ) as got:  # fmt: skip
            content = bytearray()
            for chunk in got.iter_content(65536):
                content += chunk
                if len(content) > LARGEST:
                    raise Garbled("La réponse du calendrier est démesurée.")
                if time.monotonic() > until:
                    raise TryLater(f"{_host(url)} n'a pas répondu à temps.")
            return Answer(got.status_code, got.headers, bytes(content), url)


def error_of(answer: Answer) -> OutsideError:
    """The error that a status of 400 and above stands for."""
    if answer.status == 401:
        return Denied("identifiant ou mot de passe refusé")
    if answer.status == 403:
        return Denied("Ce compte n'a pas le droit d'ouvrir le calendrier.")
    if answer.status in (404, 410):
        return NotThere("Le calendrier n'existe plus à cette adresse.")
    if answer.status in (408, 429) or answer.status >= 500:
        return TryLater(f"{_host(answer.url)} demande d'attendre.", retry_after(answer.headers.get("Retry-After")))
    return Garbled(f"Réponse inattendue du calendrier ({answer.status}).")


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date, never below the floor (I03)."""
    if not value:
        return None
    if value.strip().isdigit():
        return max(FLOOR, float(value))
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(FLOOR, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _same_trust(first: object, now: object) -> bool:
    return (first.hostname, first.port, first.scheme) == (now.hostname, now.port, now.scheme)  # type: ignore[attr-defined]


def _host(url: str) -> str:
    return urlsplit(url).hostname or "le serveur"


def _version() -> str:
    try:
        return version("attitre")
    except PackageNotFoundError:
        return "0"
