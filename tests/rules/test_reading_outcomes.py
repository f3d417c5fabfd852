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
        ("annulé 23/11 18h", Outcome("cancelled", at=at(23, 18), notified=at(23, 18))),
        ("Annulé par le Dr Martin", Outcome("cancelled", by_patient=False)),
        ("Prévenu le 23 novembre à 18h", Outcome("absent", notified=at(23, 18))),
        ("Prévenu la veille au soir", Outcome("absent", notified=at(23, 0))),
        ("Prévenu ce matin à 8h, urgence", Outcome("absent", notified=at(24, 8), urgent=True)),
        ("Retard 15 min\nPrévenu", Outcome("late", minutes=15, notified=at(24, 9, 30))),
        ("Prévenue\nRetard 15 min", Outcome("late", minutes=15, notified=at(24, 9, 30))),
        ("Retard 1h", Outcome("late", minutes=60)),
        ("Honoré", Outcome("honoured")),
        ("Issue : honoré", Outcome("honoured")),
        ("Venue", Outcome("honoured")),
        ("Pas venue", Outcome("absent")),
        ("Excusé", Outcome("excused")),
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


@pytest.mark.parametrize(
    ("words", "kind", "doubt"),
    [
        ("Absent\nArrivé 9:35", "contradictory", "« Absent » et « Arrivé » sont tapés tous les deux"),
        ("Absent, arrivé", "contradictory", "« Absent » et « Arrivé » sont tapés tous les deux"),
        ("Annulé\nHonoré", "contradictory", "« Annulé » et « Honoré » sont tapés tous les deux"),
        ("Absent excusé\nAbsent non excusé", "contradictory", "« Absent excusé » et « Absent non excusé » sont"),
        ("prévenu hier soir", "absent", "« hier soir » n'est pas une date"),
        ("Prévenu mardi matin", "absent", "« mardi matin » n'est pas une date"),
        ("Prévenu le 31/02", "absent", "« le 31/02 » n'est pas une date"),
        ("Prévenu le 25/11 à 9h", "absent", "« le 25/11 » ne dit pas de quelle année"),
        ("abs 25h", "absent", "« 25h » n'est pas une heure"),
        ("Absent, prévenu", "absent", "« prévenu » est tapé, mais on ne sait pas quand"),
        ("Absent\nPrévenu", "absent", "« prévenu » est tapé, mais on ne sait pas quand"),
        ("Annulé hier", "cancelled", "« hier » n'est pas une date"),
    ],
)
def test_p48_what_is_unclear_or_contradictory_is_kept_as_a_doubt(
    typed: Typed, words: str, kind: str, doubt: str
) -> None:
    outcome = typed("DUPONT Marie – détartrage", words).outcome
    assert outcome is not None
    assert outcome.kind == kind
    assert outcome.doubt.startswith(doubt)


@pytest.mark.parametrize(
    ("title", "outcome"),
    [
        ("Retard DUPONT Marie 15 min", Outcome("late", minutes=15)),
        ("DUPONT Marie détartrage (retard 15 min)", Outcome("late", minutes=15)),
        ("DUPONT Marie – arrivé 9:43", Outcome("arrived", at=at(24, 9, 43))),
        ("abs DUPONT Marie", Outcome("absent")),
        ("DUPONT Marie – détartrage – absent excusé", Outcome("excused")),
        ("DUPONT Marie détartrage – venu", Outcome("honoured")),
        ("Absent – urgence – DUPONT Marie", Outcome("absent", urgent=True)),
    ],
)
def test_p48_an_outcome_in_the_title_leaves_the_name(typed: Typed, title: str, outcome: Outcome) -> None:
    entry = typed(title)
    assert (entry.outcome, entry.name_text) == (outcome, "DUPONT Marie")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("DUPONT Marie – urgence – absent", ""),
        ("abs DUPONT Marie urgence", ""),
        ("DUPONT Marie – détartrage", "Urgence\nAbsent"),
        ("DUPONT Marie", "Motif : urgence\nAbsent"),
    ],
)
def test_p48_an_emergency_as_motif_excuses_nobody(typed: Typed, title: str, text: str) -> None:
    outcome = typed(title, text).outcome
    assert outcome == Outcome("absent")


@pytest.mark.parametrize("title", ["VENU Marie – détartrage", "Déjà venu DUPONT Marie", "DUPONT Marie venu de loin"])
def test_p12_venu_in_a_name_or_a_sentence_is_no_outcome(typed: Typed, title: str) -> None:
    assert typed(title).outcome is None


def test_p19_prevenu_alone_is_comment(typed: Typed) -> None:
    entry = typed("DUPONT Marie – détartrage", "Prévenu")
    assert (entry.outcome, entry.comment) == (None, "Prévenu")
