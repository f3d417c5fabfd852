"""The next free times of a dentist (P9, P11, P24, P25)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from rules.checks.public_holidays import holiday_name
from rules.entry.reserved_slots import Place, place
from rules.model import Busy, Dentist, Kind, Practice, Slot

STEP = timedelta(minutes=5)  # slots start at multiples of five minutes
LEAD = timedelta(minutes=15)  # a proposed slot begins at least 15 min from now: no patient is there sooner

Stretch = tuple[datetime, datetime]


def free_slots(
    dentist: Dentist,
    minutes: int,
    practice: Practice,
    busy: Iterable[Busy],
    since: datetime,
    *,
    limit: int,
    days: int,
    urgent: bool = False,
    until: datetime | None = None,
) -> tuple[Slot, ...]:
    """The dentist's next free slots, soonest first, at most `limit`. They begin within `days` calendar days from
    `since` on, and before `until` (P24). `urgent`: slots reserved for urgencies count as free.

    Empty if the practice declared no opening hours. Slots are in the practice's zone.
    """
    taken = _once(
        (item.start.astimezone(UTC), item.end.astimezone(UTC))
        for item in busy
        if item.dentist == dentist.key and takes(item, urgent=urgent)
    )
    found = _free(dentist, timedelta(minutes=max(minutes, 1)), practice, taken, since, days=days)
    if until is not None:
        found = (slot for slot in found if slot.start < until)
    return tuple(islice(found, max(limit, 0)))


def takes(item: Busy, *, urgent: bool) -> bool:
    """Whether it keeps its time from a new booking: `libre` never does, `urgence réservée` only from motifs that can
    wait."""
    if item.kind is Kind.PLACEHOLDER:
        return place(item.label) is Place.URGENT and not urgent
    return item.kind is not Kind.IGNORED


def is_urgent(practice: Practice, motif: str | None) -> bool:
    """Whether the motif bears no long wait (P11)."""
    known = practice.motif(motif)
    return known is not None and known.within_days is not None


def _once(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time as stretches without overlaps, in order."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _free(
    dentist: Dentist, length: timedelta, practice: Practice, taken: Sequence[Stretch], since: datetime, *, days: int
) -> Iterator[Slot]:
    first_day = since.astimezone(practice.zone).date()
    earliest = _round_up(since.astimezone(UTC))
    for day in (first_day + timedelta(days=offset) for offset in range(days)):
        if not dentist.hours or holiday_name(day, practice.holidays):
            continue
        for opens, closes in dentist.hours.get(day.weekday(), ()):
            first, last = (datetime.combine(day, at, practice.zone).astimezone(UTC) for at in (opens, closes))
            for start in _starts(max(_round_up(first), earliest), last, length, taken):
                yield Slot(dentist.key, start.astimezone(practice.zone), (start + length).astimezone(practice.zone))


def _starts(at: datetime, last: datetime, length: timedelta, taken: Sequence[Stretch]) -> Iterator[datetime]:
    """The starts of free slots. `taken` has no overlaps, so only the last stretch that begins before the slot's end can
    be in its way."""
    while at + length <= last:
        before = bisect_left(taken, at + length, key=lambda one: one[0]) - 1
        if before < 0 or taken[before][1] <= at:
            yield at
            at = _round_up(at + length)
        else:
            at = _round_up(taken[before][1])


def _round_up(moment: datetime) -> datetime:
    base = moment.replace(minute=0, second=0, microsecond=0)
    return base + -(-(moment - base) // STEP) * STEP
