"""Turns Google's events into payloads, and payloads into the same components as iCalendar's, so that the same meaning
gives the same occurrences and the same hash.

A payload is one event, or one series with the instances that differ from it: `{"master": …, "exceptions": […]}`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Reading, Resource, Window
from adapters.calendars.google.ids import own_uid
from adapters.calendars.ical import block, recurrence
from adapters.calendars.ical.component import Component, Unreadable, component, storable, version
from adapters.calendars.ical.contentlines import Properties, Property, escape
from adapters.calendars.ical.meaning_hash import digest
from adapters.calendars.ical.resource import identity, rival
from adapters.calendars.ical.versions import counted
from adapters.calendars.ical.zones import UTC as NAMED_UTC
from adapters.calendars.ical.zones import Zones, named
from rules.model import Annotation

Json = dict[str, Any]
EVENT = (
    "id,iCalUID,etag,status,eventType,summary,description,location,start,end,endTimeUnspecified,recurrence,"
    "recurringEventId,originalStartTime,created,updated,organizer(email,self),attendees(email,self,responseStatus),"
    "transparency,visibility,locked"
)  # the fields requested of an event; a changed list needs a new cursor
IGNORED = frozenset({"birthday", "fromGmail", "workingLocation"})
_KEPT = frozenset(re.sub(r"\(.*?\)", "", EVENT).split(","))
_STUB = frozenset({"id", "etag", "status", "recurringEventId", "originalStartTime"})
_LONGEST_BYTES = 2_000_000


# --- payloads --------------------------------------------------------------------------------------------------------


def resource(master: Json, exceptions: Iterable[Json] = ()) -> Resource:
    """The event, or the series with those instances that differ from it."""
    told = sorted((_kept(item) for item in exceptions if _is_kept(master, item)), key=lambda item: str(item["id"]))
    whole = {"master": _kept(master), "exceptions": told}
    payload = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Resource(str(master["id"]), _version(master, told), payload.encode("utf-8", "surrogatepass"))


def parsed(payload: bytes) -> tuple[Json, list[Json]]:
    """The event and its exceptions. Raises ValueError, KeyError, TypeError for anything else."""
    whole = json.loads(payload.decode("utf-8", "surrogatepass"))
    return whole["master"], whole["exceptions"]


def version_of(payload: bytes) -> str | None:
    """The version with which a payload was stored; None if it is no payload."""
    try:
        return _version(*parsed(payload))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def etag_of(version: str) -> str:
    """The event's own ETag: what `If-Match` takes."""
    return version.partition(" ")[0]


def _version(master: Json, exceptions: list[Json]) -> str | None:
    etag = _etag(master)
    if etag and _declined(master):
        etag += " declined"  # differs from versions stored before attendees were requested: those are fetched again
    if not etag or not exceptions:
        return etag
    etags = "\n".join(f"{item['id']} {_etag(item)}" for item in exceptions)
    return f"{etag} {hashlib.sha256(etags.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _etag(item: Json) -> str | None:
    """The event's ETag; None if it is no text, which could neither be stored nor sent back."""
    etag = item.get("etag")
    return etag if isinstance(etag, str) and etag else None


def _kept(item: Json) -> Json:
    """The requested fields only; of a cancelled instance only those that Google guarantees."""
    wanted = _STUB if item.get("status") == "cancelled" and "recurringEventId" in item else _KEPT
    return {name: value for name, value in item.items() if name in wanted}


def _is_kept(master: Json, instance: Json) -> bool:
    """Whether an instance is stored: if it differs from its master, or cannot be compared, so that the reading reports
    the whole series as unreadable."""
    try:
        return differs(master, instance)
    except Exception:  # a field may have any JSON type, a time any number
        return True


def differs(master: Json, instance: Json) -> bool:
    """Whether an instance differs from its series: cancelled, moved, or with contents of its own."""
    if instance.get("status") == "cancelled":
        return "originalStartTime" in instance
    if _instant(instance.get("start")) != _instant(instance.get("originalStartTime")):
        return True
    return _length(instance) != _length(master) or _contents(instance) != _contents(master)


def _contents(item: Json) -> tuple[Any, ...]:
    text, title = _text(item, "description"), _text(item, "summary")
    plain = tuple(item.get(name) or default for name, default in _PLAIN)
    guests = sorted(_text(one, "email") for one in item.get("attendees") or ())
    return (block.bare(title), block.split(text)[0], *plain, guests, _declined(item))


