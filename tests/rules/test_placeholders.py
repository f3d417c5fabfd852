"""Events that keep a place for somebody to come: no booking, no block, and free to be taken (P9, P11, P51)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.entry.reserved_slots import Place, place
from rules.model import Assessment, Busy, CalendarEvent, Kind, Patient

Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]


@pytest.mark.parametrize(
    "title",
    ["libre", "Libre", "LIBRE", "Créneau libre", "créneaux disponibles", "Place dispo", "[Martin] libre", "libre !",
     "réservé libre", "Plage libre pour rdv"],
)  # fmt: skip
def test_p09_a_place_kept_free(title: str) -> None:
    assert place(title) is Place.FREE


@pytest.mark.parametrize(
    "title",
    ["Urgence réservée", "urgences réservées", "Créneau urgence", "créneau d'urgence", "Réservé aux urgences",
     "place pour les urgences", "Libre urgence", "[bernard] Plage urgences", "RÉSERVÉ URGENCE"],
)  # fmt: skip
def test_p11_a_place_kept_for_urgencies(title: str) -> None:
    assert place(title) is Place.URGENT


@pytest.mark.parametrize(
    "title",
    ["", "Urgence", "urgences", "Réservé", "créneau", "x", "RDV", "Bloqué", "Congés", "Libre Marie", "DUPONT libre",
     "Urgence Dupont", "Urgence réservée Dupont", "Jour libre", "Marché libre", "place", "...", "🦷", "LIBREVILLE"],
)  # fmt: skip
def test_p51_anything_else_is_no_such_place(title: str) -> None:
    assert place(title) is None


@given(st.text())
def test_any_title_has_an_answer(title: str) -> None:
    assert place(title) in {None, *Place}


def test_p51_it_is_neither_booking_nor_block(booked: Booked, judged: Judged) -> None:
    for title in ("Libre", "Urgence réservée"):
        found = judged(booked(title))
        assert (found.kind, found.findings) == (Kind.PLACEHOLDER, ())


def test_p11_a_patient_typed_into_it_makes_it_a_booking(booked: Booked, judged: Judged, marie: Patient) -> None:
    for title in ("Urgence réservée DUPONT Marie – douleur", "Libre DUPONT Marie – détartrage"):
        assert judged(booked(title), marie).kind is Kind.BOOKING
    assert judged(booked("Urgence réservée", "Nom : DUPONT Marie\nMotif : douleur"), marie).kind is Kind.BOOKING


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Urgence réservée DUPONT Marie – douleur", ""),
        ("Libre DUPONT Marie – douleur", ""),
        ("DUPONT Marie – douleur (réservé urgence)", ""),
        ("Créneau urgence", "DUPONT Marie, douleur"),
        ("Urgence réservée", "DUPONT Marie\ndouleur"),
        ("Libre", "Patient : DUPONT Marie\nMotif : douleur"),
    ],
)
def test_p11_whoever_is_typed_into_it_is_recognised(
    booked: Booked, judged: Judged, marie: Patient, title: str, text: str
) -> None:
    found = judged(booked(title, text), marie)
    assert found.kind is Kind.BOOKING
    assert found.booking is not None
    assert (found.booking.patient.id, found.booking.motif) == (marie.id, "Douleur")


def test_p12_a_family_may_be_called_so(booked: Booked, judged: Judged, marie: Patient) -> None:
    found = judged(booked("LIBRE Jean – douleur"), replace(marie, family_name="Libre", given_name="Jean"))
    assert found.booking is not None
    assert found.booking.patient.name == "LIBRE Jean"


def test_p11_details_typed_into_it_make_it_a_booking(booked: Booked, judged: Judged) -> None:
    assert judged(booked("Urgence réservée", "Mobile : 06 12 34 56 78")).kind is Kind.BOOKING


def test_a_free_or_cancelled_one_keeps_nothing(booked: Booked, judged: Judged) -> None:
    assert judged(booked("Libre", transparent=True)).kind is Kind.IGNORED


@pytest.mark.parametrize("label", ["Libre", "Urgence réservée"])
def test_p10_booking_over_it_is_no_conflict(booked: Booked, judged: Judged, marie: Patient, label: str) -> None:
    event = booked("DUPONT Marie – douleur")
    kept = Busy("martin", event.start, event.end, Kind.PLACEHOLDER, 0, "other", label=label)
    assert not {"conflict", "conflict-later"} & {one.rule for one in judged(event, marie, busy=(kept,)).findings}


@pytest.mark.parametrize("dentist", ["martin", "bernard"])
def test_p10_nor_is_a_whole_day_of_it_a_leave(booked: Booked, judged: Judged, marie: Patient, dentist: str) -> None:
    event = booked("DUPONT Marie – douleur")
    kept = Busy(dentist, event.start, event.end, Kind.PLACEHOLDER, 0, "other", label="Libre", all_day=True)
    assert "on-leave" not in {one.rule for one in judged(event, marie, busy=(replace(kept),)).findings}
