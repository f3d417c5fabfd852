"""From the local copy to bookings, feedback and messages: every changed resource is read, checked and planned.

Present resources come before gone ones, so that a move finds its new place before its old one is missed; between the
two the brake looks at what vanished (law L6). Each resource is one transaction, so one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from sync import moves
from sync.faults import described
from sync.holding import apply_brake
from sync.standing import Standing
from sync.store import basics, bookings, calendars, edits, resources, sharing
from sync.store.engine import StoreProblem, Tx
from sync.store.resources import GONE, ResourceRow
from sync.world import World

log = structlog.get_logger()


def judge(world: World) -> int:
    """Judge everything owed, until nothing is. Returns how many resources were judged."""
    done = 0
    for _ in range(20):  # a judgement may owe another to a neighbour; a fixed point is reached long before
        with world.store.read() as tx:
            todo = resources.dirty(tx)
        if not todo:
            return done
        standing = [(calendar, ref) for calendar, ref, state in todo if state != GONE]
        gone = [(calendar, ref) for calendar, ref, state in todo if state == GONE]
        for place in standing:
            _safely(world, place, _judge_standing)
        if gone:
            apply_brake(world, gone)
        for place in gone:
            _safely(world, place, _judge_gone)
        done += len(todo)
    return done


def _safely(world: World, place: tuple[str, str], step: Callable[[World, Tx, ResourceRow], None]) -> None:
    """One resource in one transaction; a fault of ours is journaled, and the resource is left until it changes."""
    try:
        with world.store.write() as tx:
            row = resources.get(tx, *place)
            if row is not None and row.dirty_at is not None:
                step(world, tx, row)
                resources.change(tx, *place, dirty_at=None)
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
