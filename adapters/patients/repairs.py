"""What a spreadsheet does to a patient's details, undone where only one reading is possible, and always said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from rules.text.french import numeric_day

_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_DECIMAL = re.compile(r"(\d+)[.,]0+")
_SERIAL = re.compile(r"\d{4,5}")
_FIRST_SERIAL = date(1899, 12, 30)  # day 0 of Excel's calendar, which counts a 29 February 1900 that never was
_NINE = re.compile(r"[1-9](?:[ .\-]?\d){8}")
SHORTENED = "le tableur a abrégé ce numéro, ses derniers chiffres sont perdus : mettez la colonne au format Texte"
ZERO_LOST = "le tableur avait ôté le 0 du début"
SERIAL = "le tableur l'avait écrit comme un nombre de jours"


def number(cell: str) -> str | None:
    """A telephone number without a spreadsheet's decimals or powers of ten, and with its 0; None where digits are
    lost."""
    whole = _DECIMAL.fullmatch(cell)
    text = whole[1] if whole else cell
    if found := _SCIENTIFIC.fullmatch(text):
        digits = found[1] + (found[2] or "")
        if len(digits) != int(found[3]) + 1:
            return None
        text = digits
    return f"0{text}" if _NINE.fullmatch(text) else text


def day(cell: str) -> str:
    """A date that a spreadsheet wrote as its number of days: `29718` is 12/05/1981. Anything else as it is."""
    whole = _DECIMAL.fullmatch(cell)
    text = whole[1] if whole else cell
    return numeric_day(_FIRST_SERIAL + timedelta(days=int(text))) if _SERIAL.fullmatch(text) else cell


def lost_their_zero(codes: Iterable[str]) -> bool:
    """Whether a column of postcodes lost its zeros: it has codes of four figures and none that begins with 0."""
    seen = list(codes)
    return any(re.fullmatch(r"[1-9]\d{3}", code) for code in seen) and not any(code.startswith("0") for code in seen)


def postcode(cell: str) -> str:
    """Five figures, for a column that lost its zeros."""
    whole = _DECIMAL.fullmatch(cell)
    text = whole[1] if whole else cell
    return f"0{text}" if re.fullmatch(r"[1-9]\d{3}", text) else text
