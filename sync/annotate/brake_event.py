"""Asks the brake's question in the held calendar: an all-day event that the user answers with `oui` or `non`
(docs/design.md#details-people-rely-on)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import partial

from adapters.base import Written
from rules.model import AddEvent
from rules.telling import brake
from sync.annotate import flood_event, write_backoff
from sync.annotate.answer import answer_in
from sync.annotate.beside import begin
from sync.core.calls import finish
from sync.core.context import Source, Watch, World, nobody_watches
from sync.core.guard import kept_apart
from sync.evaluate.brake import drop, held_count, release
from sync.plan import floods
from sync.store import calendars, keyvalue
from sync.store.engine import Tx


def read_answers(world: World) -> None:
    """Release or drop what is held, by the user's answers. A calendar that fails does not stop the others (law L10)."""
    for source in world.sources:
        for step in (_read, flood_event.read_answer):
            with kept_apart("brake answer not read"):
                step(world, source)


def show(world: World, watch: Watch = nobody_watches) -> None:
    """Put the question into each held calendar, and remove it where nothing is held any more."""
    for source in world.sources:
        with world.store.read() as tx:
            concerned = _concerned(tx, source)
        if concerned:
            works = (partial(_show, source=source), partial(flood_event.show, source=source))
            begin(world, [source.address], "brake notice not shown", works, watch)
    finish(world.calls, watch)


def _concerned(tx: Tx, source: Source) -> bool:
    row = calendars.get(tx, source.address)
    return bool((row and row.held_at) or keyvalue.get(tx, _name(source)) or floods.asked(tx, source.address))


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
