"""What an adapter calls over is over: it reads as one event that ended, with nothing of ours and no problem."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Reading
from adapters.calendars.google.payload import Events, resource
from adapters.calendars.ical.over import over
from adapters.calendars.ical.resource import Ics
from rules.model import Annotation
from tests.adapters.mutations import CLIENTS, mutated, written
from tests.google.test_items_fuzz import DAY, INSTANCES, ITEM, MOVED, SERIES, STUB, TIMED

PARIS = ZoneInfo("Europe/Paris")
ICS, EVENTS = Ics(PARIS, b"secret", "memory:a"), Events(PARIS, b"secret", "google:a")
FILES = sorted((Path(__file__).parents[2].parent / "shared/ics-corpus").glob("*.ics"))
THEIR_DAY = datetime(2027, 1, 11, tzinfo=PARIS)  # on which the events of `mutations` and `test_items_fuzz` lie
_MOMENTS = st.sampled_from([-400, 0, 1, 2, 3, 4, 60, 4_000]).map(lambda days: THEIR_DAY + timedelta(days=days))


def is_over(reading: Reading, before: datetime) -> bool:
    ended = len(reading.events) == 1 and reading.sole and reading.events[0].end < before
    return ended and reading.annotation == Annotation() and not (reading.problem or reading.foreign_block)


@given(written() | mutated(written()), _MOMENTS)
def test_l7_what_is_called_over_reads_so_whatever_befell_it(payload: bytes, before: datetime) -> None:
    if over(payload, before):
        assert is_over(ICS.read("a.ics", payload, (before, before + timedelta(days=435))), before)


@pytest.mark.skipif(not FILES, reason="the corpus of client files is not here")
def test_l7_of_any_clients_files_what_is_called_over_reads_so() -> None:
    called = 0
    for payload in (file.read_bytes() for file in FILES):
        for year in range(1990, 2040):
            before = datetime(year, 6, 15, tzinfo=PARIS)
            if over(payload, before):
                called += 1
                assert is_over(ICS.read("a.ics", payload, (before, before + timedelta(days=435))), before)
    assert called > len(FILES)


@pytest.mark.parametrize("client", sorted(set(CLIENTS) - {"a series", "calcurse"}))
def test_ordinary_events_are_over_a_few_days_after_they_ended(client: str) -> None:
    payload = (
        CLIENTS[client].replace("{title}", "DUPONT Marie").replace("{text}", "Mobile").replace("\n", "\r\n").encode()
    )
    assert not over(payload, THEIR_DAY + timedelta(days=1))
    assert over(payload, THEIR_DAY + timedelta(days=4))
    assert (
        not over(payload.replace(b"Mobile", "── attitre ──".encode()), THEIR_DAY + timedelta(days=4))
        or client == "a day"
    )


@given(ITEM, INSTANCES, _MOMENTS)
def test_l7_what_is_called_over_at_google_reads_so(
    item: dict[str, object], instances: list[dict[str, object]], before: datetime
) -> None:
    payload = resource(item, instances).payload
    if EVENTS.over(payload, before):
        reading = EVENTS.read("ev1", payload, (before, before + timedelta(days=435)))
        assert is_over(reading, before) or not reading.events


def test_at_google_what_ended_is_over_unless_it_repeats() -> None:
    for item in (TIMED, DAY):
        payload = resource(item).payload
        assert not EVENTS.over(payload, THEIR_DAY)
        assert EVENTS.over(payload, THEIR_DAY + timedelta(days=2))
    for repeated in (resource(SERIES), resource(SERIES, [MOVED, STUB]), resource(MOVED)):
        assert not EVENTS.over(repeated.payload, THEIR_DAY + timedelta(days=4_000))
    assert not EVENTS.over(b"{}", THEIR_DAY)
