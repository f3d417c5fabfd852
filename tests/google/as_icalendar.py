"""Google's items written as iCalendar and read as such: what the direct reading must equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from adapters.base import Window
from adapters.calendars.google.item import Json, aware, declined, invited, said
from adapters.calendars.google.payload import uid_of
from adapters.calendars.ical import recurrence
from adapters.calendars.ical.component import Component, Unreadable, component, storable, version
from adapters.calendars.ical.contentlines import Properties, Property, escape
from adapters.calendars.ical.meaning_hash import digest
from adapters.calendars.ical.versions import counted
from adapters.calendars.ical.zones import UTC as NAMED_UTC
from adapters.calendars.ical.zones import Zones, named


def read(master: Json, exceptions: list[Json], window: Window, zone: ZoneInfo) -> tuple[recurrence.Expansion, str]:
    """The events, and the hash of their meaning. Raises any exception."""
    parts = list(_components(master, exceptions, zone))
    parts = counted(parts).parts if exceptions else parts
    return recurrence.expand(parts, window, zone), digest(parts)


def _components(master: Json, exceptions: list[Json], zone: ZoneInfo) -> Iterator[Component]:
    gone = [item for item in exceptions if item.get("status") == "cancelled"]
    yield _component(master, master, gone, zone)
    for item in exceptions:
        if item.get("status") != "cancelled":
            yield _component(item, master, [], zone)


def _component(item: Json, master: Json, gone: Iterable[Json], zone: ZoneInfo) -> Component:
    props = _properties(item, zone)
    props["UID"] = [Property("", uid_of(master))]
    for stub in gone:
        props.setdefault("EXDATE", []).append(_moment(stub["originalStartTime"], zone, series=True))
    part = component(props, Zones(zone, ""))
    if item is not master:
        part = replace(part, version=version(props))
    kind = said(item, "eventType") or "default"
    return part if kind == "default" else replace(part, event=replace(part.event, kind=storable(kind)))


def _properties(item: Json, zone: ZoneInfo) -> Properties:
    """The event as the properties of a VEVENT."""
    series = bool(item.get("recurrence") or item.get("recurringEventId"))
    props: Properties = {
        "DTSTART": [_moment(item["start"], zone, series=series)] if item.get("start") else [],
        "SUMMARY": [Property("", escape(said(item, "summary")))],
        "DESCRIPTION": [Property("", escape(said(item, "description")))],
    }
    if not props["DTSTART"]:
        raise Unreadable
    if item.get("end") and not item.get("endTimeUnspecified"):
        props["DTEND"] = [_moment(item["end"], zone, series=series)]
    if item.get("location"):
        props["LOCATION"] = [Property("", escape(said(item, "location")))]
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
    yield "STATUS", (said(item, "status") or "confirmed").upper()
    if item.get("transparency") == "transparent" or declined(item):
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
    if guests or invited(item):
        props["ORGANIZER"] = [Property("", f"mailto:{(item.get('organizer') or {}).get('email', '')}")]


def _moment(side: Json, practice: ZoneInfo, *, series: bool) -> Property:
    """A start or end as a property: a date, or a wall time in its zone. A single event's UTC is the practice's time. In
    the second of two equal hours the instant, with the zone in which a series repeats beside it."""
    if side.get("date"):
        return Property("VALUE=DATE", str(side["date"]).replace("-", ""))
    name = str(side.get("timeZone") or "")
    zone = named(name) if name else practice
    at = aware(side).astimezone(zone or practice)
    if at.fold or (zone is NAMED_UTC and not series):
        beside = f'TZID="{name or practice.key}"' if series else ""
        return Property(beside, f"{_basic(at.astimezone(UTC))}Z")
    return Property(f'TZID="{name}"' if name else "", _basic(at))


def _basic(at: datetime) -> str:
    """The wall time as iCalendar writes it; five times as fast as asking for a format."""
    return at.isoformat()[:19].replace("-", "").replace(":", "")
