"""The patients' pages (P39, P23, P44): their paths, and what a request must have before anything changes.

GET and HEAD change nothing (law L9). A POST needs a live handle, the form's token, the revision that was shown, a
choice made by hand, and a browser that says it comes from the same origin. A link that does not hold, whatever the
reason, leads to one and the same page.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.web import forms, views
from adapters.web.forms import Fields
from adapters.web.limits import WINDOW_S, Guesses, address
from adapters.web.office import Front, Unavailable
from adapters.web.patients import Act, House, LinkTo, PatientDesk, Shown, What
from adapters.web.sessions import LIFE_S, Place, Sessions, Visit
from adapters.web.views import Asked

Page = Callable[[Request], Awaitable[Response]]
_AFTER_A_LINK = ".,;:!?)>»'\""  # what a phone takes for a part of the address that it stands behind
_LAST_PAGE = 10_000  # of free times: nobody has a number beyond
_URLENCODED = "application/x-www-form-urlencoded"

_PLAIN: Mapping[int, tuple[str, tuple[str, ...]]] = {
    403: ("Demande refusée", ("Rien n'a été changé.", "Ouvrez de nouveau le lien reçu, ou appelez le cabinet.")),
    404: ("Ce lien ne mène à aucun rendez-vous", (
        "Il est peut-être incomplet, ou trop ancien. Ouvrez celui du dernier message reçu, ou appelez le cabinet.",)),
    410: ("Ouvrez de nouveau le lien reçu", (
        f"Pour votre sécurité, cette page se referme au bout de {LIFE_S // 60} minutes. Rien n'a été changé.",
        "Ouvrez de nouveau le lien du message, ou appelez le cabinet.")),
    413: ("Demande refusée", ("Le formulaire envoyé est trop long. Rien n'a été changé.",)),
    429: ("Trop d'essais", ("Réessayez dans quelques minutes, ou appelez le cabinet.",)),
    503: ("Le service reprend dans un instant", (
        "Ouvrez de nouveau le lien dans une minute, ou appelez le cabinet. Rien n'a été changé.",)),
}  # fmt: skip
_SEALS = 2  # practices that are asked for it
_AGAIN_AFTER_S = {429: WINDOW_S, 503: 30}


class Stop(Exception):
    """The answer is a plain page of that status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Found(Struct, frozen=True):
    """What a link shows, and the practice that knows it."""

    desk: PatientDesk
    shown: Shown


class Form(Struct, frozen=True):
    """The page of free times or the turn that was asked for, and a form that comes back with its mistakes."""

    number: int = 0
    fields: Fields = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)


