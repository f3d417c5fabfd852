"""A feed beside the dentist's own calendar: it takes time, and does nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.calendars.feed import FeedCalendar
from adapters.calendars.feedsplit import feed_of
from adapters.calendars.memory import MemoryCalendar
from sync.store import resources
from sync.world import Source
from tests.office import MORNING, PARIS, Office, ics, make_office


class OwnTime(FeedCalendar):
    """The dentist's private calendar as a feed whose content a test sets."""

    def __init__(self) -> None:
        super().__init__("https://feed.example/private-abc/basic.ics", zone=PARIS, secret=b"s" * 32)
        self.content = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"

    def _ask(self, validators: object) -> object:
        self._feed = feed_of(self.content)
        return self._feed


@pytest.fixture
def own(tmp_path: Path) -> OwnTime:
    return OwnTime()


@pytest.fixture
def office(tmp_path: Path, own: OwnTime) -> Office:
    hers = MemoryCalendar("memory:martin", PARIS, b"s" * 32)
    made = make_office(tmp_path, sources=(Source(hers, "martin"), Source(own, "martin")))
    made.passes()
    return made


def at(hour: int) -> bytes:
    start = (MORNING + timedelta(days=7)).replace(hour=hour)
    return ics("own", "DURAND Paul – détartrage", start, 60)


def test_p10_time_that_a_feed_takes_is_taken_and_its_reason_stays_there(office: Office, own: OwnTime) -> None:
    own.content = at(10)
    office.passes()
    office.she_books("marie", hour=10)
    office.passes(later=timedelta(minutes=2))
    office.passes(later=timedelta(minutes=2))
    said = office.block("marie")
    assert "Ce créneau est déjà pris : occupé (10 h – 11 h)" in said
    assert "DURAND" not in said
    assert office.told("confirmation") == []


def test_p51_nobody_is_told_or_asked_about_an_event_of_a_feed(office: Office, own: OwnTime) -> None:
    own.content = at(15)
    office.passes()
    report = office.passes(later=timedelta(minutes=10))
    assert report is not None
    assert (office.sms.sent, office.email.sent) == ([], [])
    with office.world.store.read() as tx:
        (row,) = resources.busy(tx, "martin", MORNING, MORNING + timedelta(days=30))
    assert (row.kind.value, row.label) == ("private", "")


def test_b06_what_leaves_the_feed_frees_its_time_after_two_reads(office: Office, own: OwnTime) -> None:
    own.content = at(10)
    office.passes()
    own.content = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
    office.passes(later=timedelta(seconds=30))
    office.passes(later=timedelta(seconds=90))
    with office.world.store.read() as tx:
        assert resources.busy(tx, "martin", MORNING, MORNING + timedelta(days=30)) == ()
    office.she_books("marie", hour=10)
    for _ in range(3):
        office.passes(later=timedelta(minutes=2))
    assert len(office.told("confirmation")) == 1
