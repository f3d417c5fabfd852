"""Reads the user's answer to a question that we put into a calendar: `oui` or `non`, in its title or text
(docs/design.md#details-people-rely-on)."""

from __future__ import annotations

from rules.telling import brake
from sync.core.context import Source, World
from sync.store import resources
from sync.store.engine import Tx
from sync.store.resources import PRESENT


def answer_in(world: World, tx: Tx, source: Source, shown: str) -> bool | None:
    """The answer in the question's event `shown`; None if there is none yet, or the event is gone."""
    stored = resources.get(tx, source.address, shown)
    if stored is None or stored.state != PRESENT:
        return None
    reading = world.readings.of(source, stored.ref, stored.payload, world.window(world.now()))
    return next(
        (said for event in reading.events if (said := brake.answer(event.description, event.title)) is not None), None
    )
