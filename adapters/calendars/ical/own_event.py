"""An event of our own as iCalendar text: transparent where it takes nobody's time."""

from __future__ import annotations

from datetime import UTC

from rules.model import AddEvent


def own_event(event: AddEvent) -> bytes:
    """The whole object. The stamp is the event's start, so that the same event is always the same bytes."""
    from icalendar import Calendar, Event

    inner = Event()
    inner.add("uid", event.uid)
    inner.add("dtstamp", event.start.astimezone(UTC))
    inner.add("summary", event.title)
    inner.add("description", event.text)
    inner.add("dtstart", event.start.date() if event.all_day else event.start.astimezone(UTC))
    inner.add("dtend", event.end.date() if event.all_day else event.end.astimezone(UTC))
    inner.add("transp", "TRANSPARENT" if event.transparent else "OPAQUE")
    if event.tentative:
        inner.add("status", "TENTATIVE")
    outer = Calendar()
    outer.add("prodid", "-//attitre//FR")
    outer.add("version", "2.0")
    outer.add_component(inner)
    return bytes(outer.to_ical(sorted=False))
