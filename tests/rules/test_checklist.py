"""The list to check before saving: the event as typed, the findings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.model import Assessment, CalendarEvent, Patient, Policy, Practice

PARIS = ZoneInfo("Europe/Paris")
Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]
Found = Callable[[Assessment], list[str]]
NEW = "Nouveau patient\nSans préférence\n"
BORN = "Né(e) le : 12/05/1981\n"
CONTACT = "Mobile : 06 12 34 56 78\nE-mail : paul@orange.fr\nAdresse : 3 rue des Lilas, 75020 Paris\n"
TITLE = "DURAND Paul – détartrage"


@pytest.mark.parametrize(
    ("point", "title", "text", "rule"),
    [
        ("P29", TITLE, NEW + CONTACT, "birth-date-missing"),
        ("P30", TITLE, NEW + BORN + CONTACT.replace("Mobile : 06 12 34 56 78\n", ""), "mobile-missing"),
        ("P31", TITLE, NEW + BORN + CONTACT.replace("E-mail : paul@orange.fr\n", ""), "email-missing"),
        ("P32", TITLE, NEW + BORN + CONTACT.partition("Adresse")[0], "address-missing"),
        ("P33", "DURAND Paul", NEW + BORN + CONTACT, "motif-missing"),
        ("P28", "Détartrage", NEW + BORN + CONTACT, "name-missing"),
        ("P13", TITLE, NEW + BORN + CONTACT.replace("06 12 34 56 78", "01 43 00 00 01"), "mobile-invalid"),
    ],
)
def test_p34_each_missing_mandatory_field_is_its_own_error(
    point: str, title: str, text: str, rule: str, booked: Booked, judged: Judged, found: Found
) -> None:
    assessment = judged(booked(title, text))
    assert [one for one in found(assessment) if one != "dentist-follows"] == [rule], point
    assert not assessment.valid
    assert assessment.patient_update is None


def test_p21_a_complete_new_patient_is_created_for_a_first_visit(booked: Booked, judged: Judged, found: Found) -> None:
    assessment = judged(booked(TITLE, NEW + BORN + CONTACT))
    assert found(assessment) == ["dentist-follows"]
    assert assessment.booking is not None
    assert assessment.booking.first_visit
    assert assessment.patient_update == Patient(
        "Durand",
        "Paul",
        birth_date=date(1981, 5, 12),
        mobile="+33612345678",
        email="paul@orange.fr",
        address="3 rue des Lilas, 75020 Paris",
        dentist="martin",
    )


def test_p34_what_the_practice_does_not_require_is_not_asked(
    booked: Booked, judged: Judged, found: Found, lilas: Practice
) -> None:
    relaxed = replace(lilas, policy=Policy(mandatory=frozenset({"name", "motif"})))
    assert found(judged(booked(TITLE, NEW), house=relaxed)) == ["dentist-follows"]


def test_p34_a_minor_is_reached_through_the_parent(booked: Booked, judged: Judged, found: Found) -> None:
    text = NEW + "Né(e) le : 12/05/2015\nAdresse : 3 rue des Lilas, 75020 Paris\n"
    guardian = "Responsable : Mme Durand Anne, 06 12 34 56 78, anne@orange.fr"
    assessment = judged(booked(TITLE, text + guardian))
    assert found(assessment) == ["dentist-follows"]
    assert assessment.booking is not None
    assert assessment.booking.mobile == "+33612345678"


def test_p34_an_adult_is_not_reached_through_a_parent(booked: Booked, judged: Judged, found: Found) -> None:
    text = NEW + BORN + "Adresse : 3 rue des Lilas, 75020 Paris\nResponsable : Mme Durand Anne, 06 12 34 56 78"
    assert {"mobile-missing", "email-missing"} <= set(found(judged(booked(TITLE, text))))


@pytest.mark.parametrize(
    ("typed", "rule"), [("oui (n'en a pas)", "mobile-waived"), ("oui", "mobile-missing"), ("non", "mobile-missing")]
)
def test_p34_an_exception_counts_with_its_reason(
    typed: str, rule: str, booked: Booked, judged: Judged, found: Found
) -> None:
    text = NEW + BORN + CONTACT.replace("Mobile : 06 12 34 56 78", f"Sans mobile : {typed}")
    assert rule in found(judged(booked(TITLE, text)))


@pytest.mark.parametrize(
    ("typed", "waived"),
    [
        ("pas de SMS", {"mobile-waived"}),
        ("SMS : non", {"mobile-waived"}),
        ("ne veut pas de mail, merci", {"email-waived"}),
        ("Ne pas prévenir", {"mobile-waived", "email-waived"}),
        ("pas de SMS, ne veut pas de mails", {"mobile-waived", "email-waived"}),
        ("pas de SMS avant 9h", set()),
        ("SMS : oui", set()),
    ],
)
def test_p34_what_she_wants_unsent_is_not_sent_and_denies_no_number(
    typed: str, waived: set[str], booked: Booked, judged: Judged, found: Found
) -> None:
    assessment = judged(booked(TITLE, NEW + BORN + CONTACT + typed))
    assert {rule for rule in found(assessment) if rule.endswith("-waived")} == waived
    assert assessment.booking is not None
    assert assessment.booking.patient.mobile, "it stays on the record"
    assert (assessment.booking.patient.without_mobile, assessment.booking.patient.without_email) == (None, None)
    assert (assessment.booking.mobile is None, assessment.booking.email is None) == (
        "mobile-waived" in waived,
        "email-waived" in waived,
    )


def test_p34_ruling19_what_is_not_to_be_sent_once_is_no_answer_that_stands(booked: Booked, judged: Judged) -> None:
    """She is asked for a number again at the next visit."""
    assessment = judged(booked(TITLE, NEW + BORN + "Adresse : 3 rue des Lilas, 75020 Paris\nNe rien envoyer"))
    assert assessment.booking is not None
    assert (assessment.booking.patient.without_mobile, assessment.booking.patient.without_email) == (None, None)


@pytest.mark.parametrize(
    ("start", "minutes", "rule"),
    [
        (datetime(2026, 11, 20, 9, 30, tzinfo=PARIS), 60, "date-past"),
        (datetime(2026, 11, 24, 3, 30, tzinfo=PARIS), 30, "date-night"),
        (datetime(2026, 11, 24, 22, 0, tzinfo=PARIS), 30, "date-night"),
        (datetime(2028, 11, 24, 9, 30, tzinfo=PARIS), 30, "date-distant"),
        (datetime(2026, 11, 24, 9, 30, tzinfo=PARIS), 0, "date-length"),
        (datetime(2026, 11, 24, 9, 30, tzinfo=PARIS), -30, "date-length"),
        (datetime(2026, 11, 24, 8, 30, tzinfo=PARIS), 600, "date-length"),
    ],
)
def test_p17_a_slip_in_date_hour_or_length_is_seen(
    start: datetime, minutes: int, rule: str, booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    event = replace(booked("DUPONT Marie – détartrage"), start=start, end=start + timedelta(minutes=minutes))
    assert found(judged(event, marie)) == [rule]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"all_day": True}, "date-all-day"),
        ({"flags": frozenset({"zone-unknown"})}, "zone-unknown"),
        ({"flags": frozenset({"nonexistent-time"})}, "time-shifted"),
        ({"flags": frozenset({"no-end"})}, "date-length"),
    ],
)
def test_p17_what_the_calendar_left_open_is_asked(
    more: dict[str, object], rule: str, booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked("DUPONT Marie – détartrage", **more), marie)) == [rule]


def test_p17_a_note_typed_during_the_appointment_does_not_make_it_past(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    during = datetime(2026, 11, 24, 9, 45, tzinfo=PARIS)
    event = booked("DUPONT Marie – détartrage")
    assert found(judged(event, marie, now=during, linked=1, kept_time=True)) == []
    assert found(judged(event, marie, now=during + timedelta(days=1), linked=1, kept_time=True)) == []


def test_p17_dragged_into_the_past_is_said(booked: Booked, judged: Judged, found: Found, marie: Patient) -> None:
    event = booked("DUPONT Marie – détartrage")
    assert found(judged(event, marie, now=event.start + timedelta(minutes=1), linked=1)) == ["date-past"]


@pytest.mark.parametrize(
    ("text", "visited", "rules"),
    [
        ("Suivi", False, ["visit-contradiction"]),
        ("Première consultation", True, ["visit-contradiction"]),
        ("Suivi", True, []),
        ("Première consultation", False, []),
        ("", True, ["visit-unstated"]),
        ("", False, []),
    ],
)
def test_p07_what_she_says_is_held_against_the_past_visits(
    text: str, visited: bool, rules: list[str], booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    visits = ((date(2026, 3, 4), "martin", "Contrôle"),) if visited else ()
    assert found(judged(booked("DUPONT Marie – détartrage", text), replace(marie, visits=visits))) == rules


def test_p48_unexcused_absences_are_remarked(booked: Booked, judged: Judged, marie: Patient) -> None:
    late = replace(marie, remarks=(date(2026, 3, 12), date(2025, 1, 2)))
    [finding] = judged(booked("DUPONT Marie – détartrage"), late).findings
    assert finding.text == "Déjà 2 absences non excusées (12/03/2026, 02/01/2025)."


@pytest.mark.parametrize(
    ("title", "text", "rules"),
    [
        ("DUPONT Marie – détartage", "", []),
        ("DUPONT Marie", "Motif : plombage", ["motif-unknown"]),
        ("DUPONT Marie", "Motif : détartrage, contrôle", ["motif-ambiguous"]),
        ("DUPONT Marie", "Motif : consultation", ["motif-vague"]),
    ],
)
def test_p15_the_motif_is_one_that_the_practice_offers(
    title: str, text: str, rules: list[str], booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked(title, text), marie)) == rules


def test_p06_an_unknown_motif_names_the_nearest(booked: Booked, judged: Judged, marie: Patient) -> None:
    finding = judged(booked("DUPONT Marie", "Motif : contrat"), marie).findings[0]
    assert finding.rule == "motif-unknown"
    assert "Contrôle" in finding.text


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Mobile : 01 43 00 00 00", ["details-kept", "mobile-invalid"]),
        ("Mobile : 06 12 34 56", ["details-kept", "mobile-invalid"]),
        ("E-mail : marie.orange.fr", ["details-kept", "email-invalid"]),
        ("E-mail : marie@gmial.com", ["details-kept", "email-slip"]),
    ],
)
def test_p50_a_wrong_mobile_or_email_blocks_even_with_a_good_one_on_file(
    text: str, rules: list[str], booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assessment = judged(booked("DUPONT Marie – détartrage", text), marie)
    assert (found(assessment), assessment.valid) == (rules, False)


def test_p31_without_an_email_the_booking_waits(booked: Booked, judged: Judged, found: Found, marie: Patient) -> None:
    assessment = judged(booked("DUPONT Marie – détartrage"), replace(marie, email=None))
    assert (found(assessment), assessment.valid) == (["email-missing"], False)
