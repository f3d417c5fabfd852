"""Moves the end of a resource's sole event (P8), or the whole event (P45), in the form that the client chose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.calendars.ical import splice
from adapters.calendars.ical.contentlines import Line, Property, param, unfold
from adapters.calendars.ical.times import duration, moment
from adapters.calendars.ical.zones import Zones


def moved(payload: bytes, end: datetime, practice: ZoneInfo, start: datetime | None = None) -> bytes | None:
    """The payload with that end, and that start if one is given: only the values of DTSTART and of DTEND or DURATION
    change; a missing end is added. Alarms stay, so those that count from the start move along.

    None for all-day events, repetitions, several events, and an end that is not after the start.
    """
    if start is not None:
        started = _started(payload, start, end, practice)
        return started and moved(started, end, practice)
    named = _sole(payload)
    if named is None:
        return None
    zones = Zones(practice, unfold(payload))
    start = _moment(named["DTSTART"], zones)
    if start is None or end <= start:
        return None
    if "DTEND" in named:
        value = _value(named["DTEND"], end, zones)
        return _replaced(payload, named["DTEND"], value) if value else None
    if "DURATION" in named:
        same = _lasts(named["DURATION"]) == end - start
        return payload if same else _replaced(payload, named["DURATION"], _duration(end - start))
    return _added(payload, named["DTSTART"], _value(named["DTSTART"], end, zones))


def _sole(payload: bytes) -> dict[str, Line] | None:
    """The lines of the sole event by name; None where there are several, or one that repeats."""
    named = {line.name: line for line in splice.event_lines(payload)}
    repeats = named.keys() & {"RRULE", "RDATE", "RECURRENCE-ID"}
    alone = unfold(payload).count("\nBEGIN:VEVENT") <= 1
    return named if "DTSTART" in named and not repeats and alone else None


def _started(payload: bytes, start: datetime, end: datetime, practice: ZoneInfo) -> bytes | None:
    """The payload with that start."""
    named = _sole(payload)
    if named is None or end <= start:
        return None
    value = _value(named["DTSTART"], start, Zones(practice, unfold(payload)))
    return _replaced(payload, named["DTSTART"], value) if value else None


def _lasts(line: Line) -> timedelta | None:
    try:
        length = duration(line.value.decode("ascii", "replace"))
    except (ValueError, OverflowError):
        return None
    return None if length.wall else length.exact


def _moment(line: Line, zones: Zones) -> datetime | None:
    try:
        found = moment(Property(line.params, line.value.decode("ascii", "replace")), zones)
    except ValueError:
        return None
    return None if found.is_date else found.at


def _value(line: Line, at: datetime, zones: Zones) -> str:
    """The time as that property writes times: UTC, a zone's wall time, or floating. Empty where it holds a date."""
    old = line.value.decode("ascii", "replace").strip()
    if _moment(line, zones) is None:
        return ""
    if old.upper().endswith("Z"):
        return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    tzid = param(line.params, "TZID")
    zone = zones.find(tzid)[0] if tzid else zones.practice
    return f"{at.astimezone(zone):%Y%m%dT%H%M%S}"


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    return f"PT{minutes}M"


def _replaced(payload: bytes, line: Line, value: str) -> bytes:
    at = line.place(line.value_at - 1) + 1
    return payload[:at] + value.encode("ascii") + payload[line.end :]


def _added(payload: bytes, line: Line, value: str) -> bytes | None:
    if not value:
        return None
    params = f";{line.params}" if line.params else ""
    new = f"DTEND{params}:{value}".encode("utf-8", "surrogateescape")
    return payload[: line.after] + new + line.eol + payload[line.after :]
