"""How much time is free around an appointment that left (P44)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from rules.checks.free_slots import takes
from rules.checks.public_holidays import holiday_name
from rules.model import Gap
from sync.core.context import World
from sync.store import occurrences, offers
from sync.store.engine import Tx
from sync.store.gaps import GapRow

Stretch = tuple[datetime, datetime]


def free_around(world: World, tx: Tx, gap: GapRow, now: datetime) -> Gap | None:
    """The free time of which the freed time is a part; None where nothing of it is free, or the dentist is not at
    work."""
    found = [one for hours in _at_work(world, gap) for one in _but(hours, _taken(world, tx, gap, now))]
    shared = [(_meet(one, (gap.start, gap.end)), one) for one in found]
    best = max(((both, one) for both, one in shared if both), key=lambda pair: pair[0][1] - pair[0][0], default=None)
    if best is None:
        return None
    (freed_start, freed_end), (start, end) = best
    zone = world.practice.zone
    ends = (one.astimezone(zone) for one in (freed_start, freed_end, start, end))
    return Gap(gap.id, gap.dentist, *ends)


def is_taken(
    world: World, tx: Tx, dentist: str, start: datetime, end: datetime, *, but: frozenset[str] = frozenset()
) -> bool:
    """Whether anything in the dentist's calendars takes a part of that time. `but`: UIDs that do not count."""
    busy = occurrences.taken(tx, [dentist], start, end)
    return any(takes(item, urgent=False) and item.uid not in but for item in busy)


def _at_work(world: World, gap: GapRow) -> Iterator[Stretch]:
    """The dentist's opening hours on that day; nothing where none are declared."""
    zone = world.practice.zone
    day = gap.start.astimezone(zone).date()
    dentist = next((one for one in world.practice.dentists if one.key == gap.dentist), None)
    if dentist is None or dentist.hours is None or holiday_name(day, world.practice.holidays):
        return
    for opens, closes in dentist.hours.get(day.weekday(), ()):
        yield _at(day, opens, world), _at(day, closes, world)


def _at(day: date, hour: time, world: World) -> datetime:
    return datetime.combine(day, hour, world.practice.zone).astimezone(UTC)


def _taken(world: World, tx: Tx, gap: GapRow, now: datetime) -> list[Stretch]:
    """What takes the dentist's time on that day: events, what is offered already of other freed times, and the past."""
    midnight = gap.start.astimezone(world.practice.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    busy = occurrences.taken(tx, [gap.dentist], midnight, midnight + timedelta(days=1))
    live = offers.in_states(tx, world.practice.zone, *offers.LIVE)
    others = [one for one in live if one.dentist == gap.dentist and one.gap not in {gap.id, 0}]
    spans = [(item.start, item.end) for item in busy if takes(item, urgent=False)]
    spans += [(one.start, one.end) for one in others]
    return [
        (midnight.astimezone(UTC), now.astimezone(UTC)),
        *((a.astimezone(UTC), b.astimezone(UTC)) for a, b in spans),
    ]


def _but(whole: Stretch, taken: Iterable[Stretch]) -> Iterator[Stretch]:
    """What is left of a stretch."""
    at, end = whole
    for begins, ends in sorted(taken):
        if begins >= end:
            break
        if begins > at:
            yield at, begins
        at = max(at, ends)
    if at < end:
        yield at, end


def _meet(one: Stretch, other: Stretch) -> Stretch | None:
    start, end = max(one[0], other[0].astimezone(UTC)), min(one[1], other[1].astimezone(UTC))
    return (start, end) if start < end else None
