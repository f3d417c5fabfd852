"""Asks the brake's question in the held calendar: an all-day event that the user answers with `oui` or `non`
(docs/design.md#details-people-rely-on)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from adapters.base import OutsideError, Written
from adapters.deadline import within
from rules.model import AddEvent
from rules.telling import brake
from sync.annotate import flood_event, write_backoff
from sync.annotate.answer import answer_in
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.evaluate.brake import drop, held_count, release
from sync.store import calendars, keyvalue
from sync.store.engine import Tx


def read_answers(world: World) -> None:
    """Release or drop what is held, by the user's answers."""
    _each(world, _read, "brake answer not read")
    _each(world, flood_event.read_answer, "brake answer not read")


def show(world: World) -> None:
    """Put the question into each held calendar, and remove it where nothing is held any more."""
    _each(world, _show, "brake notice not shown")
    _each(world, flood_event.show, "brake notice not shown")


def _each(world: World, step: Callable[[World, Source], None], trouble: str) -> None:
    """Take the step for each calendar; one that fails does not stop the others (law L10)."""
    for source in world.sources:
        with kept_apart(trouble):
            try:
                with within(write_backoff.ROUND_TRIP_S):
                    step(world, source)
            except OutsideError as error:
                log.warning(trouble, error=type(error).__name__)
                write_backoff.failed(world, source.address, error)


def _read(world: World, source: Source) -> None:
    now = world.now()
    with world.store.write() as tx:
        row = calendars.get(tx, source.address)
        answer = _answer(world, tx, source) if row and row.held_at else None
        if answer is True:
            release(world, tx, source.address, now)
        elif answer is False:
            drop(world, tx, source.address, now)


def _show(world: World, source: Source) -> None:
    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
        shown = keyvalue.get(tx, _name(source))
        count = held_count(world, tx, source.address, world.now()) if row and row.held_at else 0
    wanted, unwanted = count and not shown, shown and not (row and row.held_at)
    if not (wanted or unwanted) or write_backoff.paused(world, source.address):
        return
    if wanted:
        _add(world, source, count)
    elif shown:
        _remove(world, source, shown)


def _answer(world: World, tx: Tx, source: Source) -> bool | None:
    shown = keyvalue.get(tx, _name(source))
    return answer_in(world, tx, source, shown) if shown else None


def _add(world: World, source: Source, count: int) -> None:
    day = _midnight(world.now())
    uid = f"attitre-frein-{hashlib.sha256(f'{source.address} {day.isoformat()}'.encode()).hexdigest()[:16]}"
    event = AddEvent(
        source.address, uid, brake.notice_title(count), brake.notice_text(count), day, day + timedelta(days=1)
    )
    result = source.calendar.add(event)
    if isinstance(result, Written):
        with world.store.write() as tx:
            keyvalue.put(tx, _name(source), result.resource.ref)


def _remove(world: World, source: Source, ref: str) -> None:
    body = source.calendar.get(ref)
    if body is not None:
        source.calendar.remove(ref, body.version)
    with world.store.write() as tx:
        keyvalue.put(tx, _name(source), "")


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _name(source: Source) -> str:
    return f"{keyvalue.BRAKE}{source.address}"
