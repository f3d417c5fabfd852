"""Google's client library over our session: limits, one renewal of a refused token, errors in our terms.

The library writes the requests and parses the answers; `adapters.http` transports them, so that pooling, time limits
and tests are the same as for CalDAV. Nothing here repeats a write.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any

from adapters.base import Denied, Garbled, LoginRefused, NotThere, OutsideError, TryLater
from adapters.calendars.google.auth import Login
from adapters.http import LARGEST, LISTING, READ, Answer, Http, TooLong, retry_after
from adapters.meter import Meter

Json = dict[str, Any]
BASE = "https://www.googleapis.com/calendar/v3/"
QUOTA_PAUSE_S = 3600.0
MOST_VALUES = 2_000_000  # in an answer: each becomes an object in memory, however short its text
_RATE = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "QUOTA_EXCEEDED"})
_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
_SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})


class ApiError(Exception):
    """An error answer of Google. `reasons` are its error codes."""

    def __init__(self, status: int, reasons: frozenset[str], wait: float | None) -> None:
        super().__init__(f"{status} {' '.join(sorted(reasons))}")
        self.status, self.reasons, self.wait = status, reasons, wait

    @property
    def quota(self) -> bool:
        """Whether writes are forbidden for hours."""
        return self.status in {403, 429} and bool(self.reasons & _QUOTA)

    @property
    def account(self) -> bool:
        """Whether the login or the project is at fault, whatever was requested."""
        return self.status == 401 or bool(self.reasons & (_OFF | _SCOPE))

    @property
    def passing(self) -> bool:
        """Whether we asked too often."""
        return self.status in {408, 429} or self.quota or (self.status == 403 and bool(self.reasons & _RATE))

    def outside(self) -> OutsideError:
        """The error for the application, with a French sentence."""
        if self.quota:
            return TryLater(_QUOTA_USED, self.wait or QUOTA_PAUSE_S)
        if self.passing or self.status >= 500:
            return TryLater(_BUSY, self.wait)
        if self.status == 401:
            return LoginRefused(_REFUSED)
        if self.status == 403:
            return Denied(self._forbidden())
        if self.status in {404, 410}:
            return NotThere(_NOT_SHARED)
        return Garbled(f"Google n'accepte pas la question posée ({self.status}).")

    def _forbidden(self) -> str:
        if self.reasons & _OFF:
            return _API_OFF
        return _TOO_LITTLE if self.reasons & _SCOPE else _NO_RIGHT


class Lost(Exception):
    """The answer to a write was lost: its outcome is unknown."""


class GoogleAccess:
    """One login and its session. `endpoint` replaces the root of the API, with or without `/calendar/v3/`. `meter`
    counts the requests as Google does: each part of a batch is one."""

    def __init__(self, credentials: str, *, endpoint: str = "", subject: str = "", meter: Meter | None = None) -> None:
        self._endpoint, self.meter = _base(endpoint), meter
        self._login = Login(credentials, subject)
        self.http = Http(self._login)
        self._login.over(self.http)
        self._bridge = _Bridge(self.http, self._login)
        self._lock = Lock()
        self._no_writes_until = 0.0

    @property
    def events(self) -> Any:
        """The library's `events()`, whose methods make requests for `ask` and `write`."""
        with self._lock:
            return self._service.events()

    @property
    def calendar_list(self) -> Any:
        """The library's `calendarList()`; see `events`."""
        with self._lock:
            return self._service.calendarList()

    @property
    def channels(self) -> Any:
        """The library's `channels()`; see `events`."""
        with self._lock:
            return self._service.channels()

    def ask(self, request: Any) -> Json:
        """The answer to a request that changes nothing. Raises ApiError, TryLater, Denied, Garbled."""
        return self._executed(request)

    def together(self, requests: Mapping[str, Any]) -> dict[str, Json | ApiError]:
        """name → answer or error, for requests sent in one batch. Raises ApiError if the batch itself is refused, and
        TryLater, Denied, Garbled."""
        from googleapiclient.errors import BatchError, HttpError
        from googleapiclient.http import BatchHttpRequest

        found: dict[str, Json | ApiError] = {}
        names = {str(number): name for number, name in enumerate(requests)}  # a long id breaks the part's header

        def taken(number: str, answer: Any, error: Any) -> None:
            refused = error and _error(int(error.resp.status), error.content, error.resp)
            found[names[number]] = refused or answer

        batch = BatchHttpRequest(callback=taken, batch_uri=self._batches)
        for number, name in names.items():
            batch.add(requests[name], request_id=number)
        self._counted(len(requests))
        try:
            batch.execute(http=self._bridge)
        except HttpError as error:
            raise _error(int(error.resp.status), error.content, error.resp) from None
        except (BatchError, ValueError, KeyError, RecursionError):
            raise Garbled(_NO_DATA) from None
        if not all(isinstance(one, dict | ApiError) for one in found.values()):
            raise Garbled(_NO_DATA)
        return found

    @property
    def _batches(self) -> str:
        """The batch address; the library ignores `api_endpoint` for it."""
        return f"{self._endpoint.removesuffix('calendar/v3/')}batch/calendar/v3"

    def write(self, request: Any, etag: str = "") -> Json:
        """Make a change, with If-Match if `etag` is given. Raises ApiError and Lost; Denied and TryLater if nothing was
        sent, also during the pause after Google's write quota was used up (hard case C15)."""
        pause = self._no_writes_until - time.monotonic()
        if pause > 0:
            raise TryLater(_QUOTA_USED, pause)
        self._login.token()
        if etag:
            request.headers["If-Match"] = etag
        try:
            return self._executed(request)
        except ApiError as error:
            if error.quota:
                self._no_writes_until = time.monotonic() + (error.wait or QUOTA_PAUSE_S)
            raise
        except (TryLater, Garbled) as error:
            raise Lost from error

    def _executed(self, request: Any) -> Json:
        from googleapiclient.errors import HttpError

        self._counted(1)
        try:
            answer = request.execute(num_retries=0)
        except HttpError as error:
            raise _error(int(error.resp.status), error.content, error.resp) from None
        except (ValueError, RecursionError):
            answer = None
        if request.method == "DELETE" or answer == "":  # these answer without a body
            return {}
        if not isinstance(answer, dict):  # the library returns text that is no JSON as it came
            raise Garbled(_NO_DATA)
        return answer

    def _counted(self, requests: int) -> None:
        if self.meter is not None:
            self.meter.count(requests)

    @cached_property
    def _service(self) -> Any:
        from googleapiclient.discovery import build

        return build(
            "calendar", "v3", http=self._bridge, static_discovery=True, cache_discovery=False,
            client_options={"api_endpoint": self._endpoint},
        )  # fmt: skip


