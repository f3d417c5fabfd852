"""Deletes an event from its calendar, only while its meaning is the one that was evaluated."""

from __future__ import annotations

from adapters.base import Conflict, EditResult
from sync.core.context import Source, World
from sync.store.resources import ResourceRow


def remove(world: World, source: Source, standing: ResourceRow) -> EditResult:
    """Read the event again and delete it under the version just read, since a server may ignore the version (SOGo), or
    reuse it for a new event. Conflict if the user changed it."""
    body = source.calendar.get(standing.ref)
    if body is None:
        return Conflict(gone=True)
    reading = source.calendar.read(body.ref, body.payload, world.window(world.now()))
    if reading.semantic != standing.semantic:
        return Conflict()
    return source.calendar.remove(body.ref, body.version)
