"""Makes the calendar file (.ics) of an appointment for the patient (P36, RFC 5545, RFC 5546)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from rules.model import Facts, Practice

if TYPE_CHECKING:
    from icalendar import Event


class Invited(Struct, frozen=True):
    """One appointment of the file. The same `uid` with a higher `sequence` updates the patient's entry."""

    facts: Facts
    uid: str
    sequence: int


def name_of(practice: str, uid: str, recurrence: str) -> str:
    """The UID of the appointment in the patient's calendar. It is a hash of the event's identity: a new store gives the
    same UID, and nothing can be read from it."""
    digest = hashlib.sha256("\0".join((practice, uid, recurrence)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest[:32]}@attitre"


def invite(
    facts: Facts, practice: Practice, uid: str, sequence: int, now: datetime, *, cancelled: bool = False
) -> bytes:
    """An iCalendar object with one event. The same `uid` with a higher `sequence` updates it, `cancelled` removes it.

    It contains no health data: neither the motif nor the dentist's specialty. `now` becomes DTSTAMP.
    """
    method = "CANCEL" if cancelled else "PUBLISH"
    return _object([Invited(facts, uid, sequence)], practice, now, method, cancelled=cancelled)


def invite_all(visits: Sequence[Invited], practice: Practice, now: datetime, *, cancelled: bool = False) -> bytes:
    """An iCalendar object with one event for each visit. Each has its own UID, so that a later message can change it
    alone.

    The method is always PUBLISH: CANCEL allows one UID only (RFC 5546 3.2.5), and a cancelled event may be published
    (3.2.1).
    """
    return _object(visits, practice, now, "PUBLISH", cancelled=cancelled)


def _object(visits: Sequence[Invited], practice: Practice, now: datetime, method: str, *, cancelled: bool) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//attitre//FR")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for visit in visits:
        calendar.add_component(_event(visit, practice, now, cancelled=cancelled))
    return bytes(calendar.to_ical(sorted=False))


def _event(visit: Invited, practice: Practice, now: datetime, *, cancelled: bool) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", visit.uid)
    event.add("sequence", visit.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    # In UTC: every client shows it in local time, and no VTIMEZONE can be wrong.
    start = visit.facts.start.astimezone(UTC)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=visit.facts.minutes))
    event.add("summary", f"Rendez-vous – {practice.name}")
    event.add("location", visit.facts.place or practice.address)
    event.add("description", f"{practice.name}, {practice.phone}")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", f"mailto:{practice.email}", {"CN": practice.name})
    return event
