"""Real calendars for the contract: every test gets a fresh one, on the server that its parameter names.

`place.calendar` is what is tested, `place.she` another client of the same calendar, `place.follow()` a store that
follows it.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from adapters.base import NOTHING_KNOWN, Calendar, Cursor, Edit, EditResult, Known, Page, Reading, Resource
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from adapters.calendars.feed.calendar import FeedCalendar
from adapters.calendars.memory import MemoryCalendar
from demo.googlestandin import GoogleStandIn
from demo.server import radicale, xandikos
from rules.model import Annotation
from tests.adapters.oddtable import DIFFERS
from tests.adapters.onfeed import ServedFeed, served
from tests.adapters.ongoogle import OtherClientOfGoogle, fresh
from tests.adapters.otherclients import OtherClient, OtherClientOfMemory
from tests.oddserver import PROFILES, odd_server
from tests.pages.phone import clock, site

__all__ = ["clock", "site"]  # the fixtures of the patients' pages

ZONE, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
WINDOW = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
DAV = ("xandikos", "radicale")


# --- what she saves --------------------------------------------------------------------------------------------------


def ics(ref: str, title: str = "DUPONT Marie", text: str = "Contrôle", extra: str = "", hour: int = 9) -> bytes:
    """An event as her client writes it, folded at 75 octets (RFC 5545 3.1). `extra`: more lines of the event."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//her client//FR", "BEGIN:VEVENT", f"UID:{ref.removesuffix('.ics')}",
        "DTSTAMP:20261101T080000Z", f"DTSTART:20261202T{hour:02}0000Z", f"DTEND:20261202T{hour:02}3000Z",
        f"SUMMARY:{_escaped(title)}", f"DESCRIPTION:{_escaped(text)}", *extra.splitlines(),
        "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return b"".join(_folded(line.encode()) + b"\r\n" for line in lines)


def _escaped(text: str) -> str:
    """RFC 5545 3.3.11."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: bytes) -> bytes:
    pieces, at = [], 0
    while len(line) - at > 74:
        cut = at + 74
        while line[cut] & 0xC0 == 0x80:  # never inside a character
            cut -= 1
        pieces.append(line[at:cut])
        at = cut
    return b"\r\n ".join([*pieces, line[at:]])


# --- a store that follows a calendar ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What one pull brought."""

    pages: list[Page]
    trips: int
    whole: bool  # all that is known was asked for, to compare it

    @property
    def resources(self) -> dict[str, Resource]:
        return {one.ref: one for page in self.pages for one in page.resources}

    @property
    def gone(self) -> set[str]:
        """Named as deleted, or lacking from a whole listing."""
        return {ref for page in self.pages for ref in (*page.gone, *page.absent)}

    @property
    def full(self) -> bool:
        return all(page.full for page in self.pages)


@dataclass
class Follower:
    """Keeps what it was told, as the store does; `cursor` may be replaced by a bad one."""

    place: "Place"
    cursor: Cursor | None = None
    known: dict[str, str | None] = field(default_factory=dict)

    def pull(self) -> Seen:
        before, held, compared = self.place.trips(), Known.holding(dict(self.known)), list[str]()
        known = Known(lambda: compared.append("whole") or held.whole(), held.named)
        pages = list(self.place.calendar.changes(self.cursor, known))
        seen = Seen(pages, self.place.trips() - before, whole=bool(compared))
        self.cursor = pages[-1].cursor
        self.known |= {one.ref: one.version for one in seen.resources.values()}
        for ref in seen.gone:
            self.known.pop(ref, None)
        return seen


@dataclass
class Place:
    """A fresh calendar. `again` makes another view of it (`read_only=True`); `trips` counts what it cost so far;
    `names_the_deleted`: a whole listing says what was deleted, so that nothing of it is merely absent; `feed`: it is
    only read, and every change is a whole listing."""

    calendar: Calendar
    she: Any
    trips: Callable[[], int]
    again: Callable[..., Calendar]
    name: str
    access: DavAccess | None = None
    names_the_deleted: bool = False
    feed: bool = False

    def follow(self) -> Follower:
        return Follower(self)

    def annotate(
        self, ref: str, annotation: Annotation, end: datetime | None = None, start: datetime | None = None
    ) -> EditResult:
        """What the worker does: read, judge, write on the version it read."""
        if self.feed:
            pytest.skip("a feed is only read")
        now = self.calendar.get(ref)
        assert now is not None
        return self.calendar.apply(ref, now.version, Edit(annotation, now.payload, end, start))

    def reading(self, ref: str) -> Reading:
        """What the calendar says now, as we read it."""
        now = self.calendar.get(ref)
        assert now is not None
        return self.calendar.read(ref, now.payload, WINDOW)


