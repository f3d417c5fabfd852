"""Types of single values: converts text as written to times, opening hours, weekdays, yes or no.

An invalid value raises the error of `refuse`, with what is wrong, what was seen, and an example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from config.problems import meant, nearest

Span = tuple[time, time]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT_NEXT = time.max
"""The stored end of a span until 24:00: the last instant of the day, as `time` has no 24:00."""

HOURS_EXAMPLE = "Exemple : « 08:30-12:30 14:00-19:00 »."
_CLOCK = re.compile(r"(\d{1,2})(?::|h)(\d{2})", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2}(?::|h)\d{2})\s*[-–]\s*(\d{1,2}(?::|h)\d{2})", re.IGNORECASE)
_CLOSED = frozenset({"", "closed", "fermé", "ferme", "-"})
_FLAGS = {"yes": True, "true": True, "oui": True, "on": True, "1": True} | {
    "no": False, "false": False, "non": False, "off": False, "0": False,
}  # fmt: skip
# 6AE: Alsace-Moselle as the library `holidays` calls it
_DEPARTMENT = re.compile(r"0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[1-8]|98[4678]|6AE")


def refuse(text: str, hint: str = "", seen: str = "") -> NoReturn:
    """Raise the error that becomes a Problem. `seen` is shown only if the value is no secret."""
    raise PydanticCustomError("attitre", "refused", {"text": text, "hint": hint, "seen": seen})


def written(value: Any) -> str:
    if value is None:
        refuse("valeur manquante.")
    if isinstance(value, (list, dict)):
        refuse("une seule valeur est attendue, pas une liste ni des clés.")
    return str(value).strip()


# --- times -----------------------------------------------------------------------------------------------------------


def clock(text: str, *, end: bool = False) -> time:
    """The time of `8:30`, `08:30` or `8h30`; `24:00` only as an end. Raises the error of `refuse`."""
    match = _CLOCK.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 99)  # 99: refused below
    if end and (hour, minute) == (24, 0):
        return MIDNIGHT_NEXT
    if hour > 23 or minute > 59:
        refuse("heure illisible.", "Exemple : « 08:30 ».", text)
    return time(hour, minute)


def spans(value: Any) -> tuple[Span, ...]:
    """The opening spans of one day, in order: `08:30-12:30 14:00-19:00`, or a list of them; `fermé` for none."""
    text = " ".join(written(part) for part in value) if isinstance(value, list) else written(value)
    if text.casefold() in _CLOSED:
        return ()
    if _SPAN.sub("", text).strip(" ,;/"):
        refuse("horaires illisibles.", HOURS_EXAMPLE, text)
    found = sorted((clock(start), clock(end, end=True)) for start, end in _SPAN.findall(text))
    if any(start >= end for start, end in found):
        refuse("une plage finit avant de commencer.", HOURS_EXAMPLE, text)
    if any(after[0] < before[1] for before, after in pairwise(found)):
        refuse("deux plages se chevauchent.", HOURS_EXAMPLE, text)
    return tuple(found)


def weekdays(value: Any) -> tuple[int, ...]:
    """The weekdays of `mon` or `mon-fri`, with Monday as 0."""
    first, dash, last = str(value).partition("-")
    for word in (first, last) if dash else (first,):
        if word not in DAYS:
            refuse("jour inconnu.", _day_hint(first, last if dash else ""), str(value))
    start, stop = DAYS.index(first), DAYS.index(last if dash else first)
    if stop < start:
        refuse("ces jours sont à l'envers.", "Exemple : « mon-fri ».", str(value))
    return tuple(range(start, stop + 1))


FRENCH_DAYS = dict(zip(("lun", "mar", "mer", "jeu", "ven", "sam", "dim"), DAYS, strict=True))


def _day_hint(first: str, last: str) -> str:
    """The hint for an unknown day: both days of the range as our keys, else the most similar one."""
    ours = [FRENCH_DAYS.get(word[:3].casefold(), word) for word in (first, last) if word]
    if all(day in DAYS for day in ours):
        return f"Vouliez-vous dire « {'-'.join(ours)} » ?"
    return meant(next(day for day in ours if day not in DAYS), DAYS, "Jours")


def _week(value: Mapping[tuple[int, ...], tuple[Span, ...]]) -> dict[int, tuple[Span, ...]]:
    """Opening spans by weekday. A line for one day overrides a range; two lines of the same width for a day are
    refused."""
    week: dict[int, tuple[Span, ...]] = {}
    widths: dict[int, int] = {}
    for days, opening in sorted(value.items(), key=lambda item: -len(item[0])):  # widest first, narrow ones override
        for day in days:
            if widths.get(day) == len(days):
                refuse(f"« {DAYS[day]} » est donné par deux lignes.", "Gardez-en une.")
            week[day], widths[day] = opening, len(days)
    return dict(sorted(week.items()))


_DAY = "|".join(DAYS)
_HOURS_SCHEMA = {
    "type": "object",
    "patternProperties": {
        f"^({_DAY})(-({_DAY}))?$": {"type": ["string", "array", "null"], "items": {"type": "string"}}
    },
    "additionalProperties": False,
    "examples": [{"mon-fri": "08:30-12:30 14:00-19:00"}],
}

Clock = Annotated[
    time,
    BeforeValidator(lambda value: value if isinstance(value, time) else clock(written(value))),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}[:h]\d{2}$", "examples": ["08:30"]}),
]
if TYPE_CHECKING:
    Hours = Mapping[int, tuple[Span, ...]]
else:  # a type checker sees the result; pydantic gets days as keys, which `_week` converts to weekdays
    _Days = Annotated[tuple[int, ...], BeforeValidator(weekdays)]
    _Spans = Annotated[tuple[Span, ...], BeforeValidator(spans)]
    Hours = Annotated[
        dict[_Days, _Spans],
        AfterValidator(_week),
        PlainSerializer(dict),
        WithJsonSchema(_HOURS_SCHEMA),
    ]


# --- words -----------------------------------------------------------------------------------------------------------


def flag(value: Any) -> bool:
    """The value of `yes`, `true`, `oui`, `on`, `no`, `false`, `non` or `off`, in any case."""
    word = written(value).casefold()
    if word not in _FLAGS:
        refuse("oui ou non attendu.", "Écrivez « oui » ou « non ».", str(value))
    return _FLAGS[word]


def zone(value: Any) -> ZoneInfo:
    """The time zone of that name in the IANA database."""
    name = written(value)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        refuse("fuseau horaire inconnu.", _zone_hint(name), name)


def _zone_hint(name: str) -> str:
    from zoneinfo import available_timezones

    cities = {zone.rpartition("/")[2]: zone for zone in sorted(available_timezones())}
    near = cities.get(nearest(name.rpartition("/")[2], cities))
    return f"Vouliez-vous dire « {near} » ?" if near else "Exemple : « Europe/Paris »."


def department(value: Any) -> str:
    """A département's code. Public holidays depend on it (Alsace-Moselle, overseas)."""
    code = written(value).upper()
    if not _DEPARTMENT.fullmatch(code):
        refuse("code de département inconnu.", "Exemples : « 75 », « 06 », « 2A », « 971 ».", code)
    return code


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    WithJsonSchema({"type": ["string", "number"], "minLength": 1}),
]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Flag = Annotated[
    bool,
    BeforeValidator(flag),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["oui", "non", "yes", "no", "on", "off"]}]}),
]
Zone = Annotated[ZoneInfo, BeforeValidator(zone), WithJsonSchema({"type": "string", "examples": ["Europe/Paris"]})]
Department = Annotated[
    str, BeforeValidator(department), WithJsonSchema({"type": ["string", "integer"], "examples": ["75"]})
]
_MOST = 1_000_000  # hours before, or days after now: still a moment that a calendar has
Kept = Annotated[
    int, Field(ge=90, le=36_500)
]  # days: a wait of that length is asked about once more, absences are typed
Several = Annotated[int, Field(ge=1, le=_MOST)]
Whole = Annotated[int, Field(ge=0, le=_MOST)]
Minutes = Annotated[int, Field(ge=5, le=600)]
Percent = Annotated[int, Field(ge=1, le=100)]
