"""Logs in at Google with a service account or a person's consent, over our session. A refused login says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any

import requests
from msgspec import Struct
from requests.auth import AuthBase

from adapters import deadline
from adapters.base import Denied, Garbled, LoginRefused, OutsideError, TryLater
from adapters.http import DEADLINE, Http, retry_after

SCOPES = ("https://www.googleapis.com/auth/calendar.events",)
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  an address
_AGAIN = frozenset({408, 429})


class Login(AuthBase):
    """The access token of one account, requested when it is first needed and shared by all its calendars.

    `credentials` is the content of a key file or of a consent file. `subject`: the person for whom a service account
    acts (domain-wide delegation). `renewals` counts requested tokens.
    """

    def __init__(self, credentials: str, subject: str = "") -> None:
        self.renewals = 0
        self._given, self._subject = credentials, subject
        self._held: Any = None
        self._lock = Lock()
        self._http = Http()

    def over(self, http: Http) -> None:
        """Request tokens through that session from now on."""
        self._http.session = http.session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """A valid access token. Raises Denied and TryLater."""
        with self._locked():
            if self._held is None:
                self._held = _credentials(self._given, self._subject)
            if not self._held.valid:
                self._renew()
            return str(self._held.token)

    def renewed(self, refused: str) -> None:
        """After that token was refused, request a new one, once for all threads that were refused with it (hard case
        I01)."""
        with self._locked():
            if self._held.token == refused:
                self._renew()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Wait for another thread's request no longer than the job's own deadline."""
        if not self._lock.acquire(timeout=min(DEADLINE, max(0.0, deadline.ends() - monotonic()))):
            raise TryLater(_LATE, slow=True)
        try:
            yield
        finally:
            self._lock.release()

    def _renew(self) -> None:
        from google.auth.exceptions import GoogleAuthError

        self.renewals += 1
        try:
            self._held.refresh(self._exchange)
        except GoogleAuthError as error:
            raise refusal(error, robot=not hasattr(self._held, "refresh_token")) from None
        except (TypeError, ValueError):
            raise Garbled(_PORTAL) from None

    def _exchange(
        self, url: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> _Said:  # fmt: skip
        """The transport that google-auth needs. Errors of the token endpoint are raised at once, without waiting."""
        answer = self._http.send(method, url, body, headers)
        if answer.status in _AGAIN or answer.status >= 500:
            raise TryLater(_LATE, retry_after(answer.headers.get("Retry-After")))
        return _Said(answer.status, answer.headers, answer.body)


def project_of(credentials: str) -> str:
    """The Google Cloud project against which requests with that file are counted: its name, as in the key file of a
    service account, or its number, as in an OAuth client's id. Empty for what is neither."""
    try:
        info = dict(json.loads(credentials))
    except (ValueError, TypeError):
        return ""
    number = str(info.get("client_id") or "").partition("-")[0]
    return str(info.get("project_id") or number)


class _Said(Struct, frozen=True):
    """An answer in the shape of google-auth."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def _credentials(given: str, subject: str) -> Any:
    """The google-auth credentials for the file. Raises Denied."""
    try:
        info = dict(json.loads(given))
        if "private_key" in info:
            return _robot(info, subject)
        if "refresh_token" in info:
            return _person(info)
    except (ValueError, KeyError, TypeError):
        raise Denied(_BROKEN) from None
    raise Denied(_NO_LOGIN if {"installed", "web"} & info.keys() else _BROKEN)


def _robot(info: dict[str, Any], subject: str) -> Any:
    from google.oauth2.service_account import Credentials

    return Credentials.from_service_account_info(info, scopes=SCOPES, subject=subject or None)


def _person(info: dict[str, Any]) -> Any:
    """A person's credentials. google-auth's `from_authorized_user_info` would ignore the `token_uri` of the file."""
    from google.oauth2.credentials import Credentials

    return Credentials(
        None, refresh_token=info["refresh_token"], token_uri=info.get("token_uri") or TOKEN_URI,
        client_id=info["client_id"], client_secret=info["client_secret"],
    )  # fmt: skip


def refusal(error: Exception, *, robot: bool) -> OutsideError:
    """What google-auth's error means for a person: who has to do what."""
    said = error.args[1] if len(error.args) > 1 else None
    code, text = (said.get("error", ""), said.get("error_description", "")) if isinstance(said, dict) else ("", "")
    if code == "invalid_grant":
        return LoginRefused(_grant(str(text), robot=robot))
    return LoginRefused(_CODES.get(str(code), _BROKEN if robot else _REVOKED))


def _grant(text: str, *, robot: bool) -> str:
    if "reasonable timeframe" in text or "iat" in text:
        return _CLOCK
    return _KEY if robot else _REVOKED


_LATE = "Google ne délivre pas d'accès pour l'instant."
_PORTAL = "Au lieu d'un accès Google, c'est autre chose qui a répondu : un portail ou un relais s'interpose."
_BROKEN = (
    "Ces identifiants Google ne sont ni la clé d'un compte de service, ni une autorisation complète : téléchargez-les "
    "de nouveau."
)
_NO_LOGIN = (
    "Ce fichier Google est celui d'une application (« client secret »), pas un accès : donnez la clé d'un compte de "
    "service, ou obtenez l'accès avec « attitre init --google-consent FICHIER »."
)
_REVOKED = (
    "Google ne reconnaît plus l'autorisation donnée à attitre : elle a été retirée, ou elle a expiré (au bout de 7 "
    "jours tant que l'écran de consentement est en mode « Test »). Passez cet écran en « Production », puis donnez "
    "l'autorisation de nouveau : attitre init --google-consent FICHIER, avec le fichier du client OAuth."
)
_KEY = (
    "Google ne reconnaît plus la clé de ce compte de service : elle ou le compte a été supprimé. Créez une nouvelle "
    "clé dans la console Google Cloud et remplacez le fichier."
)
_CLOCK = (
    "L'horloge de cette machine n'est pas à l'heure : Google refuse l'accès. Mettez-la à l'heure (NTP), rien d'autre "
    "n'est à changer."
)
_NO_APPLICATION = (
    "Google ne connaît plus l'application de cette autorisation : créez un nouveau client OAuth, puis attitre init "
    "--google-consent FICHIER."
)
_CODES = {
    "unauthorized_client": (
        "Ce compte de service n'a pas le droit d'agir au nom de « subject: » : l'administrateur Google Workspace doit "
        "lui déléguer l'accès aux agendas (étendue calendar.events)."
    ),
    "invalid_client": _NO_APPLICATION,
    "deleted_client": _NO_APPLICATION,
    "invalid_scope": (
        "Google refuse l'étendue demandée (calendar.events) : l'administrateur Google Workspace doit l'autoriser."
    ),
}
