"""Asks the brake's question in the held calendar: an all-day event that the user answers with `oui` or `non`
(docs/design.md#details-people-rely-on)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec import Struct

from adapters.base import Conflict, Unknown, Written
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


class _Asked(Struct, frozen=True):
    """A question that we put into a calendar, and the episode that it asks about."""

    episode: str
    ref: str


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
    return bool(_episode(tx, source) or _asked(tx, source) or floods.asked(tx, source.address))


def _read(world: World, source: Source) -> None:
    now = world.now()
    with world.store.write() as tx:
        episode = _episode(tx, source)
        answer = _answer(world, tx, source, episode) if episode else None
        if answer is True:
            release(world, tx, source.address, now)
        elif answer is False:
            drop(world, tx, source.address, now)


def _show(world: World, source: Source) -> None:
    with world.store.read() as tx:
        episode, asked = _episode(tx, source), _asked(tx, source)
        count = held_count(world, tx, source.address, world.now()) if episode else 0
    over = asked if asked and asked.episode != episode else None
    wanted = count and (over or not asked)
    if not (wanted or over) or write_backoff.paused(world, source.address):
        return
    if over:
        _remove(world, source, over)
    if episode and wanted:
        _add(world, source, episode, count)


def _answer(world: World, tx: Tx, source: Source, episode: str) -> bool | None:
    """The answer to this episode's question: one to an earlier question that still stands says nothing about it."""
    asked = _asked(tx, source)
    return answer_in(world, tx, source, asked.ref) if asked and asked.episode == episode else None


def _add(world: World, source: Source, episode: str, count: int) -> None:
    day = _midnight(world.now())
    # one UID an episode: a server answers an `add` of a UID that stands with the earlier question, as answered
    mark = hashlib.sha256(f"{source.address} brake {episode}".encode()).hexdigest()[:16]
    title, text = brake.notice_title(count), brake.notice_text(count)
    event = AddEvent(source.address, f"attitre-frein-{mark}", title, text, day, day + timedelta(days=1))
    result = source.calendar.add(event)
    if isinstance(result, Written):
        with world.store.write() as tx:
            keyvalue.put(tx, _name(source), f"{episode} {result.resource.ref}")


def _remove(world: World, source: Source, asked: _Asked) -> None:
    """Remove a question that is over; where it may still stand, the next pass tries again."""
    body = source.calendar.get(asked.ref)
    result = source.calendar.remove(asked.ref, body.version) if body is not None else None
    if isinstance(result, Unknown):
        write_backoff.failed(world, source.address, None)
    if not isinstance(result, Conflict | Unknown):
        with world.store.write() as tx:
            keyvalue.put(tx, _name(source), "")


def _episode(tx: Tx, source: Source) -> str | None:
    """Since when the calendar is held, which names the episode; None if it is not held."""
    row = calendars.get(tx, source.address)
    return row.held_at.astimezone(UTC).isoformat() if row and row.held_at else None


def _asked(tx: Tx, source: Source) -> _Asked | None:
    kept = keyvalue.get(tx, _name(source)) or ""
    episode, _, ref = kept.rpartition(" ")  # an older version kept the reference alone
    return _Asked(episode, ref) if ref else None


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _name(source: Source) -> str:
    return f"{keyvalue.BRAKE}{source.address}"
