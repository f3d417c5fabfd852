"""The directory written as a CSV file that a spreadsheet shows and `read_csv` reads back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from adapters.patients.columns import COLUMNS
from adapters.patients.dentists import dentist as dentist_meant
from adapters.patients.table import guarded
from rules.model import Patient
from rules.text import french


def write_csv(patients: Iterable[Patient], dentists: Mapping[str, str]) -> bytes:
    """The same columns, `;`, UTF-8 with its mark so that a spreadsheet shows the accents. No cell can be a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for patient in patients:
        writer.writerow([guarded(cell) for cell in _cells(patient, dentists)])
    return out.getvalue().encode("utf-8-sig")


def _cells(patient: Patient, dentists: Mapping[str, str]) -> tuple[str, ...]:
    return (
        patient.family_name,
        patient.given_name,
        french.numeric_day(patient.birth_date) if patient.birth_date else "",
        french.phone(patient.mobile or ""),
        patient.email or "",
        patient.address or "",
        _dentist_cell(patient.dentist or "", dentists),
        patient.birth_name or "",
        patient.guardian or "",
        patient.foreign_id or "",
    )


def _dentist_cell(dentist: str, dentists: Mapping[str, str]) -> str:
    """The name, where it can be read back; else the key."""
    name = dentists.get(dentist, dentist)
    return name if dentist_meant(name, dentists).value == dentist else dentist
