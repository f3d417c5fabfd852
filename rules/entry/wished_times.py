"""Wished times, as a secretary types them (`lundi matin, jeudi après 17 h, sauf mercredi`) or a patient ticks them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time

from msgspec import Struct, field

from rules.model import ANY_TIME, Hours, Wish
from rules.text.fold import fold
from rules.text.french import clock, listed

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
TICKED_DAYS = ("lun", "mar", "mer", "jeu", "ven", "sam")
NOON, EVENING = time(12), time(17)
_MOMENTS = {
    "matin": (None, NOON), "matinee": (None, NOON), "apres midi": (NOON, None), "aprem": (NOON, None),
    "soir": (EVENING, None), "fin de journee": (EVENING, None),
    "fin d apres midi": (time(16), None), "midi": (NOON, time(14)), "pause dejeuner": (NOON, time(14)),
    "debut de matinee": (None, time(10)), "fin de matinee": (time(10), NOON),
}  # fmt: skip
_HOUR, _BARE = r"\d{1,2} ?(?:h|heures?|:) ?(?:\d{2}\b)?", r"\d{1,2}(?: ?(?:h|heures?|:) ?(?:\d{2}\b)?)?"
_ANY_DAY = rf"(?:{'|'.join(DAYS)}|{'|'.join((*TICKED_DAYS, 'dim'))})s?"
_TOKEN = re.compile(
    rf"(?P<no>\b(?:sauf|pas|jamais|hors)\b)"
    rf"|(?P<week>\ben semaine\b)"
    rf"|(?P<span>\b(?:du|de) {_ANY_DAY} (?:au|a) {_ANY_DAY}\b)"
    rf"|(?P<between>\b(?:(?:entre|de) )?{_BARE} (?:(?:et|a) )?{_HOUR})"
    rf"|(?P<after>\b(?:apres|a partir de|des|depuis) {_HOUR})"
    rf"|(?P<before>\b(?:avant|jusqu a|jusque) {_HOUR})"
    rf"|(?P<moment>\b(?:{'|'.join(sorted(_MOMENTS, key=len, reverse=True))})s?\b)"
    rf"|(?P<day>\b{_ANY_DAY}\b)"
)
_NUMBERS = re.compile(r"(\d{1,2}) ?(?:h|heures?|:)? ?(\d{2}\b)?")
_Limits = tuple[time | None, time | None]


class _Heard(Struct):
    """What was read so far. `days` are those to which the next moment belongs; `used`: a moment came since."""

    wanted: list[Hours] = field(default_factory=list)
    refused: list[Hours] = field(default_factory=list)
    days: frozenset[int] = frozenset()
    used: bool = False
    refusing: bool = False

    def day(self, more: frozenset[int]) -> None:
        """A day is named."""
        self.days, self.used = more if self.used else self.days | more, False

    def moment(self, limits: _Limits) -> None:
        """Hours are named: of the days before them, else of any."""
        (self.refused if self.refusing else self.wanted).append(Hours(self.days, *limits))
        self.used = True

    def ends(self) -> None:
        """Days without hours are whole days."""
        if self.days and not self.used:
            self.moment((None, None))
        self.days, self.used, self.refusing = frozenset(), False, False


def read(text: str) -> Wish | None:
    """The wish that a text tells; None if it names no day and no hour."""
    heard = _Heard()
    for piece in re.split(r"[,;\n/]|\bmais\b", text):
        for days, limits, no in _tokens(piece):
            if no:
                heard.ends()
                heard.refusing = True
            elif limits is None:
                heard.day(days)
            else:
                heard.moment(limits)
        if heard.refusing or heard.used:
            heard.ends()
    heard.ends()
    found = Wish(tuple(dict.fromkeys(heard.wanted)), tuple(dict.fromkeys(heard.refused)))
    return found if found != Wish() else None


def of_event(title: str, text: str) -> Wish:
    """The wish that an event of the list's own calendar tells, line by line: behind a label of its own, or without any.
    Lines of other labels and numbers are left out."""
    behind_the_name = re.split(r"\s[–—-]\s|,", title)[1:]
    lines = [_LABEL.sub("", line) for line in (*behind_the_name, *text.splitlines())]
    plain = [line for line in lines if not _OTHER.search(line)]
    return read("\n".join(plain)) or ANY_TIME


_LABEL = re.compile(r"^\s*(?:souhaits?|dispos?\w*|jours?|horaires?|quand|liste d['’]attente)\s*[:=]\s*", re.IGNORECASE)
_OTHER = re.compile(r"^[^\d:=]{2,40}[:=]|@|\d{2}[ .]?\d{2}[ .]?\d{2}|\d/\d", re.IGNORECASE)


def ticked(days: Sequence[str], moments: Sequence[str]) -> Wish:
    """The wish of a page's boxes: days `lun` to `sam`, moments `matin` and `apres-midi`; none of them: any time."""
    chosen = frozenset(TICKED_DAYS.index(one) for one in days if one in TICKED_DAYS)
    halves = [_MOMENTS[one] for one in (name.replace("-", " ") for name in moments) if one in _MOMENTS]
    if len(halves) != 1:
        return Wish((Hours(chosen),)) if chosen else Wish()
    return Wish((Hours(chosen, *halves[0]),))


