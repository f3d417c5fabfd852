"""A feed beside a dentist's calendar: its time is taken, its contents are nobody's business."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.calendars.feed.calendar import FeedCalendar
from sync.core.context import Source
from sync.store import calendars
from tests.adapters.onfeed import ServedFeed, served
from tests.office import COMPLETE, MORNING, PARIS, Office, calendar_of, ics, make_office

MINUTE = timedelta(seconds=61)


@pytest.fixture
def feed():
    with served() as one:
        yield one


@pytest.fixture
def office(feed: ServedFeed, tmp_path: Path) -> Office:
    guards = FeedCalendar(feed.url, zone=PARIS, secret=b"s" * 32)
    made = make_office(tmp_path, sources=[Source(calendar_of("martin"), "martin"), Source(guards, "martin")])
    made.passes()
    return made


def stands(feed: ServedFeed, uid: str, title: str, day: int = 7, minutes: int = 240) -> None:
    start = (MORNING + timedelta(days=day)).replace(hour=9)
    whole = ics(uid, title, start, minutes, COMPLETE)
    feed.events[uid] = whole[whole.index(b"BEGIN:VEVENT") : whole.index(b"END:VCALENDAR")]


def test_p10_time_of_a_feed_is_taken_and_says_no_more(office: Office, feed: ServedFeed) -> None:
    stands(feed, "garde", "Divorce, notaire")
    office.passes()
    office.she_books("e1")
    office.passes()
    assert "✗ Ce créneau est déjà pris" in office.block("e1")
    assert "occupé" in office.block("e1")
    assert "notaire" not in office.block("e1").lower()


def test_what_looks_like_a_booking_in_a_feed_is_told_to_nobody(office: Office, feed: ServedFeed) -> None:
    stands(feed, "rdv", "DUPONT Marie – détartrage", minutes=30)
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.sms.sent == []
    assert office.to_practice() == []


def test_b10_an_empty_feed_cancels_nothing(office: Office, feed: ServedFeed) -> None:
    for number in range(20):
        stands(feed, f"garde-{number}", "Garde", day=7 + number)
    office.passes()
    feed.events.clear()
    for _ in range(4):
        office.passes(later=MINUTE)
    assert office.sms.sent == []
    office.she_books("e1")
    office.passes()
    assert office.block("e1").startswith("✓")


def test_l10_a_feed_that_fails_stops_nobody(office: Office, feed: ServedFeed) -> None:
    feed.raw = b"<html>Connectez-vous</html>"
    office.she_books("e1")
    office.passes()
    assert office.block("e1").startswith("✓")
    with office.world.store.read() as tx:
        rows = {row.calendar[:4]: row for row in calendars.every(tx)}
    assert "flux" in str(rows["ics:"].reason)
