"""DATE, DATE-TIME and DURATION values of events, whatever a client made of them, as aware datetimes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from adapters.calendars.contentlines import Property, param
from adapters.calendars.zones import Zones

_VALUE = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_DURATION = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as written: `at` is aware, in its own zone; for a date, local midnight of the practice."""

    at: datetime
    is_date: bool = False
    flags: frozenset[str] = frozenset()


_NONE: frozenset[str] = frozenset()


def moment(prop: Property, zones: Zones) -> Moment:
    """The point in time that a property names. Raises ValueError where it names none."""
    found = _VALUE.fullmatch(prop.value.strip())
    if not found:
        raise ValueError("not a date or time")
    year, month, day, hour, minute, second, suffix = found.groups()
    if hour is None:
        return Moment(datetime.combine(date(int(year), int(month), int(day)), time(), zones.practice), True)
    naive = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))  # noqa: DTZ001
    if suffix:
        return Moment(naive.replace(tzinfo=_offset(suffix)).astimezone(zones.practice))
    zone, flags = _zone(prop.params, zones)
    return _local(naive, zone, flags)


def _offset(suffix: str) -> tzinfo:
    if suffix in "Zz":
        return UTC
    value = datetime.strptime(suffix.replace(":", ""), "%z").tzinfo
    assert value is not None
    return value


def _zone(params: str, zones: Zones) -> tuple[tzinfo, frozenset[str]]:
    tzid = param(params, "TZID")
    if not tzid:
        return zones.practice, _NONE
    zone, known = zones.find(tzid)
    return zone, _NONE if known else frozenset({"zone-unknown"})


def _local(naive: datetime, zone: tzinfo, flags: frozenset[str]) -> Moment:
    """A wall time in its zone: one that a change of clocks leaves out moves forward, of two the first is meant."""
    at = naive.replace(tzinfo=zone)
    if 5 <= naive.hour < 22:  # no zone changes its clocks by day: the common case stays cheap
        return Moment(at, flags=flags)
    if at.utcoffset() != at.replace(fold=1).utcoffset():
        there = at.astimezone(UTC).astimezone(zone)
        if there.replace(tzinfo=None) != naive:
            return Moment(there, flags=flags | {"nonexistent-time"})
    return Moment(at, flags=flags)


def wall(naive: datetime, zone: tzinfo) -> datetime:
    """A wall time as an aware datetime that exists."""
    return _local(naive, zone, _NONE).at


def duration(value: str) -> timedelta:
    """The length that a DURATION value names (RFC 5545, 3.3.6). Raises ValueError where it names none."""
    found = _DURATION.fullmatch(value.strip())
    if not found or not any(found.groups()[1:]):
        raise ValueError("not a duration")
    sign, *numbers = found.groups()
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if sign == "-" else length
