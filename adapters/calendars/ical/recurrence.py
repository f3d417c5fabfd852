"""The occurrences of an event inside a window, never slowly: rules that do not end in time are refused
(docs/design.md#series)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Window
from adapters.calendars.ical.component import Component, Refused, Span
from adapters.calendars.ical.times import Moment, later, local
from adapters.calendars.ical.versions import by_uid, instance, key, on_day, original, zone_of
from rules.model import CalendarEvent

MOST_OCCURRENCES = 4_000
_MARGIN = timedelta(days=1)
_SHIFTED = frozenset({"nonexistent-time"})


class Expansion(Struct, frozen=True):
    """What a resource's events are; `problem` is `recurrence-refused` where a rule was not believed, `event-unreadable`
    where one of its dates could not be read."""

    events: tuple[CalendarEvent, ...]
    problem: str = ""


def expand(parts: Sequence[Component], window: Window, practice: ZoneInfo) -> Expansion:
    """Every event of a resource: single ones always, of a repetition what touches the window. `parts`: those that
    count (`versions.counted`).

    Exceptions replace the occurrence whose original start they name, as an instant (UTC and TZID forms are the same);
    cancelled ones come as cancelled events; those without a master are events of their own. No two events have the
    same UID and recurrence.
    """
    if len(parts) == 1 and not parts[0].recurring and not parts[0].excluded:
        return Expansion((_here(parts[0].event, practice),))
    events: list[CalendarEvent] = []
    problem = "event-unreadable" if any(part.unread for part in parts) else ""
    for here in by_uid(parts).values():
        series = _Series(here, window, practice)
        try:
            events += list(series.events())
        except (Refused, OverflowError):
            problem = "recurrence-refused"
    return Expansion(tuple(sorted(events, key=lambda event: (event.start, event.uid, event.recurrence))), problem)


def _here(event: CalendarEvent, practice: ZoneInfo) -> CalendarEvent:
    """The event with its times in the practice's zone."""
    if event.start.tzinfo is practice and event.end.tzinfo is practice:
        return event
    return replace(event, start=event.start.astimezone(practice), end=event.end.astimezone(practice))


class _Series:
    """The components of one UID."""

    def __init__(self, parts: list[Component], window: Window, practice: ZoneInfo) -> None:
        self.master = next((part for part in parts if part.recurrence_id is None), None)
        replacing = [(part, part.recurrence_id) for part in parts if part.recurrence_id is not None]
        self.overrides = {
            instance(named, self.master): part
            for part, named in sorted(replacing, key=lambda one: not one[0].following)
        }
        self.following = sorted(
            (_Following(part, named, self.master) for part, named in replacing if part.following and self.master),
            key=lambda one: one.since,
        )
        self.window, self.practice = window, practice

    def events(self) -> Iterator[CalendarEvent]:
        """Raises Refused."""
        gone = self._excluded()
        if self.master is not None and self.master.recurring:
            yield from self._occurrences(self.master, gone)
        elif self.master is not None and self._own(self.master) not in gone | self.overrides.keys():
            yield _here(self.master.event, self.practice)
        for name, part in self.overrides.items():
            event = replace(part.event, recurrence=name, recurring=True)
            if name not in gone and self._inside(event):
                yield _here(event, self.practice)

    def _excluded(self) -> set[str]:
        """The keys that EXDATE names; a date on a series of times means every occurrence of that day."""
        if self.master is None:
            return set()
        return {instance(moment, self.master) for moment in self.master.excluded}

    def _own(self, master: Component) -> str:
        return instance(Moment(master.event.start, master.event.all_day), master)

    def _inside(self, event: CalendarEvent) -> bool:
        return event.start < self.window[1] and max(event.end, event.start) >= self.window[0]

    def _occurrences(self, master: Component, gone: set[str]) -> Iterator[CalendarEvent]:
        dates, flags = _Dates(master, self.window, self.following).found()
        days = {moment.at.date() for moment in master.excluded if moment.is_date}
        zone = zone_of(master)
        for name, span in dates.items():
            if name in gone or name in self.overrides or (days and span.start.at.astimezone(zone).date() in days):
                continue
            event = self._occurrence(master, name, span)
            if self._inside(event):
                own = event.flags - _SHIFTED if span.start.at != master.event.start else event.flags
                yield _here(replace(event, flags=own | flags | span.start.flags), self.practice)

    def _occurrence(self, master: Component, name: str, span: Span) -> CalendarEvent:
        start, source = span.start.at, master
        for one in reversed(self.following):
            if one.since <= start:
                source = one.part
                start = local(_wall(start) + one.shift, zone_of(master)).at
                break
        end = later(start, span.length or source.length)
        return replace(source.event, start=start, end=end, recurrence=name, recurring=True)


