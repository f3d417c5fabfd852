"""DATE, DATE-TIME and DURATION values of events, whatever a client made of them, as aware datetimes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from msgspec import Struct

from adapters.calendars.ical.contentlines import Property, param
from adapters.calendars.ical.zones import UTC as NAMED_UTC
from adapters.calendars.ical.zones import Zones

_VALUE = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_DURATION = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)


class Moment(Struct, frozen=True):
    """A point in time as written: `at` is aware, in its own zone; for a date, local midnight of the practice.

    `left_out`: the wall time as written, where a change of clocks leaves it out and `at` is another one.
    """

    at: datetime
    is_date: bool = False
    flags: frozenset[str] = frozenset()
    left_out: datetime | None = None

    @property
    def wall(self) -> datetime:
        """The wall time as written, without zone: what a rule repeats."""
        return self.left_out or self.at.replace(tzinfo=None, fold=0)


class Length(NamedTuple):
    """How long something is: first on the wall, then in exact time (RFC 5545 3.3.6)."""

    wall: timedelta
    exact: timedelta


_NONE: frozenset[str] = frozenset()


def moment(prop: Property, zones: Zones, *, own_zone: bool = False) -> Moment:
    """The point in time that a property names. `own_zone`: an absolute time stays in the zone that it is written in,
    for a series repeats there (3.3.10); else it is the practice's time.

    Raises ValueError where it names none, OverflowError for one outside the years 1000 to 8999: a few hours or days
    further there is no date any more.
    """
    found = _VALUE.fullmatch(prop.value.strip())
    if not found:
        raise ValueError("not a date or time")
    year, month, day, hour, minute, second, suffix = found.groups()
    if not "1000" <= year < "9000":
        raise OverflowError("not a year of this calendar")
    if hour is None:
        return Moment(datetime.combine(date(int(year), int(month), int(day)), time(), zones.practice), True)
    naive = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))  # noqa: DTZ001
    if suffix:
        at = naive.replace(tzinfo=_offset(suffix))
        return Moment(at.astimezone(_series_zone(prop.params, at, zones) if own_zone else zones.practice))
    zone, flags = _zone(prop.params, zones)
    return _local(naive, zone, flags)


def _offset(suffix: str) -> tzinfo:
    if suffix in "Zz":
        return UTC
    value = datetime.strptime(suffix.replace(":", ""), "%z").tzinfo
    assert value is not None
    return value


def _series_zone(params: str, at: datetime, zones: Zones) -> tzinfo:
    """Where an absolute time repeats: its own offset; a zone that stands beside it says more."""
    if param(params, "TZID"):
        return _zone(params, zones)[0]
    offset = at.tzinfo
    return NAMED_UTC if offset is UTC or offset is None else offset


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
            return Moment(there, flags=flags | {"nonexistent-time"}, left_out=naive)
    return Moment(at, flags=flags)


def local(naive: datetime, zone: tzinfo) -> Moment:
    """A wall time of a zone, as a time that exists (RFC 5545 3.3.5)."""
    return _local(naive, zone, _NONE)


def later(at: datetime, length: Length) -> datetime:
    """When something ends that begins then. Raises OverflowError behind the year 9999.

    On the wall within the hour that comes twice, what begins in the second one ends there too.
    """
    zone = at.tzinfo or UTC
    end = at
    if length.wall:
        end = _local(at.replace(tzinfo=None, fold=0) + length.wall, zone, _NONE).at
        if at.fold and abs(length.wall) < timedelta(days=1):
            end = end.replace(fold=1).astimezone(UTC).astimezone(zone)
    return (end.astimezone(UTC) + length.exact).astimezone(zone) if length.exact else end


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The exact time between two; Python's own difference is the wall's where both name the same zone."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def duration(value: str) -> Length:
    """The length that a DURATION value names: weeks and days on the wall, the rest exact (RFC 5545 3.3.6). Raises
    ValueError where it names none, OverflowError where no time is so long."""
    found = _DURATION.fullmatch(value.strip())
    if not found or not any(found.groups()[1:]):
        raise ValueError("not a duration")
    sign, *numbers = found.groups()
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
    length = Length(timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds))
    return Length(-length.wall, -length.exact) if sign == "-" else length
