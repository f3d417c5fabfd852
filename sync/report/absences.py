"""Counts the absences of a span by patient, dentist and month, for `attitre absences` (P47, P48)."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from functools import cached_property

from msgspec import Struct

from sync.core.context import World
from sync.store import attendance
from sync.store.attendance import ABSENT, EXCUSED, UNDECIDED, UNEXCUSED, Ending


class Total(Struct, frozen=True):
    """The counts of one dentist, or of all. `appointments` includes the absences."""

    name: str
    appointments: int
    excused: int
    unexcused: int

    @property
    def rate(self) -> float | None:
        """Unexcused absences among the appointments; None without any."""
        return self.unexcused / self.appointments if self.appointments else None


class Report(Struct, frozen=True, dict=True):
    """`dentists`: (key, name) in the YAML's order, then those who left; `endings` in order of time; `visits` by
    dentist, up to now."""

    practice: str
    dentists: tuple[tuple[str, str], ...]
    endings: tuple[Ending, ...]
    visits: Counter[str]

    @cached_property
    def absences(self) -> tuple[Ending, ...]:
        """The endings that are classified as absences."""
        return tuple(one for one in self.endings if one.attendance in ABSENT)

    @property
    def undecided(self) -> int:
        """How many endings are not classified yet."""
        return sum(one.attendance == UNDECIDED for one in self.endings)

    def called(self, dentist: str) -> str:
        """The dentist's name; the key where it is not configured any more."""
        return dict(self.dentists).get(dentist, dentist)

    def by_patient(self) -> list[tuple[str, int, int]]:
        """(patient, excused, unexcused), who has most unexcused first."""
        names = {_person(one): one.patient for one in self.absences}
        excused = Counter(_person(one) for one in self.absences if one.attendance == EXCUSED)
        unexcused = Counter(_person(one) for one in self.absences if one.attendance == UNEXCUSED)
        rows = [(name, excused[who], unexcused[who]) for who, name in names.items()]
        return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))

    def totals(self) -> list[Total]:
        """One a dentist, and all together where there are several."""
        each = [self._total(name, [key]) for key, name in self.dentists]
        return [*each, self._total("Ensemble", [key for key, _ in self.dentists])] if len(each) > 1 else each

    def months(self) -> list[tuple[date, str, Total]]:
        """(first day, dentist, counts) of every month from the first absence to the last, empty ones included."""
        days = [one.start.date().replace(day=1) for one in self.absences]
        if not days:
            return []
        return [(month, key, self._month(month, key, name)) for key, name in self.dentists for month in _span(days)]

    def _total(self, name: str, keys: list[str]) -> Total:
        mine = [one for one in self.absences if one.dentist in keys]
        return _counted(name, mine, sum(self.visits[key] for key in keys))

    def _month(self, month: date, key: str, name: str) -> Total:
        return _counted(name, [o for o in self.absences if o.dentist == key and o.start.date().replace(day=1) == month])


def report(world: World, start: datetime, end: datetime, dentist: str | None = None) -> Report:
    """The absences that begin between the two moments; visits count once they are over."""
    practice, now = world.practice, world.now()
    with world.store.read() as tx:
        found = tuple(attendance.endings(tx, start, end, practice.zone, dentist))
        visits = attendance.visits(tx, start, min(end, now))
    names = {one.key: one.name for one in practice.dentists if dentist in {None, one.key}}
    names |= {one.dentist: one.dentist for one in found if one.dentist not in names}
    return Report(practice.name, tuple(names.items()), found, visits)


def _person(one: Ending) -> int | str:
    """Identifies a patient by number, since two people may share a name."""
    return one.person or one.patient


def _counted(name: str, absences: list[Ending], visits: int = 0) -> Total:
    counts = Counter(one.attendance for one in absences)
    return Total(name, visits + len(absences), counts[EXCUSED], counts[UNEXCUSED])


def _span(months: list[date]) -> list[date]:
    first, last = min(months), max(months)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [date((n := first.year * 12 + first.month - 1 + i) // 12, n % 12 + 1, 1) for i in range(count)]
