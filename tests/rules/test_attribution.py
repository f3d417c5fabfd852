"""The right dentist: the event as typed, where it stands, the findings (P20 to P27, P49)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.model import Assessment, CalendarEvent, Consent, Dentist, Patient, Policy, Practice, Severity, Slot

PARIS = ZoneInfo("Europe/Paris")
Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]
Found = Callable[[Assessment], list[str]]
TITLE = "DUPONT Marie – détartrage"
AT_TEN = datetime(2026, 11, 26, 10, 0, tzinfo=PARIS)


def test_p20_a_known_patient_with_the_own_dentist_needs_no_question(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked(TITLE), marie)) == []


def test_p16_another_dentist_than_the_own_is_an_error(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assessment = judged(booked(TITLE), marie, dentist="bernard")
    assert found(assessment) == ["dentist-other"]
    assert not assessment.valid


def test_p23_the_yaml_cannot_relax_it(booked: Booked, judged: Judged, marie: Patient, lilas: Practice) -> None:
    off = Policy(severities={"dentist-other": Severity.OFF, "consent-void": Severity.INFO})
    assert not judged(booked(TITLE), marie, dentist="bernard", house=replace(lilas, policy=off)).valid


def test_p23_the_consent_typed_in_the_entry_is_recorded(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assessment = judged(booked(TITLE, "Accord patient : oui (tél. 12/05)"), marie, dentist="bernard")
    assert (found(assessment), assessment.valid) == (["consent-recorded"], True)
    assert assessment.patient_update is None


@pytest.mark.parametrize(
    ("typed", "noted", "rules"),
    [
        ("Accord patient : non", None, ["dentist-other"]),
        ("Accord patient : je crois", None, ["dentist-other", "consent-unclear"]),
        ("Commentaire : accord du patient oui", None, ["dentist-other"]),
        ("Accord patient : oui non", None, ["dentist-other", "consent-unclear"]),
        ("Accord patient : oui, à confirmer", None, ["dentist-other", "consent-unclear"]),
        ("Accord patient : oui ?", None, ["dentist-other", "consent-unclear"]),
        ("Accord patient : oui (Dr Inconnu)", None, ["dentist-other", "consent-unclear"]),
        ("Accord patient : oui (Dr Martin non disponible, vu avec Dr Bernard)", None, ["consent-recorded"]),
        ("Accord patient : oui (le 12/05, dr paul bernard)", None, ["consent-recorded"]),
        ("Accord patient : oui (Dr Martin)", None, ["dentist-other", "consent-void"]),
        ("Accord patient : oui", "durand", ["dentist-other", "consent-void"]),
        ("Accord patient : oui (Dr Bernard)", "durand", ["consent-recorded"]),
        ("Accord patient : oui", "bernard", ["consent-recorded"]),
    ],
)
def test_p23_consent_counts_for_one_dentist_and_one_booking(
    typed: str, noted: str | None, rules: list[str], booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked(TITLE, typed), marie, dentist="bernard", consent_dentist=noted)) == rules


def test_p23_consent_given_by_the_patients_link_counts_for_its_dentist(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    def rules(dentist: str) -> list[str]:
        return found(judged(booked(TITLE), marie, dentist="bernard", consent=Consent(True, "lien", dentist)))

    assert rules("bernard") == ["consent-recorded"]
    assert rules("martin") == ["dentist-other"]


@pytest.mark.parametrize(
    ("typed", "where", "rules"),
    [
        ("", "martin", ["dentist-unasked"]),
        ("Dentiste : Dr Martin", "martin", []),
        ("Dentiste : Dr Martin", "bernard", ["dentist-other"]),
        ("Dentiste : Dr Inconnu", "martin", ["dentist-unknown"]),
        ("Sans préférence", "bernard", ["dentist-follows"]),
    ],
)
def test_p22_who_has_no_dentist_on_file_is_asked(
    typed: str, where: str, rules: list[str], booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked(TITLE, typed), replace(marie, dentist=None), dentist=where)) == rules


def test_p22_a_dentist_typed_against_the_directory_changes_nothing(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assessment = judged(booked(TITLE, "Dentiste : Dr Bernard"), marie)
    assert found(assessment) == ["dentist-contradiction"]
    assert assessment.patient_update is None
    moved = judged(booked(TITLE, "Dentiste : Dr Bernard"), marie, dentist="bernard")
    assert found(moved) == ["dentist-contradiction", "dentist-other"]


def test_p23_no_preference_does_not_take_a_patient_from_the_own_dentist(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    assert found(judged(booked(TITLE, "Sans préférence"), marie, dentist="bernard")) == ["dentist-other"]


def test_p25_without_preference_the_dentist_of_the_booking_follows_the_patient(
    booked: Booked, judged: Judged, marie: Patient
) -> None:
    assessment = judged(booked(TITLE, "Sans préférence"), replace(marie, dentist=None), dentist="bernard")
    assert assessment.patient_update == replace(marie, dentist="bernard")
    assert assessment.findings[0].text == "Le patient sera suivi par Dr Paul Bernard."


def test_p25_an_earlier_slot_with_another_dentist_is_named(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    earlier = datetime(2026, 11, 23, 9, 0, tzinfo=PARIS)
    slots = (Slot("bernard", earlier, earlier.replace(minute=30)),)
    assessment = judged(booked(TITLE, "Sans préférence"), replace(marie, dentist=None), slots=slots)
    assert found(assessment) == ["dentist-earlier", "dentist-follows"]
    assert "Dr Paul Bernard peut recevoir plus tôt (lundi 23 novembre à 9 h)" in assessment.findings[0].text


def test_p24_the_own_dentists_slots_are_proposed_first(booked: Booked, judged: Judged, marie: Patient) -> None:
    slots = (
        Slot("bernard", AT_TEN, AT_TEN.replace(minute=30), needs_consent=True),
        Slot("martin", AT_TEN.replace(hour=11), AT_TEN.replace(hour=11, minute=30)),
    )
    assert judged(booked(TITLE), marie, dentist="bernard", slots=slots).findings[0].proposals == (
        "jeudi 26 novembre à 11 h, Dr Claire Martin",
        "jeudi 26 novembre à 10 h, Dr Paul Bernard (seulement avec l'accord du patient)",
    )


def test_p27_visits_with_another_dentist_than_the_one_on_file_are_shown(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    visits = ((date(2026, 3, 4), "bernard", None), (date(2025, 3, 4), "bernard", None))
    assert found(judged(booked(TITLE, "Suivi"), replace(marie, visits=visits))) == ["visits-disagree"]


def test_p23_whose_dentist_left_the_practice_gets_a_successor_in_so_many_words(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    orphan = replace(marie, dentist="petit")
    asked = judged(booked(TITLE), orphan)
    assert (found(asked), asked.valid) == (["dentist-left"], False)
    assert "était suivi(e) par petit, qui n'est plus au cabinet" in asked.findings[0].text
    assert "Tapez « Dentiste : Dr Claire Martin » ou « Sans préférence »" in asked.findings[0].text
    assert found(judged(booked(TITLE, "Sans préférence"), orphan)) == ["dentist-follows"]
    assert found(judged(booked(TITLE, "Accord patient : oui (tél. 12/05)"), orphan)) == ["consent-recorded"]
    assert found(judged(booked(TITLE, "Dentiste : Dr Bernard"), orphan)) == ["dentist-other"]
    assessment = judged(booked(TITLE, "Dentiste : Dr Martin"), orphan)
    assert assessment.valid
    assert assessment.patient_update == marie


def test_p22_a_practice_of_one_dentist_has_no_question_to_ask(
    booked: Booked, judged: Judged, found: Found, marie: Patient, lilas: Practice
) -> None:
    alone = replace(lilas, dentists=(Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste"),))
    assert found(judged(booked(TITLE), replace(marie, dentist=None), house=alone)) == []
