"""The practice des Lilas, and its secretary at the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from rules.checks.assess import Context, assess
from rules.entry.is_patient import Likeness, looks_like_patient
from rules.entry.reading import read
from rules.model import Assessment, CalendarEvent, Dentist, Entry, Motif, Patient, Practice

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="session")
def lilas() -> Practice:
    return Practice(
        key="lilas",
        name="Cabinet dentaire des Lilas",
        address="12 rue des Lilas, 75020 Paris",
        phone="01 43 00 00 00",
        email="secretariat@lilas.example",
        zone=PARIS,
        dentists=(
            Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste"),
            Dentist("bernard", "Dr Paul Bernard", "Orthodontiste"),
        ),
        motifs=(
            Motif("Détartrage", 30, ("nettoyage",), first_visit_minutes=45),
            Motif("Détartrage complet", 60),
            Motif("Douleur", 20, ("urgence", "mal de dent"), within_days=2),
            Motif("Contrôle", 20),
        ),
        blocks=("Congés", "Formation", "Réunion", "Déjeuner"),
    )


@pytest.fixture(scope="session")
def booked() -> Callable[..., CalendarEvent]:
    """An event on Tuesday 24 November 2026 at 9 h 30, as typed."""

    def event(title: str, text: str = "", **more: object) -> CalendarEvent:
        start = datetime(2026, 11, 24, 9, 30, tzinfo=PARIS)
        return CalendarEvent("u1", start, start.replace(hour=10, minute=0), title, text, **more)  # type: ignore[arg-type]

    return event


@pytest.fixture(scope="session")
def typed(lilas: Practice, booked: Callable[..., CalendarEvent]) -> Callable[..., Entry]:
    """What is read in an event with this title and text."""

    def reading(title: str, text: str = "", **more: object) -> Entry:
        return read(booked(title, text, **more), lilas, datetime(2026, 11, 20, 10, 0, tzinfo=PARIS))

    return reading


@pytest.fixture(scope="session")
def likeness(
    lilas: Practice, booked: Callable[..., CalendarEvent], typed: Callable[..., Entry]
) -> Callable[..., Likeness]:
    """How much an event with this title and text looks like a patient's."""

    def judged(title: str, text: str = "") -> Likeness:
        return looks_like_patient(typed(title, text), booked(title, text), lilas)

    return judged


@pytest.fixture(scope="session")
def rules_of() -> Callable[[Entry], set[str]]:
    """The ids of an entry's findings."""
    return lambda entry: {finding.rule for finding in entry.findings}


@pytest.fixture(scope="session")
def marie() -> Patient:
    """A patient of Dr Martin with a complete record."""
    return Patient(
        "Dupont",
        "Marie",
        1,
        birth_date=date(1981, 5, 12),
        mobile="+33612345678",
        email="marie@orange.fr",
        address="3 rue des Roses, 75020 Paris",
        dentist="martin",
    )


@pytest.fixture(scope="session")
def judged(lilas: Practice) -> Callable[..., Assessment]:
    """What the rules make of an event in Dr Martin's calendar, four days ahead; keywords go to the context."""

    def assessed(event: CalendarEvent, *people: Patient, house: Practice = lilas, **more: object) -> Assessment:
        now = datetime(2026, 11, 20, 10, 0, tzinfo=PARIS)
        context = Context(**{"dentist": "martin", "now": now, "candidates": people} | more)  # type: ignore[arg-type]
        return assess(event, read(event, house, context.now), house, context)

    return assessed


@pytest.fixture(scope="session")
def found() -> Callable[[Assessment], list[str]]:
    """The ids of an assessment's findings, in order; the length (P8) is looked at by its own tests."""
    return lambda assessment: [one.rule for one in assessment.findings if not one.rule.startswith("duration-")]
