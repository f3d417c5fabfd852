"""From the local copy to bookings, feedback and messages: every changed resource is read, assessed and planned.

The backlog comes first, in slices: what the first pass found is known before anything that changed since is evaluated
(law L7). Present resources come before deleted ones, so that a move finds its new place before its old one is missed;
between the two the brake checks the number of deletions (law L6). A batch of resources is one transaction. If one of
them fails, the batch is rolled back and each gets its own transaction, so that one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from rules.entry.reading import Reader
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.evaluate import newcomers, relocation, waiting_event
from sync.evaluate.brake import apply_brake
from sync.evaluate.read_ahead import read_ahead
from sync.evaluate.resource import evaluate_resource
from sync.plan.event_faults import faulty_ones, forget, give_up, may_try
from sync.store import backlog, bookings, calendars, edits, occurrences, resources, sharing
from sync.store.engine import Tx
from sync.store.resources import GONE, PRESENT, ResourceRow

Place = tuple[str, str]
Evaluate = Callable[[World, Tx, ResourceRow, Reader], None]
BATCH = 250  # resources in a transaction: other threads write between two


def evaluate(world: World) -> int:
    """Evaluate the whole backlog, then what changed. Returns how many resources were evaluated."""
    done, before = 0, None
    while (found := evaluate_slice(world)) != before:  # the same again: its faults could not be noted
        done, before = done + len(found.places), found
        if not (found.places and (found.more or found.edited)):
            break
    return done + evaluate_changed(world)


def needs_slices(world: World) -> bool:
    """Whether more waits in the backlog than is evaluated at once, or series are to be expanded before it."""
    with world.store.read() as tx:
        return backlog.unfolding(tx) is not None or backlog.nearest(tx, world.slice).more


def evaluate_slice(world: World) -> backlog.Slice:
    """Evaluate the next slice of the backlog, and return it. If nothing but what was edited meanwhile waits, that is
    marked for evaluation."""
    with world.store.read() as tx:
        found = backlog.nearest(tx, world.slice)
        faulty = faulty_ones(tx) if found.places else {}
    if found.places:
        _evaluate_batch(world, [place for place in found.places if place not in faulty], _evaluate_in_turn)
        for place in (one for one in found.places if one in faulty):
            _safely(world, place, _evaluate_in_turn, again=True)
    elif found.edited:
        with world.store.write() as tx:
            backlog.close(tx, world.now())
    return found


def evaluate_changed(world: World) -> int:
    """Evaluate what changed, and what that concerns, until nothing needs it. Returns how many were evaluated."""
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
            _evaluate_batch(world, standing[start : start + BATCH], _evaluate_present)
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


def _evaluate_batch(world: World, places: Sequence[Place], step: Evaluate) -> None:
    """Evaluate a batch, with one question to the store for all; one by one if that fails."""
    with kept_apart("judging one by one") as fate:
        if len(places) > 1:
            entries = Reader(world.practice, world.now())
            with world.store.write() as tx:
                for row in read_ahead(world, tx, places, entries):
                    if not row.is_evaluated:
                        step(world, tx, row, entries)
                newcomers.wake(tx, world.now())
    if fate.failed or len(places) < 2:
        for place in places:
            _safely(world, place, step)
        return
    for calendar, ref in places:
        world.readings.forget(calendar, [ref])


def _safely(world: World, place: Place, step: Evaluate, *, again: bool = False) -> None:
    """Evaluate one resource in its own transaction; `again`: it failed before. If it is a series, its other occurrences
    are evaluated without the failing one, which is tried again (`sync.plan.event_faults`)."""
    with kept_apart("judging failed") as fate, world.store.write() as tx:
        row = resources.get(tx, *place)
        if row is not None and not row.is_evaluated:
            step(world, tx, row, Reader(world.practice, world.now()))
            if again:
                forget(tx, place)
        newcomers.wake(tx, world.now())
    if fate.failed:
        if step is not _evaluate_gone:
            _others_of_the_series(world, place)
        _give_up(world, place, fate.failed)


def _others_of_the_series(world: World, place: Place) -> None:
    with kept_apart("judging failed"), world.store.write() as tx:
        row, source = resources.get(tx, *place), world.source(place[0])
        if row is not None and source is not None and not row.is_evaluated:
            entries = Reader(world.practice, world.now())
            evaluate_resource(world, tx, source, row, entries, apart=True)
            newcomers.wake(tx, world.now())


def _give_up(world: World, place: Place, fault: Exception) -> None:
    with kept_apart("fault not noted") as fate:
        give_up(world, place, type(fault).__name__)
    if fate.failed:  # else it would keep every message back
        with kept_apart("still in the backlog"), world.store.write() as tx:
            backlog.leave(tx, *place, world.now())


def _evaluate_gone(world: World, tx: Tx, row: ResourceRow, _entries: Reader) -> None:
    now, zone = world.now(), world.practice.zone
    calendar = calendars.get(tx, row.calendar)
    if calendar is None or calendar.held_at is None:  # a held deletion frees nobody's time before a person approves
        resources.mark_dirty(tx, sharing.bookings_beside(tx, (row.calendar, row.ref), now), now)
    waiting_event.gone(world, tx, row, now)
    occurrences.replace(tx, row.calendar, row.ref, [])
    edits.drop(tx, row.calendar, row.ref)
    relocation.events_gone(world, tx, bookings.at_place(tx, row.calendar, row.ref, zone), now)
    resources.settled(tx, row.calendar, row.ref)


def _evaluate_present(world: World, tx: Tx, row: ResourceRow, entries: Reader) -> None:
    source = world.source(row.calendar)
    if source is not None and not resources.emptied(row):
        for one in (*before(world, tx, row), row):
            evaluate_resource(world, tx, source, one, entries)
        if row.body_before is not None:
            resources.change(tx, row.calendar, row.ref, body_before=None)
    resources.settled(tx, row.calendar, row.ref)


def _evaluate_in_turn(world: World, tx: Tx, row: ResourceRow, entries: Reader) -> None:
    source, found = world.source(row.calendar), as_found(world, tx, row)
    if source is not None and found is not None and not resources.emptied(found):
        evaluate_resource(world, tx, source, found, entries)
    backlog.evaluated(tx, row, world.now())


def before(world: World, tx: Tx, row: ResourceRow) -> tuple[ResourceRow, ...]:
    """The resource as the first pass found it, if it was edited before that was evaluated: a fault, or another event's
    turn, was first."""
    found = as_found(world, tx, row) if row.body_before is not None else None
    return () if found is None or found is row else (found,)


def as_found(world: World, tx: Tx, row: ResourceRow) -> ResourceRow | None:
    """The resource of the backlog as the first pass found it, if it was not evaluated since; else as it is, None where
    that is gone."""
    known = bool(bookings.at_place(tx, row.calendar, row.ref, world.practice.zone))
    if row.body_before is not None and not known:
        return replace(row, payload=row.body_before, baseline=True, state=PRESENT)
    if row.baseline and not known:
        return replace(row, state=PRESENT)
    return row if row.state != GONE else None
