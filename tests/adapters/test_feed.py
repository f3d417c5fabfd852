"""A read-only feed: what of it is busy time, what one pass costs, and that its secret address never shows."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest

from adapters.base import Denied, Edit, Garbled, NotThere, Refused, TryLater
from adapters.calendars import feed as feeds
from adapters.calendars import feedsplit
from adapters.calendars.feed import FeedCalendar
from rules.model import AddEvent, Annotation
from tests.adapters.conftest import Follower, Place

ZONE, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
HIDDEN = "private-0123456789abcdef"
WINDOW = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def event(uid: str, title: str = "Congés", *extra: str, day: int = 2, stamp: str = "20261101T080000Z") -> str:
    lines = [
        "BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{stamp}", f"DTSTART;TZID=Europe/Paris:202612{day:02}T090000",
        f"DTEND;TZID=Europe/Paris:202612{day:02}T100000", f"SUMMARY:{title}", *extra, "END:VEVENT",
    ]  # fmt: skip
    return "\r\n".join(lines)


def feed(*events: str, name: str = "Congés du Dr Martin") -> bytes:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//FR", f"X-WR-CALNAME:{name}")
    return "\r\n".join([*head, *events, "END:VCALENDAR", ""]).encode()


class Host:
    """A server with one feed. `etag`: whether it says when nothing changed."""

    def __init__(self) -> None:
        self.body, self.status, self.etag = feed(), 200, True
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, int]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tag = f'"{hash(host.body)}"'
                same = host.etag and self.headers.get("If-None-Match") == tag
                status = 304 if same and host.status == 200 else host.status
                host.asked.append((self.path, status))
                self.send_response(status)
                for key, value in host.headers.items():
                    self.send_header(key, value)
                if host.etag:
                    self.send_header("ETag", tag)
                self.send_header("Content-Length", str(0 if same else len(host.body)))
                self.end_headers()
                self.wfile.write(b"" if same else host.body)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/ical/{HIDDEN}/basic.ics"

    def calendar(self) -> FeedCalendar:
        return FeedCalendar(self.url, zone=ZONE, secret=SECRET)

    def follow(self) -> Follower:
        calendar = self.calendar()
        return Follower(Place(calendar, None, lambda: calendar.http.requests, self.calendar, ""))


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.server.shutdown()
    made.server.server_close()


# --- what changed ----------------------------------------------------------------------------------------------------


def test_every_event_is_one_resource_with_its_time(host: Host) -> None:
    host.body = feed(event("a"), event("b", day=3))
    seen = host.follow().pull()
    assert seen.full
    calendar = host.calendar()
    starts = [calendar.read(r.ref, r.payload, WINDOW).events[0].start for r in seen.resources.values()]
    assert starts == [datetime(2026, 12, 2, 8, tzinfo=UTC), datetime(2026, 12, 3, 8, tzinfo=UTC)]


@pytest.mark.parametrize("etag", [True, False])
def test_an_idle_pass_is_one_round_trip_and_nothing_else(host: Host, etag: bool) -> None:
    host.body, host.etag = feed(event("a")), etag
    follower = host.follow()
    follower.pull()
    for _ in range(2):
        seen = follower.pull()
        assert (seen.trips, seen.resources, seen.gone) == (1, {}, set())
    assert [status for _, status in host.asked] == [200, 304, 304] if etag else [200, 200, 200]


def test_a_new_process_asks_only_whether_something_changed(host: Host) -> None:
    host.body = feed(event("a"))
    first = host.follow()
    first.pull()
    second = host.follow()
    second.cursor, second.known = first.cursor, first.known
    assert second.pull().resources == {}
    assert host.asked[-1][1] == 304


def test_events_that_are_stamped_anew_at_each_download_did_not_change(host: Host) -> None:
    host.etag, host.body = False, feed(event("a", stamp="20261101T080000Z"))
    follower = host.follow()
    follower.pull()
    host.body = feed(event("a", stamp="20261124T120000Z"))
    assert follower.pull().resources == {}


def test_what_changes_comes_alone_and_what_goes_is_absent(host: Host) -> None:
    host.body = feed(event("a"), event("b"), event("c"))
    follower = host.follow()
    refs = list(follower.pull().resources)
    host.body = feed(event("a"), event("b", "Congrès"))
    (page,) = follower.pull().pages
    assert [one.ref for one in page.resources] == [refs[1]]
    assert (page.gone, page.absent) == ((), (refs[2],))


def test_b06_a_single_event_is_read_again_from_the_server(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.body = feed(event("a"))
    follower = host.follow()
    (ref,) = follower.pull().resources
    calendar = follower.place.calendar
    assert calendar.get(ref) is not None
    assert len(host.asked) == 1
    host.body = feed()
    monkeypatch.setattr(feeds, "FRESH", -1.0)
    assert calendar.get(ref) is None
    assert len(host.asked) == 2


def test_an_exception_belongs_to_its_series(host: Host) -> None:
    moved = event("a", "Garde", "RECURRENCE-ID;TZID=Europe/Paris:20261209T090000", day=10)
    host.body = feed(event("a", "Garde", "RRULE:FREQ=WEEKLY;COUNT=3"), event("b"), moved)
    found = host.follow().pull().resources
    assert len(found) == 2
    days = [e.start.day for r in found.values() for e in host.calendar().read(r.ref, r.payload, WINDOW).events]
    assert sorted(days) == [2, 2, 10, 16]


def test_a_zone_of_the_feeds_own_goes_with_its_events(host: Host) -> None:
    zone = (
        "BEGIN:VTIMEZONE", "TZID:Cabinet", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE",
    )  # fmt: skip
    host.body = feed("\r\n".join(zone), event("a").replace("Europe/Paris", "Cabinet"))
    (one,) = host.follow().pull().resources.values()
    assert host.calendar().read(one.ref, one.payload, WINDOW).events[0].start == datetime(2026, 12, 2, 6, tzinfo=UTC)


# --- busy time and nothing else --------------------------------------------------------------------------------------


def test_its_events_are_private_and_take_no_writing(host: Host) -> None:
    host.body = feed(event("a", "DUPONT Marie – détartrage"))
    (one,) = host.follow().pull().resources.values()
    calendar = host.calendar()
    reading = calendar.read(one.ref, one.payload, WINDOW)
    assert [e.private for e in reading.events] == [True]
    assert reading.blocked
    assert isinstance(calendar.apply(one.ref, one.version, Edit(Annotation("⚠ ", ("x",)), one.payload)), Refused)
    day = datetime(2026, 12, 2, tzinfo=UTC)
    own = AddEvent(calendar=calendar.address, uid="x@attitre", title="Avis", text="", start=day, end=day)
    assert isinstance(calendar.add(own), Refused)
    assert isinstance(calendar.remove(one.ref, one.version), Refused)
    assert len(host.asked) == 1


@pytest.mark.parametrize("line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED"])
def test_what_takes_no_time_is_no_event(host: Host, line: str) -> None:
    host.body = feed(event("a", "Noël", line))
    (one,) = host.follow().pull().resources.values()
    assert host.calendar().read(one.ref, one.payload, WINDOW).events == ()


def test_l10_one_broken_event_stays_one(host: Host) -> None:
    broken = "BEGIN:VEVENT\r\nUID:x\r\nDTSTART:tomorrow\r\nEND:VEVENT"
    host.body = feed(broken, event("a"))
    found = host.follow().pull().resources.values()
    readings = [host.calendar().read(r.ref, r.payload, WINDOW) for r in found]
    assert sorted((r.problem, len(r.events)) for r in readings) == [("", 1), ("event-unreadable", 0)]


# --- misfortune ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<!doctype html><title>Connexion</title>", Garbled),
        (200, b"", Garbled),
        (200, feed(event("a"))[:-20], Garbled),
        (401, b"", Denied),
        (404, b"", NotThere),
        (503, b"", TryLater),
    ],
)
def test_an_answer_that_is_no_whole_feed_changes_nothing(
    host: Host, status: int, body: bytes, error: type[Exception]
) -> None:
    host.body = feed(event("a"))
    follower = host.follow()
    follower.pull()
    host.status, host.body = status, body
    with pytest.raises(error) as caught:
        follower.pull()
    assert HIDDEN not in str(caught.value)


def test_a_feed_without_end_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "LARGEST", 10_000)
    host.body = feed(*(event(str(n)) for n in range(100)))
    with pytest.raises(Garbled, match="démesurée"):
        host.follow().pull()


def test_more_events_than_anybody_has_are_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedsplit, "MOST", 5)
    host.body = feed(*(event(str(n)) for n in range(6)))
    with pytest.raises(Garbled, match="plus de"):
        host.follow().pull()


def test_a_redirect_is_followed(host: Host) -> None:
    moved = Host()
    moved.status, moved.headers = 302, {"Location": host.url}
    host.body = feed(event("a"))
    assert len(moved.follow().pull().resources) == 1
    moved.server.shutdown()
    moved.server.server_close()


def test_l8_its_address_shows_the_host_only(host: Host) -> None:
    calendar = host.calendar()
    assert calendar.address.startswith("ics:127.0.0.1#")
    assert HIDDEN not in calendar.address + repr(calendar)
    assert calendar.address == host.calendar().address


def test_the_probe_says_what_it_is_good_for(host: Host) -> None:
    host.body = feed(event("a"), event("b"))
    probe = host.calendar().probe()
    assert (probe.name, probe.writable) == ("Congés du Dr Martin", False)
    assert "2 événements" in probe.lines[0]
    assert "304" in probe.lines[1]
    host.etag = False
    assert "en entier" in host.calendar().probe().lines[1]
