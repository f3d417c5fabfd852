"""Joins the messages of a series' visits into one; each visit keeps its own row (ruling 17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from rules.model import Facts, Send
from rules.telling.rhythm import rhythm
from sync.core.context import World
from sync.store import tellings
from sync.store.engine import Tx
from sync.store.messages import MessageRow


def companions(world: World, tx: Tx, row: MessageRow, now: datetime) -> list[MessageRow]:
    """The messages that may be joined with this one: itself first, then in order of their visits."""
    found = [one for one in tellings.of_series(tx, row, now, world.practice.zone) if _alike(one, row)]
    return sorted(found, key=lambda one: (one.id != row.id, one.facts.start, one.id))


def action(world: World, rows: Sequence[MessageRow]) -> Send:
    """The joint message of these rows, which are in order of their visits."""
    first, *others = rows
    befores = tuple(one.before for one in others if one.before)
    also = tuple(one.facts for one in others)
    return replace(first.action, also=also, also_before=befores, goes_on=_goes_on(world, rows))


def _alike(one: MessageRow, row: MessageRow) -> bool:
    """Whether two messages differ in their dates only: same patient, dentist, motif and place."""
    return _common(one.facts) == _common(row.facts) and _common(one.before) == _common(row.before)


def _common(facts: Facts | None) -> tuple[object, ...]:
    return (facts.patient_id, facts.name, facts.dentist, facts.motif, facts.place) if facts else ()


def _goes_on(world: World, rows: Sequence[MessageRow]) -> bool:
    """Whether the series goes on beyond the window in which it was expanded."""
    zone = world.practice.zone
    found = rhythm(sorted(one.facts.start.astimezone(zone) for one in rows))
    return found is not None and found.next >= world.window(world.now())[1].date()
