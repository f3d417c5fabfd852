"""What the rules make of one event, whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.checks.assess import Context, assess
from rules.entry.reading import read
from rules.findings import RULES
from rules.model import (
    Assessment,
    Busy,
    CalendarEvent,
    Consent,
    Dentist,
    Entry,
    Kind,
    Motif,
    Patient,
    Policy,
    Practice,
    Severity,
    Status,
)

PARIS = ZoneInfo("Europe/Paris")
Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]
Found = Callable[[Assessment], list[str]]
TITLE = "DUPONT Marie – détartrage"
NEW = (
    "Nouveau patient\nNé(e) le : 12/05/1981\nMobile : 06 12 34 56 78\nE-mail : paul@orange.fr\n"
    "Adresse : 3 rue des Lilas, 75020 Paris\nSans préférence"
)


def test_p12_an_incomplete_name_is_completed_by_the_record(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assessment = judged(booked("Dupont – détartrage", "06 12 34 56 78"), marie)
    assert found(assessment) == []
    assert assessment.booking is not None
    assert assessment.booking.patient.name == "DUPONT Marie"


def test_p03_homonyms_are_told_apart_before_anything_is_missing(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked(TITLE), marie, replace(marie, id=9))) == ["patient-ambiguous"]


def test_p04_a_changed_detail_updates_the_record_and_says_so(booked: Booked, judged: Judged, marie: Patient) -> None:
    assessment = judged(booked(TITLE, "Mobile : 06 22 33 44 55"), marie)
    assert assessment.patient_update == replace(marie, mobile="+33622334455")
    assert assessment.findings[0].text == "Fichier mis à jour : mobile : …78 → …55."


def test_p04_nothing_is_updated_while_an_error_stands(booked: Booked, judged: Judged, marie: Patient) -> None:
    assessment = judged(booked(TITLE, "Mobile : 06 22 33 44 55"), marie, dentist="bernard")
    assert (assessment.patient_update, assessment.changes) == (None, ())


def test_p05_judging_the_new_patients_entry_again_says_the_same(booked: Booked, judged: Judged) -> None:
    first = judged(booked("DURAND Paul – détartrage", NEW))
    assert first.patient_update is not None
    again = judged(booked("DURAND Paul – détartrage", NEW), replace(first.patient_update, id=7), linked=7)
    assert (again.findings, again.patient_update) == (first.findings, None)


@pytest.mark.parametrize("more", [{"title": f"Annulé {TITLE}"}, {"title": TITLE, "status": Status.CANCELLED}])
def test_p43_a_cancelled_booking_has_nothing_to_correct(
    more: dict[str, object], booked: Booked, judged: Judged, marie: Patient
) -> None:
    assessment = judged(booked(**more), marie, dentist="bernard")
    assert assessment.booking is not None
    assert (assessment.booking.cancelled, assessment.findings) == (True, ())


def test_p51_ruling22_a_motif_alone_asks_who_comes(booked: Booked, judged: Judged, marie: Patient) -> None:
    asked = judged(booked("Détartrage"))
    assert [one.rule for one in asked.findings] == ["name-missing"]
    assert judged(booked("Détartrage autoclave")).kind is Kind.BLOCK
    assert judged(booked("Détartrage", "06 12 34 56 78"), marie).kind is Kind.BOOKING


def test_a_question_is_no_booking(booked: Booked, judged: Judged) -> None:
    assert judged(booked("? dupont 1981")).kind is Kind.QUERY


def test_p18_a_booking_whose_client_marked_it_free_is_still_one(booked: Booked, judged: Judged, marie: Patient) -> None:
    assert judged(booked(TITLE, transparent=True), marie).kind is Kind.BOOKING


# --- laws ------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=PARIS)
NAMES = st.sampled_from(["", "DUPONT Marie", "Dupont", "DUPOND Marie", "Marie", "LE GOFF Yann", "x", "🦷", "é" * 300])
DENTISTS = st.sampled_from(["martin", "bernard", "petit", None])
BIRTHS = st.sampled_from([None, date(1981, 5, 12), date(2015, 2, 3)])
MOBILES = st.sampled_from([None, "+33612345678", "+33787654321"])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1), timezones=st.sampled_from([UTC, PARIS]))
CONSENTS = st.none() | st.builds(Consent, st.booleans(), st.just(""), DENTISTS)
ENTRIES = st.builds(
    Entry,
    name_text=NAMES,
    birth_date=BIRTHS,
    mobile=MOBILES,
    mobile_text=st.sampled_from(["", "06"]),
    motif=st.sampled_from([None, "Détartrage", "Inconnu"]),
    first_visit=st.none() | st.booleans(),
    known=st.none() | st.booleans(),
    new_patient=st.booleans(),
    dentist=DENTISTS,
    no_preference=st.booleans(),
    consent=CONSENTS,
    without_mobile=st.sampled_from([None, "oui", "n'en a pas"]),
)
PATIENTS = st.builds(
    Patient,
    st.sampled_from(["Dupont", "Le Goff", ""]),
    st.sampled_from(["Marie", "Yann", ""]),
    st.integers(1, 9),
    birth_date=BIRTHS,
    mobile=MOBILES,
    dentist=DENTISTS,
)
EVENTS = st.builds(
    lambda start, minutes, title, **more: CalendarEvent("u1", start, start + timedelta(minutes=minutes), title, **more),
    MOMENTS,
    st.integers(-100, 2000),
    NAMES,
    all_day=st.booleans(),
    transparent=st.booleans(),
    status=st.sampled_from(Status),
    flags=st.frozensets(st.sampled_from(["zone-unknown", "no-end", "nonexistent-time"])),
)
BUSY = st.builds(
    lambda start, kind, order, patient: Busy(
        "martin", start, start + timedelta(hours=1), kind, order, "u2", patient_id=patient, motif="Détartrage"
    ),
    MOMENTS,
    st.sampled_from(Kind),
    st.integers(0, 9),
    st.none() | st.integers(1, 9),
)
CONTEXTS = st.builds(
    Context,
    dentist=st.sampled_from(["martin", "bernard"]),
    now=st.just(NOW),
    order=st.integers(0, 9),
    candidates=st.lists(PATIENTS, max_size=4).map(tuple),
    busy=st.lists(BUSY, max_size=3).map(tuple),
    linked=st.none() | st.integers(1, 9),
    consent=CONSENTS,
    consent_dentist=DENTISTS,
)
SEVERITIES = st.dictionaries(st.sampled_from(sorted(RULES)), st.sampled_from(Severity), max_size=60)


def house(severities: dict[str, Severity]) -> Practice:
    team = (Dentist("martin", "Dr Claire Martin", "D", {1: ()}), Dentist("bernard", "Dr Paul Bernard", "O"))
    policy = Policy(severities=severities)
    motifs = (Motif("Détartrage", 30, within_days=2),)
    return Practice("k", "Cabinet", "a", "p", "e@x.fr", PARIS, team, motifs, holidays="75", policy=policy)


@given(EVENTS, ENTRIES, CONTEXTS, SEVERITIES)
def test_law_same_facts_same_answer_whatever_stands_in_an_event(
    event: CalendarEvent, entry: Entry, context: Context, severities: dict[str, Severity]
) -> None:
    first = assess(event, entry, house(severities), context)
    assert assess(event, entry, house(severities), context) == first
    assert len(set(first.findings)) == len(first.findings)
    assert first.valid or first.patient_update is None


@given(EVENTS, ENTRIES, CONTEXTS, SEVERITIES)
def test_law_findings_stand_in_the_procedures_order_and_what_is_off_is_not_said(
    event: CalendarEvent, entry: Entry, context: Context, severities: dict[str, Severity]
) -> None:
    said = [one.rule for one in assess(event, entry, house(severities), context).findings]
    assert said == sorted(said, key=list(RULES).index)
    assert not any(severities.get(rule) is Severity.OFF and not RULES[rule].fixed for rule in said)


EVERYTHING_OFF = dict.fromkeys(RULES, Severity.OFF)  # the most that a YAML could allow


MARIES = st.builds(Patient, st.just("Dupont"), st.just("Marie"), st.just(1), birth_date=BIRTHS, dentist=DENTISTS)


@given(EVENTS, ENTRIES, CONTEXTS, MARIES)
@settings(max_examples=300)
def test_p49_law_never_with_another_dentist_without_consent_for_this_one(
    event: CalendarEvent, entry: Entry, context: Context, marie: Patient
) -> None:
    standing, named = replace(event, status=Status.CONFIRMED), replace(entry, name_text="DUPONT Marie")
    assessment = assess(standing, named, house(EVERYTHING_OFF), replace(context, candidates=(marie,)))
    booking = assessment.booking
    if booking is None or booking.cancelled or booking.patient.dentist in {None, context.dentist, "petit"}:
        return
    typed, noted = entry.consent or context.consent, context.consent_dentist
    meant = typed and (typed.dentist or (entry.consent and (noted or context.dentist)))
    assert (typed and typed.given and meant == context.dentist) or not assessment.valid


@given(st.text(max_size=60), st.text(max_size=200), st.lists(PATIENTS, max_size=3))
def test_law_whatever_is_typed_is_assessed(title: str, text: str, people: list[Patient]) -> None:
    start = datetime(2026, 11, 24, 9, 30, tzinfo=PARIS)
    event = CalendarEvent("u1", start, start + timedelta(minutes=30), title, text)
    entry = read(event, house({}), NOW)
    assert assess(event, entry, house({}), Context("martin", NOW, candidates=tuple(people))).kind in Kind