class _Following:
    """A change of one occurrence and of all that follow (RFC 5545 3.2.13): from when, and moved by how much."""

    def __init__(self, part: Component, named: Moment, master: Component | None) -> None:
        assert master is not None
        zone = zone_of(master)
        self.part, self.since = part, original(named, master).at
        self.shift = _wall(part.event.start.astimezone(zone)) - _wall(self.since.astimezone(zone))


class _Dates:
    """The starts of a series that may touch the window."""

    def __init__(self, master: Component, window: Window, following: Sequence[_Following]) -> None:
        event = master.event
        self.master, self.zone, self.all_day = master, zone_of(master), event.all_day
        self.first = master.first or Moment(event.start, event.all_day)
        lengths = [sum(part.length, timedelta()) for part in (master, *(one.part for one in following))]
        shifts = [timedelta(), *(one.shift for one in following)]
        self.span = (
            _earlier(_wall(window[0].astimezone(self.zone)), max(timedelta(), *lengths) + max(shifts) + _MARGIN),
            _wall(window[1].astimezone(self.zone)) - min(shifts) + _MARGIN,
        )
        self.flags: frozenset[str] = frozenset()

    def found(self) -> tuple[dict[str, Span], frozenset[str]]:
        """By key, with what was odd. Its own start is one of them unless every rule ended before. Raises Refused."""
        found: dict[str, Span] = {}
        begins = not self.master.rules
        for rule in self.master.rules:
            starts, begun = self._starts(rule)
            begins |= begun
            found |= {self._key(start): Span(start) for start in starts}
        if begins:
            found.setdefault(self._key(self.first), Span(self.first))
        found |= {self._key(span.start): span for span in map(self._extra, self.master.extra)}
        for rule in self.master.excluding:
            for start in self._starts(rule)[0]:
                found.pop(self._key(start), None)
        if len(found) > MOST_OCCURRENCES:
            raise Refused
        return found, self.flags

    def _starts(self, rule: str) -> tuple[list[Moment], bool]:
        """The starts that a rule gives, and whether it reaches the series' own start."""
        from adapters.calendars.ical.rrule import starts

        own = self.first.wall
        walls, flags, begins = starts(rule, own, self.span, self.zone, all_day=self.all_day)
        self.flags |= flags
        return [self.first if wall == own else self._moment(wall) for wall in walls], begins

    def _moment(self, wall: datetime) -> Moment:
        found = local(wall, self.zone)
        return Moment(found.at, True) if self.all_day else found

    def _extra(self, span: Span) -> Span:
        """An RDATE in the form of the series: a date on one of times is its time of that day, and the reverse."""
        start = span.start
        if self.all_day and not start.is_date:
            return Span(original(start, self.master))
        if start.is_date and not self.all_day:
            return Span(on_day(start, self.master))
        return Span(Moment(start.at.astimezone(self.zone), start.is_date, start.flags, start.left_out), span.length)

    def _key(self, start: Moment) -> str:
        return start.at.date().isoformat() if self.all_day else key(start.at)


def _wall(at: datetime) -> datetime:
    return at.replace(tzinfo=None, fold=0)


def _earlier(wall: datetime, reach: timedelta) -> datetime:
    """So much earlier, and not before there are dates."""
    return wall - min(reach, wall - _FIRST)


_FIRST = datetime(1, 1, 1)  # noqa: DTZ001 - a wall time of any zone
