"""One VEVENT's properties as an event of the model, with what its repetition needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from adapters.calendars import block
from adapters.calendars.contentlines import Properties, Property, unescape
from adapters.calendars.times import Moment, duration, moment
from adapters.calendars.zones import Zones
from rules.markup import plain_text
from rules.model import CalendarEvent, Status

_STATUS = {status.value.upper(): status for status in Status}
_HALF = re.compile("[\ud800-\udfff]")
_PRIVATE = frozenset({"PRIVATE", "CONFIDENTIAL"})


class Unreadable(Exception):
    """This event has no start that could be understood."""


class Refused(Exception):
    """This rule repeats too often, never, or not understandably."""


class Span(NamedTuple):
    """An extra date of a repetition (RDATE), with its own length where it names one."""

    start: Moment
    length: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """One VEVENT. `event` is its own occurrence, times in their own zone; `recurrence_id` what it replaces.

    `odd_text`: something of its text or title needs a closer look before we write.
    """

    event: CalendarEvent
    recurrence_id: Moment | None = None
    following: bool = False
    rules: tuple[str, ...] = ()
    extra: tuple[Span, ...] = ()
    excluded: tuple[Moment, ...] = ()
    people: tuple[str, ...] = ()
    odd_text: bool = False

    @property
    def recurring(self) -> bool:
        """Whether it stands for more than its own start, or replaces one of a series."""
        return bool(self.rules or self.extra or self.recurrence_id)


def component(props: Properties, zones: Zones) -> Component:
    """The event that the properties name. Raises Unreadable."""
    try:
        start = moment(props["DTSTART"][0], zones)
    except (KeyError, ValueError, OverflowError) as error:
        raise Unreadable from error
    end, flags = _end(props, start, zones)
    event = _event(props, start, end, flags)
    if not props.keys() & {"RRULE", "RDATE", "RECURRENCE-ID", "ATTENDEE", "ORGANIZER", "EXDATE", "X-ALT-DESC"}:
        return Component(event, odd_text=_odd(props))
    return Component(
        event,
        recurrence_id=_recurrence_id(props, start, zones),
        following=any("THISANDFUTURE" in prop.params.upper() for prop in props.get("RECURRENCE-ID", ())),
        rules=tuple(prop.value.strip() for prop in props.get("RRULE", ()) if prop.value.strip()),
        extra=tuple(_spans(props.get("RDATE", ()), zones)),
        excluded=tuple(span.start for span in _spans(props.get("EXDATE", ()), zones)),
        people=_people(props),
        odd_text=True,
    )


def _event(props: Properties, start: Moment, end: Moment, flags: frozenset[str]) -> CalendarEvent:
    title, text = _text(props, "SUMMARY"), _text(props, "DESCRIPTION")
    hers = block.split(text)[0] if "attitre" in text else text
    plain = plain_text(hers) if "<" in hers or "&" in hers else hers
    return CalendarEvent(
        uid=storable(props["UID"][0].value.strip()) if "UID" in props else "",
        start=start.at,
        end=end.at,
        title=block.bare(plain_title(title)),
        description=plain,
        location=_text(props, "LOCATION"),
        all_day=start.is_date,
        recurring="RRULE" in props or "RDATE" in props or "RECURRENCE-ID" in props,
        status=_STATUS.get(_word(props, "STATUS"), Status.CONFIRMED),
        transparent=_word(props, "TRANSP") == "TRANSPARENT",
        private=_word(props, "CLASS") in _PRIVATE,
        categories=_categories(props),
        attendees="ATTENDEE" in props or "ORGANIZER" in props,
        modified=_stamp(props, "LAST-MODIFIED") or _stamp(props, "DTSTAMP"),
        created=_stamp(props, "CREATED"),
        flags=flags | {"html"} if plain != hers else flags,
    )


def plain_title(title: str) -> str:
    """A title on one line."""
    return title.replace("\r", " ").replace("\n", " ") if "\n" in title or "\r" in title else title


def _text(props: Properties, name: str) -> str:
    found = props.get(name)
    return storable(unescape(found[0].value)) if found else ""


def storable(text: str) -> str:
    """The text without what no store and no message takes: octets that are no UTF-8, half signs, NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _HALF.sub("\ufffd", text)
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _word(props: Properties, name: str) -> str:
    found = props.get(name)
    return found[0].value.strip().upper() if found else ""


