"""Which components of an object count: of several versions the newest, and which instance of a series each replaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from itertools import count
from typing import NamedTuple

from msgspec.structs import replace

from adapters.calendars.ical.component import Component, Version
from adapters.calendars.ical.meaning_hash import digest
from adapters.calendars.ical.times import Moment, local

_OLDEST = Version()
_NEVER = datetime.max.replace(tzinfo=UTC)


class Counted(NamedTuple):
    """The components that count; `apart`: some share a UID and nothing says which is the newer."""

    parts: list[Component]
    apart: bool


def counted(parts: Sequence[Component]) -> Counted:
    """Of two versions of one event or instance the greater SEQUENCE counts, then the later DTSTAMP, then the later
    LAST-MODIFIED (RFC 5545 3.8.7.4; RFC 5546 2.1.5), then what stands last.

    Events that only share a UID, or have none, each stay: the oldest under it, the others under names of their own.
    """
    found: list[Component] = []
    apart = False
    taken = {part.event.uid for part in parts}
    for uid, here in by_uid(parts).items():
        masters = _masters([part for part in here if part.recurrence_id is None], uid)
        apart |= len(masters) > 1
        found += _named_apart(masters, uid, taken)
        found += _replacing([part for part in here if part.recurrence_id is not None], masters[0] if masters else None)
    return Counted(found, apart)


def by_uid(parts: Sequence[Component]) -> dict[str, list[Component]]:
    """The components of each event, in their order."""
    found: dict[str, list[Component]] = {}
    for part in parts:
        found.setdefault(part.event.uid, []).append(part)
    return found


def _age(part: Component) -> Version:
    return part.version or _OLDEST


def _masters(parts: Sequence[Component], uid: str) -> list[Component]:
    """Those that are no older version, and no second writing, of another one; the oldest event first."""
    if len(parts) < 2:
        return list(parts)
    order = {id(part): index for index, part in enumerate(parts)}
    newest_first = sorted(parts, key=lambda part: (_age(part), order[id(part)]), reverse=True)
    written: dict[str, Component] = {}
    for part in newest_first:
        written.setdefault(digest([part]), part)
    kept = _newest(written.values()) if uid else written.values()
    return sorted(kept, key=lambda part: (part.event.created or _NEVER, order[id(part)]))


def _newest(parts: Iterable[Component]) -> Iterator[Component]:
    """Those that are no older version of one before. SEQUENCE alone tells it; stamps tell it of what kept its title or
    its time: careless programs give one UID to two patients."""
    seen: dict[str | datetime, Version] = {}
    for part in parts:
        age = _age(part)
        sequence = next(iter(seen.values()), age).sequence
        alike = [seen[mark] for mark in (part.event.title, part.event.start) if mark in seen]
        if age.sequence == sequence and all(one == age for one in alike):
            yield part
            seen.setdefault(part.event.title, age)
            seen.setdefault(part.event.start, age)


def _named_apart(masters: Iterable[Component], uid: str, taken: set[str]) -> list[Component]:
    """The events with a UID each: no two may be the same occurrence (hard case E16)."""
    named: list[Component] = []
    numbers = count(2)
    for part in masters:
        own = uid
        while named and own in taken:
            own = f"{uid} ({next(numbers)})"
        taken.add(own)
        named.append(part if own == uid else replace(part, event=replace(part.event, uid=own)))
    return named


def _replacing(parts: Sequence[Component], master: Component | None) -> list[Component]:
    """The newest of each instance; what also changes those that follow stands beside what changes it alone."""
    newest: dict[tuple[str, bool], Component] = {}
    for part in parts:
        assert part.recurrence_id is not None
        name = (instance(part.recurrence_id, master), part.following)
        if name not in newest or _age(part) >= _age(newest[name]):
            newest[name] = part
    return list(newest.values())


def instance(moment: Moment, master: Component | None) -> str:
    """The key of the occurrence that a RECURRENCE-ID or EXDATE names: an instant, or a date where it is of days."""
    found = original(moment, master) if master else moment
    return found.at.date().isoformat() if found.is_date else key(found.at)


def original(moment: Moment, master: Component) -> Moment:
    """The start of that occurrence, in the form of its series: a date on a series of times means the one of that day
    (hard case E05), a time on a series of days its day."""
    if master.event.all_day:
        midnight = datetime.combine(_day(moment), time(), zone_of(master))
        return moment if moment.is_date else Moment(midnight, True)
    if not moment.is_date:
        return moment
    zone, day = zone_of(master), moment.at.date()
    extra = (span.start for span in master.extra if not span.start.is_date)
    return next((start for start in extra if start.at.astimezone(zone).date() == day), on_day(moment, master))


def on_day(day: Moment, master: Component) -> Moment:
    """The series' own time on that day, in its zone."""
    first = master.first or Moment(master.event.start)
    return local(datetime.combine(day.at.date(), first.wall.time()), zone_of(master))


def _day(moment: Moment) -> date:
    """The day of a time: the practice's, or as written where it is a midnight of UTC (Exchange)."""
    utc = moment.at.astimezone(UTC)
    return (moment.at if utc.time() != time() else utc).date()


def key(at: datetime) -> str:
    """An original start as an instant."""
    return at.astimezone(UTC).isoformat()


def zone_of(master: Component) -> tzinfo:
    """Where the series repeats."""
    return master.event.start.tzinfo or UTC