class PatientPages:
    """The pages of the practices that share one address: the one that knows the link answers. While one of them is
    only about to be worked for here, a link that nobody knows may be its: the visitor is asked to come again."""

    def __init__(self, front: Front, wrong: Callable[[LinkTo], None]) -> None:
        """`wrong` is told of each link that does not hold."""
        self._front, self._wrong = front, wrong
        self._own, self._guesses = secrets.token_bytes(32), Guesses()
        self._sealed: dict[bytes, Sessions] = {}

    def routes(self) -> list[Route]:
        """All paths. An act's word is never a link's secret: those are longer."""
        found = []
        for to in LinkTo:
            found.append(Route(f"/{to}/", self._page(to, None), methods=["GET", "POST"]))
            found += [Route(f"/{to}/{what}", self._page(to, what), methods=["GET", "POST"]) for what in What]
            found.append(Route(f"/{to}/{{secret}}", self._opening(to)))
        return found

    def _opening(self, to: LinkTo) -> Page:
        async def opened(request: Request) -> Response:
            if not self._desks:
                return self._nobody()
            return await run_in_threadpool(self._begun, request, to)

        return opened

    def _begun(self, request: Request, to: LinkTo) -> Response:
        secret = request.path_params["secret"].rstrip(_AFTER_A_LINK)
        return self._redirected(request, self._sessions.begin(to, secret), ".")

    def _page(self, to: LinkTo, what: What | None) -> Page:
        async def page(request: Request) -> Response:
            if not self._desks:
                return self._nobody()
            try:
                if request.method != "POST":
                    return await run_in_threadpool(self._looked, request, to, what)
                return await run_in_threadpool(self._acted, request, to, what, await _fields(request))
            except Stop as stop:
                return self._plain(stop.status)

        return page

    @property
    def _sessions(self) -> Sessions:
        """Those of the practices that are here; all processes that answer for them have the same. Raises
        Unavailable."""
        seal = _seal(self._desks) if self._desks else self._own
        if seal not in self._sealed:
            self._sealed[seal] = Sessions(seal)
        return self._sealed[seal]

    @property
    def _desks(self) -> tuple[PatientDesk, ...]:
        return self._front.now.desks

    def _nobody(self) -> Response:
        """The answer where no practice has pages now. Nothing of the request is read."""
        if self._front.now.starting:
            return self._plain(503)
        raise HTTPException(404)

    def _plain(self, status: int) -> Response:
        answer = self.says(status, *_PLAIN[status])
        if status in _AGAIN_AFTER_S:
            answer.headers["Retry-After"] = str(_AGAIN_AFTER_S[status])
        return answer

    def says(self, status: int, title: str, text: Sequence[str]) -> Response:
        """A page that only says something, with the phone where only one practice can be meant."""
        now = self._front.now
        alone = len(now.desks) == 1 and not (now.starting or now.suspended)
        return views.plain(now.desks[0].house() if alone else None, status, title, text)

    # --- looking ------------------------------------------------------------------------------------------------------

    def _looked(self, request: Request, to: LinkTo, what: What | None) -> Response:
        visit = self._visit(request, to, request.query_params)
        if visit.by_cookie and "s" in request.query_params:  # out of the address, now that the cookie came back
            return self._redirected(request, visit, str(what or "."), _rest(request))
        number = _number(request.query_params.get("page" if what else "tour", ""))
        found = self._find(request, visit, what, number if what else 0)
        if what and found.shown.pending:
            return self._redirected(request, visit, ".")
        return self._drawn(request, visit, what, found, Form(number))

    def _drawn(self, request: Request, visit: Visit, what: What | None, found: Found, form: Form) -> Response:
        silent = replace(visit, said="")  # said once
        sends = What.MOVE if not what and visit.to is LinkTo.APPOINTMENT else what  # the form on this page
        asked = Asked(
            self._sessions.field(silent), self._sessions.token(visit, sends), visit.said, form.number, form.fields,
            form.mistakes,
        )  # fmt: skip
        house = found.desk.house()
        if what:
            answer = views.act(house, what, found.shown, asked)
        else:
            answer = views.first(house, visit.to, found.shown, asked)
        self._sessions.keep(answer, silent, self._place(request))
        return answer

    def _find(self, request: Request, visit: Visit, part: What | None, page: int) -> Found:
        return self._known(request, visit, lambda desk: desk.shown(visit.to, visit.secret, part, page))

    def _known(self, request: Request, visit: Visit, ask: Callable[[PatientDesk], Shown | None]) -> Found:
        """What the practice that knows the link says. Those of which it may be are asked one after the other; a fault
        of one is none of another's patients (law L10)."""
        client = address(request)
        if self._guesses.refused(client):
            raise Stop(429)
        fault: Exception | None = None
        for desk in self._desks:
            if not desk.may_know(visit.secret):
                continue
            try:
                shown = ask(desk)
            except Exception as error:
                fault = error
                continue
            if shown is not None:
                return Found(desk, shown)
        if fault is not None:
            raise fault
        waits = self._guesses.wrong(client)
        if self._front.now.starting and not waits:
            raise Stop(503)
        self._wrong(visit.to)
        raise Stop(429 if waits else 404)

    # --- acting -------------------------------------------------------------------------------------------------------

    def _acted(self, request: Request, to: LinkTo, what: What | None, fields: Fields) -> Response:
        visit = self._visit(request, to, {name: forms.one(fields, name) for name in ("n", "s")})
        if not self._same_origin(request, visit):
            raise Stop(403)
        if not self._sessions.fits(visit, what, forms.one(fields, "jeton")):
            raise Stop(410)
        wanted = forms.read(what, fields)
        if isinstance(wanted, forms.Mistakes):
            number = _number(forms.one(fields, "page"))
            found = self._find(request, visit, what, number)
            return self._drawn(request, visit, what, found, Form(number, fields, wanted.said))
        if isinstance(wanted, forms.Declined):
            return self._redirected(request, visit, ".")
        return self._told(request, visit, wanted)

    def _told(self, request: Request, visit: Visit, act: Act) -> Response:
        shown = self._known(request, visit, lambda desk: desk.act(visit.to, visit.secret, act)).shown
        return self._redirected(request, replace(visit, said="" if shown.pending else shown.news), ".")

    def _same_origin(self, request: Request, visit: Visit) -> bool:
        """Whether the browser says so itself. One that does not know `Sec-Fetch-Site` may hide the origin from pages
        without referrer (`null`), but then sends a strict cookie from this site only."""
        said = request.headers.get("sec-fetch-site")
        if said is not None:
            return said == "same-origin"
        origin = request.headers.get("origin", "")
        if origin == "null":
            return visit.by_cookie
        names = {request.headers.get("host", "").lower(), *(_outside(desk.house()).netloc for desk in self._desks)}
        return origin.lower().partition("://")[2] in names - {""}

    # --- where, and whose ---------------------------------------------------------------------------------------------

    def _visit(self, request: Request, to: LinkTo, sent: Mapping[str, str]) -> Visit:
        visit = self._sessions.found(to, sent, request.cookies)
        if visit is None:
            raise Stop(410)
        return visit

    def _redirected(self, request: Request, visit: Visit, path: str, rest: str = "") -> Response:
        """To a page of the visit, in an address relative to this one: a proxy may have put a folder before ours."""
        name, value = self._sessions.field(visit)
        answer = RedirectResponse(f"{'./' if path == '.' else path}?{name}={value}{rest}", 303)
        self._sessions.keep(answer, visit, self._place(request))
        return answer

    def _place(self, request: Request) -> Place:
        named = request.headers.get("host", "").lower()
        places = [_outside(desk.house()) for desk in self._desks]
        found = next((one for one in places if one.netloc == named), places[0] if places else urlsplit(""))
        return Place(found.scheme == "https" or request.url.scheme == "https", found.path.rstrip("/"))


