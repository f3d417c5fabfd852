"""Patches of Google events: our part of title and description, the end (P8), the hour (P45), and events of our own.

A patch names nothing else: guests, reminders, conference and the user's text stay (law L1, hard case C13).
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
    """Title and description of an event; None if it has none."""

    title: str | None
    text: str | None


def texts(item: Json) -> Texts:
    """The texts as the event has them."""
    return Texts(item.get("summary"), item.get("description"))


def without(now: Texts) -> Texts:
    """The user's own texts: without our block and without our mark."""
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
    """The user's texts with our part: the block after the text in the form of that text (plain or HTML), the mark
    before the title. Flags in the block's reference say how to undo it, as in iCalendar (see `block`): `a` there was no
    description, `s` no title, `w` or `v` a mark of the user, `n` the title only looks marked."""
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
    """The patch that makes the annotation our part of this event; empty if it is that already."""
    now = texts(item)
    wanted = with_ours(without(now), annotation, token)
    pairs = (("summary", now.title, wanted.title), ("description", now.text, wanted.text))
    return {name: new for name, old, new in pairs if old != new}


def new_times(item: Json, end: datetime, practice: ZoneInfo, start: datetime | None = None) -> Json | None:
    """The patch that moves the event's end (P8), or its start and end (P45). None for all-day events, for series, and
    for an end that is not after the start."""
    first, last = item.get("start") or {}, item.get("end") or {}
    if "dateTime" not in first or item.get("recurrence") or item.get("recurringEventId"):
        return None
    if end <= (start or datetime.fromisoformat(first["dateTime"])):
        return None
    name = first.get("timeZone")
    begins = {"start": _moved(start, name, practice)} if start is not None else {}
    return begins | {"end": _moved(end, last.get("timeZone") or name, practice)}


def _moved(at: datetime, name: str | None, practice: ZoneInfo) -> Json:
    zone = (named(name) if name else None) or practice
    return {"dateTime": at.astimezone(zone).isoformat(timespec="seconds")} | ({"timeZone": name} if name else {})


def own_event(event: AddEvent, zone: ZoneInfo) -> Json:
    """The body of an event of our own, transparent where it takes no time in the calendar."""
    return {
        "id": own_id(event.uid),
        "summary": event.title,
        "description": event.text,
        "start": _side(event.start, zone, all_day=event.all_day),
        "end": _side(event.end, zone, all_day=event.all_day),
        "transparency": "transparent" if event.transparent else "opaque",
        **({"status": "tentative"} if event.tentative else {}),
    }


def _side(at: datetime, zone: ZoneInfo, *, all_day: bool) -> Json:
    if all_day:
        return {"date": at.date().isoformat()}
    return {"dateTime": at.astimezone(zone).isoformat(timespec="seconds"), "timeZone": zone.key}
