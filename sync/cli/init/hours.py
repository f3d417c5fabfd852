"""Opening hours as a person says them: `9h-12h et 14h-19h, mercredi fermé`."""

from __future__ import annotations

import re

from config.scalars import DAYS, FRENCH_DAYS, refuse, spans

WEEK = "09:00-12:30 14:00-19:00"
CLOSED = "fermé"
_DAY = re.compile(
    r"\b(?:lun(?:di)?|mar(?:di)?|mer(?:credi)?|jeu(?:di)?|ven(?:dredi)?|sam(?:edi)?|dim(?:anche)?)s?\b\.?", re.I
)
_CLOCK = r"(\d{1,2})\s*(?:[h:]\s*(\d{2})?)?"
_SPAN = re.compile(rf"{_CLOCK}\s*(?:-|–|—|à|jusqu'à)\s*{_CLOCK}", re.I)
_IS_CLOSED = re.compile(r"(?:ferm[ée]e?s?|repos|-)", re.I)
_JOINTS = re.compile(r"(?:[\s,;/.:]|\b(?:et|puis|de|le|les)\b)*", re.I)
_RANGE = re.compile(r"\s*(?:-|–|—|à|au)\s*", re.I)
_EXAMPLE = "Exemple : « mercredi fermé, samedi 9h-12h »."


def of_day(given: str) -> str:
    """The YAML's hours of one day, from `9h-12h et 14h-19h`, `9-12 / 14-19`, `fermé`. Raises the error of `refuse`."""
    if _IS_CLOSED.fullmatch(given.strip()):
        return CLOSED
    found = [f"{_clock(one[1], one[2])}-{_clock(one[3], one[4])}" for one in _SPAN.finditer(given)]
    if not found or not _JOINTS.fullmatch(_SPAN.sub(" ", given)):
        refuse(f"« {given.strip()} » : horaires illisibles.", "Exemple : « 9h-12h et 14h-19h ».")
    spans(" ".join(found))
    return " ".join(found)


def _clock(hour: str, minute: str | None) -> str:
    return f"{int(hour):02d}:{minute or '00'}"


def of_week(given: str) -> dict[str, str]:
    """The YAML's hours from Monday to Friday, and of the days that are named besides. Raises the error of `refuse`."""
    first = _DAY.search(given)
    week = _bare(given[: first.start()]) if first else given
    others = of_days(given[first.start() :]) if first else {}
    return {"mon-fri": of_day(week or WEEK), **others}


def of_days(given: str) -> dict[str, str]:
    """`mercredi fermé, samedi 9h-12h` by day. Raises the error of `refuse`."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    said = _said(given)
    for place, (day, words) in enumerate(said):
        waiting.append(day)
        if _RANGE.fullmatch(words) and words.strip() and place + 1 < len(said):
            waiting += DAYS[DAYS.index(day) + 1 : DAYS.index(said[place + 1][0])]
        elif not _JOINTS.fullmatch(words):
            found |= dict.fromkeys(waiting, of_day(_bare(words)))
            waiting = []
    if waiting:
        refuse(f"« {given.strip()} » : les heures manquent.", _EXAMPLE)
    return found


def _said(given: str) -> list[tuple[str, str]]:
    """Each day that is named, and the words up to the next one."""
    days = list(_DAY.finditer(given))
    if not _JOINTS.fullmatch(given[: days[0].start()] if days else given):
        refuse(f"« {given.strip()} » n'est pas compris.", _EXAMPLE)
    ends = [*(day.start() for day in days[1:]), len(given)][: len(days)]
    return [(FRENCH_DAYS[day[0][:3].casefold()], given[day.end() : end]) for day, end in zip(days, ends, strict=True)]


def _bare(words: str) -> str:
    """Without what joins it to its day and to the next one."""
    start = _JOINTS.match(words)
    return re.sub(r"[\s,;/.]*(?:\b(?:et|le|les)\b[\s,;/.]*)*$", "", words[start.end() if start else 0 :])
