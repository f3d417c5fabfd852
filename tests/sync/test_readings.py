"""What was read of bodies is kept from mirroring to judging, in bounded room (docs/benchmark.md B1), and is never an
old reading."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.calendars.ical.resource import Ics
from rules.entry import reading as entries
from sync.core.context import Readings, Source
from tests.office import MORNING, PARIS, PRACTICE, calendar_of, ics

FILES = sorted((Path(__file__).parents[2].parent / "shared/ics-corpus").glob("*.ics"))
EVER = (MORNING - timedelta(days=20_000), MORNING + timedelta(days=400))
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


@pytest.mark.skipif(not FILES, reason="the corpus of client files is not here")
def test_of_any_clients_series_each_visit_is_read_as_if_it_stood_alone() -> None:
    ics_of, read = Ics(PARIS, b"s" * 32, "memory:a"), 0
    for file in FILES:
        events = ics_of.read(file.name, file.read_bytes(), EVER).events[:40]
        reader = entries.Reader(PRACTICE, MORNING)
        assert [reader.read(event) for event in events] == [entries.read(event, PRACTICE, MORNING) for event in events]
        read += len(events)
    assert read > len(FILES) / 2
