"""What is asked once for a patient and stays on the record: no mobile, no e-mail, how the guardian is reached (P34,
ruling 19)."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from rules.model import Entry, Patient
from rules.model.entry import NO_EMAIL, NO_SMS
from rules.text.fold import key

_RELATIONS = frozenset({"maman", "papa", "mere", "pere", "parent", "parents", "tuteur", "tutrice"})


def answered(before: Patient | None, patient: Patient, entry: Entry, today: date) -> Patient:
    """The completed record with the answers of the entry. `before`: as it was on file.

    An answer ends when a mobile or an e-mail is typed, another guardian, or that it no longer holds.
    """
    patient = _without_mobile(patient, entry, today)
    patient = _without_email(patient, entry, today)
    if "guardian" in entry.ended:
        return replace(patient, guardian=None, guardian_mobile=None, guardian_email=None, guardian_since=None)
    return _guarded(before, patient, entry, today)


def is_relation(name: str) -> bool:
    """`maman`, `mère`: who it is to the patient, and no name."""
    return key(name) in _RELATIONS


def _without_mobile(patient: Patient, entry: Entry, today: date) -> Patient:
    reason = entry.without_mobile
    if patient.mobile or "without_mobile" in entry.ended:
        return replace(patient, without_mobile=None, without_mobile_since=None)
    if not reason or reason in {"oui", NO_SMS, patient.without_mobile}:
        return patient
    return replace(patient, without_mobile=reason, without_mobile_since=today)


def _without_email(patient: Patient, entry: Entry, today: date) -> Patient:
    reason = entry.without_email
    if patient.email or "without_email" in entry.ended:
        return replace(patient, without_email=None, without_email_since=None)
    if not reason or reason in {"oui", NO_EMAIL, patient.without_email}:
        return patient
    return replace(patient, without_email=reason, without_email_since=today)


def _guarded(before: Patient | None, patient: Patient, entry: Entry, today: date) -> Patient:
    """How the guardian is reached, as typed; what was known of another person is not theirs."""
    typed = entry.guardian
    if typed is None:
        return patient
    same = _same(typed.name, before)
    mobile = typed.mobile or (patient.guardian_mobile if same else None)
    email = typed.email or (patient.guardian_email if same else None)
    if (mobile, email) == (patient.guardian_mobile, patient.guardian_email):
        return patient
    return replace(patient, guardian_mobile=mobile, guardian_email=email, guardian_since=today)


def _same(name: str, before: Patient | None) -> bool:
    """Whether the guardian on file is meant: nobody else is named."""
    on_file = before.guardian if before else None
    return not name or is_relation(name) or key(name) == key(on_file or "")
