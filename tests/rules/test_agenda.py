"""The dentist's time: what else is there, and the findings (P9 to P11, P24, P51)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.checks.agenda import block_findings, wanted_minutes
from rules.checks.public_holidays import holiday_name
from rules.model import Assessment, Booking, Busy, CalendarEvent, Dentist, Kind, Patient, Practice, Slot

PARIS = ZoneInfo("Europe/Paris")
Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]
Found = Callable[[Assessment], list[str]]
TITLE = "DUPONT Marie – détartrage"
START = datetime(2026, 11, 24, 9, 30, tzinfo=PARIS)
HALF = timedelta(minutes=30)
HOURS = {1: ((time(8, 30), time(12, 30)), (time(14, 0), time(19, 0)))}
OPEN = Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste", HOURS)
OTHER = Busy("martin", START, START + HALF, Kind.BOOKING, 1, "u2", patient_id=2, label="PETIT Luc")


def test_p10_the_later_of_two_bookings_gives_way(booked: Booked, judged: Judged, marie: Patient) -> None:
    later = judged(booked(TITLE), marie, busy=(OTHER,), order=2)
    assert [one.text for one in later.findings] == ["Ce créneau est déjà pris : PETIT Luc (9 h 30 – 10 h)."]
    earlier = judged(booked(TITLE), marie, busy=(OTHER,), order=0)
    assert ([one.rule for one in earlier.findings], earlier.valid) == (["conflict-later"], True)


@pytest.mark.parametrize("shift", [HALF, -HALF])
def test_p10_back_to_back_is_no_conflict(
    shift: timedelta, booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    beside = replace(OTHER, start=OTHER.start + shift, end=OTHER.end + shift)
    assert found(judged(booked(TITLE), marie, busy=(beside,), order=2)) == []


def test_p10_of_a_private_event_only_that_the_time_is_taken_is_said(
    booked: Booked, judged: Judged, marie: Patient
) -> None:
    private = replace(OTHER, kind=Kind.PRIVATE, patient_id=None, label="Rendez-vous secret")
    [finding] = judged(booked(TITLE), marie, busy=(private,)).findings
    assert finding.text == "Ce créneau est déjà pris : occupé (9 h 30 – 10 h)."


def test_p09_a_day_of_leave_is_said_as_such(booked: Booked, judged: Judged, found: Found, marie: Patient) -> None:
    midnight = START.replace(hour=0, minute=0)
    leave = Busy("martin", midnight, midnight + timedelta(days=1), Kind.BLOCK, 9, "u3", label="Congés", all_day=True)
    assert found(judged(booked(TITLE), marie, busy=(leave,))) == ["on-leave"]


def test_p10_another_dentists_time_is_no_conflict(booked: Booked, judged: Judged, found: Found, marie: Patient) -> None:
    assert found(judged(booked(TITLE), marie, busy=(replace(OTHER, dentist="bernard"),), order=2)) == []


def test_p10_a_patient_is_not_in_two_chairs(booked: Booked, judged: Judged, found: Found, marie: Patient) -> None:
    elsewhere = replace(OTHER, dentist="bernard", patient_id=1)
    assert found(judged(booked(TITLE), marie, busy=(elsewhere,), order=2)) == ["patient-twice"]


def test_p10_the_same_motif_twice_is_a_warning_but_a_series_is_not(
    booked: Booked, judged: Judged, found: Found, marie: Patient
) -> None:
    week = timedelta(days=7)
    again = replace(OTHER, patient_id=1, motif="Détartrage", start=START + week, end=START + week + HALF)
    assert found(judged(booked(TITLE), marie, busy=(again,))) == ["motif-twice"]
    assert found(judged(booked(TITLE), marie, busy=(replace(again, uid="u1", recurrence="x"),))) == []


@pytest.mark.parametrize(
    ("start", "rules"),
    [
        (START, []),
        (START.replace(hour=12, minute=0), []),
        (START.replace(hour=12, minute=15), ["outside-hours"]),
        (START.replace(hour=13), ["outside-hours"]),
        (START + timedelta(days=1), ["outside-hours"]),
    ],
)
def test_p09_inside_the_opening_hours(
    start: datetime, rules: list[str], booked: Booked, judged: Judged, found: Found, marie: Patient, lilas: Practice
) -> None:
    house = replace(lilas, dentists=(OPEN, lilas.dentists[1]))
    event = replace(booked(TITLE), start=start, end=start + HALF)
    assert found(judged(event, marie, house=house)) == rules


def test_p09_a_public_holiday_is_no_day_for_bookings(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    christmas = datetime(2026, 12, 25, 9, 30, tzinfo=PARIS)
    event = replace(booked(TITLE), start=christmas, end=christmas + HALF)
    [finding] = judged(event, marie, house=replace(lilas, holidays="75")).findings
    assert finding.text == "Vendredi 25 décembre est férié (Noël)."


@pytest.mark.parametrize(
    ("day", "department", "closed"),
    [
        (date(2026, 12, 26), "75", False),
        (date(2026, 12, 26), "57", True),
        (date(2026, 12, 26), "67", True),
        (date(2026, 12, 26), "68", True),
        (date(2026, 12, 26), "6ae", True),
        (date(2026, 12, 20), "974", True),
        (date(2026, 7, 14), "nowhere", True),
        (date(2026, 7, 14), None, False),
    ],
)
def test_p09_local_holidays_count_where_they_are_kept(day: date, department: str | None, closed: bool) -> None:
    assert bool(holiday_name(day, department)) == closed


def test_p11_pain_does_not_wait(booked: Booked, judged: Judged, found: Found, marie: Patient) -> None:
    assert found(judged(booked("DUPONT Marie – douleur"), marie)) == ["urgency-late"]
    soon = booked("DUPONT Marie – douleur", created=START - timedelta(days=1))
    assert found(judged(soon, marie)) == []


def test_p11_the_nearest_earlier_slots_are_proposed(booked: Booked, judged: Judged, marie: Patient) -> None:
    sooner, later = START - timedelta(days=1), START + timedelta(days=1)
    slots = tuple(Slot("martin", at, at + timedelta(minutes=20)) for at in (later, sooner))
    findings = judged(booked("DUPONT Marie – douleur"), marie, slots=slots).findings
    finding = next(one for one in findings if one.rule == "urgency-late")
    assert finding.proposals == ("lundi 23 novembre à 9 h 30, Dr Claire Martin",)


@pytest.mark.parametrize("title", ["", "Bloqué", "Occupé", "x", "...", "RDV", "Busy"])
def test_p51_time_kept_without_a_reason_is_flagged(title: str, booked: Booked, judged: Judged, found: Found) -> None:
    assessment = judged(booked(title))
    assert (assessment.kind, found(assessment)) == (Kind.BLOCK, ["block-without-motif"])


@pytest.mark.parametrize("title", ["Congés", "Réunion équipe", "Formation", "Plombier"])
def test_p51_any_real_text_is_a_reason(title: str, booked: Booked, judged: Judged, found: Found) -> None:
    assessment = judged(booked(title))
    assert (assessment.kind, found(assessment)) == (Kind.BLOCK, [])


@pytest.mark.parametrize(
    ("title", "place"),
    [
        ("Visite appartement", "4 place de la République, 75011 Paris"),
        ("Visite appartement 4 place de la République 75011 Paris", ""),
    ],
)
def test_p51_an_address_alone_makes_nobody_a_patient(
    title: str, place: str, booked: Booked, judged: Judged, found: Found
) -> None:
    assessment = judged(booked(title, location=place))
    assert (assessment.kind, found(assessment)) == (Kind.BLOCK, [])


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"private": True}, Kind.PRIVATE),
        ({"transparent": True}, Kind.IGNORED),
        ({"private": True, "transparent": True}, Kind.IGNORED),
        ({"kind": "birthday"}, Kind.IGNORED),
    ],
)
def test_p51_private_and_free_events_are_left_alone(
    more: dict[str, object], kind: Kind, booked: Booked, judged: Judged, lilas: Practice
) -> None:
    assessment = judged(booked("x", **more))
    assert (assessment.kind, assessment.findings) == (kind, ())
    assert bool(block_findings(booked("x", **more), lilas)) == ("kind" in more)


def test_p08_a_first_visit_is_longer(lilas: Practice, marie: Patient) -> None:
    booking = Booking("martin", START, START + HALF, marie, "Détartrage")
    assert wanted_minutes(booking, lilas) == 30
    assert wanted_minutes(replace(booking, first_visit=True), lilas) == 45
    assert wanted_minutes(replace(booking, motif=None), lilas) is None
