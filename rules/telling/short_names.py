"""What findings are about, in a word or two: for lists in which the sentences would not be read."""

from __future__ import annotations

from collections.abc import Iterable

from rules.model import Finding, Severity
from rules.text.french import listed

_NAMES = {
    "dentist": "dentiste", "name": "nom", "patient": "patient", "birth_date": "naissance", "mobile": "mobile",
    "contact": "coordonnées partagées", "email": "e-mail", "address": "adresse", "motif": "motif",
    "visit": "première visite ou suivi", "known": "déjà venu ?", "duration": "durée", "slot": "créneau", "date": "date",
    "consent": "accord du patient", "guardian": "responsable", "attendance": "présence", "block": "raison",
    "event": "événement", "call": "à rappeler",
}  # fmt: skip
_TO_DO = frozenset({Severity.ERROR, Severity.WARNING})


def about(findings: Iterable[Finding]) -> str:
    """`mobile, e-mail et adresse`: what is to be corrected or looked at, each once; empty where nothing is."""
    return short(one.field for one in findings if one.severity in _TO_DO)


def short(fields: Iterable[str]) -> str:
    """The same from what the findings are about."""
    return listed((_NAMES.get(field, field) for field in dict.fromkeys(fields)), "et")
