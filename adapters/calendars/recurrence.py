"""The occurrences of an event inside a window, never slowly: rules that do not end in time are refused (SYNC 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from adapters.base import Window
from adapters.calendars.eventread import Component, Refused, Span
from adapters.calendars.times import Moment, wall
from rules.model import CalendarEvent

MOST = 4_000


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a resource's events are; `problem` is `recurrence-refused` where a rule was not believed."""

    events: tuple[CalendarEvent, ...]
    problem: str = ""


def expand(parts: Sequence[Component], window: Window, practice: ZoneInfo) -> Expansion:
    """Every event of a resource: single ones always, of a repetition what touches the window.

    Exceptions replace the occurrence whose original start they name, as an instant (UTC and TZID forms are the same);
    cancelled ones come as cancelled events; those without a master are events of their own.
    """
    if len(parts) == 1 and not parts[0].recurring:
        return Expansion((_here(parts[0].event, practice),))
    events: list[CalendarEvent] = []
    problem = ""
    for uid in dict.fromkeys(part.event.uid for part in parts):
        series = _Series([part for part in parts if part.event.uid == uid], window, practice)
        try:
            events += series.events()
        except Refused:
            problem = "recurrence-refused"
    return Expansion(tuple(sorted(events, key=lambda event: event.start)), problem)


def _here(event: CalendarEvent, practice: ZoneInfo) -> CalendarEvent:
    """The event with its times in the practice's zone."""
    if event.start.tzinfo is practice and event.end.tzinfo is practice:
        return event
    return replace(event, start=event.start.astimezone(practice), end=event.end.astimezone(practice))


class _Series:
    """The components of one UID."""

    def __init__(self, parts: list[Component], window: Window, practice: ZoneInfo) -> None:
        self.masters = [part for part in parts if part.recurrence_id is None]
        self.overrides = {_key(part.recurrence_id): part for part in parts if part.recurrence_id is not None}
        self.following = sorted(
            (part for part in self.overrides.values() if part.following and part.recurrence_id),
            key=lambda part: part.recurrence_id.at if part.recurrence_id else part.event.start,
        )
        self.window, self.practice = window, practice

    def events(self) -> Iterator[CalendarEvent]:
        """Raises Refused."""
        for master in self.masters:
            if master.recurring:
                yield from self._occurrences(master)
            else:
                yield _here(master.event, self.practice)
        for key, part in self.overrides.items():
            event = replace(part.event, recurrence=key, recurring=True)
            if self._inside(event):
                yield _here(event, self.practice)

    def _inside(self, event: CalendarEvent) -> bool:
        return event.start < self.window[1] and max(event.end, event.start) >= self.window[0]

    def _occurrences(self, master: Component) -> Iterator[CalendarEvent]:
        dates, flags = _dates(master, self.window)
        gone = {_key(moment) for moment in master.excluded}
        days = {moment.at.date() for moment in master.excluded if moment.is_date}
        for key, span in dates.items():
            if key in gone or key in self.overrides or span.start.at.date() in days:
                continue
            event = self._occurrence(master, key, span)
            if self._inside(event):
                yield _here(replace(event, flags=event.flags | flags | span.start.flags), self.practice)

    def _occurrence(self, master: Component, key: str, span: Span) -> CalendarEvent:
        start = span.start.at
        source = next(
            (part for part in reversed(self.following) if part.recurrence_id and part.recurrence_id.at <= start), None
        )
        event = master.event
        if source is not None and source.recurrence_id is not None:
            event = source.event
            start = wall(_naive(start) + (_naive(event.start) - _naive(source.recurrence_id.at)), _zone(start))
        length = _naive(event.end) - _naive(event.start) if span.length is None else span.length
        end = wall(_naive(start) + length, _zone(start)) if span.length is None else start + length
        return replace(event, start=start, end=end, recurrence=key, recurring=True)


def _key(moment: Moment | None) -> str:
    """The original start as an instant; a date for a date."""
    assert moment is not None
    return moment.at.date().isoformat() if moment.is_date else moment.at.astimezone(UTC).isoformat()


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None, fold=0)


def _zone(at: datetime) -> tzinfo:
    return at.tzinfo or UTC


def _dates(master: Component, window: Window) -> tuple[dict[str, Span], frozenset[str]]:
    """The starts of a series that may touch the window, by key; its own start is always one. Raises Refused."""
    event = master.event
    zone = _zone(event.start)
    first, last = _naive(window[0].astimezone(zone)), _naive(window[1].astimezone(zone))
    reach = max(event.end - event.start, timedelta()) + timedelta(days=1)
    found: dict[str, Span] = {}
    flags: frozenset[str] = frozenset()
    if master.rules:
        from adapters.calendars.rrule import starts
    for rule in master.rules:
        naive, odd = starts(rule, _naive(event.start), (first - reach, last), zone, all_day=event.all_day)
        flags |= odd
        for at in naive:
            span = Span(Moment(wall(at, zone), event.all_day))
            found[_key(span.start)] = span
    own = Span(Moment(event.start, event.all_day))
    found.setdefault(_key(own.start), own)
    found |= {_key(span.start): span for span in master.extra}
    if len(found) > MOST:
        raise Refused
    return found, flags