_PLAIN = (
    ("location", ""), ("status", "confirmed"), ("transparency", "opaque"), ("visibility", "default"),
    ("eventType", "default"),
)  # fmt: skip


def _declined(item: Json) -> bool:
    """Whether the calendar's owner declined the invitation, so that the time is free."""
    guests = item.get("attendees")
    mine = [one for one in guests if isinstance(one, dict) and one.get("self")] if isinstance(guests, list) else []
    return any(one.get("responseStatus") == "declined" for one in mine)


def _text(item: Json, name: str) -> str:
    return str(item.get(name) or "")


def _length(item: Json) -> timedelta:
    """On the clock, so that a change of clocks inside makes no difference."""
    return _wall(item["end"]) - _wall(item["start"])


def _instant(side: Json | None) -> str:
    if not side:
        return ""
    return str(side["date"]) if "date" in side else _aware(side).astimezone(UTC).isoformat()


def _wall(side: Json) -> datetime:
    if "date" in side:
        return datetime.fromisoformat(side["date"])
    zone = named(side["timeZone"]) if side.get("timeZone") else None
    at = _aware(side)
    return (at.astimezone(zone) if zone else at).replace(tzinfo=None)


def _aware(side: Json) -> datetime:
    at = datetime.fromisoformat(side["dateTime"])
    return at if at.tzinfo else at.replace(tzinfo=named(side.get("timeZone", "")) or UTC)


# --- reading ---------------------------------------------------------------------------------------------------------


