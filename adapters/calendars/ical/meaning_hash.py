"""A hash of what a human booked: the same for every writing of the same meaning (docs/design.md#meaning)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.calendars.ical.component import Component
from adapters.calendars.ical.times import Moment


def digest(parts: Sequence[Component]) -> str:
    """Covers title, text, place, times, status, repetition, transparency, class, categories and who is invited.

    Left out: our part, stamps, SEQUENCE, PRODID, alarms, X- properties, colours, answers of guests, order, layout.
    """
    facts = sorted(_facts(part) for part in parts)
    return hashlib.sha256("\x1e".join(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _facts(part: Component) -> str:
    event = part.event
    facts = (
        event.uid,
        _wall(event.start),
        _wall(event.end),
        "day" if event.all_day else "",
        " ".join(event.title.split()),
        " ".join(event.description.split()),
        " ".join(event.location.split()),
        event.status.value,
        "free" if event.transparent else "",
        "private" if event.private else "",
        ",".join(sorted(event.categories)),
        *(" ".join(line.split()) for line in event.apart),
    )
    told = "\x1f".join(facts)
    return "\x1f".join((told, *_series(part))) if part.recurring or part.people or part.excluded else told


def _series(part: Component) -> tuple[str, ...]:
    replaced = _at(part.recurrence_id) if part.recurrence_id else ""
    rules = sorted(";".join(sorted(rule.upper().split(";"))) for rule in part.rules)
    rules += [f"EXRULE:{rule}" for rule in sorted(rule.upper() for rule in part.excluding)]
    extra = sorted(f"{_at(span.start)}/{sum(span.length, timedelta()) if span.length else ''}" for span in part.extra)
    gone = sorted(_at(moment) for moment in part.excluded)
    zone = str(part.event.start.tzinfo) if part.rules else ""
    return (
        replaced,
        str(part.following),
        "|".join(rules),
        "|".join(extra),
        "|".join(gone),
        "|".join(part.people),
        zone,
    )


def _at(moment: Moment) -> str:
    return moment.at.date().isoformat() if moment.is_date else _wall(moment.at)


def _wall(at: datetime) -> str:
    """The wall time with its zone's name: an update of the zone data changes nothing that was booked
    (hard case F07)."""
    zone = at.tzinfo
    name = zone.key if isinstance(zone, ZoneInfo) else str(at.utcoffset())
    return f"{at.year:04d}{at.month:02d}{at.day:02d}{at.hour:02d}{at.minute:02d}{at.second:02d}{at.fold}{name}"
