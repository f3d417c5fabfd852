"""Reads birth dates in the notations that a French practice types (P29)."""

from __future__ import annotations

import re
from datetime import date

from rules.details.detail import LONGEST_CHARS, Detail, is_placeholder
from rules.text.fold import fold, key, tidy

OLDEST = 120  # years
_MONTHS = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
_SHORT = {
    "janv": 1,
    "jan": 1,
    "fev": 2,
    "fevr": 2,
    "avr": 4,
    "juil": 7,
    "sept": 9,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_MONTH = {**{name: number for number, name in enumerate(_MONTHS.split(), 1)}, **_SHORT}
_SEPARATOR = r"\s?[/.\- ]\s?"
_DAY_FIRST = re.compile(rf"(?<!\d)(\d{{1,2}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{4}}|\d{{2}})(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[/.\- ](\d{1,2})[/.\- ](\d{1,2})(?!\d)")
_IN_WORDS = re.compile(r"(?<!\d)(\d{1,2})(?:er)?\s([a-z]{3,9})\.?\s(\d{4}|\d{2})(?!\d)")
_EIGHT = re.compile(r"(\d{2})\s?(\d{2})\s?(\d{4}|\d{2})")
_ODD = re.compile(r"(?<=\d)\s?[\u2010-\u2015\u2044\u2212\u2215\ufe58\ufe63\uff0d]\s?(?=\d)")
_NOTHING = re.compile(r"0{1,2}[/.\-]0{1,2}[/.\-]0{2,4}|[jdm/.\- ay]*", re.IGNORECASE)


def birth_date(text: str, today: date) -> Detail[date]:
    """A real date of a living person (0 to 120 years). Two figures of a year count only where one century fits."""
    raw = _ODD.sub("/", tidy(text[:LONGEST_CHARS]))
    if is_placeholder(raw) or _NOTHING.fullmatch(raw):
        return Detail(None)
    if len({key(found[0]) for found in _DAY_FIRST.finditer(raw)}) > 1:
        return Detail(None, "deux dates différentes")
    parts = _parts(raw)
    if not parts:
        return Detail(None, "ce n'est pas une date complète")
    day, month, year = parts
    if len(year) == 2:
        return _century(day, month, int(year), today)
    return _dated(day, month, int(year), today)


def _parts(raw: str) -> tuple[int, int, str] | None:
    """Day, month and the year's figures, whatever the notation."""
    if found := _YEAR_FIRST.search(raw):
        return int(found[3]), int(found[2]), found[1]
    if found := _DAY_FIRST.search(raw) or _EIGHT.fullmatch(raw):
        return int(found[1]), int(found[2]), found[3]
    for found in _IN_WORDS.finditer(fold(raw)):
        if month := _MONTH.get(found[2]):
            return int(found[1]), month, found[3]
    return None


def _century(day: int, month: int, short: int, today: date) -> Detail[date]:
    century = today.year // 100 * 100
    details = [_dated(day, month, base + short, today) for base in (century - 100, century)]
    fitting = [detail for detail in details if detail.value]
    if len(fitting) == 2:
        return Detail(None, f"{century - 100 + short} ou {century + short} ? Il faut les quatre chiffres de l'année")
    return fitting[0] if fitting else details[0]


def _dated(day: int, month: int, year: int, today: date) -> Detail[date]:
    try:
        born = date(year, month, day)
    except ValueError:
        return Detail(None, "cette date n'existe pas")
    if born > today:
        return Detail(None, "cette date est dans le futur")
    if born == today:
        return Detail(None, "c'est la date d'aujourd'hui")
    if today.year - year - ((today.month, today.day) < (month, day)) > OLDEST:
        return Detail(None, f"plus de {OLDEST} ans")
    return Detail(born)
