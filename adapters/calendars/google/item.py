"""One of Google's items as an event of the model, as an iCalendar event of the same meaning would be: the same values,
and so the same hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from adapters.calendars.ical import block
from adapters.calendars.ical.component import (
    Component,
    dates,
    ending,
    hers,
    length_until,
    plain_title,
    status_of,
    storable,
)
from adapters.calendars.ical.contentlines import Properties, Property
from adapters.calendars.ical.times import Moment
from adapters.calendars.ical.zones import UTC as NAMED_UTC
from adapters.calendars.ical.zones import Zones, named
from rules.model import CalendarEvent

Json = dict[str, Any]


def component(item: Json, uid: str, zone: ZoneInfo, gone: Sequence[Json] = ()) -> Component:
    """The event, or an instance that differs from its series. `zone` is the practice's; `gone`: its cancelled
    instances. Raises any exception where its times or its people cannot be read."""
    lines = _lines(item)
    named_start = item["originalStartTime"] if item.get("recurringEventId") and item.get("originalStartTime") else None
    repeats = ("RRULE" in lines or "RDATE" in lines) and named_start is None
    clock = _Clock(zone, bool(item.get("recurrence") or item.get("recurringEventId")), repeats)
    start = clock.moment(item["start"])
    end, odd = ending(start, lambda: None if item.get("endTimeUnspecified") else clock.told(item.get("end")))
    people = _people(item)
    event = _event(item, uid, start, end, odd, invites=bool(people), recurring=repeats or named_start is not None)
    if not lines and named_start is None and not gone:
        return Component(event, people=people)
    of_series, zones = _Clock(zone, True, False), Zones(zone, "")
    extra, lost = dates(lines.get("RDATE", ()), zones)
    excluded, kept = dates(lines.get("EXDATE", ()), zones)
    return Component(
        event,
        recurrence_id=of_series.told(named_start),
        rules=_rules(lines, "RRULE"),
        extra=tuple(extra),
        excluded=(*(span.start for span in excluded), *(of_series.moment(one["originalStartTime"]) for one in gone)),
        excluding=_rules(lines, "EXRULE"),
        people=people,
        first=start,
        length=length_until(start, end),
        unread=lost or kept,
    )


def _event(
    item: Json, uid: str, start: Moment, end: Moment, odd: frozenset[str], *, invites: bool, recurring: bool
) -> CalendarEvent:
    description, html = hers(storable(said(item, "description")))
    return CalendarEvent(
        uid=storable(uid.strip()),
        start=start.at,
        end=end.at,
        title=block.bare(plain_title(storable(said(item, "summary")))),
        description=description,
        location=storable(said(item, "location")),
        all_day=start.is_date,
        recurring=recurring,
        status=status_of(said(item, "status").strip().upper()),
        transparent=item.get("transparency") == "transparent" or declined(item),
        private=item.get("visibility") in {"private", "confidential"},
        attendees=invites,
        modified=_stamp(item, "updated"),
        created=_stamp(item, "created"),
        flags=odd | html,
        kind=storable(said(item, "eventType") or "default"),
    )


def said(item: Json, name: str) -> str:
    """A field as text; empty where it is missing."""
    return str(item.get(name) or "")


def declined(item: Json) -> bool:
    """Whether the calendar's owner declined the invitation, so that the time is free."""
    guests = item.get("attendees")
    mine = [one for one in guests if isinstance(one, dict) and one.get("self")] if isinstance(guests, list) else []
    return any(one.get("responseStatus") == "declined" for one in mine)


def invited(item: Json) -> bool:
    """Whether it is somebody else's event, of which this calendar holds a copy."""
    organizer = item.get("organizer") or {}
    return bool(organizer.get("email")) and not organizer.get("self")


def _people(item: Json) -> tuple[str, ...]:
    """Who is invited and who invites, as iCalendar names them; empty where nobody is."""
    guests = {one["email"] for one in item.get("attendees") or () if one.get("email")}
    if not guests and not invited(item):
        return ()
    organizer = (item.get("organizer") or {}).get("email", "")
    return tuple(sorted({f"mailto:{one}".strip().lower() for one in (*guests, organizer)}))


def _lines(item: Json) -> Properties:
    """The lines of its recurrence by name."""
    lines: Properties = {}
    for line in item.get("recurrence") or ():
        head, _, value = str(line).partition(":")
        name, _, params = head.partition(";")
        lines.setdefault(name.upper(), []).append(Property(params, value))
    return lines


def _rules(lines: Properties, name: str) -> tuple[str, ...]:
    return tuple(rule for prop in lines.get(name, ()) if (rule := prop.value.strip()))


def _stamp(item: Json, name: str) -> datetime | None:
    at = item.get(name)
    return datetime.fromisoformat(at).astimezone(UTC).replace(microsecond=0) if at else None


# --- times -----------------------------------------------------------------------------------------------------------


class _Clock:
    """Reads an item's times. `series`: it is one, or belongs to one, so that UTC stays UTC; else it is the practice's
    time. `repeats`: its times repeat in the zone in which they are told."""

    def __init__(self, practice: ZoneInfo, series: bool, repeats: bool) -> None:
        self._practice, self._series, self._repeats = practice, series, repeats

    def told(self, side: Json | None) -> Moment | None:
        """As `moment`; None where there is none."""
        return self.moment(side) if side else None

    def moment(self, side: Json) -> Moment:
        """A date, or a time in its zone; the second of two equal hours in the practice's unless it repeats. Raises
        OverflowError outside the years 1000 to 8999, as `times.moment`."""
        if side.get("date"):
            return self._within(
                Moment(datetime.combine(date.fromisoformat(side["date"]), time(), self._practice), True)
            )
        name = str(side.get("timeZone") or "")
        zone = named(name) if name else self._practice
        at = aware(side).replace(microsecond=0).astimezone(zone or self._practice)
        if (at.fold and not self._repeats) or (zone is NAMED_UTC and not self._series):
            return self._within(Moment(at.astimezone(self._practice)))
        return self._within(Moment(at, flags=frozenset() if zone else frozenset({"zone-unknown"})))

    def _within(self, found: Moment) -> Moment:
        if not 1000 <= found.at.year < 9000:
            raise OverflowError("not a year of this calendar")
        return found


def aware(side: Json) -> datetime:
    """The time of a start or end that is no date."""
    at = datetime.fromisoformat(side["dateTime"])
    return at if at.tzinfo else at.replace(tzinfo=named(side.get("timeZone", "")) or UTC)
