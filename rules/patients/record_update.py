"""Completes a patient's record with the details of an entry (P4, P5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from rules.details import names
from rules.findings import raised
from rules.model import Entry, Finding, Patient, Policy
from rules.patients.standing_answers import is_relation
from rules.text.fold import key
from rules.text.french import numeric_day

_SAID = {
    "birth_name": "nom de naissance",
    "birth_date": "date de naissance",
    "mobile": "mobile",
    "email": "e-mail",
    "address": "adresse",
    "guardian": "responsable",
}
_ONCE = frozenset({"birth_date", "birth_name"})  # who somebody is, is filled in but never replaced


def complete(
    patient: Patient | None, entry: Entry, policy: Policy, given: Mapping[str, str], *, renames: bool = False
) -> tuple[Patient, tuple[str, ...], list[Finding]]:
    """(the record with the typed details, what changes in it as French lines with masked numbers, findings).

    `patient` None: a record made from the entry alone. A detail that is not believable never replaces one in the
    record. Neither does one that the record already has from this event (`given`, see `spoken`): where the record
    differs, it was changed later. `renames`: the typed name replaces the record's, as the patient asked (P39).
    """
    if patient is None:
        return _created(entry), (), []
    differing = {name: value for name, value in _typed(entry).items() if _differs(patient, name, value)}
    older = {name: value for name, value in differing.items() if given.get(name) == str(value)}
    updates = {name: value for name, value in differing.items() if name not in older}
    changes = tuple(_change(name, getattr(patient, name), value) for name, value in updates.items())
    said = [
        one
        for name, value in older.items()
        for one in raised(policy, "details-older", seen=_change(name, value, getattr(patient, name)))
    ]
    called = _called(patient, entry) if renames else patient
    if renames:
        changes = (f"nom : {patient.name} → {called.name}", *changes)
    return replace(called, **updates), changes, [*said, *_kept(patient, entry, policy)]


def spoken(entry: Entry) -> dict[str, str]:
    """The believable details of an entry: the `given` of a later `complete`."""
    return {name: str(value) for name, value in _typed(entry).items() if value}


def _created(entry: Entry) -> Patient:
    return replace(_called(Patient("", ""), entry), **_typed(entry))


def _called(patient: Patient, entry: Entry) -> Patient:
    """The record under the name that is typed."""
    name = names.split(entry.name_text)
    family, given = (entry.family_name, entry.given_name) if entry.family_name else (name.family, name.given)
    return replace(patient, family_name=family, given_name=given)


def _typed(entry: Entry) -> dict[str, str | date | None]:
    return {
        "birth_name": entry.birth_name,
        "birth_date": entry.birth_date,
        "mobile": entry.mobile,
        "email": entry.email,
        "address": entry.address,
        "guardian": (entry.guardian.name or None) if entry.guardian else None,
    }


def _differs(patient: Patient, name: str, value: str | date | None) -> bool:
    on_file = getattr(patient, name)
    if not value or (on_file and name in _ONCE) or (on_file and name == "guardian" and is_relation(str(value))):
        return False
    return not on_file or key(str(on_file)) != key(str(value))


def _change(name: str, before: str | date | None, after: str | date | None) -> str:
    """`mobile : …56 → …78`, `e-mail : noté`."""
    if name == "mobile" and after:
        masked = f"…{str(before)[-2:]} → …{str(after)[-2:]}" if before else f"…{str(after)[-2:]}"
        return f"{_SAID[name]} : {masked}"
    if isinstance(after, date):
        return f"{_SAID[name]} : {numeric_day(after)}"
    return f"{_SAID[name]} : {f'{before} → ' if before else ''}{after}"


def _kept(patient: Patient, entry: Entry, policy: Policy) -> list[Finding]:
    """Findings about typed details that are not believable and did not replace those of the record (P4)."""
    typed = (
        ("Date de naissance", entry.birth_text, entry.birth_date, patient.birth_date),
        ("Mobile", entry.mobile_text, entry.mobile, patient.mobile),
        ("E-mail", entry.email_text, entry.email, patient.email),
        ("Adresse", entry.address_text, entry.address, patient.address),
    )
    return [
        finding
        for what, text, value, on_file in typed
        if text and value is None and on_file
        for finding in raised(policy, "details-kept", seen=f"{what} « {text} »")
    ]