# --- servers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Host:
    """A server on which calendars can be made in `home`; `only`: the one calendar where they cannot."""

    home: str
    login: tuple[str, str] | None
    only: str = ""


@pytest.fixture(scope="session")
def servers(tmp_path_factory, request) -> Iterator[Callable[[str], Any]]:
    """Each server once a session, started at its first use."""
    running: dict[str, tuple[Any, Any]] = {}

    def server(kind: str) -> Any:
        if kind not in running:
            context = _start(kind, tmp_path_factory.mktemp(kind), request.config)
            running[kind] = (context, context.__enter__())
        return running[kind][1]

    yield server
    for context, _ in running.values():
        context.__exit__(None, None, None)


@contextmanager
def _start(kind: str, folder: Path, config: pytest.Config) -> Iterator[Any]:
    if kind == "google":
        with GoogleStandIn() as google:
            yield google
    elif kind in PROFILES:
        with odd_server(kind) as odd:
            yield Host(odd.home, None)
    elif kind == "radicale":
        with radicale(folder / "agendas") as server:
            yield Host(f"{server.url}{server.user}/", (server.user, server.password))
    elif kind == "xandikos":
        with xandikos(folder) as url:
            yield Host(f"{url}user/calendars/", None)
    else:
        yield _given(config)


def _given(config: pytest.Config) -> Host:
    """The server named on the command line; calendars are made in the account's calendar home (RFC 4791 6.2.1)."""
    from caldav import DAVClient

    user, only = config.getoption("--caldav-user"), config.getoption("--caldav-calendar") or ""
    login = (user, config.getoption("--caldav-password")) if user else None
    if only:
        return Host(config.getoption("--caldav-url") or only, login, only)
    client = DAVClient(config.getoption("--caldav-url"), timeout=30)
    client.session, client.auth = requests.Session(), login and requests.auth.HTTPBasicAuth(*login)
    return Host(str(client.principal().calendar_home_set.url).rstrip("/") + "/", login)


# --- fresh calendars -------------------------------------------------------------------------------------------------


