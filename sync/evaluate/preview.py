"""What is edited while the backlog is open is answered at once: its event shows what would be said of it now.

Nothing else is stored. It is evaluated after the backlog, when all that the first pass found is known: so that a move
is a move, the brake counts whole calendars, and patients and their dentists are those of the older events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rules.entry.reading import Reader
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.evaluate.evaluate import Place, before
from sync.evaluate.resource import evaluate_resource
from sync.plan.event_faults import faulty_ones
from sync.store import backlog, calendars, edits, occurrences, resources, sharing
from sync.store.edits import EditRow
from sync.store.engine import Tx
from sync.store.resources import GONE, ResourceRow


class _Undo(Exception):
    """Rolls back what was evaluated for a preview."""


def answer(world: World) -> int:
    """Show a preview in each event that changed, a slice of them at most. Returns how many it was."""
    with world.store.read() as tx:
        faulty, todo = faulty_ones(tx), resources.dirty(tx)
        gone = _freeing(world, tx, [one[:2] for one in todo if one[2] == GONE])
    changed = [one[:2] for one in todo if one[2] != GONE and one[:2] not in faulty]
    for place in changed[: world.slice]:
        with kept_apart("not previewed") as fate, world.store.write() as tx:
            _preview(world, tx, place, gone)
        if fate.failed:  # evaluated in its turn, where its fault is noted
            with world.store.write() as tx:
                backlog.previewed(tx, *place)
    return len(changed[: world.slice])


def _freeing(world: World, tx: Tx, gone: Sequence[Place]) -> list[Place]:
    """Those of the deleted ones whose time is free now: of a calendar that is not held, nor will be for as many. What
    the brake holds is known after the backlog only, when all are counted."""
    counts = Counter(calendar for calendar, _ in gone)
    few = {one for one, count in counts.items() if count <= world.practice.policy.brake_events and not _held(tx, one)}
    return [place for place in gone if place[0] in few]


def _held(tx: Tx, calendar: str) -> bool:
    """Whether the brake holds the calendar: then a deletion frees nobody's time before a person approves."""
    row = calendars.get(tx, calendar)
    return row is not None and row.held_at is not None


def _preview(world: World, tx: Tx, place: Place, gone: Sequence[Place]) -> None:
    row = resources.get(tx, *place)
    edit = _edit(world, tx, row, gone) if row is not None and not resources.emptied(row) else None
    edits.drop(tx, *place)
    if edit is not None and not edit.remove:
        edits.want(tx, *place, edit.annotation, due=edit.due_at)  # without a new end, which the booking must know
    backlog.previewed(tx, *place)


def _edit(world: World, tx: Tx, row: ResourceRow, gone: Sequence[Place]) -> EditRow | None:
    """The edit that its evaluation plans. What she deleted takes no time any more; what stands at the same time, and
    what it was before, are evaluated first."""
    found: list[EditRow] = []
    try:
        with tx.part():
            occurrences.take_away(tx, gone)
            beside = sharing.bookings_beside(tx, (row.calendar, row.ref), world.now())
            for one in (*backlog.never_evaluated(tx, beside), *before(world, tx, row), row):
                _evaluate(world, tx, one)
            found = edits.at(tx, row.calendar, row.ref)
            raise _Undo
    except _Undo:
        return found[0] if found else None


def _evaluate(world: World, tx: Tx, row: ResourceRow) -> None:
    source = world.source(row.calendar)
    if source is not None:
        evaluate_resource(world, tx, source, row, Reader(world.practice, world.now()))
