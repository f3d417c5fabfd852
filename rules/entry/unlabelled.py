"""Details that need no label because they are unmistakable: an e-mail, a birth date, a phone number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from rules.details.birth import birth_date
from rules.details.email_address import ADDRESS

GAP = "\x1f"  # stands where something was taken out of a text
_YOUNGEST = timedelta(days=365)  # a newer date without `né(e)` is more likely an appointment's
_DATE = re.compile(
    r"(?P<born>\b(?:DDN|n[ée]e?(?:\(e\))?)\s*(?:le)?\s*:?\s*)?"
    r"(?<![\d/.])(?P<date>\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?(?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{1,2}(?:er)?\s[^\W\d_]{3,9}\.?\s\d{4})(?![\d/]|[.\-]\d|\s?h)",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w@.+])(?:\+|\(?[0oO])[\doO](?:[\s.\-/_()]{0,3}[\doO]){6,13}(?!\w)")


@dataclass(frozen=True, slots=True)
class Loose:
    """What was taken out of a text, and the text with `GAP` in those places."""

    rest: str
    mobile: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    birth: tuple[str, ...] = ()


def take(text: str, today: date) -> Loose:
    """The unmistakable details of one text. Dates come out before phones: `12/05/1981 06 12 34 56 78`."""
    emails: list[str] = []
    if "@" in text:
        emails = [address.removeprefix("mailto:") for address in ADDRESS.findall(text)]
        text = ADDRESS.sub(GAP, text)
    if not any(map(str.isdigit, text)):
        return Loose(text, email=tuple(emails))
    births: list[str] = []
    spoken = _DATE.sub(lambda found: _date(found, births, today), text)
    phones: list[str] = []
    rest = _PHONE.sub(lambda found: _phone(found[0], phones), spoken)
    return Loose(rest.replace("\x1e", ""), tuple(phones), tuple(emails), tuple(births))


def _date(found: re.Match[str], births: list[str], today: date) -> str:
    """A gap for a birth date; any other date stays, fenced off so that no phone number runs into it."""
    detail = birth_date(found["date"], today)
    if (
        found["born"]
        or (detail.value and today - detail.value > _YOUNGEST)
        or _impossible(found["date"], detail.problem)
    ):
        births.append(found["date"])
        return GAP
    return f"\x1e{found[0]}\x1e"


def _impossible(text: str, problem: str) -> bool:
    """A whole date that nobody can be born on (`31/02/1981`) is still meant as a birth date."""
    return bool(re.search(r"(?:19|20)\d\d", text)) and problem in {"cette date n'existe pas", "plus de 120 ans"}


def _phone(text: str, phones: list[str]) -> str:
    if sum(map(str.isdigit, text)) < 8:
        return text
    phones.append(text)
    return GAP
