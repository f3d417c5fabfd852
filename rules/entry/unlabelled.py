"""Finds details that are clear without a label: an e-mail, a birth date, a phone number."""

from __future__ import annotations

import re
from datetime import date, timedelta

from msgspec import Struct

from rules.details import street
from rules.details.birth import birth_date
from rules.details.email_address import ADDRESS
from rules.details.postal import foreign
from rules.entry.labels import LABELS
from rules.text.fold import key, tokens

GAP = "\x1f"  # stands where something was taken out of a text
_YOUNGEST = timedelta(days=365)  # a newer date without `né(e)` is more likely an appointment's
_DATE = re.compile(
    r"(?P<born>\b(?:DDN|n[ée]e?(?:\(e\))?)\s*(?:le)?\s*:?\s*)?"
    r"(?<![\d/.])(?P<date>\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?(?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{1,2}(?:er)?\s[^\W\d_]{3,9}\.?\s\d{4})(?![\d/]|[.\-]\d|\s?h)",
    re.IGNORECASE,
)
_PAIRS = re.compile(r"(?<![\w.])0[1-9](\s?[-–./]\s?)\d\d(?:\1\d\d){3}(?!\w)")  # no date: `06 - 45 - 18 - 73 - 56`
_BARE_DATE = re.compile(  # only behind its label: `ddn 12051981`, `née le 12 05 1981`
    r"\b(?:ddn|n[ée]e?(?:\(e\))?)(?:\s+le)?[\s.:]+(?P<date>\d{2}\s?\d{2}\s?(?:19|20)\d{2}|\d{6})(?![\d/]|\s?\d)",
    re.IGNORECASE,
)
_MONTHS = r"janv|f[ée]v|mars|avr|mai|juin|juil|ao[uû]t|sept|oct|nov|d[ée]c"
_ALONE_DATE = re.compile(  # unmistakable without a label: `03 03 1970`, `03031970` between separators, `3 mars 70`
    r"(?<![\d/.+-])(?<!\d\s)(?P<date>\d{1,2}\s\d{1,2}\s(?:19|20)\d{2}(?!\d|\s?\d)"
    r"|(?:(?<=^)|(?<=[,;|(/]\s)|(?<=[,;|(/]))\d{4}(?:19|20)\d{2}(?=\s*(?:$|[,;|)/]))"
    rf"|\d{{1,2}}(?:er)?\s(?:{_MONTHS})[^\W\d_]*\.?\s\d{{2}}(?!\s?[\dh:/]))",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w@.+])(?:(?:\+|[(\[{]?[0oO])[\doO]|33(?=[\s.\-/]?0?[67])|[67](?=(?:[\s.\-/]?\d){8}(?!\d|\s?\d)))"
    r"(?:(?:[\s.\-–/_()\[\]{}]{0,3}[\doO]){8}(?!\w|[\s.\-]?[\doO])|(?:[\s.\-–/_()\[\]{}]{0,3}[\doO]){6,18}(?!\w))"
)
_DASH, _SLASH = r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]", r"[\u2044\u2215\uff0f]"
_ODD_DASH = re.compile(rf"(?<=\d){_DASH}(?=\d)")
_ODD_SLASH = re.compile(rf"(?<=\d)\s?{_SLASH}\s?(?=\d)")


class Loose(Struct, frozen=True):
    """The details taken out of a text, and the text with `GAP` in their places."""

    rest: str
    mobile: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    birth: tuple[str, ...] = ()


_FEWEST = 4  # digits of the shortest detail: an address in London, a date
_APART_MAIL = re.compile(  # asked about, never mended: `paul.durand @ free.fr`, `paul.durand arobase free.fr`
    r"[\w.+-]+(?:\s+@\s*|@\s+|\s+arobase\s+|\s*\(at\)\s*)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE
)


class Span(Struct, frozen=True):
    """A detail and its place in a text. `named`: its label is before it and included (`tel 06 …`)."""

    label: str
    start: int
    end: int
    text: str
    named: bool


def plain_signs(text: str) -> str:
    """Unicode's dashes and slashes between two digits as `-` and `/`: `12‑05‑1981`, `06⁄45…`. Nothing else moves."""
    return text if text.isascii() else _ODD_SLASH.sub("/", _ODD_DASH.sub("-", text))


def spans(text: str, today: date) -> tuple[Span, ...]:
    """The unmistakable details of one line with their places, in order."""
    if "@" not in text and "arobase" not in text.lower() and sum(map(str.isdigit, text)) < _FEWEST:
        return ()
    found: list[tuple[str, int, int, str]] = []
    found += [("email", one.start(), one.start() + len(mail), mail) for one in ADDRESS.finditer(text)
              for mail in [one[0].rstrip(".")]]  # fmt: skip
    found += [("email", *one.span(), one[0]) for one in _APART_MAIL.finditer(_masked(text, found))]
    masked = _masked(text, found)
    found += [("address", begin, end, text[begin:end]) for begin, end in street.find(masked)]
    masked = _masked(masked, found)
    found += [("mobile", *one.span(), one[0]) for one in _PAIRS.finditer(masked)]
    found += [("birth", *one.span(), one["date"]) for one in _BARE_DATE.finditer(masked)]
    masked = _masked(masked, found)
    alone = (one for one in _ALONE_DATE.finditer(masked) if _long_ago(one["date"], today))
    found += [("birth", *one.span(), one["date"]) for one in alone]
    masked = _masked(masked, found)
    dates = list(_DATE.finditer(masked))
    found += [("birth", *one.span(), one["date"]) for one in dates if _is_birth(one, today)]
    masked = _masked(masked, [("", *one.span(), "") for one in dates])  # no number runs into an appointment's date
    phones = (one for one in _PHONE.finditer(masked) if sum(map(str.isdigit, one[0])) >= 8)
    found += [("mobile", *one.span(), one[0].strip()) for one in phones]
    found += _abroad(text, max((end for _, _, end, _ in found), default=0))
    return tuple(_with_label(text, *each) for each in sorted(found, key=lambda each: each[1]))


def _abroad(text: str, begin: int) -> list[tuple[str, int, int, str]]:
    """An address abroad behind the last detail of a line, from its street to its country."""
    found = _FOREIGN.search(text, begin)
    if not found or not foreign(found[0]):
        return []
    return [("address", *found.span(), found[0])]


_FOREIGN = re.compile(  # `Rue Haute 12, 1000 Bruxelles, Belgique`, `12 Baker Street, London NW1 6XE, UK`
    r"[^\W_][^@,;|\n]{2,60}(?:,[^@,;|\n]{2,40}){0,2}?,\s*(?:(?:[A-Z]{1,2}-)?\d{4,5}\s[^@,;|\d\n]{2,30}"
    r"|[^@,;|\d\n]{2,30}\s[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}),\s*[^\W\d_][^@,;|\d\n]{1,25}$"
)


def _masked(text: str, found: list[tuple[str, int, int, str]]) -> str:
    for _, start, end, _ in found:
        text = text[:start] + GAP * (end - start) + text[end:]
    return text


def _with_label(text: str, label: str, start: int, end: int, value: str) -> Span:
    """The span extended to a label of its kind right before it, if there is one."""
    edge = max(0, start - _LABEL_CHARS)
    before = text[edge:start].rstrip(" .:=-–(")
    if not before[-1:].isalpha():
        return Span(label, start, end, value, label == "birth" and text[start:end] != value)
    for _, begin, _ in tokens(text[edge:start])[-4:]:
        head = text[edge + begin : start]
        if _OWN.get(key(head)) == label and not _STOP.search(head.strip()):
            return Span(label, edge + begin, end, value, True)
    return Span(label, start, end, value, label == "birth" and text[start:end] != value)


_LABEL_CHARS = 40  # before a detail, in which its label stands
_STOP = re.compile(r"[,;|]")
_OWN = {name: label for name, label in LABELS.items() if label in {"mobile", "email", "birth", "address"}}


def take(text: str, today: date) -> Loose:
    """The unmistakable details of one text. Dates come out before phones: `12/05/1981 06 12 34 56 78`."""
    emails: list[str] = []
    text = plain_signs(text)
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
    """The replacement of a date: a gap for a birth date. Another date stays, separated so that no phone number includes
    it."""
    if _is_birth(found, today):
        births.append(found["date"])
        return GAP
    return f"\x1e{found[0]}\x1e"


def _is_birth(found: re.Match[str], today: date) -> bool:
    if found["born"] or _long_ago(found["date"], today):
        return True
    return _impossible(found["date"], birth_date(found["date"], today).problem)


def _long_ago(text: str, today: date) -> bool:
    value = birth_date(text, today).value
    return value is not None and today - value > _YOUNGEST


def _impossible(text: str, problem: str) -> bool:
    """Whether nobody can be born on a date with its whole year (`31/02/1981`). It is still taken for a birth date."""
    return bool(re.search(r"(?:19|20)\d\d", text)) and problem in {"cette date n'existe pas", "plus de 120 ans"}


def _phone(text: str, phones: list[str]) -> str:
    if sum(map(str.isdigit, text)) < 8:
        return text
    phones.append(text)
    return GAP
