"""Whatever stands in an event, it is read: at once, the same way each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.entry.is_patient import Likeness
from rules.entry.reading import Reader, read
from rules.model import CalendarEvent, Entry, Practice

ANY = st.text(st.characters(exclude_categories=()), max_size=300)
PIECES = st.sampled_from(
    [
        "DUPONT",
        "Marie",
        "détartrage",
        "Mobile :",
        "06 12 34 56 78",
        "E-mail =",
        "marie@gmial.com",
        "Né(e) le :",
        "31/02/1981",
        "Commentaire :",
        "\n",
        "annulé",
        "le 12/03",
        "à 18h",
        "Accord patient : oui",
        "Dr Martin",
        " - ",
        "(",
        "<br>",
        "&nbsp;",
        "?",
        "née",
        "Responsable :",
        "\x00",
        "�",
        "\u202e",
        "Sans mobile :",
        "Retard",
        "15 min",
        "75020 Paris",
        "12 rue des Lilas",
    ]
)
PATHOLOGICAL = [
    "a",
    "0",
    "06 ",
    "a@",
    "a : ",
    "<b ",
    "<",
    "\n",
    " - ",
    "(",
    "abs ",
    "12/05/",
    "é",
    "Adresse :\n",
    "\ud800",
    "prévenu ",
    "M. et ",
]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANY, ANY)
def test_any_text_is_read(typed: Callable[..., Entry], title: str, text: str) -> None:
    assert typed(title, text) == typed(title, text)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=12), st.lists(PIECES, max_size=25))
def test_any_heap_of_our_own_words_is_read(
    likeness: Callable[..., Likeness], title: list[str], text: list[str]
) -> None:
    assert likeness(" ".join(title), "".join(text)) in Likeness


@pytest.mark.parametrize("piece", PATHOLOGICAL)
def test_a_hundred_thousand_signs_are_read_within_a_second(typed: Callable[..., Entry], piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.thread_time()  # of the processor: other work on the machine decides nothing
    typed(text, text)
    assert time.thread_time() - started < 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(PIECES | st.sampled_from([*PATHOLOGICAL, "@", ",", "a-", "'", "rue ", "12 rue ", "&#", "née ", "h", "1/"]),
             min_size=1, max_size=4)
)  # fmt: skip
def test_no_heap_of_repeated_pieces_takes_long(typed: Callable[..., Entry], pieces: list[str]) -> None:
    """At most 33 ms a KB, on any machine; the worst that was measured is 5 ms a KB."""
    piece = "".join(pieces)
    text = (piece * (30_000 // len(piece) + 1))[:30_000]
    started = time.process_time()
    typed(text, text)
    typed("DUPONT Marie – détartrage", text)
    assert time.process_time() - started < 2


def test_a_megabyte_is_kept_as_comment(typed: Callable[..., Entry]) -> None:
    entry = typed("DUPONT Marie – détartrage", "Mobile : 06 12 34 56 78\n" + "très anxieuse " * 80_000)
    assert (entry.mobile, entry.motif) == ("+33612345678", "Détartrage")
    assert len(entry.comment) > 20_000


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=6), st.lists(PIECES, max_size=8), st.integers(0, 40))
def test_what_was_read_once_is_read_the_same_on_another_day(
    lilas: Practice, booked: Callable[..., CalendarEvent], title: list[str], text: list[str], days: int
) -> None:
    first, now = booked(" ".join(title), "".join(text)), datetime(2026, 11, 20, 10, 0, tzinfo=lilas.zone)
    later = replace(first, start=first.start + timedelta(days=days, hours=2), end=first.end + timedelta(days=days))
    reader = Reader(lilas, now)
    assert [reader.read(first), reader.read(later)] == [read(first, lilas, now), read(later, lilas, now)]
    assert reader.read(first) == read(first, lilas, now)


LENGTHS = st.sampled_from(["", "45'", "30 min", "1h30", "(45 mn)", "8 ans", "10h", "mardi 10h"])
EVENTS = st.lists(st.tuples(LENGTHS, st.sampled_from([30, 45, 90]), st.integers(0, 3)), min_size=2, max_size=6)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=3), st.lists(PIECES, max_size=3), EVENTS)
def test_a_batch_reads_each_event_as_if_it_were_alone(
    lilas: Practice,
    booked: Callable[..., CalendarEvent],
    title: list[str],
    text: list[str],
    events: list[tuple[str, int, int]],
) -> None:
    now, batch = datetime(2026, 11, 20, 10, 0, tzinfo=lilas.zone), []
    for length, minutes, days in events:
        event = booked(" ".join(["DUPONT Marie contrôle", length, *title]), "".join(text))
        start = event.start + timedelta(days=days)
        batch.append(replace(event, start=start, end=start + timedelta(minutes=minutes)))
    reader = Reader(lilas, now)
    assert [reader.read(event) for event in batch] == [read(event, lilas, now) for event in batch]


@pytest.mark.parametrize("lengths", [(30, 45), (45, 30)])
def test_a_typed_length_is_that_of_the_event_that_lasts_so_long(
    lilas: Practice, booked: Callable[..., CalendarEvent], lengths: tuple[int, int]
) -> None:
    event, reader = booked("DUPONT Marie contrôle 45'"), Reader(lilas, datetime(2026, 11, 20, 10, 0, tzinfo=lilas.zone))
    kept = {
        minutes: reader.read(replace(event, end=event.start + timedelta(minutes=minutes))).keep_minutes
        for minutes in lengths
    }
    assert kept == {30: None, 45: 45}
