"""Calendars of the contract on Google's stand-in: what she saves as iCalendar text becomes an event of the API."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from adapters.calendars.google.api import GoogleAccess
from adapters.calendars.google.calendar import GoogleCalendar
from demo.googlestandin import OWNER, GoogleStandIn
from demo.googlestandin.person import Event, Person

PARIS = ZoneInfo("Europe/Paris")
ROBOT = "robot@practice.iam.gserviceaccount.com"
_PASSING = {"etag", "updated", "sequence", "htmlLink"}


class OtherClientOfGoogle:
    """Her hand in Google's own page, by the names that the contract uses. What Google cannot hold skips the test."""

    def __init__(self, google: GoogleStandIn, calendar: str) -> None:
        self.google, self.calendar = google, calendar
        self.person: Person = google.person(calendar, OWNER)

    def put(self, ref: str, payload: bytes) -> None:
        found = list(Calendar.from_ical(payload).walk("VEVENT"))
        if not found:
            pytest.skip("Google's calendars hold events only")
        body = _body(found[0])
        if self._knows(ref):
            changes = {name: value for name, value in body.items() if name not in {"iCalUID", "organizer"}}
            self.person.edits(self._event(ref), **{"description": None, "status": "confirmed", **changes})
            return
        start, end = found[0]["DTSTART"].dt, found[0]["DTEND"].dt
        minutes = int((end - start) / timedelta(minutes=1))
        more = {name: value for name, value in body.items() if name not in {"summary", "start", "end"}}
        self.person.books(body["summary"], start, minutes, id=ref, **more)

    def delete(self, ref: str) -> None:
        self.person.deletes(self._event(ref))

    def get(self, ref: str) -> bytes:
        body = self.person.sees(self._event(ref)).body
        hers = {name: value for name, value in body.items() if name not in _PASSING}
        lines = [f"{name}:{value}" for name, value in body.get("extendedProperties", {}).get("private", {}).items()]
        return "\n".join((json.dumps(hers, ensure_ascii=False, sort_keys=True), *lines)).encode()

    def _event(self, ref: str) -> Event:
        return Event(self.calendar, ref, "", {})

    def _knows(self, ref: str) -> bool:
        return ref in self.google.world.calendars[self.calendar].events


def _body(event: Any) -> dict[str, Any]:
    """The event's fields as the API names them."""
    body: dict[str, Any] = {"iCalUID": str(event["UID"]), "summary": str(event.get("SUMMARY", ""))}
    for side, name in (("start", "DTSTART"), ("end", "DTEND")):
        body[side] = {"dateTime": event[name].dt.isoformat(), "timeZone": "Europe/Paris", "date": None}
    if event.get("DESCRIPTION"):
        body["description"] = str(event["DESCRIPTION"])
    guests = event.get("ATTENDEE", [])
    if guests:
        every = guests if isinstance(guests, list) else [guests]
        body["attendees"] = [{"email": str(one).removeprefix("mailto:")} for one in every]
    if "ORGANIZER" in event:
        body["organizer"] = {"email": str(event["ORGANIZER"]).removeprefix("mailto:")}
    others = {name: str(event[name]) for name in event if name.startswith("X-")}
    if others:
        body["extendedProperties"] = {"private": others}
    return body


def fresh(google: GoogleStandIn, **how: Any) -> tuple[str, GoogleAccess, Callable[..., GoogleCalendar]]:
    """A new calendar shared with the robot: its id, the robot's access, and what makes views of it."""
    calendar = f"{uuid.uuid4().hex[:12]}@group.calendar.google.com"
    google.set_now(datetime(2026, 11, 1, 8, tzinfo=UTC))  # every write moves `updated`, ours too: here it stands
    google.add_calendar(calendar, "Dr Petit")
    access = GoogleAccess(google.credentials_json(ROBOT), endpoint=google.root)
    google.share(calendar, ROBOT, "writer")

    def again(**more: Any) -> GoogleCalendar:
        return GoogleCalendar(access, calendar, **{**how, **more})

    return calendar, access, again


def at(day: int, hour: int = 9, minute: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


def weekly(her, times: int = 4, **more):
    return her.books("Réunion", at(1), 30, recurrence=[f"RRULE:FREQ=WEEKLY;COUNT={times}"], **more)


def starts(place, ref: str, *, cancelled: bool = False) -> list[str]:
    """The clock times of a series as we read it now."""
    events = place.reading(ref).events
    return [f"{event.start:%d %H:%M}" for event in events if cancelled or event.status != "cancelled"]
