"""An entry as a CalDAV server and as Google hand it out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bench import practice
from bench.practice import LEFT_OUT, MOVED, SERIES_LENGTH, WEEK, Entry

Json = dict[str, Any]
PARIS = ZoneInfo("Europe/Paris")
_ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nX-LIC-LOCATION:Europe/Paris\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\n"
    "TZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
    "END:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\n"
    "DTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)
_RULE = f"RRULE:FREQ=WEEKLY;COUNT={SERIES_LENGTH}"


def ics(entry: Entry) -> bytes:
    """One resource of about 1.6 KB, folded as clients do."""
    zone = "" if entry.whole_day else _ZONE
    moved = _component(entry, moved=True) if entry.repeats else ""
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//FR\r\nCALSCALE:GREGORIAN\r\n"
        f"{zone}{_component(entry)}{moved}END:VCALENDAR\r\n"
    ).encode()


def _component(entry: Entry, *, moved: bool = False) -> str:
    stamp, week = f"{entry.stamp:%Y%m%dT%H%M%SZ}", MOVED * WEEK if moved else 0 * WEEK
    week -= entry.end - entry.start if moved else 0 * WEEK
    lines = [
        "BEGIN:VEVENT", f"CREATED:{stamp}", f"LAST-MODIFIED:{stamp}", f"DTSTAMP:{stamp}", f"UID:{entry.number}@bench",
        f"SUMMARY:{_escaped(entry.title)}",
        _moment("DTSTART", entry, entry.start + week), _moment("DTEND", entry, entry.end + week),
        f"SEQUENCE:{entry.revision}", "STATUS:CONFIRMED", "TRANSP:OPAQUE", f"LOCATION:{_escaped(practice.PLACE)}",
    ]  # fmt: skip
    lines += [f"X-MOZ-GENERATION:{entry.revision + 1}", "X-MOZ-LASTACK:20260102T000000Z"]
    if moved:
        lines.append(_moment("RECURRENCE-ID", entry, entry.start + MOVED * WEEK))
    elif entry.repeats:
        lines += [_RULE, _moment("EXDATE", entry, entry.start + LEFT_OUT * WEEK)]
    if entry.text:
        lines.append(f"DESCRIPTION:{_escaped(entry.text)}")
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;VALUE=DURATION:-PT15M", "DESCRIPTION:Rappel", "END:VALARM"]
    return "".join(map(_folded, [*lines, *alarm, "END:VEVENT"]))


def _moment(name: str, entry: Entry, at: datetime) -> str:
    return f"{name};VALUE=DATE:{at:%Y%m%d}" if entry.whole_day else f"{name};TZID=Europe/Paris:{at:%Y%m%dT%H%M%S}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Sixty letters a line are never more than the 75 bytes allowed here."""
    if len(line) <= 60:
        return f"{line}\r\n"
    return "\r\n ".join(line[at : at + 60] for at in range(0, len(line), 60)) + "\r\n"


def google(entry: Entry) -> list[Json]:
    """The event as the API lists it, and the moved instance of a series behind it."""
    master = _google(entry, entry.start, entry.end)
    if not entry.repeats:
        return [master]
    left_out = f"{entry.start + LEFT_OUT * WEEK:%Y%m%dT%H%M%S}"
    own = {"recurrence": [_RULE, f"EXDATE;TZID=Europe/Paris:{left_out}"]}
    return [master | own, instance(entry, MOVED)]


def instance(entry: Entry, week: int) -> Json:
    """One day of a series."""
    began, length = entry.start + week * WEEK, entry.end - entry.start
    start = began - length if week == MOVED else began
    utc = began.replace(tzinfo=PARIS).astimezone(ZoneInfo("UTC"))
    named = {
        "id": f"{event_id(entry.number)}_{utc:%Y%m%dT%H%M%SZ}",
        "recurringEventId": event_id(entry.number),
        "originalStartTime": _side(entry, began),
    }
    return _google(entry, start, start + length) | named


def event_id(number: int) -> str:
    """Google's own ids are of the letters a to v and digits."""
    return f"bench{number:09d}"


def _google(entry: Entry, start: datetime, end: datetime) -> Json:
    stamp, mail = f"{entry.stamp:%Y-%m-%dT%H:%M:%S}.000Z", "agenda@example.org"
    item = {
        "kind": "calendar#event", "etag": practice.etag(entry.number, entry.revision), "id": event_id(entry.number),
        "status": "confirmed", "htmlLink": f"https://www.google.com/calendar/event?eid={entry.number:022d}",
        "created": stamp, "updated": stamp, "summary": entry.title, "description": entry.text,
        "location": practice.PLACE, "creator": {"email": "secretariat@example.org"},
        "organizer": {"email": mail, "displayName": "Cabinet des Lilas", "self": True},
        "start": _side(entry, start), "end": _side(entry, end), "iCalUID": f"{entry.number}@google.com",
        "sequence": entry.revision, "eventType": "default",
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 15}]},
    }  # fmt: skip
    return {name: value for name, value in item.items() if value != ""}


def _side(entry: Entry, at: datetime) -> Json:
    if entry.whole_day:
        return {"date": f"{at:%Y-%m-%d}"}
    return {"dateTime": at.replace(tzinfo=PARIS).isoformat(), "timeZone": "Europe/Paris"}
