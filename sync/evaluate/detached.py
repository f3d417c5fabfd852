"""A detached override is an exception (RECURRENCE-ID) in a resource of its own, without its series (hard case E16,
Bedework).

RFC 4791 4.1 keeps a series and its exceptions in one resource. A detached override replaces its occurrence in the
series, until it is deleted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from adapters.base import Reading
from adapters.calendars.ical.detached import stands_alone
from rules.model import CalendarEvent, first_kind
from sync.core.context import Source
from sync.store import occurrences, resources
from sync.store.engine import Tx
from sync.store.resources import PRESENT, ResourceRow

KEPT_FOR = timedelta(days=35)  # as far back as series are expanded


def without_overrides(tx: Tx, source: Source, row: ResourceRow, reading: Reading, now: datetime) -> Reading:
    """The series' reading without the occurrences that detached overrides replace; its stored times are adapted."""
    if stands_alone(row.payload) or not any(event.recurring for event in reading.events):
        return reading
    others = occurrences.of_series(tx, row.calendar, row.ref, {event.uid for event in reading.events})
    if not others:
        return reading
    found = resources.find(tx, row.calendar, sorted({ref for ref, _, _ in others}))
    apart = {ref for ref, one in found.items() if one.state == PRESENT and stands_alone(one.payload)}
    taken = {(uid, recurrence) for ref, uid, recurrence in others if ref in apart}
    left = tuple(event for event in reading.events if (event.uid, event.recurrence) not in taken)
    _follow(tx, source, row, left, now)
    return replace(reading, events=left)


def _follow(tx: Tx, source: Source, row: ResourceRow, events: tuple[CalendarEvent, ...], now: datetime) -> None:
    place = (row.calendar, row.ref)
    events = tuple(event for event in events if event.end > now - KEPT_FOR)
    if occurrences.keys_of(tx, *place) == {(event.uid, event.recurrence) for event in events}:
        return  # unchanged: nothing is evaluated again because of it (law L2)
    rows = [
        occurrences.row(tx.practice, place, source.dentist_of(event) or "", event, first_kind(event), order=row.order)
        for event in events
    ]
    occurrences.replace(tx, *place, rows)