def _kinds(config: pytest.Config, *first: Any) -> tuple[Any, ...]:
    given = config.getoption("--caldav-url") or config.getoption("--caldav-calendar")
    return (*first, *DAV, "given") if given else (*first, *DAV)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`place`: every kind of calendar, odd servers too. `dav`: those behind a server."""
    odd = [_on_odd(metafunc.function.__name__, profile) for profile in PROFILES]
    feeds = ("feed",) if metafunc.module.__name__.endswith("test_contract") else ()
    for fixture, first in (("place", ("memory", "google", *feeds, *odd)), ("dav", ())):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, _kinds(metafunc.config, *first), indirect=True)


def _on_odd(test: str, profile: str) -> Any:
    """That test on that server; where the table says so, it must fail."""
    why = DIFFERS.get(test, {}).get(profile)
    return pytest.param(profile, marks=[pytest.mark.xfail(reason=why, strict=True)] if why else [])


@pytest.fixture
def place(request, servers) -> Iterator[Place]:
    if request.param == "memory":
        yield _in_memory()
    elif request.param == "google":
        yield _on_google(servers("google"))
    elif request.param == "feed":
        with served() as feed:
            yield _on_feed(feed)
    else:
        with _on(servers(request.param)) as made:
            yield made


@pytest.fixture
def dav(request, servers) -> Iterator[Place]:
    with _on(servers(request.param)) as made:
        yield made


@pytest.fixture
def on_radicale(servers) -> Iterator[Place]:
    """One calendar on Radicale, whatever else is tried."""
    with _on(servers("radicale")) as made:
        yield made


@pytest.fixture
def on_google() -> Iterator[Place]:
    """One calendar on a stand-in of Google of its own: `she.google` can fail, `she.person` is her hand."""
    with GoogleStandIn() as google:
        yield _on_google(google)


@pytest.fixture
def another(dav, servers, request) -> Iterator[Place]:
    """A second calendar of the same account as `dav`."""
    host = servers(request.node.callspec.params["dav"])
    if host.only:
        pytest.skip("one calendar only")
    with _on(host) as made:
        yield made


@pytest.fixture
def small_batches(monkeypatch) -> int:
    """Pages and multigets of three events, so that seven are many."""
    monkeypatch.setattr("adapters.calendars.dav.calendar.BATCH", 3)
    monkeypatch.setattr("adapters.calendars.feed.calendar.PAGE", 3)
    monkeypatch.setattr("adapters.calendars.google.calendar.PAGE", 3)
    monkeypatch.setattr("adapters.calendars.memory.PAGE", 3)
    return 3


def _in_memory() -> Place:
    calendar = MemoryCalendar("mem:petit", ZONE, SECRET, name="Dr Petit")

    def again(**more: Any) -> MemoryCalendar:
        other = MemoryCalendar("mem:petit", ZONE, SECRET, name="Dr Petit", **more)
        other._held, other._history, other._life = calendar._held, calendar._history, calendar._life
        return other

    return Place(calendar, OtherClientOfMemory(calendar), lambda: sum(calendar.calls.values()), again, "Dr Petit")


def _on_feed(feed: ServedFeed) -> Place:
    calendar = FeedCalendar(feed.url, zone=ZONE, secret=SECRET)
    return Place(calendar, feed, lambda: calendar.http.requests, lambda **_: calendar, feed.name, feed=True)


def _on_google(google: GoogleStandIn) -> Place:
    calendar, access, again = fresh(google, zone=ZONE, secret=SECRET)
    she = OtherClientOfGoogle(google, calendar)
    return Place(again(), she, lambda: access.http.requests, again, "Dr Petit", names_the_deleted=True)


@contextmanager
def _on(host: Host) -> Iterator[Place]:
    name = f"Dr Petit {uuid.uuid4().hex[:8]}"
    with _collection(host, name) as url:
        access = DavAccess(host.home, *(host.login or ()))

        def again(**more: Any) -> DavCalendar:
            return DavCalendar(access, url, zone=ZONE, secret=SECRET, **more)

        she = OtherClient(url, host.login, ours=not host.only)
        name = again().probe().name if host.only else name
        yield Place(again(), she, lambda: access.http.requests, again, name, access)


@contextmanager
def _collection(host: Host, name: str) -> Iterator[str]:
    """A calendar for one test: created and deleted, or an empty one that is emptied again."""
    if host.only:
        url = host.only.rstrip("/") + "/"
        assert not _members(url, host), "the calendar for tests must be empty"
        yield url
        for ref in _members(url, host):
            OtherClient(url, host.login).delete(ref)
        return
    url = f"{host.home}{uuid.uuid4().hex}/"
    body = (
        '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>'
        f"<displayname>{name}</displayname></prop></set></C:mkcalendar>"
    ).encode()
    xml = {"Content-Type": "application/xml; charset=utf-8"}
    requests.request("MKCALENDAR", url, data=body, headers=xml, auth=host.login, timeout=30).raise_for_status()
    yield url
    requests.delete(url, auth=host.login, timeout=30)


def _members(url: str, host: Host) -> tuple[str, ...]:
    calendar = DavCalendar(DavAccess(url, *(host.login or ())), url, zone=ZONE, secret=SECRET)
    return tuple(one.ref for page in calendar.changes(None, NOTHING_KNOWN) for one in page.resources)


# --- small words for the tests ---------------------------------------------------------------------------------------


@pytest.fixture
def written() -> Callable[..., bytes]:
    """`written(ref, title=…, text=…, extra=…, hour=…)`: what she saves."""
    return ics


@pytest.fixture
def window() -> tuple[datetime, datetime]:
    return WINDOW


@pytest.fixture
def zone() -> ZoneInfo:
    return ZONE
