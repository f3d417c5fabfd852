"""Hours, dentists and zones in the words of a message to a patient (P35, P36)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from msgspec import Struct

from rules.model import Dentist, Facts, Practice
from rules.text import french

FAR = timedelta(days=300)
_DOCTOR = re.compile(r"(?:dr|docteur|dre|docteure)\.?\s+", re.IGNORECASE)


class Style(Struct, frozen=True):
    """The style of an SMS. `shorter`: dates in figures. `today`: a date far from it is written with its year."""

    shorter: bool = False
    today: date | None = None


def day(value: date, style: Style) -> str:
    """`mardi 24 novembre`, `mar. 24/11`; with the year if a reader would think of a nearer date (`mercredi 1er décembre
    2027`)."""
    far = style.today is not None and value - style.today > FAR
    if style.shorter:
        return f"{french.day(value).split()[0][:3]}. {value:{'%d/%m/%Y' if far else '%d/%m'}}"
    return french.day(value, year=far)


def local(facts: Facts, practice: Practice) -> datetime:
    """The start on the practice's clock."""
    return facts.start.astimezone(practice.zone)


def zone(practice: Practice) -> str:
    """`heure de Paris` (P36)."""
    from babel.dates import get_timezone_location

    city = get_timezone_location(practice.zone, locale="fr", return_city=True)
    return f"heure d'{city}" if city[:1] in "AEÉIOU" else f"heure de {city}"


def dentist(key: str, practice: Practice) -> Dentist:
    """The dentist of that key. One who left the configuration has no name: the key means nothing to a patient."""
    known = next((one for one in practice.dentists if one.key == key), None)
    return known or Dentist(key, "votre dentiste", "")


def short(key: str, practice: Practice) -> str:
    """`Dr Martin`; the full name if two dentists would have the same short one (P35)."""
    names = {one.key: _surname(one.name) for one in practice.dentists}
    said = names.get(key, "votre dentiste")
    return dentist(key, practice).name if list(names.values()).count(said) > 1 else said


def _surname(name: str) -> str:
    doctor = _DOCTOR.match(name)
    given, _, family = name[doctor.end() :].partition(" ") if doctor else ("", "", "")
    return f"Dr {family or given}" if doctor else name


def article(name: str) -> str:
    """`le Dr Martin`."""
    return f"le {name}" if _DOCTOR.match(name) else name
