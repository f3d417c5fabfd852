"""Calendar feeds: asked conditionally, split before they are read, never believed when cut, and only ever busy time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.base import Denied, Edit, Garbled, Known, NotThere, Refused, TryLater
from adapters.calendars.feed.calendar import FeedCalendar
from adapters.calendars.feed.download import split
from rules.model import AddEvent, Annotation
from tests.adapters.onfeed import ServedFeed, served

ZONE = ZoneInfo("Europe/Paris")
WINDOW = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def feed():
    with served() as one:
        yield one


@pytest.fixture
def calendar(feed) -> FeedCalendar:
    return FeedCalendar(feed.url, zone=ZONE, secret=b"s" * 32)


def pull(calendar: FeedCalendar, cursor=None, known=None):
    (page,) = calendar.changes(cursor, Known.holding(known or {}))
    return page


def events(calendar: FeedCalendar, page):
    return [
        event for one in page.resources for event in calendar.read(one.ref, one.payload, WINDOW).events
    ]  # fmt: skip


# --- how often it wants to be read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "fresh", "seconds"),
    [
        ("", "", None),
        ("REFRESH-INTERVAL;VALUE=DURATION:PT1H30M\r\nX-PUBLISHED-TTL:PT5M\r\n", "max-age=60", 5400),
        ("X-PUBLISHED-TTL:P1W\r\n", "", 604_800),
        ("X-PUBLISHED-TTL:bientôt\r\n", "public, max-age=1800", 1800),
        ("X-PUBLISHED-TTL:P\r\n", "no-cache, no-store, max-age=0", None),
    ],
)
def test_a_feed_says_how_often_it_wants_to_be_read(feed, calendar, says, fresh, seconds):
    feed.says, feed.fresh = says, fresh
    page = pull(calendar)
    assert calendar.offered_seconds == seconds
    again = FeedCalendar(feed.url, zone=ZONE, secret=b"s" * 32)  # after a restart, and nothing but a 304
    pull(again, page.cursor)
    assert again.offered_seconds == seconds


# --- only when it changed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["ETag", "Last-Modified"])
def test_an_unchanged_feed_is_not_sent_again(feed, calendar, written, mark):
    feed.marks = {mark}
    feed.put("garde.ics", written("garde.ics"))
    page = pull(calendar)
    again = pull(calendar, page.cursor)
    assert (again.resources, again.absent, again.full, again.cursor) == ((), (), False, page.cursor)
    header = {"ETag": "if-none-match", "Last-Modified": "if-modified-since"}[mark]
    assert [header in asked for asked in feed.asked] == [False, True]


def test_a_feed_without_marks_is_compared_as_a_whole(feed, calendar, written):
    feed.marks = set()
    feed.put("garde.ics", written("garde.ics"))
    page = pull(calendar)
    assert pull(calendar, page.cursor).full is False
    feed.put("garde.ics", written("garde.ics", "Garde de nuit"))
    assert [one.ref for one in pull(calendar, page.cursor).resources] == ["garde.ics"]


def test_events_that_are_only_stamped_anew_are_not_stored_again(feed, calendar, written):
    feed.stamps = True
    feed.put("garde.ics", written("garde.ics"))
    page = pull(calendar)
    known = {one.ref: one.version for one in page.resources}
    again = pull(calendar, page.cursor, known)
    assert (again.resources, again.absent, again.full) == ((), (), True)


def test_an_event_that_left_the_feed_is_absent_and_two_readings_find_it_gone(feed, calendar, written):
    feed.put("garde.ics", written("garde.ics"))
    page = pull(calendar)
    feed.delete("garde.ics")
    assert pull(calendar, page.cursor, {"garde.ics": "x"}).absent == ("garde.ics",)
    assert calendar.get("garde.ics") is None
    assert calendar.get("garde.ics") is None
    assert "if-none-match" in feed.asked[-1]


# --- what is not believed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>Connectez-vous</html>", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n", b"\xff\xfe\x00",
     b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20261202T090000Z\r\nEND:VEVENT\r\n"],
)  # fmt: skip
def test_b08_a_feed_that_is_cut_or_none_sweeps_nothing(feed, calendar, raw):
    feed.raw = raw
    with pytest.raises(Garbled):
        pull(calendar, None, {"garde.ics": "x"})


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Denied), (403, Denied), (404, NotThere), (410, NotThere), (503, TryLater), (418, Garbled)],
)
def test_a18_an_error_is_an_error_and_names_no_address(feed, calendar, status, kind):
    feed.status = status
    with pytest.raises(kind) as caught:
        pull(calendar)
    assert "s3cret" not in str(caught.value)


def test_i10_a_feed_without_measure_is_refused(feed, calendar, monkeypatch, written):
    feed.put("garde.ics", written("garde.ics", text="x" * 2000))
    monkeypatch.setattr("adapters.calendars.feed.calendar.LARGEST_BYTES", 1000)
    with pytest.raises(Garbled, match="démesuré"):
        pull(calendar)


def test_i10_a_feed_of_endless_events_is_refused(feed, calendar, monkeypatch, written):
    monkeypatch.setattr("adapters.calendars.feed.download.MOST", 3)
    for number in range(4):
        feed.put(f"{number}.ics", written(f"{number}.ics"))
    with pytest.raises(Garbled):
        pull(calendar)


def test_one_broken_event_leaves_the_others(feed, calendar, written):
    feed.put("broken.ics", written("broken.ics").replace(b"DTSTART:2026", b"DTSTART:20x6"))
    feed.put("garde.ics", written("garde.ics", "Garde"))
    page = pull(calendar)
    readings = {one.ref: calendar.read(one.ref, one.payload, WINDOW) for one in page.resources}
    assert readings["broken.ics"].problem == "event-unreadable"
    assert [event.title for event in readings["garde.ics"].events] == ["Garde"]


# --- split by UID ----------------------------------------------------------------------------------------------------


def test_a_series_and_its_exceptions_are_one_event(feed, calendar, written):
    master = written("garde.ics", "Garde", extra="RRULE:FREQ=DAILY;COUNT=3").decode()
    moved = written("garde.ics", "Garde", extra="RECURRENCE-ID:20261203T090000Z", hour=15).decode()
    moved = moved.replace("DTSTART:20261202", "DTSTART:20261203").replace("DTEND:20261202", "DTEND:20261203")
    inner = moved[moved.index("BEGIN:VEVENT") : moved.index("END:VCALENDAR")]
    feed.raw = master.replace("END:VCALENDAR", inner + "END:VCALENDAR").encode()
    page = pull(calendar)
    assert [one.ref for one in page.resources] == ["garde.ics"]
    assert [f"{event.start.astimezone(UTC):%d %H}" for event in events(calendar, page)] == ["02 09", "03 15", "04 09"]


def test_each_event_takes_along_the_zones_that_it_names():
    zone = "BEGIN:VTIMEZONE\r\nTZID:{0}\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\n" \
        "DTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"  # fmt: skip
    event = "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART;TZID={1}:20261202T090000\r\nEND:VEVENT\r\n"
    body = "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Europe/Paris\r\n" + zone.format("Ici") + zone.format("Ailleurs")
    body += event.format("a", "Ici") + event.format("b", "Europe/Paris") + "END:VCALENDAR\r\n"
    found = split(body.encode())
    assert found is not None
    assert (b"TZID:Ici" in found.events["a.ics"], b"TZID:Ailleurs" in found.events["a.ics"]) == (True, False)
    assert b"VTIMEZONE" not in found.events["b.ics"]
    assert b"X-WR-TIMEZONE:Europe/Paris" in found.events["b.ics"]


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_folds_alarms_and_blank_lines_are_no_obstacle(eol):
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "BEGIN:VALARM", "UID:not this", "END:VALARM", "UID:very-lo", " ng", "",
             "SUMMARY:Garde", "END:VEVENT", "END:VCALENDAR"]  # fmt: skip
    found = split(eol.join(lines).encode())
    assert found is not None
    assert list(found.events) == ["very-long.ics"]


def test_an_event_without_uid_has_a_name_that_stays():
    body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261202T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    first, second = split(body), split(body)
    assert first is not None
    assert first == second
    assert len(first.events) == 1


# --- busy time only --------------------------------------------------------------------------------------------------


def test_what_a_feed_holds_is_busy_time_and_nobodys_booking(feed, calendar, written):
    feed.put("a.ics", written("a.ics", "DUPONT Marie – contrôle", "06 12 34 56 78"))
    feed.put("b.ics", written("b.ics", "Jour férié", extra="TRANSP:TRANSPARENT"))
    feed.put("c.ics", written("c.ics", "Garde", extra="STATUS:CANCELLED"))
    assert [(event.uid, event.private) for event in events(calendar, pull(calendar))] == [("a", True)]


def test_a_feed_is_never_written_to(feed, calendar, written):
    feed.put("garde.ics", written("garde.ics"))
    (body,) = pull(calendar).resources
    day = datetime(2026, 12, 2, tzinfo=ZONE)
    refused = (
        calendar.apply(body.ref, body.version, Edit(Annotation("✓ ", ("x",)), body.payload)),
        calendar.add(AddEvent("x", "u", "t", "x", day, day + timedelta(days=1))),
        calendar.remove(body.ref, body.version),
    )
    assert all(isinstance(result, Refused) for result in refused)
    assert len(feed.asked) == 1


def test_the_address_of_a_feed_shows_no_way_in(feed: ServedFeed, calendar):
    assert calendar.address.startswith("ics:127.0.0.1-")
    assert "s3cret" not in calendar.address + repr(calendar)
    assert calendar.address == FeedCalendar(feed.url, zone=ZONE, secret=b"").address


def test_the_probe_says_what_a_feed_is_good_for(feed, calendar, written):
    feed.put("garde.ics", written("garde.ics"))
    probe = calendar.probe()
    assert (probe.name, probe.writable) == ("Gardes", False)
    assert "occupé" in probe.lines[0]
    assert "Événements trouvés : 1." in probe.lines


def test_i10_an_attachment_of_many_folds_costs_what_it_weighs() -> None:
    """Joined fold by fold, ten megabytes were copied a hundred thousand times."""
    lines = b"ATTACH:" + b"\r\n ".join([b"x" * 73] * 150_000)
    body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n" + lines + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    feed = split(body)
    assert feed is not None
    assert lines in feed.events["a.ics"]


@pytest.mark.parametrize("piece", [b"\n", b"\r", b"\r\n", b"BEGIN:VTIMEZONE\r\nTZID:%d\r\nEND:VTIMEZONE\r\n"])
def test_i10_a_feed_of_lines_or_zones_without_end_is_none(piece: bytes) -> None:
    many = piece * 2_000_001 if b"%d" not in piece else b"".join(piece % number for number in range(201))
    assert split(b"BEGIN:VCALENDAR\r\n" + many + b"END:VCALENDAR\r\n") is None
