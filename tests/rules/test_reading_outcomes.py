"""What she writes when the appointment is over (section 7 of the procedure)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from rules.model import Entry, Outcome

Typed = Callable[..., Entry]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Absent", Outcome("absent")),
        ("Absente sans prévenir", Outcome("absent")),
        ("Absent excusé", Outcome("excused")),
        ("Absence : excusée", Outcome("excused")),
        ("absence non excusée", Outcome("unexcused")),
        ("abs 09:40 urgence", Outcome("absent", notified=at(24, 9, 40), urgent=True)),
        ("Absent\nUrgence", Outcome("absent", urgent=True)),
        ("Prévenu le 23/11 à 18h", Outcome("absent", notified=at(23, 18))),
        ("Retard 15 min", Outcome("late", minutes=15)),
        ("retard 13", Outcome("late", minutes=13)),
        ("Retard : 20 min, prévenu", Outcome("late", minutes=20, notified=at(24, 9, 30))),
        ("Arrivé 14:43", Outcome("arrived", at=at(24, 14, 43))),
        ("Retard 15 min\nArrivée à 9h45", Outcome("arrived", minutes=15, at=at(24, 9, 45))),
        ("Annulé", Outcome("cancelled")),
    ],
)
def test_p47_p48_the_end_of_an_appointment_is_read(typed: Typed, words: str, outcome: Outcome) -> None:
    assert typed("DUPONT Marie – détartrage", words).outcome == outcome


def test_p47_a_cancellation_keeps_who_and_when(typed: Typed) -> None:
    outcome = typed("DUPONT Marie – détartrage", "Annulé par le patient le 22/11 à 18h").outcome
    assert outcome == Outcome("cancelled", at=at(22, 18), notified=at(22, 18), by_patient=True)


def test_p47_a_day_without_a_year_lies_before_the_appointment(typed: Typed) -> None:
    outcome = typed("DUPONT Marie – détartrage", "Prévenu le 30/12").outcome
    assert outcome is not None
    assert outcome.notified == datetime(2025, 12, 30, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    "title",
    ["ANNULÉ DUPONT Marie – détartrage", "DUPONT Marie – détartrage – annulée", "annulé : DUPONT Marie détartrage"],
)
def test_p46_cancelled_in_the_title_leaves_name_and_motif(typed: Typed, title: str) -> None:
    entry = typed(title)
    assert entry.outcome == Outcome("cancelled")
    assert (entry.name_text, entry.motif, entry.findings) == ("DUPONT Marie", "Détartrage", ())


def test_p11_an_urgent_booking_is_no_outcome(typed: Typed) -> None:
    entry = typed("DUPONT Marie", "Urgence")
    assert (entry.motif, entry.outcome) == ("Douleur", None)


@pytest.mark.parametrize("line", ["Prévenu que le parking est fermé", "Absent le mardi matin", "Prévenir si retard"])
def test_p19_a_sentence_with_such_a_word_is_comment(typed: Typed, line: str) -> None:
    entry = typed("DUPONT Marie – détartrage", line)
    assert (entry.outcome, entry.comment) == (None, line)
