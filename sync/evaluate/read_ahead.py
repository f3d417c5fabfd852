"""Reads ahead what the evaluation of a batch will ask the store about: one question for all instead of one for each.

Nothing rests on it: what was not read ahead is asked for when it is needed (`sync.store.tx.TransactionCache`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from adapters.base import Reading
from rules.checks.assess import may_be_booking
from rules.entry.reading import Reader
from rules.model import CalendarEvent, Entry
from rules.patients.clues import clues
from sync.core.context import Source, World
from sync.evaluate.gather import time_around
from sync.store import (
    bookings,
    consents,
    edits,
    history,
    intents,
    messages,
    occurrences,
    patients,
    resources,
    told,
    waiting_entries,
)
from sync.store.engine import Tx
from sync.store.resources import ResourceRow

Place = tuple[str, str]  # (calendar, ref)


class _Coming(Struct, frozen=True):
    """An event to come that may be an appointment."""

    source: Source
    event: CalendarEvent
    entry: Entry


def read_ahead(world: World, tx: Tx, places: Sequence[Place], entries: Reader) -> list[ResourceRow]:
    """The resources in their order; the transaction keeps what will be asked about each of them."""
    rows: dict[Place, ResourceRow] = {}
    for calendar in dict.fromkeys(calendar for calendar, _ in places):
        refs = [ref for other, ref in places if other == calendar]
        rows.update({(calendar, ref): row for ref, row in resources.find(tx, calendar, refs).items()})
        occurrences.expect(tx, calendar, refs)
        bookings.expect(tx, calendar, refs, world.practice.zone)
        edits.expect(tx, calendar, refs)
    standing = [rows[place] for place in places if place in rows]
    read = [
        (source, reading)
        for row in standing
        if (source := world.source(row.calendar)) and (reading := world.reading(row))
    ]
    uids = {event.uid for _, reading in read for event in reading.events}
    bookings.expect_uids(tx, sorted(uids), world.practice.zone)
    stood = bookings.expected(tx)
    for of_each in (told, messages, consents, intents, *([waiting_entries] if world.practice.waiting else [])):
        of_each.expect(tx, [booking.id for booking in stood])
    coming = list(_coming(world, read, entries))
    _expect_people(world, tx, {booking.patient for booking in stood}, coming)
    occurrences.expect_busy(tx, list(_times_around(world, coming)))
    return standing


def _coming(world: World, read: Sequence[tuple[Source, Reading]], entries: Reader) -> Iterator[_Coming]:
    now = world.now()
    for source, reading in read:
        for event in reading.events:
            if event.end > now and may_be_booking(event, entry := entries.read(event), world.practice):
                yield _Coming(source, event, entry)


def _expect_people(world: World, tx: Tx, booked: set[int | None], coming: Sequence[_Coming]) -> None:
    """The records that the entries may mean; the appointments of those who were booked, or are probably meant."""
    asked = dict.fromkeys(clues(one.entry) for one in coming)
    meant = {who for who in booked if who is not None} | patients.expect(tx, list(asked))
    history.expect(tx, meant)
    occurrences.expect_of_patients(tx, meant, world.now())


def _times_around(world: World, coming: Sequence[_Coming]) -> Iterator[occurrences.Taken]:
    for one in coming:
        dentist = one.source.dentist_of(one.event)
        if dentist:
            yield time_around(one.event, dentist, world.practice)