def said(wish: Wish) -> str:
    """The wish in words: `lundi matin ou jeudi après 17 h, sauf mercredi`."""
    words = listed([_said(one) for one in wish.wanted], "ou") if wish.wanted else "tous les jours"
    return f"{words}, sauf {listed([_said(one) for one in wish.refused], 'et')}" if wish.refused else words


def _said(hours: Hours) -> str:
    limits = _limits_said((hours.since, hours.until))
    if not hours.days:
        return _ALONE.get(limits, limits) or "tous les jours"
    return f"{_days_said(sorted(hours.days))} {limits}".strip()


_ALONE = {"matin": "le matin", "après-midi": "l'après-midi"}
_IN_A_ROW = 3  # days, which are said by the first and the last


def _days_said(days: Sequence[int]) -> str:
    if len(days) >= _IN_A_ROW and days[-1] - days[0] == len(days) - 1:
        return f"du {DAYS[days[0]]} au {DAYS[days[-1]]}"
    return listed([DAYS[one] for one in days], "ou")


def _limits_said(limits: _Limits) -> str:
    named = {(None, NOON): "matin", (NOON, None): "après-midi", (EVENING, None): "après 17 h"}
    since, until = limits
    if limits in named:
        return named[limits]
    if since is not None and until is not None:
        return f"entre {_clock(since)} et {_clock(until)}"
    return f"après {_clock(since)}" if since else f"avant {_clock(until)}" if until else ""


def _clock(at: time) -> str:
    return clock(datetime(2000, 1, 1, at.hour, at.minute))  # noqa: DTZ001 (an hour of any day)


def _tokens(piece: str) -> Iterator[tuple[frozenset[int], _Limits | None, bool]]:
    """(days, hours, whether what follows is refused) for each word that says something."""
    for found in _TOKEN.finditer(" ".join(fold(piece).split())):
        kind, word = found.lastgroup, found.group()
        if kind == "no":
            yield frozenset(), None, True
        elif kind == "week":
            yield frozenset(range(5)), None, False
        elif kind == "span":
            yield _from_to(word), None, False
        elif kind == "day":
            yield frozenset({_weekday(word)}), None, False
        elif (
            limits := _MOMENTS.get(word) or _MOMENTS.get(word.removesuffix("s")) if kind == "moment" else _hours(found)
        ):
            yield frozenset(), limits, False


def _from_to(word: str) -> frozenset[int]:
    """The days of `du lundi au jeudi`; `du vendredi au lundi` goes over the week's end."""
    _, first, _, last = word.split()
    since, until = _weekday(first), _weekday(last)
    return frozenset((since + n) % 7 for n in range((until - since) % 7 + 1))


def _weekday(word: str) -> int:
    return next(number for number, name in enumerate(DAYS) if name.startswith(word[:3]))


def _hours(found: re.Match[str]) -> _Limits | None:
    numbers = [(int(hour), int(minute or 0)) for hour, minute in _NUMBERS.findall(found.group())]
    if any(hour > 23 or minute > 59 for hour, minute in numbers):
        return None
    at = [time(hour, minute) for hour, minute in numbers]
    if found.lastgroup == "between":
        return (at[0], at[1]) if len(at) == 2 and at[0] < at[1] else None
    return (at[0], None) if found.lastgroup == "after" else (None, at[0])
