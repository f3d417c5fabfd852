"""Freed time about which nobody can be written to: the patients to call stand in its place in the calendar (P44)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import partial

from adapters.base import Conflict, Resource, Unknown, Written
from rules.model import AddEvent
from rules.telling import offer_words
from sync.annotate import write_backoff
from sync.annotate.beside import begin
from sync.annotate.write_probe import may_write
from sync.core.calls import finish
from sync.core.context import Source, Watch, World, nobody_watches
from sync.store import gaps
from sync.store.engine import Tx
from sync.store.gaps import GapRow
from sync.waiting.free_time import is_taken
from sync.waiting.offering import CALLS
from sync.waiting.report import to_call

MOST = 10  # patients on one list


def is_due(world: World, tx: Tx, now: datetime) -> bool:
    """Whether a list is to be shown or taken out."""
    return bool(_to_show(world, tx, now) or _to_take_out(world, tx, now) or gaps.lists_doubted(tx))


def attend(world: World, watch: Watch = nobody_watches) -> int:
    """Show, take out, and write anew where somebody was erased, each calendar's beside those of the others. Returns how
    many; one that fails does not stop the others (law L10)."""
    now = world.now()
    with world.store.read() as tx:
        fresh, over = _to_show(world, tx, now), _to_take_out(world, tx, now)
    done = _all_done(world, [*((one, _show) for one in fresh), *((one, _take_out) for one in over)], watch)
    return done + _renew(world, watch)


def _renew(world: World, watch: Watch) -> int:
    """A list that was written with an erased patient's name loses it."""
    with world.store.read() as tx:
        shown = gaps.shown(tx, world.practice.zone) if gaps.lists_doubted(tx) else None
    if shown is None:
        return 0
    done = _all_done(world, [(one, _write_anew) for one in shown], watch)
    if done == len(shown):
        with world.store.write() as tx:
            gaps.lists_sure(tx)
    return done


def _to_show(world: World, tx: Tx, now: datetime) -> list[GapRow]:
    found = gaps.closed_coming(tx, now, world.practice.zone)
    return [one for one in found if one.ref is None and one.why in CALLS]


def _to_take_out(world: World, tx: Tx, now: datetime) -> list[GapRow]:
    shown = gaps.shown(tx, world.practice.zone)
    return [one for one in shown if one.start <= now or is_taken(world, tx, one.dentist, one.start, one.end)]


def _all_done(world: World, todo: list[tuple[GapRow, Callable[[World, GapRow], int]]], watch: Watch) -> int:
    """How much was done. What another call changed since waits for the next pass."""
    done: list[int] = []

    def go(world: World, *, gap: GapRow, work: Callable[[World, GapRow], int]) -> None:
        with world.store.read() as tx:
            stands = gaps.get(tx, gap.id, world.practice.zone) == gap
        if stands:
            done.append(work(world, gap))

    for gap, work in todo:
        begin(world, [gap.calendar], "freed time not shown", [partial(go, gap=gap, work=work)], watch)
    finish(world.calls, watch)
    return sum(done)


def _show(world: World, gap: GapRow) -> int:
    source = world.source(gap.calendar)
    if source is None or write_backoff.paused(world, gap.calendar):
        return 0
    event, result = _event(world, gap), None
    if event is not None and may_write(world, source):
        result = source.calendar.add(event)
    if isinstance(result, Unknown):
        write_backoff.failed(world, gap.calendar, None)
        return 0
    with world.store.write() as tx:
        gaps.note_event(tx, gap.id, result.resource.ref if isinstance(result, Written) else "")
    return 1


def _event(world: World, gap: GapRow) -> AddEvent | None:
    """The list as it is now; None where nobody is to be called."""
    with world.store.read() as tx:
        people = [(one.name, one.mobile or "") for one in to_call(world, tx, gap)[:MOST]]
    if not people:
        return None
    seed = hashlib.sha256(f"{world.practice.key} {gap.calendar} gap {gap.id} {gap.seen_at.isoformat()}".encode())
    title, text = offer_words.call_title(len(people)), offer_words.call_text(people, gap.why or "")
    uid = f"{offer_words.NAME}{seed.hexdigest()[:16]}"
    return AddEvent(gap.calendar, uid, title, text, gap.start, gap.end, all_day=False)


def _write_anew(world: World, gap: GapRow) -> int:
    """Returns 1 where it is done, or nothing of ours is there."""
    source, event = world.source(gap.calendar), _event(world, gap)
    if source is None or not gap.ref or write_backoff.paused(world, gap.calendar):
        return 0
    if event is None:
        return _take_out(world, gap)
    body = source.calendar.get(gap.ref)
    if body is None or not _is_ours(world, source, gap, body):
        return 1
    match source.calendar.own(body.ref, body.version, event):
        case Unknown():
            write_backoff.failed(world, gap.calendar, None)
        case Conflict(gone=False):
            pass  # read again at the next pass
        case _:
            return 1
    return 0


def _is_ours(world: World, source: Source, gap: GapRow, body: Resource) -> bool:
    events = source.calendar.read(body.ref, body.payload, world.window(world.now())).events
    return any(
        one.title.startswith(offer_words.CALL) and one.start == gap.start and offer_words.is_untouched(one.description)
        for one in events
    )


def _take_out(world: World, gap: GapRow) -> int:
    source = world.source(gap.calendar)
    if source is None or not gap.ref or write_backoff.paused(world, gap.calendar):
        return 0
    body = source.calendar.get(gap.ref)
    ours = body is not None and _is_ours(world, source, gap, body)
    if body is not None and ours and isinstance(source.calendar.own(body.ref, body.version, None), Unknown):
        write_backoff.failed(world, gap.calendar, None)
        return 0
    with world.store.write() as tx:
        gaps.note_event(tx, gap.id, "")
    return 1
