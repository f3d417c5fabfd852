"""What an entry or a search term says of a patient, as terms to search the directory by (P3)."""

from __future__ import annotations

import re
from datetime import date

from msgspec import Struct

from rules.details import names
from rules.model import Entry
from rules.text.fold import words

_DIALLED = re.compile(
    r"(?<![\d+])(?:(?:\+|00)33[ .\-]?|0)[1-9](?:[ .\-]?\d{2}){4}(?![\d])"
)  # a telephone number in a search, taken out first: some of its pairs of digits also read as a date
_ANY_DAY = (
    date(1999, 12, 31),
    date(2099, 12, 31),
)  # "today" for reading a birth date: with one of the two, any full date of a search is plausible


class Clues(Struct, frozen=True):
    """Search terms for the directory: folded name words, E.164 mobiles, e-mails, birth dates, record numbers."""

    names: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    birth_dates: tuple[date, ...] = ()
    ids: tuple[int, ...] = ()


def clues(entry: Entry) -> Clues:
    """The search terms that an entry contains."""
    if entry.query is not None:
        return search_term(entry.query)
    spoken = f"{entry.name_text} {entry.family_name} {entry.given_name} {entry.birth_name or ''}"
    return Clues(
        names=name_words(spoken),
        mobiles=(entry.mobile,) if entry.mobile else (),
        emails=_spellings(entry.email),
        birth_dates=(entry.birth_date,) if entry.birth_date else (),
    )


def search_term(term: str) -> Clues:
    """The clues in `attitre patients search TERM`: name words, a mobile in any notation, an e-mail, a birth date with
    four figures of the year, a record's number (P3)."""
    from rules.details.contact import birth_date, email, mobile

    dialled = _DIALLED.search(term)
    number = mobile(dialled[0] if dialled else term).value
    rest = "" if number and not dialled else _DIALLED.sub(" ", term)
    born = next(filter(None, (birth_date(rest, today).value for today in _ANY_DAY)), None)
    mail = email(term).value if "@" in term else None
    record = re.fullmatch(r"\s*#?\s*(\d{1,7})\s*", term)
    return Clues(
        names=() if mail else tuple(word for word in name_words(term) if word.isalpha()),
        mobiles=(number,) if number else (),
        emails=_spellings(mail),
        birth_dates=(born,) if born else (),
        ids=(int(record[1]),) if record else (),
    )


def name_words(text: str) -> tuple[str, ...]:
    """The folded words of a name by which the directory is searched, without particles."""
    return tuple(dict.fromkeys(word for word in words(text[:200]) if len(word) > 1 and not names.particle(word)))


def _spellings(mail: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((mail, mail.lower()))) if mail else ()
