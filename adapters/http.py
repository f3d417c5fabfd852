"""One requests session for each account; every CalDAV exchange goes through it (docs/design.md#caldav,
docs/design.md#time-limits).

Redirects are followed here, since the library changes the verb and drops the body. Credentials are never sent to
another host or to plain http (hard case I04); neither are bodies and addresses that may contain an event's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from math import inf
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from msgspec import Struct
from msgspec.structs import replace
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from tenacity import retry, retry_if_exception_type, stop_after_attempt
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from adapters import deadline
from adapters.base import Denied, Garbled, LoginRefused, NotThere, OutsideError, TryLater
from adapters.timedhttp import in_time, until
from adapters.version import VERSION
from adapters.waiting import FLOOR, later, retry_after

__all__ = ["FLOOR", "Answer", "Http", "auth_for", "error_of", "retry_after"]
CONNECT, READ, LISTING, DEADLINE = 5.0, 30.0, 180.0, 120.0
LARGEST, SMALL = 64 * 1024 * 1024, 1024 * 1024  # bytes of an unpacked answer: to a reading verb, to a writing one
HOPS = 5
SAFE = frozenset({"GET", "PROPFIND", "REPORT", "OPTIONS"})
ELSEWHERE = frozenset({"GET", "PROPFIND", "OPTIONS"})  # on another host; a REPORT names addresses of events
REDIRECTS = frozenset({301, 302, 307, 308})


class Bearer(AuthBase):
    """A bearer token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Digest(HTTPDigestAuth):
    """Digest authentication (RFC 7616). The library would read and unpack the body of a 401 answer, however large it
    is."""

    def handle_401(self, r: Any, **kwargs: Any) -> Any:
        """See HTTPDigestAuth. A short body is read to its end, so that the connection can be used again."""
        if r.status_code == 401 and _asks_digest(r.headers):
            if _declared(r) <= SMALL:
                r.raw.read(decode_content=False)
            else:
                r.raw.close()
            r._content = b""
        return super().handle_401(r, **kwargs)  # type: ignore[no-untyped-call]


def auth_for(kind: str, username: str, password: str, token: str) -> AuthBase:
    """The login for `kind`: basic, digest, bearer, or auto (bearer if there is a token, else basic)."""
    if kind == "bearer" or (kind == "auto" and token):
        return Bearer(token)
    return Digest(username, password) if kind == "digest" else HTTPBasicAuth(username, password)


class Answer(Struct, frozen=True):
    """A complete answer; `url` is the final one after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class _Call(Struct, frozen=True):
    """One exchange. `read`: seconds without a byte; `end`: its deadline on the monotonic clock; `most`: bytes of the
    answer."""

    verb: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]
    auth: AuthBase | None
    read: float
    end: float
    most: int


class TooLong(Garbled):
    """The answer is larger than its limit. Nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("La réponse de l'agenda est démesurée.")


class _Died(Exception):
    """The server had closed a kept-alive connection before it answered."""


class Http:
    """A session with connection pool and limits. `requests` counts the requests sent."""

    def __init__(self, auth: AuthBase | None = None, *, may_digest: AuthBase | None = None) -> None:
        self.session = requests.Session()
        in_time(self.session)
        self.session.trust_env = False  # otherwise the login of a .netrc would be sent for every account
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers["User-Agent"] = f"attitre/{VERSION}"
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
        """One exchange, redirects included, within `whole` seconds and within the deadline of the job. Raises TryLater,
        Denied or Garbled, but not for a status: that is the caller's. More than `most` bytes, unpacked, raise
        TooLong."""
        whole = (DEADLINE if read <= READ else 3 * read) if whole is None else whole
        end = min(monotonic() + whole, deadline.ends())
        call = _Call(verb, url, body, headers or {}, self.auth, read, end, most or _most(verb))
        answer = self._followed(call)
        if answer.status == 401 and self._may_digest and _asks_digest(answer.headers):
            self.auth, self._may_digest = self._may_digest, None
            answer = self._followed(replace(call, auth=self.auth))
        return answer

    def settle(self, url: str) -> str:
        """For those who use our session and login directly: ask once whether the server moved and whether it wants
        digest. Returns the URL after redirects within the same host. Raises as `send`."""
        answer = self.send("PROPFIND", url, headers={"Depth": "0"})
        stays = answer.status == 207 and same_house(urlsplit(url), urlsplit(answer.url))
        return answer.url if stays else url

    def _followed(self, call: _Call) -> Answer:
        first = urlsplit(call.url)
        for _ in range(HOPS + 1):
            answer = self._once(call)
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or target is None:
                return answer
            url = _target(call.url, target)
            trusted = same_house(first, urlsplit(url))
            if not trusted and call.verb not in ELSEWHERE:
                raise Garbled(f"{_host(call.url)} redirige vers un autre serveur : rien n'y est envoyé.")
            call = replace(call, url=url, auth=call.auth if trusted else None)
        raise Garbled("Le serveur de l'agenda renvoie sans fin vers une autre adresse.")

    def _once(self, call: _Call) -> Answer:
        try:
            return self._twice(call) if call.verb in SAFE else self._exchange(call)
        except requests.exceptions.SSLError as error:
            raise Denied(_unsafe(call, error)) from None
        except (requests.exceptions.Timeout, ReadTimeoutError):
            raise TryLater(_late(call)) from None
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, HTTPError, _Died):
            raise TryLater(_late(call) if monotonic() > call.end else _away(call)) from None
        except (
            requests.exceptions.RequestException,
            HTTPException,
            ValueError,
        ):  # from the parsers of headers and URLs
            raise Garbled(f"L'échange avec {_host(call.url)} n'a pas pu se faire.") from None
        except OSError:
            raise TryLater(_away(call)) from None

    @retry(retry=retry_if_exception_type(_Died), stop=stop_after_attempt(2), reraise=True)
    def _twice(self, call: _Call) -> Answer:
        """An exchange that changes nothing is repeated once if the connection was closed (hard case I05)."""
        return self._exchange(call)

    def _exchange(self, call: _Call) -> Answer:
        left = call.end - monotonic()
        if left < 0:
            raise TryLater(_late(call))
        self.requests += 1
        with until(call.end, call.read), self._begun(call, max(0.1, left)) as got:
            return Answer(got.status_code, got.headers, body_of(got, call.most), call.url)

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


