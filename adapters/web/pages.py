"""All paths, in one table: a new page is a line in `_routes` and a function.

GET and HEAD change nothing (law L9); whatever does is a POST.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import escape
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.web.guard import Guard
from adapters.web.health import alive, ready
from adapters.web.metrics import CONTENT_TYPE, Requests, exposition
from adapters.web.office import Front, Office, Present, Ring, Unavailable
from adapters.web.patient_pages import PatientPages
from adapters.web.patients import PatientDesk

PUSH = "/push/google"
FEW, IN_VAIN_S = 4, 10.0  # practices that are asked of any channel; after a search among more that found none
OWN = 2  # threads for who asks how the process is
T = TypeVar("T")
_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)
_SORRY = {
    404: ("Page introuvable", "Cette adresse ne mène à rien. Si elle vient d'un message du cabinet, recopiez-la en "
                              "entier, ou appelez le cabinet."),
    405: ("Demande impossible", "Cette adresse ne prend pas ce genre de demande."),
    500: ("Une erreur s'est produite", "Réessayez dans un instant, ou appelez le cabinet."),
    503: ("Momentanément indisponible", "Réessayez dans un instant, ou appelez le cabinet."),
}  # fmt: skip


def application(offices: Sequence[Office], desks: Sequence[PatientDesk] = ()) -> ASGIApp:
    """The practices that share one address, as one application. `desks`: those whose patients have pages here."""
    return application_of(Front(Present(tuple(offices), tuple(desks)), offices[0].fault))


def application_of(front: Front) -> ASGIApp:
    """The application of an address where practices come and go."""
    return _Pages(front).app()


class _Pages:
    """The functions of the paths. They run in threads, so they may wait for the store."""

    def __init__(self, front: Front) -> None:
        self._front, self._requests = front, Requests()
        self._patients = PatientPages(front, self._requests.wrong_link)
        self._own = ThreadPoolExecutor(OWN, thread_name_prefix="health")
        self._searching, self._search_from = Lock(), 0.0

    def _routes(self) -> list[Route]:
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
            Route(PUSH, self.push, methods=["POST"]),
            *self._patients.routes(),
        ]

    def app(self) -> ASGIApp:
        """The application, wrapped in the guard."""
        routes = self._routes()
        handlers: dict[Any, Callable[..., Awaitable[Response]]] = {
            HTTPException: self._refused, Unavailable: self._unavailable, Exception: self._broken
        }  # fmt: skip
        patterns: dict[Any, str] = {route.endpoint: route.path for route in routes}

        def counted(scope: MutableMapping[str, Any], status: int) -> None:
            self._requests.count(patterns.get(scope.get("endpoint"), "other"), scope["method"], status)

        inner = Starlette(routes=routes, exception_handlers=handlers)
        inner.router.redirect_slashes = False  # a redirect would lead to whatever host the request names
        return Guard(inner, counted, self._front.fault)

    async def healthz(self, _request: Request) -> Response:
        """Whether the process does what it can: another status than 200 asks for a new start."""
        return PlainTextResponse(*await self._aside(lambda: alive(self._front.looked())))

    async def readyz(self, _request: Request) -> Response:
        """Whether this process works: 503 from one that has not begun yet."""
        return PlainTextResponse(*ready(self._front.now))

    async def metrics(self, request: Request) -> Response:
        """For Prometheus; of several practices the sums, with `?by=practice` each one's numbers."""
        fine = request.query_params.get("by") == "practice"
        said = await self._aside(lambda: exposition(self._front.looked(), self._requests, fine=fine))
        return Response(said, media_type=CONTENT_TYPE)

    async def _aside(self, work: Callable[[], T]) -> T:
        """In a thread that no page takes: all of those may wait for a store."""
        return await asyncio.get_running_loop().run_in_executor(self._own, work)

    def push(self, request: Request) -> Response:
        """A notification of Google: headers without a body. Answers 404 if the channel is unknown, so that Google does
        not repeat it and a stranger learns nothing; 503 asks Google to repeat it."""
        ring, now = _ring(request), self._front.now
        if ring is None or not self._rung(ring, [one for one in now.offices if one.may_ring(ring.channel)]):
            raise Unavailable if ring is not None and now.starting else HTTPException(404)
        return Response(status_code=204)

    def _rung(self, ring: Ring, asked: Sequence[Office]) -> bool:
        """An older name may be of any practice. Who invents such has all of them asked now and then only."""
        if len(asked) <= FEW:
            return any(office.rung(ring) for office in asked)
        if monotonic() < self._search_from or not self._searching.acquire(blocking=False):
            raise Unavailable
        try:
            found = any(office.rung(ring) for office in asked)
            self._search_from = monotonic() + (0.0 if found else IN_VAIN_S)
        finally:
            self._searching.release()
        return found

    # --- what goes wrong: said without a thread, as all of them may wait for a store ----------------------------------

    async def _refused(self, _request: Request, error: HTTPException) -> Response:
        return self._sorry(error.status_code, dict(error.headers or {}))

    async def _unavailable(self, _request: Request, _error: Unavailable) -> Response:
        return self._sorry(503, {"Retry-After": "30"})

    async def _broken(self, _request: Request, _error: Exception) -> Response:
        return self._sorry(500)

    def _sorry(self, status: int, headers: dict[str, str] | None = None) -> Response:
        title, text = _SORRY.get(status, _SORRY[500])
        if self._front.now.desks:
            answer = self._patients.says(status, title, (text,))
            answer.headers.update(headers or {})
            return answer
        return HTMLResponse(_page(title, text), status, headers)


def _ring(request: Request) -> Ring | None:
    told = request.headers
    channel, secret = told.get("x-goog-channel-id", ""), told.get("x-goog-channel-token", "")
    if not _NAME.fullmatch(channel) or not secret:
        return None
    return Ring(
        channel, secret, told.get("x-goog-resource-id", "")[:256], _date(told.get("x-goog-channel-expiration", ""))
    )


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _page(title: str, text: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="fr"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><h1>{escape(title)}</h1><p>{escape(text)}</p></html>\n'
    )
