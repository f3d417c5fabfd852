"""One VEVENT's properties as an event of the model, with what its repetition needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from adapters.calendars.ical import block, html_form
from adapters.calendars.ical.contentlines import Properties, Property, unescape
from adapters.calendars.ical.times import Length, Moment, duration, elapsed, later, moment
from adapters.calendars.ical.zones import Zones
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
    length: Length | None = None


class Version(NamedTuple):
    """How new a component says it is: the greater counts (RFC 5545 3.8.7.4; RFC 5546 2.1.5)."""

    sequence: int = 0
    stamped: float = 0.0
    modified: float = 0.0


class Component(Struct, frozen=True):
    """One VEVENT. `event` is its own occurrence, times in their own zone; `recurrence_id` what it replaces.

    Of what repeats: `first` is its start as written, `length` how long each occurrence is, `excluding` its rules of
    exclusion (EXRULE of RFC 2445), `unread` whether one of its dates could not be read. `version` is told where an
    object holds several components. `odd_text`: something of its text or title needs a closer look before we write.
    """

    event: CalendarEvent
    recurrence_id: Moment | None = None
    following: bool = False
    rules: tuple[str, ...] = ()
    extra: tuple[Span, ...] = ()
    excluded: tuple[Moment, ...] = ()
    excluding: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    odd_text: bool = False
    first: Moment | None = None
    length: Length = Length(timedelta(), timedelta())
    unread: bool = False
    version: Version | None = None

    @property
    def recurring(self) -> bool:
        """Whether it stands for more than its own start, or replaces one of a series."""
        return bool(self.rules or self.extra or self.recurrence_id)


def component(props: Properties, zones: Zones) -> Component:
    """The event that the properties name. Raises Unreadable."""
    repeats = bool(props.keys() & _REPEATING) and "RECURRENCE-ID" not in props
    try:
        start = moment(props["DTSTART"][0], zones, own_zone=repeats)
    except (KeyError, ValueError, OverflowError) as error:
        raise Unreadable from error
    end, flags = _end(props, start, zones, repeats)
    event = _event(props, start, end, flags)
    if not props.keys() & _SELDOM:
        return Component(event, odd_text=_odd(props))
    extra, lost = dates(props.get("RDATE", ()), zones)
    excluded, kept = dates(props.get("EXDATE", ()), zones)
    replaced, unnamed = _recurrence_id(props, start, zones)
    return Component(
        event,
        recurrence_id=replaced,
        following=any("THISANDFUTURE" in prop.params.upper() for prop in props.get("RECURRENCE-ID", ())),
        rules=_rules(props, "RRULE"),
        extra=tuple(extra),
        excluded=tuple(span.start for span in excluded),
        excluding=_rules(props, "EXRULE"),
        people=_people(props),
        odd_text=True,
        first=start,
        length=_length(props, start, end),
        unread=lost or kept or unnamed,
    )


_REPEATING = frozenset({"RRULE", "RDATE"})
_SELDOM = _REPEATING | {"RECURRENCE-ID", "ATTENDEE", "ORGANIZER", "EXDATE", "EXRULE", *html_form.STYLED}


def version(props: Properties) -> Version:
    """How new this component says it is; what does not say so is the oldest."""
    try:
        sequence = int(_word(props, "SEQUENCE"))
    except ValueError:
        sequence = 0
    stamps = (_stamp(props, name) for name in ("DTSTAMP", "LAST-MODIFIED"))
    return Version(sequence, *(stamp.timestamp() if stamp else 0.0 for stamp in stamps))


def _rules(props: Properties, name: str) -> tuple[str, ...]:
    return tuple(prop.value.strip() for prop in props.get(name, ()) if prop.value.strip())


def _event(props: Properties, start: Moment, end: Moment, flags: frozenset[str]) -> CalendarEvent:
    title, text = _text(props, "SUMMARY"), _text(props, "DESCRIPTION")
    plain, odd = hers(text)
    told = html_form.told(plain, _html(props)) if _has_html(props) else html_form.Told(plain)
    flags |= odd
    if told.apart:
        flags |= {"text-added" if told.read else "text-differs"}
    return CalendarEvent(
        uid=storable(props["UID"][0].value.strip()) if "UID" in props else "",
        start=start.at,
        end=end.at,
        title=block.bare(plain_title(title)),
        description=told.text,
        apart=told.apart,
        location=_text(props, "LOCATION"),
        all_day=start.is_date,
        recurring="RRULE" in props or "RDATE" in props or "RECURRENCE-ID" in props,
        status=status_of(_word(props, "STATUS")),
        transparent=_word(props, "TRANSP") == "TRANSPARENT",
        private=_word(props, "CLASS") in _PRIVATE,
        categories=_categories(props),
        attendees="ATTENDEE" in props or "ORGANIZER" in props,
        modified=_stamp(props, "LAST-MODIFIED") or _stamp(props, "DTSTAMP"),
        created=_stamp(props, "CREATED"),
        flags=flags,
    )


def hers(text: str) -> tuple[str, frozenset[str]]:
    """A description without our part, as plain text, and what was odd of it."""
    own = block.split(text)[0] if "attitre" in text else text
    plain = html_form.plain(own)
    return plain, _NOT_ODD if plain == own else _HTML


_NOT_ODD, _HTML = frozenset[str](), frozenset({"html"})


def _has_html(props: Properties) -> bool:
    """Whether its description may stand there in HTML too."""
    found = props.get("DESCRIPTION")
    return bool(found and found[0].params) or "X-ALT-DESC" in props or "STYLED-DESCRIPTION" in props


def _html(props: Properties) -> Iterator[html_form.Shown]:
    return (form._replace(html=storable(form.html)) for form in html_form.shown(props))


def plain_title(title: str) -> str:
    """A title on one line."""
    return title.replace("\r", " ").replace("\n", " ") if "\n" in title or "\r" in title else title


def _text(props: Properties, name: str) -> str:
    found = props.get(name)
    return storable(unescape(found[0].value)) if found else ""


def status_of(word: str) -> Status:
    """The status that the word names; what nobody knows stands."""
    return _STATUS.get(word, Status.CONFIRMED)


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
    texts, titles = props.get("DESCRIPTION", ()), props.get("SUMMARY", ())
    return any(prop.value.endswith("\\") or not html_form.ordinary(prop.params) for prop in texts) or any(
        prop.value.endswith("\\") or prop.params for prop in titles
    )


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


_NO_LENGTH = Length(timedelta(), timedelta())
_A_DAY = Length(timedelta(days=1), timedelta())
_LATEST = datetime(9000, 1, 1)  # noqa: DTZ001 - a wall time of any zone


def _end(props: Properties, start: Moment, zones: Zones, own_zone: bool) -> tuple[Moment, frozenset[str]]:
    def told() -> Moment | None:
        if "DTEND" in props:
            return moment(props["DTEND"][0], zones, own_zone=own_zone)
        if "DURATION" in props:
            return Moment(later(start.at, duration(props["DURATION"][0].value)), start.is_date)
        return None

    return ending(start, told)


def ending(start: Moment, told: Callable[[], Moment | None]) -> tuple[Moment, frozenset[str]]:
    """When an event ends, and what was odd. `told` reads its end as written; without one that can be read it is a day
    long where its start is a date, else no time."""
    flags = start.flags
    try:
        end = told()
    except ValueError:
        end = None
    except OverflowError:  # "for ever", as some write it: it takes every time that will be looked at
        return Moment(_LATEST.replace(tzinfo=start.at.tzinfo), start.is_date), flags
    if end is None:
        return Moment(later(start.at, _A_DAY if start.is_date else _NO_LENGTH)), flags | {"no-end"}
    flags |= end.flags
    before = _before(end.at, start.at)
    if before:
        return end, flags | {"end-before-start"}
    if before is None and start.is_date:
        return Moment(later(start.at, _A_DAY), True), flags
    return end, flags | {"zero-length"} if before is None else flags


def _before(end: datetime, start: datetime) -> bool | None:
    """Whether the end is the earlier; None where both are the same instant. Two times of one zone compare as on the
    wall, which errs only in the second of two equal hours."""
    if end.fold or start.fold:
        end, start = end.astimezone(UTC), start.astimezone(UTC)
    return None if end == start else end < start


def _length(props: Properties, start: Moment, end: Moment) -> Length:
    """How long each occurrence of a series is. DURATION: its days on the wall, the rest exact (3.3.6)."""
    if "DTEND" not in props and "DURATION" in props and not start.is_date:
        try:
            return duration(props["DURATION"][0].value)
        except (ValueError, OverflowError):
            return _NO_LENGTH
    return length_until(start, end)


def length_until(start: Moment, end: Moment) -> Length:
    """How long each occurrence of a series is whose first ends then. In the zone of its start: as on the wall, so that
    a night ends in the morning that the client shows. In another zone: no wall is meant, the exact time counts."""
    if start.is_date or end.at.tzinfo == start.at.tzinfo:
        return Length(end.wall - start.wall, timedelta())
    return Length(timedelta(), elapsed(start.at, end.at))


def _recurrence_id(props: Properties, start: Moment, zones: Zones) -> tuple[Moment | None, bool]:
    """What it replaces, and whether that could not be read: then its own start is taken for it."""
    if "RECURRENCE-ID" not in props:
        return None, False
    try:
        return moment(props["RECURRENCE-ID"][0], zones), False
    except (ValueError, OverflowError):
        return start, True


def dates(found: tuple[Property, ...] | list[Property], zones: Zones) -> tuple[list[Span], bool]:
    """The dates of an RDATE or EXDATE in any form, and whether one could not be read."""
    spans: list[Span] = []
    unread = False
    for prop in found:
        for value in filter(None, map(str.strip, prop.value.split(","))):
            first, _, last = value.partition("/")
            try:
                start = moment(Property(prop.params, first), zones)
                spans.append(Span(start, _period(start, Property(prop.params, last), zones) if last else None))
            except (ValueError, OverflowError):
                unread = True
    return spans, unread


def _period(start: Moment, last: Property, zones: Zones) -> Length:
    """How long a PERIOD is: until its end, or its duration (3.3.9)."""
    if last.value.lstrip("+-").upper().startswith("P"):
        return duration(last.value)
    return Length(timedelta(), elapsed(start.at, moment(last, zones).at))
