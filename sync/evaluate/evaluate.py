"""From the local copy to bookings, feedback and messages: every changed resource is read, assessed and planned.

Present resources come before deleted ones, so that a move finds its new place before its old one is missed; between the
two the brake checks the number of deletions (law L6). A batch of resources is one transaction. If one of them fails,
the batch is rolled back and each gets its own transaction, so that one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adapters.base import Reading
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.evaluate import relocation, waiting_event
from sync.evaluate.brake import apply_brake
from sync.evaluate.gather import time_around
from sync.evaluate.resource import evaluate_resource
from sync.plan.event_faults import faulty_ones, forget, give_up, may_try
from sync.store import bookings, calendars, edits, occurrences, patients, resources, sharing
from sync.store.engine import Tx
from sync.store.resources import GONE, ResourceRow

Place = tuple[str, str]
BATCH = 250  # resources in a transaction: other threads write between two


def evaluate(world: World) -> int:
    """Evaluate resources until none needs it. Returns how many were evaluated."""
    done = 0
    for _ in range(20):  # one evaluation may cause a neighbour's; a fixed point is reached long before
        with world.store.read() as tx:
            todo = resources.dirty(tx)
            faulty = faulty_ones(tx) if todo else {}
        todo = [one for one in todo if may_try(faulty.get(one[:2]), world.now())]
        if not todo:
            world.readings.forget_all()
            return done
        standing = [one[:2] for one in todo if one[2] != GONE and one[:2] not in faulty]
        for start in range(0, len(standing), BATCH):
            _evaluate_batch(world, standing[start : start + BATCH])
        for place in (one[:2] for one in todo if one[2] != GONE and one[:2] in faulty):
            _safely(world, place, _evaluate_present, again=True)
        for place in _braked(world, [one[:2] for one in todo if one[2] == GONE]):
            _safely(world, place, _evaluate_gone, again=place in faulty)
        done += len(todo)
    return done


def _braked(world: World, gone: Sequence[Place]) -> Iterator[Place]:
    """The deleted resources, after the brake has checked them; those of a calendar at which it fails wait."""
    for calendar in dict.fromkeys(calendar for calendar, _ in gone):
        theirs = [place for place in gone if place[0] == calendar]
        with kept_apart("brake not applied") as fate:
            apply_brake(world, theirs)
        if fate.failed:
            for place in theirs:
                _give_up(world, place, fate.failed)
        else:
            yield from theirs


def _evaluate_batch(world: World, places: Sequence[Place]) -> None:
    """Evaluate a batch, with one question to the store for all; one by one if that fails."""
    with kept_apart("judging one by one") as fate:
        if len(places) > 1:
            with world.store.write() as tx:
                for row in _prefetched(world, tx, places):
                    if row.dirty_at is not None:
                        _evaluate_present(world, tx, row)
                        resources.settled(tx, row.calendar, row.ref)
    if fate.failed or len(places) < 2:
        for place in places:
            _safely(world, place, _evaluate_present)
        return
    for calendar, ref in places:
        world.readings.forget(calendar, [ref])


def _prefetched(world: World, tx: Tx, places: Sequence[Place]) -> list[ResourceRow]:
    """The resources in their order; the transaction caches what will be asked about each of them."""
    rows: dict[Place, ResourceRow] = {}
    for calendar in dict.fromkeys(calendar for calendar, _ in places):
        refs = [ref for other, ref in places if other == calendar]
        rows.update({(calendar, ref): row for ref, row in resources.find(tx, calendar, refs).items()})
        occurrences.expect(tx, calendar, refs)
        bookings.expect(tx, calendar, refs, world.practice.zone)
        edits.expect(tx, calendar, refs)
    patients.expect(tx)
    standing = [rows[place] for place in places if place in rows]
    read = [
        (source, reading)
        for row in standing
        if (source := world.source(row.calendar)) and (reading := world.reading(row))
    ]
    uids = {event.uid for _, reading in read for event in reading.events}
    bookings.expect_uids(tx, sorted(uids), world.practice.zone)
    occurrences.expect_busy(tx, list(_times_around(world, read)))
    return standing


def _times_around(world: World, read: Sequence[tuple[Source, Reading]]) -> Iterator[occurrences.Taken]:
    """The times of events that are probably appointments: single, coming, not all-day."""
    now = world.now()
    alone = [(source, reading.events[0]) for source, reading in read if reading.sole and reading.events]
    for source, event in alone:
        dentist = source.dentist_of(event)
        if dentist and event.end > now and not event.all_day:
            yield time_around(event, dentist, world.practice)


def _safely(world: World, place: Place, step: Callable[[World, Tx, ResourceRow], None], *, again: bool = False) -> None:
    """Evaluate one resource in its own transaction; `again`: it failed before. If it is a series, its other occurrences
    are evaluated without the failing one, which is tried again (`sync.plan.event_faults`)."""
    with kept_apart("judging failed") as fate, world.store.write() as tx:
        row = resources.get(tx, *place)
        if row is not None and row.dirty_at is not None:
            step(world, tx, row)
            resources.settled(tx, *place)
            if again:
                forget(tx, place)
    if fate.failed:
        if step is _evaluate_present:
            _others_of_the_series(world, place)
        _give_up(world, place, fate.failed)


def _others_of_the_series(world: World, place: Place) -> None:
    with kept_apart("judging failed"), world.store.write() as tx:
        row, source = resources.get(tx, *place), world.source(place[0])
        if row is not None and source is not None and row.dirty_at is not None:
            evaluate_resource(world, tx, source, row, apart=True)


def _give_up(world: World, place: Place, fault: Exception) -> None:
    with kept_apart("fault not noted"):
        give_up(world, place, type(fault).__name__)


def _evaluate_gone(world: World, tx: Tx, row: ResourceRow) -> None:
    now, zone = world.now(), world.practice.zone
    calendar = calendars.get(tx, row.calendar)
    if calendar is None or calendar.held_at is None:  # a held deletion frees nobody's time before a person approves
        resources.mark_dirty(tx, sharing.bookings_beside(tx, (row.calendar, row.ref), now), now)
    waiting_event.gone(world, tx, row, now)
    occurrences.replace(tx, row.calendar, row.ref, [])
    edits.drop(tx, row.calendar, row.ref)
    for booking in bookings.at_place(tx, row.calendar, row.ref, zone):
        if not relocation.take_new_place(world, tx, booking, now):
            relocation.vanish(world, tx, booking, now)


def _evaluate_present(world: World, tx: Tx, row: ResourceRow) -> None:
    source = world.source(row.calendar)
    if source is None or resources.emptied(row):
        return
    evaluate_resource(world, tx, source, row)