def body_of(got: requests.Response, most: int) -> bytes:
    """The body, unpacked piece by piece, so that its size can be limited (hard case I10). Raises TooLong, and errors of
    the connection."""
    content = bytearray()
    if most < _declared(got) < inf:
        raise TooLong
    while chunk := got.raw.read1(65536, decode_content=True):
        content += chunk
        if len(content) > most:
            raise TooLong
    return bytes(content)


def _declared(got: requests.Response) -> float:
    """Content-Length in bytes; infinite if there is none."""
    declared = got.headers.get("Content-Length", "")
    return float(declared) if declared.isascii() and declared.isdigit() else inf


def _most(verb: str) -> int:
    return LARGEST if verb in SAFE else SMALL


def _target(url: str, location: str) -> str:
    """The URL of a redirect. Raises Garbled if it is no http address."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        sound = location.strip() and parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # an unclosed bracket, an invalid port
        sound = False
    if not sound:
        raise Garbled(f"{_host(url)} redirige vers une adresse qui n'en est pas une.")
    return target


def _late(call: _Call) -> str:
    return f"{_host(call.url)} n'a pas répondu à temps."


def _away(call: _Call) -> str:
    return f"{_host(call.url)} n'est pas joignable."


def _died(error: requests.exceptions.ConnectionError) -> bool:
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _asks_digest(headers: Mapping[str, str]) -> bool:
    return "digest" in headers.get("WWW-Authenticate", "").casefold()


def error_of(answer: Answer) -> OutsideError:
    """The error for a status of 400 or more."""
    if answer.status == 401:
        return LoginRefused(f"{_host(answer.url)} a refusé l'identifiant ou le mot de passe.")
    if answer.status == 403:
        return Denied("Ce compte n'a pas le droit d'ouvrir cet agenda.")
    if answer.status in (404, 410):
        return NotThere("L'agenda n'existe pas (ou plus) à cette adresse.")
    if answer.status in (408, 429) or answer.status >= 500:
        asked = answer.headers.get("Retry-After")
        busy = retry_after(asked) is not None or answer.status in (408, 429, 503)
        words = "demande d'attendre." if busy else f"signale une panne ({answer.status})."
        return later(f"{_host(answer.url)} {words}", asked)
    return Garbled(f"Réponse inattendue du serveur d'agendas ({answer.status}).")


def _unsafe(call: _Call, error: Exception) -> str:
    """Why no safe connection came about: the server speaks plain HTTP there, or nobody vouches for its certificate."""
    if "WRONG_VERSION_NUMBER" in str(error):  # of TLS, in what was no TLS at all (OpenSSL)
        return f"{_host(call.url)} ne répond pas en https à ce port. Si le serveur est en clair, l'adresse est http://…"
    return f"Le certificat de sécurité de {_host(call.url)} n'est pas valable."


def same_house(first: SplitResult, now: SplitResult) -> bool:
    """Whether it is the same host and port, or the same host on https instead of http. Raises ValueError for an invalid
    port."""
    if first.hostname == now.hostname and (first.scheme, now.scheme) == ("http", "https"):
        return now.port != 0
    return (first.hostname, _port(first), first.scheme) == (now.hostname, _port(now), now.scheme)


def _port(parts: SplitResult) -> int | None:
    return {"http": 80, "https": 443}.get(parts.scheme) if parts.port is None else parts.port


def _host(url: str) -> str:
    return urlsplit(url).hostname or "le serveur"
