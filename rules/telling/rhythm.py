"""The rhythm of a series of visits in French: `chaque mardi`, `le 9 de chaque mois` (ruling 17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import gcd

from msgspec import Struct

from rules.text import french

LEAST = 3  # visits: any two dates would make a rhythm
LEFT_OUT = 3  # exceptions at most, which are named; with more there is no rhythm


class Rhythm(Struct, frozen=True):
    """`words`: the rhythm without the hour. `without`: dates of the rhythm on which there is no visit. `next`: the date
    that would follow the last one."""

    words: str
    without: tuple[date, ...]
    next: date


def rhythm(starts: Sequence[datetime]) -> Rhythm | None:
    """The rhythm of these starts, which are in order and in one zone. None if there is none, or if the hour changes."""
    days = [start.date() for start in starts]
    if len(days) < LEAST or len(set(days)) < len(days) or len({start.time() for start in starts}) > 1:
        return None
    found = [one for make in (_weekly, _monthly, _monthly_by_weekday) if (one := make(days))]
    bearable = [one for one in found if len(one.without) <= min(LEFT_OUT, len(days) // 3)]
    return min(bearable, key=lambda one: len(one.without), default=None)


def _weekly(days: Sequence[date]) -> Rhythm:
    names = sorted({day.weekday() for day in days})
    first = days[0] - timedelta(days=days[0].weekday())
    weeks = [(day - first).days // 7 for day in days]
    step = gcd(*weeks) or 1

    def after(day: date) -> date:
        later = (day + timedelta(days=more) for more in range(1, 7 * step + 7))
        return next(one for one in later if one.weekday() in names and (one - first).days // 7 % step == 0)

    return _made(_weekly_words(names, step), days, after)


def _weekly_words(names: Sequence[int], step: int) -> str:
    said = french.listed((_NAMES[name] for name in names), "et")
    if step == 1:
        return "chaque jour" if len(names) == 7 else f"chaque {said}"
    return f"un {said} sur deux" if step == 2 and len(names) == 1 else f"toutes les {step} semaines, le {said}"


def _monthly(days: Sequence[date]) -> Rhythm | None:
    if len({day.day for day in days}) > 1:
        return None
    number, step = days[0].day, _months(days)

    def after(day: date) -> date:
        return next(one for one in _later_months(day, step, lambda first: _of_month(first, number)) if one)

    return _made(f"le {'1er' if number == 1 else number} {_each(step)}", days, after)


def _monthly_by_weekday(days: Sequence[date]) -> Rhythm | None:
    places = {(day.weekday(), (day.day - 1) // 7) for day in days}
    if len(places) > 1:
        return None
    (weekday, place), step = places.pop(), _months(days)

    def after(day: date) -> date:
        return next(one for one in _later_months(day, step, lambda first: _nth(first, weekday, place)) if one)

    return _made(f"le {_PLACES[place]} {_NAMES[weekday]} {_each(step)}", days, after)


def _each(step: int) -> str:
    return "de chaque mois" if step == 1 else f"tous les {step} mois"


def _months(days: Sequence[date]) -> int:
    return gcd(*((later.year - day.year) * 12 + later.month - day.month for day, later in pairwise(days))) or 1


def _later_months(day: date, step: int, choose: Callable[[date], date | None]) -> Iterator[date | None]:
    """The chosen day of each later month; None for a month without it (31 June)."""
    month = day.year * 12 + day.month - 1
    while True:
        month += step
        yield choose(date(month // 12, month % 12 + 1, 1))


def _of_month(first: date, number: int) -> date | None:
    day = first + timedelta(days=number - 1)
    return day if day.month == first.month else None


def _nth(first: date, weekday: int, place: int) -> date | None:
    return _of_month(first, 1 + (weekday - first.weekday()) % 7 + 7 * place)


def _made(words: str, days: Sequence[date], after: Callable[[date], date]) -> Rhythm:
    meant, day = [days[0]], days[0]
    while day < days[-1]:
        day = after(day)
        meant.append(day)
    stand = set(days)
    return Rhythm(words, tuple(one for one in meant if one not in stand), after(days[-1]))


_NAMES = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_PLACES = ("1er", "2e", "3e", "4e", "5e")