class _Bridge:
    """Our session in the shape that the library calls `http`. It has no `credentials`, since the library would renew
    them over a session of its own."""

    def __init__(self, http: Http, login: Login) -> None:
        self._http, self._login = http, login

    def request(
        self, uri: str, method: str = "GET", body: str | bytes | None = None, headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> tuple[Any, bytes]:  # fmt: skip
        """One exchange for the library. A refused token is renewed once (hard case I01)."""
        from httplib2 import Response

        answer = self._sent(uri, method, body, headers or {})
        fields = {name.lower(): value for name, value in answer.headers.items()}
        return Response({**fields, "status": str(answer.status)}), answer.body

    def _sent(self, uri: str, method: str, body: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        told = {name: value for name, value in headers.items() if name.lower() not in _NOT_OURS}
        told["User-Agent"] = "attitre (gzip)"  # Google compresses only if the word gzip is in it
        content = body.encode() if isinstance(body, str) else body
        used = self._login.token()
        limits: dict[str, Any] = {"read": LISTING if method == "GET" else READ, "most": LARGEST}
        answer = self._http.send(method, uri, content, told, **limits)
        if answer.status == 401:
            self._login.renewed(used)
            answer = self._http.send(method, uri, content, told, **limits)
        if sum(map(answer.body.count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise TooLong
        return answer


def _error(status: int, content: bytes, headers: Mapping[str, str]) -> ApiError:
    return ApiError(status, _reasons(content), retry_after(headers.get("retry-after")))


def _reasons(content: bytes) -> frozenset[str]:
    """The error codes, from either form of Google's error answers."""
    try:
        error = json.loads(content)["error"]
        told = [*error.get("errors", ()), *error.get("details", ())]
        return frozenset(str(one["reason"]) for one in told if "reason" in one)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()


def _base(endpoint: str) -> str:
    bare = endpoint.strip().rstrip("/")
    if not bare:
        return BASE
    return f"{bare}/" if bare.endswith("/calendar/v3") else f"{bare}/calendar/v3/"


_NOT_OURS = frozenset({"content-length", "user-agent"})
_NO_DATA = "Google a répondu autre chose que des données."
_BUSY = "Google demande d'attendre."
_QUOTA_USED = "Google limite pour l'instant les écritures dans cet agenda."
_REFUSED = "Google a refusé l'accès de ce compte : vérifiez le fichier « credentials: »."
_API_OFF = (
    "L'API Google Calendar n'est pas activée dans le projet de ce compte : console Google Cloud, « API et services », "
    "« Google Calendar API », « Activer »."
)
_TOO_LITTLE = (
    "L'autorisation donnée à ce compte Google ne couvre pas les événements des agendas (étendue calendar.events) : "
    "donnez-la de nouveau."
)
_NO_RIGHT = "Ce compte Google n'a pas le droit d'ouvrir cet agenda : partagez l'agenda avec lui."
_NOT_SHARED = (
    "L'agenda n'existe pas, ou n'est pas (ou plus) partagé avec ce compte Google : vérifiez « calendar_id: » et, dans "
    "les paramètres de l'agenda, « Partager avec des personnes en particulier »."
)
