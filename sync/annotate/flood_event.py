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
from sync.store import resources, tellings


def read_answer(world: World, source: Source) -> None:
    """Release or drop the held messages, by the user's answer."""
    with world.store.read() as tx:
        known = floods.asked(tx, source.address)
        answer = answer_in(world, tx, source, known["ref"]) if known.get("since") and known.get("ref") else None
    if answer is None:
        return
    with world.store.write() as tx:
        (floods.release if answer else floods.drop)(world, tx, source.address, world.now())


def show(world: World, source: Source) -> None:
    """Put the question with the present count into the calendar; remove it if nothing is held any more."""
    with world.store.read() as tx:
        known = floods.asked(tx, source.address)
        held = tellings.held(tx, world.practice.zone, source.address) if known else []
        flood = Flood(known.get("flood", Flood.RECIPIENT))
        count = floods.held_calls(world, tx, source.address, flood) if held else 0
        stands = resources.get(tx, source.address, known["ref"]) if known.get("ref") else None
    if not known or known.get("said") == str(count) or write_backoff.paused(world, source.address):
        return
    if not count:
        _take_out(world, source, known)
        return
    if "ref" in known and stands is None:
        return  # our question was not read back yet
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


def _take_out(world: World, source: Source, known: dict[str, str]) -> None:
    body = source.calendar.get(known["ref"]) if "ref" in known else None
    if body is not None:
        source.calendar.remove(body.ref, body.version)
    with world.store.write() as tx:
        floods.note(tx, source.address, {})
