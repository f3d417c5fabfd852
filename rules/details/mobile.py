"""Reads mobile numbers in every notation that a French practice types (P13, P30)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from rules.details.detail import LONGEST_CHARS, Detail, is_placeholder
from rules.text.fold import tidy

# With the code of France alone, phonenumbers calls overseas mobiles invalid. Nationally all are written alike.
_REGIONS = ("FR", "RE", "YT", "GP", "MQ", "GF", "PM")  # GP stands for Saint-Martin and Saint-Barthélemy too
_OVERSEAS = ("262", "508", "590", "594", "596")
_REMARK = re.compile(r"\([^()0-9]*\)")
_TRUNK = re.compile(r"\(\s*0\s*\)")
_RUN = re.compile(r"\+?\(?\d(?:[\s.\-–/_·()]*\d)*")
_BRACKETS = re.compile(r"[\[\]{}]")
_ODD = re.compile(r"[\u2010-\u2015\u2044\u2212\u2215\ufe58\ufe63\uff0d]")
_LETTER = re.compile(r"(?:\b[oO]|(?<=\d)\s?[oO])[\s.\-]?\d|\d[\s.\-]?[oO]\b")
_TWO = re.compile(r"(?:(?:\+|00)33\s*0?[1-9]\d{8}|0[1-9]\d{8}){2,}")
_ONE_FRENCH = re.compile(r"(?:(?:\+|00)33\s*0?|0)([1-9]\d{8})")
_FILLER = re.compile(r"0?[67](\d)\1{7}|0?0{8,}|0?[67]00000000")


@lru_cache(maxsize=512)
def mobile(text: str) -> Detail[str]:
    """A mobile in E.164: French (metropolitan or overseas) in any notation, foreign in international notation."""
    raw = tidy(text[:LONGEST_CHARS])
    if is_placeholder(raw):
        return Detail(None)
    raw = _TRUNK.sub("", _REMARK.sub(" ", _BRACKETS.sub(" ", _ODD.sub("-", raw))))
    if _LETTER.search(raw):
        return Detail(None, "la lettre O à la place du chiffre 0")
    runs = [run for run in map(_plain, _RUN.findall(raw)) if len(run) >= 5]
    if not runs:
        return Detail(None, "ce n'est pas un numéro de téléphone")
    numbers = [number for run in runs for number in _apart(run)]
    return _only(numbers) if len(numbers) > 1 else _checked(numbers[0])


def _plain(run: str) -> str:
    return re.sub(r"[^\d+]", "", run)


def _apart(run: str) -> list[str]:
    """The numbers in a row of digits: two if it is exactly as long as two French numbers."""
    return [found[0] for found in _ONE_FRENCH.finditer(run)] if _TWO.fullmatch(run) else [run]


def _only(numbers: list[str]) -> Detail[str]:
    """The one mobile among several numbers; two mobiles are a question."""
    details = [_checked(number) for number in numbers]
    values = {detail.value for detail in details if detail.value}
    if len(values) > 1:
        return Detail(None, "deux numéros, un seul est attendu")
    return Detail(values.pop()) if values else details[0]


def _checked(number: str) -> Detail[str]:
    international = _international(number)
    if international.startswith("+33"):
        return _french("0" + international[3:].removeprefix("0"))
    if international:
        return _foreign(international)
    return _french(number)


def _international(number: str) -> str:
    """The number with its `+`; empty if it is in national notation."""
    if number.startswith("00") and len(number) > 10:
        return "+" + number[2:]
    if re.fullmatch(r"330?[1-9]\d{8}", number):
        return "+" + number
    return number if number.startswith("+") else ""


def _french(number: str) -> Detail[str]:
    if _FILLER.fullmatch(number):
        return Detail(None)
    if problem := _wrong(number):
        return Detail(None, problem)
    return _known(number)


def _wrong(number: str) -> str:
    """What is wrong with a number in national notation, before the numbering plan is asked."""
    count = len(number)
    if number.startswith("0700") and count >= 10:
        return "c'est un numéro de machine (0700), pas un mobile"
    if count != 10:
        lost = " (le 0 du début manque ?)" if count == 9 and number[0] in "67" else ""
        return f"{count} chiffre{'s' if count > 1 else ''}, il en faut 10{lost}"
    if number[0] != "0":
        return "un numéro français commence par 0"
    return _NOT_MOBILE.get(number[1], "")


_NOT_MOBILE = {
    **dict.fromkeys("12345", "c'est un fixe"),
    "0": "ce numéro n'existe pas",
    "8": "c'est un numéro spécial, pas un mobile",
    "9": "c'est un fixe (box)",
}


def _known(number: str) -> Detail[str]:
    """What the numbering plan says of a number of ten digits in 06 or 07."""
    national = str(int(number))  # without its 0, in the digits of the plan
    code = next((code for code, mobiles in _mobiles() if mobiles.fullmatch(national)), None)
    return Detail(f"+{code}{national}") if code else Detail(None, "ce numéro n'est pas attribué")


@lru_cache(maxsize=1)
def _mobiles() -> tuple[tuple[int, re.Pattern[str]], ...]:
    """The plan's own patterns of mobiles by country code: asked one number at a time, the library tries them all."""
    from phonenumbers import PhoneMetadata

    plans: list[Any] = [PhoneMetadata.metadata_for_region(region) for region in _REGIONS]
    return tuple((plan.country_code, re.compile(plan.mobile.national_number_pattern)) for plan in plans)


def _foreign(number: str) -> Detail[str]:
    import phonenumbers as plan

    for code in _OVERSEAS:
        number = re.sub(rf"^\+{code}0", f"+{code}", number)
    try:
        parsed = plan.parse(number, None)
    except plan.NumberParseException:
        return Detail(None, "l'indicatif du pays n'existe pas")
    if not plan.is_valid_number(parsed):
        return Detail(None, "ce numéro étranger n'existe pas")
    if plan.number_type(parsed) not in _mobile_types():
        return Detail(None, "c'est un fixe")
    return Detail(plan.format_number(parsed, plan.PhoneNumberFormat.E164))


@lru_cache(maxsize=1)
def _mobile_types() -> frozenset[int]:
    from phonenumbers import PhoneNumberType as Type

    return frozenset({Type.MOBILE, Type.FIXED_LINE_OR_MOBILE})
