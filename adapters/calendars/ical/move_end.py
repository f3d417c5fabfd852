"""Moves the end of a resource's sole event (P8), in the form that the client chose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.calendars.ical import splice
from adapters.calendars.ical.contentlines import Line, Property, param, unfold
from adapters.calendars.ical.times import moment
from adapters.calendars.ical.zones import Zones


def moved(payload: bytes, end: datetime, practice: ZoneInfo) -> bytes | None:
    """The payload with that end: only the value of DTEND or DURATION changes; a missing one is added.

    None for all-day events, repetitions, several events, and an end that is not after the start.
    """
    lines = splice.event_lines(payload)
    named = {line.name: line for line in lines}
    if (
        "DTSTART" not in named
        or named.keys() & {"RRULE", "RDATE", "RECURRENCE-ID"}
        or unfold(payload).count("\nBEGIN:VEVENT") > 1
    ):
        return None
    zones = Zones(practice, unfold(payload))
    start = _moment(named["DTSTART"], zones)
    if start is None or end <= start:
        return None
    if "DTEND" in named:
        value = _value(named["DTEND"], end, zones)
        return _replaced(payload, named["DTEND"], value) if value else None
    if "DURATION" in named:
        return _replaced(payload, named["DURATION"], _duration(end - start))
    return _added(payload, named["DTSTART"], _value(named["DTSTART"], end, zones))


def _moment(line: Line, zones: Zones) -> datetime | None:
    try:
        found = moment(Property(line.params, line.value.decode("ascii", "replace")), zones)
    except ValueError:
        return None
    return None if found.is_date else found.at


def _value(line: Line, end: datetime, zones: Zones) -> str:
    """The end as that property writes times: UTC, a zone's wall time, or floating. Empty where it holds a date."""
    old = line.value.decode("ascii", "replace").strip()
    if _moment(line, zones) is None:
        return ""
    if old.upper().endswith("Z"):
        return f"{end.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    tzid = param(line.params, "TZID")
    zone = zones.find(tzid)[0] if tzid else zones.practice
    return f"{end.astimezone(zone):%Y%m%dT%H%M%S}"


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