def _categories(props: Properties) -> tuple[str, ...]:
    words = [
        word for prop in props.get("CATEGORIES", ()) for word in unescape(prop.value.replace("\\,", "\0")).split(",")
    ]
    return tuple(storable(bare) for word in words if (bare := word.replace("\0", ",").strip()))


def _people(props: Properties) -> tuple[str, ...]:
    """Who is invited, whatever they answered."""
    found = [*props.get("ATTENDEE", ()), *props.get("ORGANIZER", ())]
    return tuple(sorted({prop.value.strip().lower() for prop in found}))


def _odd(props: Properties) -> bool:
    """What `splice.blocked` may mind: parameters of the text, a backslash at its end."""
    found = [*props.get("DESCRIPTION", ()), *props.get("SUMMARY", ())]
    return any(prop.value.endswith("\\") or prop.params for prop in found)


def _stamp(props: Properties, name: str) -> datetime | None:
    """A UTC stamp; None where it is missing or cannot be read."""
    found = props.get(name)
    if not found:
        return None
    value = found[0].value
    try:
        return datetime(
            int(value[:4]),
            int(value[4:6]),
            int(value[6:8]),
            int(value[9:11]),
            int(value[11:13]),
            int(value[13:15]),
            tzinfo=UTC,
        )
    except ValueError:
        return None


def _end(props: Properties, start: Moment, zones: Zones) -> tuple[Moment, frozenset[str]]:
    """When it ends, and what was odd: an event without end is a day long where its start is a date, else no time."""
    flags = start.flags
    try:
        if "DTEND" in props:
            end = moment(props["DTEND"][0], zones)
        elif "DURATION" in props:
            end = Moment(_later(start, duration(props["DURATION"][0].value)), start.is_date)
        else:
            return Moment(_later(start, timedelta(days=start.is_date))), flags | {"no-end"}
    except (ValueError, OverflowError):
        return Moment(_later(start, timedelta(days=start.is_date))), flags | {"no-end"}
    flags |= end.flags
    if end.at < start.at:
        return end, flags | {"end-before-start"}
    if end.at == start.at and start.is_date:
        return Moment(_later(start, timedelta(days=1)), True), flags
    return end, flags | {"zero-length"} if end.at == start.at else flags


def _later(start: Moment, length: timedelta) -> datetime:
    """Days are days of the calendar; the rest is exact time (RFC 5545, 3.3.6)."""
    zone = start.at.tzinfo
    days = timedelta(days=length.days)
    return ((start.at + days).astimezone(UTC) + (length - days)).astimezone(zone)


def _recurrence_id(props: Properties, start: Moment, zones: Zones) -> Moment | None:
    if "RECURRENCE-ID" not in props:
        return None
    try:
        return moment(props["RECURRENCE-ID"][0], zones)
    except (ValueError, OverflowError):
        return start


def _spans(found: tuple[Property, ...] | list[Property], zones: Zones) -> list[Span]:
    """The dates of an RDATE or EXDATE in any form; one that cannot be read is left out."""
    spans: list[Span] = []
    for prop in found:
        for value in prop.value.split(","):
            first, _, last = value.partition("/")
            try:
                start = moment(Property(prop.params, first), zones)
                spans.append(Span(start, _length(start, Property(prop.params, last), zones) if last else None))
            except (ValueError, OverflowError):
                continue
    return spans


def _length(start: Moment, last: Property, zones: Zones) -> timedelta:
    """How long a PERIOD is: its end, or its duration."""
    if last.value.lstrip("+-").upper().startswith("P"):
        return duration(last.value)
    return moment(last, zones).at.astimezone(UTC) - start.at.astimezone(UTC)
