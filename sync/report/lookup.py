"""Finds the event meant by a booking's number, a UID or words of a title, among all that the store knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from adapters.base import Reading
from rules.model import CalendarEvent, Kind
from rules.telling.offer_words import NAME
from rules.text.fold import fold, words
from sync.core.context import World
from sync.store import bookings, resources, story
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.resources import ResourceRow


class Target(Struct, frozen=True):
    """The event asked about: a booking, or an occurrence or resource without one."""

    calendar: str
    ref: str
    uid: str
    recurrence: str
    dentist: str
    start: datetime | None
    end: datetime | None
    title: str
    booking: BookingRow | None = None

    @property
    def place(self) -> tuple[str, str]:
        """(calendar, ref)."""
        return self.calendar, self.ref


def find(world: World, tx: Tx, wanted: str) -> list[Target]:
    """The events meant by a booking's number, a UID, or words of a title (accents and case ignored), in order of time;
    a series without bookings is one."""
    if wanted.isdigit() and (booking := bookings.get(tx, int(wanted), world.practice.zone)):
        return [_of_booking(world, tx, booking)]
    found = _by_uid(world, tx, wanted) or _by_words(world, tx, words(wanted))
    return sorted(found, key=lambda one: (one.start or world.now(), one.dentist, one.title, one.uid))


def _by_uid(world: World, tx: Tx, uid: str) -> list[Target]:
    found = [bookings.get(tx, number, world.practice.zone) for number in story.bookings_of(tx, uid)]
    booked = [_of_booking(world, tx, booking) for booking in found if booking is not None]
    return [*booked, *_unbooked(world, tx, story.occurrences(tx, uid=uid))]


def _by_words(world: World, tx: Tx, asked: list[str]) -> list[Target]:
    """Matches titles as typed and names as recognised: each asked word is the beginning of a word there. An event that
    only shows an offer bears the name of whoever is asked, and is not meant."""
    if not asked:
        return []
    mentioned = [row for row in story.every_resource(tx) if _mentions(row.payload, asked)]
    titled = [one for row in mentioned for one in _titled(world, tx, row, asked)]
    found = [one for one in titled if one.booking or not one.uid.startswith(NAME)]
    known = {one.booking.id for one in found if one.booking}
    named = [number for number, spoken in story.booked_names(tx) if number not in known and _begun(asked, spoken)]
    others = [bookings.get(tx, number, world.practice.zone) for number in named]
    return [*found, *(_of_booking(world, tx, booking) for booking in others if booking is not None)]


def _begun(asked: list[str], spoken: list[str]) -> bool:
    return all(any(word.startswith(start) for word in spoken) for start in asked)


def _mentions(payload: bytes, asked: list[str]) -> bool:
    """A cheap test before the payload is parsed. Folded lines (RFC 5545 3.1) are joined first."""
    text = fold(payload.replace(b"\r\n ", b"").replace(b"\n ", b"").decode("utf-8", "replace"))
    return all(word in text for word in asked) or "\\u" in text


def _titled(world: World, tx: Tx, row: ResourceRow, asked: list[str]) -> Iterator[Target]:
    reading = reading_of(world, row)
    if row.problem and row.state != resources.GONE and not (reading and reading.events):
        yield Target(row.calendar, row.ref, "", "", _whose(world, row), None, None, row.ref)
    meant = {
        (event.uid, event.recurrence)
        for event in (reading.events if reading else ())
        if not event.private and _begun(asked, words(event.title))
    }
    if not meant:
        return
    place = (row.calendar, row.ref)
    for booking in bookings.at_place(tx, *place, world.practice.zone):
        if (booking.uid, booking.recurrence) in meant or row.state == resources.GONE:
            yield _of_booking(world, tx, booking)
    standing = [one for one in story.occurrences(tx, place=place) if (one.uid, one.recurrence) in meant]
    yield from _unbooked(world, tx, standing)


def _unbooked(world: World, tx: Tx, standing: list[story.Occurrence]) -> Iterator[Target]:
    """The next occurrence of each resource without bookings, or its last one."""
    places: dict[tuple[str, str], list[story.Occurrence]] = {}
    for one in standing:
        places.setdefault((one.calendar, one.ref), []).append(one)
    for place, here in places.items():
        if all(one.booking is None for one in here):
            one = next((one for one in here if one.end > world.now()), here[-1])
            event = event_of(world, resources.get(tx, *place), one.uid, one.recurrence)
            yield _of_occurrence(world, one, event)


def _of_occurrence(world: World, one: story.Occurrence, event: CalendarEvent | None) -> Target:
    title = "" if one.kind == Kind.PRIVATE.value else event.title if event else one.label
    zone = world.practice.zone
    start, end = one.start.astimezone(zone), one.end.astimezone(zone)
    return Target(one.calendar, one.ref, one.uid, one.recurrence, one.dentist, start, end, title)


def _of_booking(world: World, tx: Tx, booking: BookingRow) -> Target:
    row = resources.get(tx, booking.calendar, booking.ref)
    event = event_of(world, row, booking.uid, booking.recurrence)
    title = event.title if event else booking.facts.name
    return Target(
        booking.calendar, booking.ref, booking.uid, booking.recurrence, booking.dentist, booking.start, booking.end,
        title, booking,
    )  # fmt: skip


def reading_of(world: World, row: ResourceRow | None) -> Reading | None:
    """The resource as it was last read; None if its calendar is no longer configured."""
    return world.reading(row) if row else None


def event_of(world: World, row: ResourceRow | None, uid: str, recurrence: str) -> CalendarEvent | None:
    """That occurrence as it was last read."""
    reading = reading_of(world, row)
    events = reading.events if reading else ()
    return next((event for event in events if (event.uid, event.recurrence) == (uid, recurrence)), None)


def _whose(world: World, row: ResourceRow) -> str:
    source = world.source(row.calendar)
    return source.dentist if source else ""
