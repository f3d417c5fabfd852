"""What blocks without a reason cost: minutes in which a dentist could have seen patients (P51)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from rules.checks.public_holidays import holiday_name
from rules.model import Dentist, Practice

Stretch = tuple[datetime, datetime]
_DAY = timedelta(days=1)
_UNTIL_MIDNIGHT = timedelta(seconds=1)  # opening hours until 24:00 end at the last instant of the day (time.max)


def lost_minutes(
    blocks: Iterable[tuple[str, datetime, datetime]], practice: Practice
) -> Mapping[tuple[str, date], int]:
    """(dentist's key, Monday of the week) → whole minutes blocked during that dentist's opening hours.

    `blocks` are (dentist's key, start, end); overlapping ones count once. Outside opening hours and on public holidays
    nothing is lost; without declared hours every minute counts. Weeks without loss are left out.
    """
    lost: dict[tuple[str, date], timedelta] = defaultdict(timedelta)
    taken: dict[str, list[Stretch]] = defaultdict(list)
    for key, start, end in blocks:
        taken[key].append((start.astimezone(UTC), end.astimezone(UTC)))
    for dentist in practice.dentists:
        for stretch in _once(taken.get(dentist.key, [])):
            for day, length in _lost(stretch, dentist, practice):
                lost[dentist.key, day - timedelta(days=day.weekday())] += length
    minutes = {key: (length + _UNTIL_MIDNIGHT) // timedelta(minutes=1) for key, length in lost.items()}
    return {key: count for key, count in minutes.items() if count}


def _once(stretches: list[Stretch]) -> Iterator[Stretch]:
    """The same time as stretches without overlaps, in order."""
    until = datetime.min.replace(tzinfo=UTC)
    for start, end in sorted(stretches):
        if end > until:
            yield max(start, until), end
            until = end


def _lost(stretch: Stretch, dentist: Dentist, practice: Practice) -> Iterator[tuple[date, timedelta]]:
    """(day, time) of the stretch that lies in opening hours."""
    start, end = stretch
    day = start.astimezone(practice.zone).date()
    while datetime.combine(day, time(), practice.zone) < end:
        for opens, closes in _open(day, dentist, practice):
            length = min(end, closes) - max(start, opens)
            if length > timedelta(0):
                yield day, length
        day += _DAY


def _open(day: date, dentist: Dentist, practice: Practice) -> Iterator[Stretch]:
    if dentist.hours is None:
        yield _moment(day, time(), practice), _moment(day + _DAY, time(), practice)
    elif not holiday_name(day, practice.holidays):
        for opens, closes in dentist.hours.get(day.weekday(), ()):
            yield _moment(day, opens, practice), _moment(day, closes, practice)


def _moment(day: date, at: time, practice: Practice) -> datetime:
    return datetime.combine(day, at, practice.zone).astimezone(UTC)
