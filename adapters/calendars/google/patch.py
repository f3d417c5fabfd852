"""What we change in a Google event: our part of title and description, the end (P8), and events of our own.

Nothing else is ever named in a change: no guests, no reminders, no conference, and her own text stays (law L1,
hard case C13).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from adapters.calendars.google.ids import own_id
from adapters.calendars.ical import block
from adapters.calendars.ical.zones import named
from rules.model import AddEvent, Annotation
from rules.text.html_text import plain_text

Json = dict[str, Any]
_MARKS = {"w": "⚠ ", "v": "✓ "}


class Texts(NamedTuple):
    """Title and description; None where the event has none."""

    title: str | None
    text: str | None


def texts(item: Json) -> Texts:
    """As they stand in the event."""
    return Texts(item.get("summary"), item.get("description"))


def without(now: Texts) -> Texts:
    """Hers alone: without our block, and without the mark where it is ours."""
    hers, lines, reference = block.split(now.text or "")
    if lines is None:
        return now
    flags = reference.partition("-")[2]
    text = None if "a" in flags and not hers else hers
    return Texts(_unmarked(now.title, flags), text)


def _unmarked(title: str | None, flags: str) -> str | None:
    if title is None:
        return None
    rest = title if "n" in flags else block.unmark(title)[1]
    if "s" in flags and not rest:
        return None
    return next((_MARKS[flag] for flag in flags if flag in _MARKS), "") + rest


def with_ours(hers: Texts, annotation: Annotation, token: str) -> Texts:
    """Hers with our part: the block behind her text in the form that her text has (plain or HTML), the mark before her
    title. The reference says how it was before, as in iCalendar (see `block`)."""
    if not (annotation.mark or annotation.lines):
        return hers
    title = hers.title or ""
    before = next((flag for flag, mark in _MARKS.items() if title.startswith(mark)), "")
    odd = "n" if not annotation.mark and block.unmark(title.removeprefix(_MARKS.get(before, "")))[0] else ""
    flags = ("a" if hers.text is None else "") + ("s" if hers.title is None else "") + before + odd
    reference = f"{token}-{flags}" if flags else token
    rest = title.removeprefix(_MARKS[before]) if before else title
    marked = annotation.mark + rest
    shown = None if hers.title is None and not marked else marked
    return Texts(shown, _joined(hers.text or "", annotation.lines, reference))


def _joined(hers: str, lines: Sequence[str], reference: str) -> str:
    flat = [" ".join(line.splitlines()) for line in lines]
    if not _is_html(hers):
        return block.join(hers, flat, reference)
    return f"{hers}<br>{block.html(flat, reference)}"


def _is_html(text: str) -> bool:
    return ("<" in text or "&" in text) and plain_text(text) != text


def changes(item: Json, annotation: Annotation, token: str) -> Json:
    """What a patch must name so that our part of this event is the annotation; empty where it is already."""
    now = texts(item)
    wanted = with_ours(without(now), annotation, token)
    pairs = (("summary", now.title, wanted.title), ("description", now.text, wanted.text))
    return {name: new for name, old, new in pairs if old != new}


def new_end(item: Json, end: datetime, practice: ZoneInfo) -> Json | None:
    """What a patch names so that the event ends then (P8). None for all-day events, series, and an end that is not
    after the start."""
    start, old = item.get("start") or {}, item.get("end") or {}
    if "dateTime" not in start or item.get("recurrence") or item.get("recurringEventId"):
        return None
    if end <= datetime.fromisoformat(start["dateTime"]):
        return None
    name = old.get("timeZone") or start.get("timeZone")
    zone = (named(name) if name else None) or practice
    side = {"dateTime": end.astimezone(zone).isoformat(timespec="seconds")}
    return {"end": side | ({"timeZone": name} if name else {})}


def own_event(event: AddEvent, zone: ZoneInfo) -> Json:
    """An event of ours: transparent, so that it takes nobody's time."""
    return {
        "id": own_id(event.uid),
        "summary": event.title,
        "description": event.text,
        "start": _side(event.start, zone, all_day=event.all_day),
        "end": _side(event.end, zone, all_day=event.all_day),
        "transparency": "transparent",
    }


def _side(at: datetime, zone: ZoneInfo, *, all_day: bool) -> Json:
    if all_day:
        return {"date": at.date().isoformat()}
    return {"dateTime": at.astimezone(zone).isoformat(timespec="seconds"), "timeZone": zone.key}
