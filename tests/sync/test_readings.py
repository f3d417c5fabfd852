"""What was read of bodies is kept from mirroring to judging, in bounded room (B1), and is never an old reading."""

from datetime import timedelta

from sync.world import Readings, Source
from tests.office import MORNING, calendar_of, ics

WINDOW = (MORNING - timedelta(days=35), MORNING + timedelta(days=400))


def body(title: str) -> bytes:
    return ics("a", title, MORNING + timedelta(days=1))


def test_the_first_are_kept_and_each_that_was_judged_makes_room() -> None:
    source, kept = Source(calendar_of("martin"), "martin"), Readings(limit=2)
    for ref in "abc":
        kept.of(source, ref, body("DUPONT Marie"), WINDOW)
    assert kept.parsed == 3
    for ref in "ab":
        kept.of(source, ref, body("DUPONT Marie"), WINDOW)
    assert kept.parsed == 3
    kept.forget(source.address, ["a"])
    kept.of(source, "c", body("DUPONT Marie"), WINDOW)
    kept.of(source, "c", body("DUPONT Marie"), WINDOW)
    assert kept.parsed == 4


def test_another_body_or_another_day_is_read_anew_however_full_it_is() -> None:
    source, kept = Source(calendar_of("martin"), "martin"), Readings(limit=1)
    assert kept.of(source, "a", body("DUPONT Marie"), WINDOW).events[0].title == "DUPONT Marie"
    assert kept.of(source, "a", body("MOREAU Luc"), WINDOW).events[0].title == "MOREAU Luc"
    assert kept.of(source, "b", body("PETIT Anne"), WINDOW).events[0].title == "PETIT Anne"
    tomorrow = (WINDOW[0] + timedelta(days=1), WINDOW[1] + timedelta(days=1))
    kept.of(source, "a", body("MOREAU Luc"), tomorrow)
    assert kept.parsed == 4
