"""Asks about held messages in the calendar concerned: an all-day event answered with `oui` or `non`."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from adapters.base import Written
from rules.model import AddEvent
from rules.telling import brake
from rules.telling.brake import Flood
from sync.annotate import write_backoff
from sync.annotate.answer import answer_in
from sync.core.context import Source, World
from sync.plan import floods
from sync.store import resources


def read_answer(world: World, source: Source) -> None:
    """Release or drop the held messages, by the user's answer."""
    with world.store.read() as tx:
        known = floods.asked(tx, source.address)
        answer = answer_in(world, tx, source, known["ref"]) if known.get("ref") else None
    if answer is None:
        return
    with world.store.write() as tx:
        (floods.release if answer else floods.drop)(world, tx, source.address, world.now())


def show(world: World, source: Source) -> None:
    """Put the question with the present count into the calendar; remove it once it is answered or nothing is held."""
    with world.store.read() as tx:
        known = floods.asked(tx, source.address)
    if not known or write_backoff.paused(world, source.address):
        return
    if "answered" in known:
        known = _take_out(world, source, known["answered"], left={k: v for k, v in known.items() if k != "answered"})
    if known:
        _ask(world, source, known)


def _ask(world: World, source: Source, known: dict[str, str]) -> None:
    flood = Flood(known["flood"])
    with world.store.read() as tx:
        count = floods.held_calls(world, tx, source.address, flood)
        stands = resources.get(tx, source.address, known["ref"]) if "ref" in known else None
    if not count:
        _take_out(world, source, known.get("ref"), left={})
    if not count or known.get("said") == str(count) or ("ref" in known and stands is None):  # None: not yet read back
        return
    event = _question(world, source, known, count, flood)
    # under the version that was read, so that an answer typed since is not overwritten
    result = source.calendar.own(stands.ref, stands.version, event) if stands else source.calendar.add(event)
    if isinstance(result, Written):
        with world.store.write() as tx:
            floods.note(tx, source.address, {**known, "ref": result.resource.ref, "said": str(count)})


def _question(world: World, source: Source, known: dict[str, str], count: int, flood: Flood) -> AddEvent:
    since = datetime.fromisoformat(known["since"]).astimezone(world.practice.zone)
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    uid = f"attitre-frein-{hashlib.sha256(f'{source.address} {since.isoformat()}'.encode()).hexdigest()[:16]}"
    title, text = brake.messages_title(count, flood), brake.messages_text(flood, world.practice.policy)
    return AddEvent(source.address, uid, title, text, day, day + timedelta(days=1))


def _take_out(world: World, source: Source, ref: str | None, *, left: dict[str, str]) -> dict[str, str]:
    """Remove a question that is over; `left` is what is still known then."""
    body = source.calendar.get(ref) if ref else None
    if body is not None:
        source.calendar.remove(body.ref, body.version)
    with world.store.write() as tx:
        floods.note(tx, source.address, left)
    return left