class Events(Struct, frozen=True):
    """Reads the payloads of one calendar. `zone` is the practice's; `address` the calendar's."""

    zone: ZoneInfo
    secret: bytes
    address: str

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`."""
        try:
            return self._read(ref, payload, window)
        except Exception:
            return _unreadable(payload)

    def token(self, ref: str, master: Json) -> str:
        """The letters that bind our block to this event."""
        return identity(self.secret, self.address, ref, uid_of(master))

    def _read(self, ref: str, payload: bytes, window: Window) -> Reading:
        if len(payload) > _LONGEST_BYTES:
            return _unreadable(payload)
        master, exceptions = parsed(payload)
        if master.get("eventType") in IGNORED:
            told = hashlib.sha256(f"{master['id']} {master['eventType']}".encode()).hexdigest()
            return Reading((), told, Annotation(), blocked="type", sole=False)
        parts = list(self._components(master, exceptions))
        parts = counted(parts).parts if exceptions else parts
        annotation, foreign, other = self._ours(ref, master)
        expanded = recurrence.expand(parts, window, self.zone)
        return Reading(
            events=expanded.events,
            semantic=digest(parts),
            annotation=annotation,
            problem=expanded.problem,
            foreign_block=foreign,
            rival=other,
            blocked=blocked(master, exceptions),
            sole=len(parts) == 1 and not parts[0].recurring,
        )

    def _components(self, master: Json, exceptions: list[Json]) -> Iterator[Component]:
        """The series and its moved instances; cancelled ones are left out of it. Raises Unreadable."""
        gone = [item for item in exceptions if item.get("status") == "cancelled"]
        yield self._component(master, master, gone)
        for item in exceptions:
            if item.get("status") != "cancelled":
                yield self._component(item, master, [])

    def _component(self, item: Json, master: Json, gone: list[Json]) -> Component:
        props = _properties(item, self.zone)
        props["UID"] = [Property("", uid_of(master))]
        for stub in gone:
            props.setdefault("EXDATE", []).append(_moment(stub["originalStartTime"], self.zone, series=True))
        part = component(props, Zones(self.zone, ""))
        if item is not master:
            part = replace(part, version=version(props))
        kind = _text(item, "eventType") or "default"
        return part if kind == "default" else replace(part, event=replace(part.event, kind=storable(kind)))

    def _ours(self, ref: str, master: Json) -> tuple[Annotation, bool, str]:
        """Our part of the event, whether it was made for another one, and by whom else for this one."""
        text = _text(master, "description")
        _, lines, reference = block.split(text) if "attitre" in text else ("", None, "")
        if lines is None:
            return Annotation(), False, ""
        token, _, flags = reference.partition("-")
        mark = "" if "n" in flags else block.unmark(_text(master, "summary"))[0]
        foreign = bool(token) and token != self.token(ref, master)
        return Annotation(mark, lines), foreign, rival(self.secret, token, ref, uid_of(master)) if foreign else ""


def uid_of(master: Json) -> str:
    """The UID: ours where the id is one that we made, else the one that other calendars see too."""
    event_id = str(master["id"])
    return own_uid(event_id) or str(master.get("iCalUID") or event_id)


def blocked(master: Json, exceptions: Iterable[Json] = ()) -> str:
    """Why our part cannot be written into this event; empty where it can."""
    if any(item.get("attendees") or _invited(item) for item in (master, *exceptions)):
        return "attendees"
    if (master.get("eventType") or "default") != "default":
        return "type"
    if not all(isinstance(master.get(name), str | None) for name in ("summary", "description")):
        return "unreadable"  # read as well as it can be, but nobody knows what would come back
    return "locked" if master.get("locked") else ""


def _invited(item: Json) -> bool:
    """Somebody else's event, of which this calendar holds a copy."""
    organizer = item.get("organizer") or {}
    return bool(organizer.get("email")) and not organizer.get("self")


def _properties(item: Json, zone: ZoneInfo) -> Properties:
    """The event as the properties of a VEVENT."""
    series = bool(item.get("recurrence") or item.get("recurringEventId"))
    props: Properties = {
        "DTSTART": [_moment(item["start"], zone, series=series)] if item.get("start") else [],
        "SUMMARY": [Property("", escape(_text(item, "summary")))],
        "DESCRIPTION": [Property("", escape(_text(item, "description")))],
    }
    if not props["DTSTART"]:
        raise Unreadable
    if item.get("end") and not item.get("endTimeUnspecified"):
        props["DTEND"] = [_moment(item["end"], zone, series=series)]
    if item.get("location"):
        props["LOCATION"] = [Property("", escape(_text(item, "location")))]
    for name, value in _words(item):
        props[name] = [Property("", value)]
    if item.get("recurringEventId") and item.get("originalStartTime"):
        props["RECURRENCE-ID"] = [_moment(item["originalStartTime"], zone, series=True)]
    _people(item, props)
    for line in item.get("recurrence") or ():
        head, _, value = str(line).partition(":")
        name, _, params = head.partition(";")
        props.setdefault(name.upper(), []).append(Property(params, value))
    return props


def _words(item: Json) -> Iterator[tuple[str, str]]:
    yield "STATUS", (_text(item, "status") or "confirmed").upper()
    if item.get("transparency") == "transparent" or _declined(item):
        yield "TRANSP", "TRANSPARENT"
    if item.get("visibility") in {"private", "confidential"}:
        yield "CLASS", "PRIVATE"
    for name, field in (("CREATED", "created"), ("LAST-MODIFIED", "updated")):
        if item.get(field):
            yield name, f"{_basic(datetime.fromisoformat(item[field]).astimezone(UTC))}Z"


def _people(item: Json, props: Properties) -> None:
    guests = [f"mailto:{one['email']}" for one in item.get("attendees") or () if one.get("email")]
    if guests:
        props["ATTENDEE"] = [Property("", guest) for guest in guests]
    if guests or _invited(item):
        props["ORGANIZER"] = [Property("", f"mailto:{(item.get('organizer') or {}).get('email', '')}")]


def _moment(side: Json, practice: ZoneInfo, *, series: bool) -> Property:
    """A start or end as a property: a date, or a wall time in its zone. A single event's UTC is the practice's time. In
    the second of two equal hours the instant, with the zone in which a series repeats beside it."""
    if side.get("date"):
        return Property("VALUE=DATE", str(side["date"]).replace("-", ""))
    name = str(side.get("timeZone") or "")
    zone = named(name) if name else practice
    at = _aware(side).astimezone(zone or practice)
    if at.fold or (zone is NAMED_UTC and not series):
        beside = f'TZID="{name or practice.key}"' if series else ""
        return Property(beside, f"{_basic(at.astimezone(UTC))}Z")
    return Property(f'TZID="{name}"' if name else "", _basic(at))


def _basic(at: datetime) -> str:
    """The wall time as iCalendar writes it; five times as fast as asking for a format."""
    return at.isoformat()[:19].replace("-", "").replace(":", "")


def _unreadable(payload: bytes) -> Reading:
    told = hashlib.sha256(payload).hexdigest()
    return Reading((), told, Annotation(), "event-unreadable", blocked="unreadable", sole=False)