def _seal(desks: Sequence[PatientDesk]) -> bytes:
    """The first one's; the second one's where its store is away."""
    for desk in desks[:_SEALS]:
        with suppress(Unavailable):
            return desk.seal
    raise Unavailable


def _outside(house: House) -> SplitResult:
    parts = urlsplit(house.url)
    return parts._replace(netloc=parts.netloc.lower())


def _rest(request: Request) -> str:
    known = ((name, _number(request.query_params[name])) for name in ("page", "tour") if name in request.query_params)
    return "".join(f"&{name}={number}" for name, number in known)


def _number(text: str) -> int:
    return min(int(text), _LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 0


async def _fields(request: Request) -> Fields:
    """What the form sends. Raises Stop for anything but a short urlencoded form."""
    length = request.headers.get("content-length", "")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _URLENCODED:
        raise Stop(403)
    if not (length.isascii() and length.isdigit()) or int(length) > forms.MOST_BYTES:
        raise Stop(413)
    try:
        async with request.form(max_fields=forms.MOST_FIELDS, max_part_size=forms.MOST_BYTES) as form:
            return {name: tuple(one for one in form.getlist(name) if isinstance(one, str)) for name in set(form)}
    except HTTPException:  # too many fields, or a text that is no form
        raise Stop(413) from None
