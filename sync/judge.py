"""From the local copy to bookings, feedback and messages: every changed resource is read, checked and planned.

Present resources come before gone ones, so that a move finds its new place before its old one is missed; between the
two the brake looks at what vanished (law L6). Many resources are one transaction; where one of them cannot be judged,
all of it is undone and each becomes a transaction of its own, so one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adapters.base import Reading
from sync import moves
from sync.faults import described, log
from sync.holding import apply_brake
from sync.occurrences import beside
from sync.standing import Standing
from sync.store import basics, bookings, calendars, edits, patients, resources, sharing
from sync.store.engine import StoreProblem, Tx
from sync.store.resources import GONE, ResourceRow
from sync.world import Source, World

Place = tuple[str, str]
AT_ONCE = 250  # resources a transaction: others may write in between


def judge(world: World) -> int:
    """Judge everything owed, until nothing is. Returns how many resources were judged."""
    done = 0
    for _ in range(20):  # a judgement may owe another to a neighbour; a fixed point is reached long before
        with world.store.read() as tx:
            todo = resources.dirty(tx)
        if not todo:
            world.readings.forget_all()
            return done
        standing = [(calendar, ref) for calendar, ref, state in todo if state != GONE]
        gone = [(calendar, ref) for calendar, ref, state in todo if state == GONE]
        for start in range(0, len(standing), AT_ONCE):
            _together(world, standing[start : start + AT_ONCE])
        if gone:
            apply_brake(world, gone)
        for place in gone:
            _safely(world, place, _judge_gone)
        done += len(todo)
    return done


def _together(world: World, places: Sequence[Place]) -> None:
    """Many resources, with one question to the store instead of one each; one by one where that fails."""
    try:
        if len(places) > 1:
            with world.store.write() as tx:
                for row in _expected(world, tx, places):
                    if row.dirty_at is not None:
                        _judge_standing(world, tx, row)
                        resources.settled(tx, row.calendar, row.ref)
            for calendar, ref in places:
                world.readings.forget(calendar, [ref])
            return
    except StoreProblem:
        raise
    except Exception as error:
        log.warning("judging one by one", **described(error))
    for place in places:
        _safely(world, place, _judge_standing)


def _expected(world: World, tx: Tx, places: Sequence[Place]) -> list[ResourceRow]:
    """The resources in their order, and in the transaction's memory what will be asked about each of them."""
    rows: dict[Place, ResourceRow] = {}
    for calendar in dict.fromkeys(calendar for calendar, _ in places):
        refs = [ref for other, ref in places if other == calendar]
        rows.update({(calendar, ref): row for ref, row in resources.find(tx, calendar, refs).items()})
        resources.expect(tx, calendar, refs)
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
    resources.expect_busy(tx, list(_beside(world, read)))
    return standing


def _beside(world: World, read: Sequence[tuple[Source, Reading]]) -> Iterator[resources.Taken]:
    """The times of what is most likely a patient's: one coming event, at an hour."""
    now = world.now()
    alone = [(source, reading.events[0]) for source, reading in read if reading.sole and reading.events]
    for source, event in alone:
        dentist = source.dentist_of(event)
        if dentist and event.end > now and not event.all_day:
            yield beside(event, dentist, world.practice)


def _safely(world: World, place: Place, step: Callable[[World, Tx, ResourceRow], None]) -> None:
    """One resource in one transaction; a fault of ours is journaled, and the resource is left until it changes."""
    try:
        with world.store.write() as tx:
            row = resources.get(tx, *place)
            if row is not None and row.dirty_at is not None:
                step(world, tx, row)
                resources.settled(tx, *place)
    except StoreProblem:
        raise
    except Exception as error:
        log.error("judging failed", **described(error))
        with world.store.write() as tx:
            resources.change(tx, *place, dirty_at=None, problem="event-unreadable")
            basics.log(tx, world.now(), "judge-failed", detail=type(error).__name__, calendar=place[0], ref=place[1])


def _judge_gone(world: World, tx: Tx, row: ResourceRow) -> None:
    now, zone = world.now(), world.practice.zone
    calendar = calendars.get(tx, row.calendar)
    if calendar is None or calendar.held_at is None:  # until a person approves, nothing rests on its absence
        resources.mark_dirty(tx, sharing.bookings_beside(tx, (row.calendar, row.ref), now), now)
    resources.replace_occurrences(tx, row.calendar, row.ref, [])
    edits.drop(tx, row.calendar, row.ref)
    for booking in bookings.at_place(tx, row.calendar, row.ref, zone):
        if not moves.take_new_place(world, tx, booking, now):
            moves.vanish(world, tx, booking, now)


def _judge_standing(world: World, tx: Tx, row: ResourceRow) -> None:
    source = world.source(row.calendar)
    if source is None or resources.emptied(row):
        return
    Standing(world, tx, source, row).judge()
