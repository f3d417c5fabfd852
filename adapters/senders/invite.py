"""The appointment as a file for the patient's own calendar (P36, RFC 5545, RFC 5546)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rules.model import Facts, Practice


def invite(
    facts: Facts, practice: Practice, uid: str, sequence: int, now: datetime, *, cancelled: bool = False
) -> bytes:
    """An iCalendar object with one event. The same `uid` with a higher `sequence` updates it, `cancelled` removes it.

    Health data stays out: neither motif nor dentist's specialty. `now` is the stamp (DTSTAMP).
    """
    from icalendar import Calendar, Event

    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", now.astimezone(UTC))
    # In UTC: every client shows it in local time, and no VTIMEZONE can be wrong.
    start = facts.start.astimezone(UTC)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=facts.minutes))
    event.add("summary", f"Rendez-vous – {practice.name}")
    event.add("location", facts.place or practice.address)
    event.add("description", f"{practice.name}, {practice.phone}")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", f"mailto:{practice.email}", {"CN": practice.name})
    calendar = Calendar()
    calendar.add("prodid", "-//attitre//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))
