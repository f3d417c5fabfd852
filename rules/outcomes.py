"""What she writes about how an appointment ended (section 7): `Absent`, `Retard 15 min`, `abs 09:40 urgence`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from rules.model import Outcome

_HEADS = {
    "unexcused": r"(?:absen(?:te?|ce)|abs)?\s*non[\s-]excus[ée]e?s?|injustifi[ée]e?",
    "excused": r"(?:absen(?:te?|ce)|abs)?\s*excus[ée]e?s?",
    "cancelled": r"annul[ée]e?s?|annulation|d[ée]command[ée]e?",
    "absent": r"absen(?:te?|ce)|abs|pas\s+venue?|non\s+venue?|lapin",
    "late": r"(?:en\s+)?retard(?:\s+de)?\s*:?\s*(?P<delay>\d{1,3})?(?P<unit>\s*h\b)?(?:\s*(?:minutes?|mins?|mn|'))?",
    "arrived": r"arriv[ée]e?s?",
    "notified": r"(?:a\s+)?pr[ée]venue?s?",
    "honoured": r"honor[ée]e?",
}
_HEAD = re.compile("|".join(rf"(?P<{kind}>\b(?:{words})(?![\w]))" for kind, words in _HEADS.items()), re.IGNORECASE)
_FOLLOWS = re.compile(
    r"(?P<patient>\bpar\s+(?:(?:le|la)\s+)?(?:patiente?|m[èe]re|p[èe]re|famille)\b)"
    r"|(?P<practice>\bpar\s+(?:nous|(?:(?:le|la)\s+)?(?:cabinet|dentiste|praticien(?:ne)?|secr[ée]tariat)|(?:le\s+)?dr\s+\w+))"
    r"|(?P<date>\b(?:le\s+|du\s+)?\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?(?!\d))"
    r"|(?P<eve>\b(?:la\s+veille|hier)\b)|(?P<morning>\bce\s+matin\b)"
    r"|(?P<time>(?:\b(?:à|a|vers)\s*|\b)\d{1,2}\s?(?:h|:)\s?(?:\d{2})?(?![\d\w]))"
    r"|(?P<urgent>\b(?:en\s+)?urgen(?:ce|te?)\b(?:\s*[:=]?\s*oui\b)?)"
    r"|(?P<filler>[\s,.:;=()!–—-]+|\bpar\s+(?:t[ée]l(?:[ée]phone)?|mail|sms)\b|\bsans\s+pr[ée]venir\b|\brdv\b|\boui\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one text says of the outcome, and the text around it (`before`, `after`) that says something else."""

    outcome: Outcome
    before: str
    after: str

    @property
    def believable(self) -> bool:
        """No sentence that only begins with such a word, as `Absent le mardi` in somebody's wishes."""
        sure = self.outcome.kind in {"cancelled", "excused", "unexcused"} or self.outcome.at or self.outcome.notified
        return not self.after.strip() or (bool(sure or self.outcome.minutes) and len(self.after.split()) <= 4)


def read(text: str, start: datetime, *, anywhere: bool = False) -> Said | None:
    """The outcome that a text begins with (or holds, with `anywhere`); None where it says none.

    `start` is the appointment's begin in the practice's zone: days without a year and hours without a day are read
    beside it.
    """
    head = _HEAD.search(text) if anywhere else _HEAD.match(text)
    if not head:
        return None
    outcome, end, told = Outcome(""), head.start(), False
    while end < len(text):
        found = _HEAD.match(text, end) or _FOLLOWS.match(text, end)
        if not found or found.end() == end:
            break
        told = told or found.lastgroup not in {"filler", "notified"}
        outcome, end = _with(outcome, found, start), found.end()
    outcome = _settled(outcome)
    if not told or not outcome.kind:
        return None
    return Said(outcome, text[: head.start()], text[end:])


def _with(outcome: Outcome, found: re.Match[str], start: datetime) -> Outcome:
    """The outcome after one more piece."""
    said = found.groupdict()
    if found.re is _HEAD:
        kind = next(kind for kind in _HEADS if said[kind] is not None)
        late = int(said["delay"]) * (60 if said["unit"] else 1) if said["delay"] else outcome.minutes
        notified = start if kind == "notified" else outcome.notified
        return replace(outcome, kind=_stronger(outcome.kind, kind), minutes=late, notified=notified)
    if said["urgent"]:
        return replace(outcome, urgent=True)
    if said["patient"] or said["practice"]:
        return replace(outcome, by_patient=bool(said["patient"]))
    moment = _moment(found, outcome.at, start)
    return replace(outcome, at=moment) if moment else outcome


_STRENGTH = ("", "notified", "honoured", "late", "absent", "arrived", "cancelled", "excused", "unexcused")


def _stronger(one: str, other: str) -> str:
    return max(one, other, key=_STRENGTH.index)


def _moment(found: re.Match[str], known: datetime | None, start: datetime) -> datetime | None:
    """The moment after one more piece: a day keeps the hour that is known, an hour the day."""
    said = found.groupdict()
    day = known.date() if known else start.date()
    clock = known.time() if known else time(0)
    if said["eve"]:
        day = start.date() - timedelta(days=1)
    elif said["morning"]:
        clock = clock or time(8)
    elif said["date"]:
        read_day = _day([int(part) for part in re.findall(r"\d+", said["date"])], start.date())
        day = read_day or day
    elif said["time"]:
        hour, minute = [*map(int, re.findall(r"\d+", said["time"])), 0][:2]
        clock = time(hour, minute) if hour < 24 and minute < 60 else clock
    else:
        return None
    return datetime.combine(day, clock, start.tzinfo)


def _day(parts: list[int], beside: date) -> date | None:
    """The day; without a year the last one that is not after the appointment."""
    years = [parts[2] % 100 + 2000] if len(parts) > 2 else [beside.year, beside.year - 1]
    for year in years:
        try:
            day = date(year, parts[1], parts[0])
        except ValueError:
            continue
        if len(parts) > 2 or day <= beside:
            return day
    return None


def _settled(outcome: Outcome) -> Outcome:
    """The time belongs to what was said: the notice of an absence, the arrival of a late patient."""
    if outcome.kind in {"notified", "absent", "excused", "unexcused"}:
        return replace(outcome, notified=outcome.at, at=None)
    if outcome.kind == "cancelled" and outcome.by_patient is not False:
        return replace(outcome, notified=outcome.at)
    if outcome.kind == "late" and outcome.notified:
        return replace(outcome, notified=outcome.at or outcome.notified, at=None)
    return outcome


def concluded(outcome: Outcome | None, urgent: bool) -> Outcome | None:
    """The outcome once everything is read: notice alone (`Prévenu le 12/03`) is notice of an absence."""
    if outcome is None:
        return None
    kind = "absent" if outcome.kind == "notified" else outcome.kind
    return replace(outcome, kind=kind, urgent=outcome.urgent or urgent)


def merged(one: Outcome | None, other: Outcome) -> Outcome:
    """Two lines of one entry: `Retard 15 min` and `Arrivé 14:43`."""
    if one is None:
        return other
    return Outcome(
        kind=_stronger(one.kind, other.kind),
        minutes=one.minutes if other.minutes is None else other.minutes,
        at=other.at or one.at,
        notified=other.notified or one.notified,
        urgent=one.urgent or other.urgent,
        by_patient=one.by_patient if other.by_patient is None else other.by_patient,
    )
