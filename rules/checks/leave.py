"""Which block of a calendar is an absence of the dentist, and what is said of the appointments in it (P24)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

from msgspec import Struct

from rules.findings import raised
from rules.model import Entry, Finding, Practice
from rules.text.fold import words
from rules.text.french import clock, counted, day, day_and_clock

_AWAY = (
    "absence absent absente absences arret conge conges formation indispo indisponible maladie maternite paternite"
    " rtt stage vacances vacation"
)
_WORDS = frozenset(_AWAY.split())
_THIS = {
    "arret": "cet arrêt", "conge": "ce congé", "conges": "ces congés", "formation": "cette formation",
    "reunion": "cette réunion", "rtt": "ce RTT", "stage": "ce stage", "vacances": "ces vacances",
}  # fmt: skip
_ABSENCE = "cette absence"
_LINES = 4  # of a block's five, beside the finding
_PER_LINE = 6  # appointments: no line of an event is longer

Findings = tuple[Finding, ...]


class Affected(Struct, frozen=True):
    """One appointment in an absence. `start`: when it is, or was; `name` of its patient. `said`: what became of it, in
    French; empty as long as nobody was asked. `settled`: it is no longer in the absence."""

    start: datetime
    name: str
    said: str = ""
    settled: bool = False


def elsewhere(entry: Entry, practice: Practice) -> Findings:
    """The remark that other dates are proposed from an absence, not from an appointment."""
    return raised(practice.policy, "rescue-elsewhere") if entry.rescue else ()


def is_leave(title: str, *, all_day: bool) -> bool:
    """Whether a block is an absence: whole days, or a word for it in the title."""
    return all_day or not _WORDS.isdisjoint(words(title[:200]))


def said(affected: Sequence[Affected], title: str, entry: Entry, practice: Practice, *, asked: bool) -> Findings:
    """The findings of an absence: which appointments lie in it, and what their patients answered. `title`: as typed;
    `asked`: other dates were proposed to them."""
    what = called(title)
    if not affected:
        return raised(practice.policy, "rescue", seen=f"Aucun rendez-vous ne tombe sur {what}") if entry.rescue else ()
    left = [one for one in affected if not one.settled]
    seen, lines = fall(len(left), what), listed(affected, practice)
    if (entry.rescue or asked) and practice.page_url:
        told = [one for one in affected if one.said]
        return raised(practice.policy, "rescue", seen=_summary(seen, what, left, told), proposals=lines)
    if entry.rescue:
        return raised(practice.policy, "rescue-no-way", seen=seen, whom=_whom(left), proposals=lines)
    todo = "tapez « Proposer d'autres dates »" if practice.page_url else f"appelez {_whom(left)}"
    return raised(practice.policy, "leave-over-bookings", seen=seen, todo=todo, proposals=lines)


def called(title: str) -> str:
    """The absence as she calls it: `ces congés`, `cette formation`; else `cette absence`."""
    return next((_THIS[word] for word in words(title[:200]) if word in _THIS), _ABSENCE)


def fall(number: int, what: str) -> str:
    """`3 rendez-vous tombent sur ces congés`."""
    return f"{counted(number, 'rendez-vous tombe', 'rendez-vous tombent')} sur {what}"


def _whom(left: Sequence[Affected]) -> str:
    return "le patient" if len(left) == 1 else "les patients"


def _summary(seen: str, what: str, left: Sequence[Affected], told: Sequence[Affected]) -> str:
    done = len([one for one in told if one.settled])
    if not left:
        return f"Plus aucun rendez-vous ne tombe sur {what}"
    settled = f", {counted(done, 'réglé', 'réglés')}" if done else ""
    return f"{seen} (autres dates proposées{settled})"


def listed(affected: Sequence[Affected], practice: Practice) -> tuple[str, ...]:
    """A line each while they are few; else the days, each with its appointments, and how many more."""
    ordered = sorted(affected, key=lambda one: one.start.timestamp())
    if len(ordered) <= _LINES:
        return tuple(_alone(one, practice) for one in ordered)
    parts = [
        (when, every[start : start + _PER_LINE])
        for when, of_day in groupby(ordered, key=lambda one: _local(one, practice).date())
        if (every := list(of_day))
        for start in range(0, len(every), _PER_LINE)
    ]
    if len(parts) <= _LINES:
        return tuple(_of_day(when, part, practice) for when, part in parts)
    shown = parts[: _LINES - 1]
    more = len(ordered) - sum(len(part) for _, part in shown)
    return (
        *(_of_day(when, part, practice) for when, part in shown),
        f"… et {counted(more, 'autre', 'autres')} (attitre agenda)",
    )


def _alone(one: Affected, practice: Practice) -> str:
    return f"{day_and_clock(_local(one, practice))}, {one.name}{f' : {one.said}' if one.said else ''}"


def _of_day(when: date, every: Sequence[Affected], practice: Practice) -> str:
    told = (f"{clock(_local(one, practice))} {one.name}{f' ({one.said})' if one.said else ''}" for one in every)
    return f"{day(when)} : {', '.join(told)}"


def _local(one: Affected, practice: Practice) -> datetime:
    return one.start.astimezone(practice.zone)
