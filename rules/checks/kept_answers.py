"""Answers that stay on a patient's record: no mobile, no e-mail, who is reached for a child (ruling 19). Wherever one
is used, the event says so with the day on which it was noted."""

from __future__ import annotations

from datetime import date
from typing import Literal

from rules.checks.checklist import adult
from rules.findings import raised
from rules.model import Booking, Entry, Finding, Guardian, Patient, Practice
from rules.patients.standing_answers import is_relation
from rules.text.french import numeric_day

Findings = tuple[Finding, ...]


def without(patient: Patient, field: Literal["mobile", "email"]) -> str | None:
    """Why the patient has no mobile or e-mail, with the day on which that was noted; None if they have one or it is
    unknown."""
    reason, since = getattr(patient, f"without_{field}"), getattr(patient, f"without_{field}_since")
    if not reason or getattr(patient, field):
        return None
    return f"{reason} (noté le {numeric_day(since)})" if since else str(reason)


def guardian(entry: Entry, patient: Patient, day: date) -> Guardian | None:
    """Who gets the messages of a patient who is a child on that day: as typed, completed by the record. For an adult
    only a guardian who was typed, and not by relation alone (`maman`)."""
    typed = entry.guardian
    if _parent_of_adult(entry, patient, day) or (typed is None and not _child(patient, day)):
        return None
    name = typed.name if typed else ""
    called = patient.guardian if patient.guardian and (not name or is_relation(name)) else name
    mobile = (typed.mobile if typed else None) or patient.guardian_mobile
    email = (typed.email if typed else None) or patient.guardian_email
    return Guardian(called or "", mobile, email) if typed or mobile or email else None


def said(entry: Entry, patient: Patient, booking: Booking, practice: Practice, *, other_child: bool) -> Findings:
    """The finding that the guardian comes from the record, or the question about a parent's number in an adult's
    event."""
    day = booking.start.astimezone(practice.zone).date()
    if entry.guardian and _parent_of_adult(entry, patient, day):
        number = (entry.guardian.mobile or entry.guardian.email or "")[-6:]
        return raised(practice.policy, "detail-unclear", seen=f"{entry.guardian.name} …{number}")
    used = booking.guardian
    known = entry.guardian is not None and (entry.guardian.mobile or entry.guardian.email) and not other_child
    if used is None or known or not (used.mobile or used.email):
        return ()
    since = f" (noté le {numeric_day(patient.guardian_since)})" if patient.guardian_since else ""
    number = f"…{used.mobile[-2:]}" if used.mobile else str(used.email)
    return raised(practice.policy, "guardian-kept", seen=f"{used.name or 'responsable'}, {number}{since}")


def _child(patient: Patient, day: date) -> bool:
    return patient.birth_date is not None and not adult(patient, day)


def _parent_of_adult(entry: Entry, patient: Patient, day: date) -> bool:
    """Whether an adult's event has a parent's number (`maman 06 …`): nothing says that the parent gets the messages."""
    return entry.guardian is not None and is_relation(entry.guardian.name) and adult(patient, day)
