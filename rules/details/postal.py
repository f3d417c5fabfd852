"""Reads postal addresses in their four parts: number, street, postcode, town (P32)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from rules.details import departements
from rules.details.detail import LONGEST_CHARS, Detail, is_placeholder
from rules.text.fold import key, tidy

_POSTCODE = re.compile(r"(?<![\d\w])(?:F-?)?(\d{2}\s?\d{3})(?!\d)")
_NUMBER = re.compile(r"(?<!\d)\d{1,5}(?!\d)")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_CODE_APART = re.compile(r"(?<!\d)(\d{5}),\s*(?=[^\W\d_])")
_TOWN_BEFORE = re.compile(r"(?:,|\sà)\s*([^,\d]+?(?:\s\d{1,2}\s?(?:e|er|[èe]me))?)[\s,]*$")
_CEDEX = re.compile(r"\bcedex\b(?:\s*\d{1,2}\b)?", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(?:lieu ?dit|ld|hameau|le bourg|bourg|ferme|chateau|domaine|residence|res|moulin|mas|villa|bp|ehpad"
    r"|place de l eglise|camping|quartier|lotissement|route|chemin)\b"
)
_FOREIGN_WORDS = ("belgium", "switzerland", "germany", "spain", "italy", "uk", "angleterre", "ecosse", "usa")


@lru_cache(maxsize=512)
def address(text: str) -> Detail[str]:
    """The address on one line. French ones need the four parts; a place without numbers (lieu-dit) may stand for the
    number; an address abroad is believed once it names the country."""
    raw = ", ".join(part for part in (tidy(line).strip(" ,;") for line in text[:LONGEST_CHARS].splitlines()) if part)
    if is_placeholder(raw):
        return Detail(None)
    raw = _CODE_APART.sub(r"\1 ", raw)
    codes = list(_POSTCODE.finditer(raw))
    chosen = next((code for code in codes[::-1] if _LETTERS.search(raw[code.end() :])), codes[-1] if codes else None)
    if _abroad(raw, chosen is not None):
        return Detail(raw)
    problems = _problems(raw, chosen)
    return Detail(None, ", ".join(problems)) if problems else Detail(raw)


def _abroad(raw: str, coded: bool) -> bool:
    """An address elsewhere: it names a country, or its postcode has a form that France's never has. No French rule
    holds there; overseas France, whose postcodes are French, is not abroad."""
    last = key(re.split(r"[,\n(]", raw)[-1])
    if coded and last.lstrip("0123456789 ") in _OVERSEAS:
        return False
    return _country(raw) or _FOREIGN_CODE.search(raw) is not None


_OVERSEAS = frozenset(key(name) for name in (
    "Guadeloupe", "Martinique", "Guyane", "Guyane française", "La Réunion", "Réunion", "Mayotte", "Saint-Martin",
    "Saint-Barthélemy", "Saint-Pierre-et-Miquelon", "Polynésie française", "Nouvelle-Calédonie", "Wallis-et-Futuna",
    "Monaco",
))  # fmt: skip
_FOREIGN_CODE = re.compile(
    r"(?<![\w-])(?:(?:D|A|B|CH|L|I|E|NL|LU|BE|DE|ES|IT|PT|AT|LT|PL|RO)-\d{4,5}(?!\d)"
    r"|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b|[A-Z]\d[A-Z]\s\d[A-Z]\d\b|[1-9]\d{3}\s?[A-Z]{2}\s+[A-Z])"
)


def _problems(raw: str, code: re.Match[str] | None) -> list[str]:
    if code is None:
        wrong = re.search(r"\b\d{4}\b|\b\d{6}\b|\b2[AB]\d{2,3}\b", raw, re.IGNORECASE)
        return ["le code postal doit avoir 5 chiffres" if wrong else "le code postal manque", *_street(raw)]
    street, town = raw[: code.start()], _CEDEX.sub("", raw[code.end() :])
    if not _LETTERS.search(town) and (before := _TOWN_BEFORE.search(street) or _large_town(code[1], street)):
        street, town = street[: before.start()], before[1]  # `12 rue des Lilas, Paris 75020`
    return (
        _street(street)
        + _codes(code[1].replace(" ", ""), town)
        + ([] if _LETTERS.search(town) else ["la ville manque"])
    )


def _large_town(code: str, street: str) -> re.Match[str] | None:
    """The last word of the text before the postcode, if it is a large town of that département: `rue Haxo Paris`."""
    last = _LAST_WORD.search(street)
    return last if last and departements.large_town(code.replace(" ", ""), last[1]) else None


_LAST_WORD = re.compile(r"(?<=\S\s)([^\W\d_][\w'’-]*)[\s,]*$")


def _codes(code: str, town: str) -> list[str]:
    """The postcode against its département, and against what the address says of one."""
    if not departements.exists(code):
        return ["le code postal ne correspond à aucun département"]
    return list(filter(None, [departements.contradiction(code, town)]))


def _street(street: str) -> list[str]:
    if not _LETTERS.search(street):
        return ["la rue manque"]
    if _NUMBER.search(street) or _PLACE.search(key(street)):
        return []
    return ["le numéro de la rue manque"]


def _country(raw: str) -> bool:
    """Whether the address ends with the name of a country other than France that is no part of a street's name."""
    spoken = key(re.split(r"[,\n(]", raw)[-1]).split()
    for start in range(max(0, len(spoken) - _LONGEST_NAME), len(spoken)):
        if " ".join(spoken[start:]) in _countries():
            return start == 0 or spoken[start - 1] not in _OF
    return False


def foreign(text: str) -> bool:
    """What stands behind the last comma is a country other than France, and nothing else."""
    return key(text.rpartition(",")[2]) in _countries()


_LONGEST_NAME = 6  # words of a country's name
_OF = frozenset(["de", "du", "d", "des", "la", "le", "l", "les", "et"])  # `12 rue d'Espagne` is in France


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    lines = Path(__file__).with_name("countries.txt").read_text(encoding="utf-8").splitlines()
    return frozenset([*lines[1:], *_FOREIGN_WORDS])
