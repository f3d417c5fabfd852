"""An hour or a day in the title that is not the event's: one of the two is a typing error (P17)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from rules.checks.checklist import FIRST_HOUR, LAST_HOUR
from rules.entry import wish_behind
from rules.findings import raised
from rules.model import CalendarEvent, Entry, Finding, Practice
from rules.text.french import day_and_clock

_HOUR = re.compile(
    r"(?<![\w/:.,])(?:(?P<h>\d{1,2})\s?h(?:\s?(?P<m>[0-5]\d))?|(?P<hh>\d{1,2}):(?P<mm>[0-5]\d))(?!\w)", re.IGNORECASE
)
_DAY = re.compile(
    r"\b(?:(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|lun|mar|mer|jeu|ven|sam|dim)\b\.?\s+(?:le\s+)?"
    r"(?P<day>\d{1,2})(?:er)?(?:/(?P<month>\d{1,2}))?(?![\w/:.])"
    r"(?!\s?h)",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"\b(?P<name>lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
    r"(?:\s+(?:[àa]\s+)?(?=\d{1,2}\s?h|\d{1,2}:\d\d)|\s+(?:matin|soir|midi|apr[èe]s[\s-]?midi|aprem)\b"
    r"|(?:\W+(?:svp|merci|si possible))*\W*$)",
    re.IGNORECASE,
)
_WEEK = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_ON = re.compile(r"\b(?:le|au)\s+(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?:20)?\d{2})?(?![\w/])", re.IGNORECASE)
_DONE = re.compile(
    r"(?:[ée]e?s?|\b(?:du|vue?s?|pris|faite?s?|mise?|venue?s?|dernier|rdv|rx|depuis))\W*$", re.IGNORECASE
)
_MAY_SAY = re.compile(r"\d|di\b|dimanche", re.IGNORECASE)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:avant|apr[eè]s|pas|sauf|jamais|toujours|fixe|jusqu|d[eè]s|vers|entre|part|sort|quitte|appel|rappel|finit|libre|dispo"
    r"|lieu de)\w*"
    r"(?:\s(?:de|[àa]))?\W*\Z",
    re.IGNORECASE,
)


def typed_time(event: CalendarEvent, entry: Entry, practice: Practice, *, by_link: bool = False) -> tuple[Finding, ...]:
    """The finding about a time that the title states; a time of what happened, or of something else, is none. The
    occurrences of a series share one title. `by_link`: the patient chose the event's time, and the title is older."""
    if event.all_day or event.recurring or entry.outcome is not None or not _MAY_SAY.search(event.title):
        return ()
    start = event.start.astimezone(practice.zone)
    wrong = next(_wrong(wish_behind.without(event.title), start), "")
    if not wrong:
        return ()
    rule = "time-outdated" if by_link else "time-typed"
    return raised(practice.policy, rule, typed=wrong, seen=day_and_clock(start))


def _wrong(title: str, start: datetime) -> Iterator[str]:
    hours = [one for one in _HOUR.finditer(title) if _states(title, one) and _is_hour(one)]
    if hours and not any(_clock(one) == (start.hour, start.minute) for one in hours):
        yield hours[0][0]
    for one in _WEEKDAY.finditer(title):
        if _states(title, one) and one["name"].lower() != _WEEK[start.weekday()]:
            yield one["name"]
    for one in _DAY.finditer(title):
        day, month = int(one["day"]), int(one["month"] or start.month)
        if _states(title, one) and 1 <= day <= 31 and (day, month) != (start.day, start.month):
            yield one[0]
    for one in _ON.finditer(title):
        other = (int(one["day"]), int(one["month"])) != (start.day, start.month)
        if other and _states(title, one) and not _DONE.search(title[: one.start()]):
            yield one[0]


def _states(title: str, found: re.Match[str]) -> bool:
    return not _OF_SOMETHING_ELSE.search(title[: found.start()])


def _is_hour(found: re.Match[str]) -> bool:
    """`1h` and `1h30` are lengths."""
    return FIRST_HOUR < _clock(found)[0] < LAST_HOUR


def _clock(found: re.Match[str]) -> tuple[int, int]:
    return int(found["h"] or found["hh"]), int(found["m"] or found["mm"] or 0)
