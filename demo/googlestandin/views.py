"""How an event looks in an answer: whole, as a stub once deleted, or as a busy time only."""

from __future__ import annotations

import base64

from demo.googlestandin.errors import Json
from demo.googlestandin.moments import shown
from demo.googlestandin.state import ROLES, Calendar, Record

TIMES = ("start", "end", "originalStartTime")
BUSY = ("id", "status", "start", "end", "recurrence", "recurringEventId", "originalStartTime", "transparency",
        "iCalUID", "sequence", "created", "updated", "eventType")  # fmt: skip


def seen(calendar: Calendar, record: Record, email: str, zone: str = "") -> Json:
    """The event as this identity sees it."""
    if record.bare:
        return stub(record)
    body = record.body
    if hidden(calendar, record, email):
        body = {key: value for key, value in body.items() if key in BUSY} | {"visibility": "private"}
    else:
        body = body | {"htmlLink": _link(calendar, record), "reminders": body.get("reminders", {"useDefault": True})}
    times = {key: shown(body[key], zone or calendar.zone) for key in TIMES if key in body}
    organizer = {"organizer": _self(body["organizer"], calendar)} if "organizer" in body else {}
    return {"kind": "calendar#event", "etag": record.etag, "id": record.id} | body | times | organizer


def stub(record: Record) -> Json:
    """What is guaranteed of a cancelled event, and no more."""
    kept = {key: record.body[key] for key in ("recurringEventId", "originalStartTime") if key in record.body}
    return {"kind": "calendar#event", "etag": record.etag, "id": record.id, "status": "cancelled"} | kept


def hidden(calendar: Calendar, record: Record, email: str) -> bool:
    """Whether this identity sees no more than a busy time."""
    role = calendar.role(email)
    private = record.body.get("visibility") in ("private", "confidential")
    return role == "freeBusyReader" or (private and ROLES.index(role) < ROLES.index("writer"))


def listed(calendar: Calendar, email: str) -> Json:
    """The calendar's entry in the identity's list."""
    entry: Json = {
        "kind": "calendar#calendarListEntry", "etag": f'"{len(calendar.id)}00000"', "id": calendar.id,
        "summary": calendar.summary, "timeZone": calendar.zone, "accessRole": calendar.role(email), "selected": True,
        "defaultReminders": [],
    }  # fmt: skip
    return entry | ({"primary": True} if calendar.id == email else {})


def described(calendar: Calendar) -> Json:
    """The calendar itself."""
    return {
        "kind": "calendar#calendar", "etag": f'"{len(calendar.id)}00001"', "id": calendar.id,
        "summary": calendar.summary, "timeZone": calendar.zone, "conferenceProperties": {},
    }  # fmt: skip


def _self(organizer: Json, calendar: Calendar) -> Json:
    plain = {key: value for key, value in organizer.items() if key != "self"}
    return plain | ({"self": True} if organizer.get("email") == calendar.id else {})


def _link(calendar: Calendar, record: Record) -> str:
    eid = base64.urlsafe_b64encode(f"{record.id} {calendar.id}".encode()).decode().rstrip("=")
    return f"https://www.google.com/calendar/event?eid={eid}"
