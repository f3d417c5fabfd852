"""A login at a CalDAV server and its calendars by name. The caldav library does the discovery, over our session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.base import Denied, Garbled, NotThere, OutsideError, TryLater
from adapters.http import Http, auth_for


@dataclass(frozen=True, slots=True)
class Found:
    """A calendar of the account: its display name and its URL."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class DavAccess:
    """The address and the login. `auth`: basic, digest, bearer, or auto (basic, then digest if the server asks for
    it)."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    auth: str = "auto"
    http: Http = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        login = (self.username, self.password, self.token)
        anonymous = not any(login)
        digest = auth_for("digest", *login) if self.auth == "auto" and not self.token and not anonymous else None
        object.__setattr__(self, "http", Http(None if anonymous else auth_for(self.auth, *login), may_digest=digest))

    def find(self, name: str) -> Found:
        """The calendar with that display name or last path segment. Raises NotThere, which lists the names."""
        calendars = list_calendars(self)
        wanted = name.strip().casefold()
        for found in calendars:
            if wanted in {found.name.casefold(), found.address.rstrip("/").rpartition("/")[2].casefold()}:
                return found
        known = ", ".join(f"« {found.name} »" for found in calendars) or "aucun"
        raise NotThere(f"Aucun agenda « {name} » sur ce compte. Agendas trouvés : {known}.")


def list_calendars(access: DavAccess) -> tuple[Found, ...]:
    """The calendars of the account, by RFC 6764 and 4791 discovery. Raises Denied, NotThere, TryLater, Garbled."""
    client = _client(access)
    try:
        found = client.principal().calendars()
        return tuple(Found(_name_of(calendar), str(calendar.url)) for calendar in found)
    except OutsideError:
        raise
    except Exception as error:
        raise _translated(error, access) from error


def _client(access: DavAccess) -> Any:
    from caldav import DAVClient

    client = DAVClient(access.http.settle(access.url), timeout=30)
    client.session.close()
    client.session, client.auth = _Session(access.http), access.http.auth
    return client


class _Session:
    """Our session in the shape that the library expects. A session of requests would change verb and body on a
    redirect, and would limit neither size nor time."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def request(
        self, method: str, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> Any:
        """The answer. Raises TryLater, Denied, Garbled."""
        import requests

        got = self._http.send(method, url, data or None, headers)
        answer = requests.Response()
        answer.status_code, answer.url, answer._content = got.status, got.url, got.body
        answer.headers.update({name: value for name, value in got.headers.items() if name.lower() not in _DECODED})
        return answer

    def close(self) -> None:
        """Does nothing: the session is ours."""


_DECODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _name_of(calendar: Any) -> str:
    return str(calendar.get_display_name() or str(calendar.url).rstrip("/").rpartition("/")[2])


def _translated(error: Exception, access: DavAccess) -> OutsideError:
    import requests
    from caldav.lib.error import AuthorizationError, NotFoundError

    if isinstance(error, AuthorizationError):
        return Denied("Le serveur a refusé l'identifiant ou le mot de passe.")
    if isinstance(error, requests.exceptions.RequestException | OSError):
        return TryLater("Le serveur d'agendas n'est pas joignable.")
    if isinstance(error, NotFoundError):
        return NotThere("Il n'y a pas de serveur d'agendas à cette adresse.")
    return Garbled("Le serveur n'a pas répondu comme un serveur d'agendas : l'adresse est-elle la bonne ?")
