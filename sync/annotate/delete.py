"""Taking an event of hers out of its calendar: only while it still means what was judged."""

from __future__ import annotations

from adapters.base import Conflict, EditResult
from sync.core.context import Source, World
from sync.store.resources import ResourceRow


def remove(world: World, source: Source, standing: ResourceRow) -> EditResult:
    """Read again just before, then deleted under the version that was read: a server may delete whatever version is
    named (SOGo), or give a new event the version of the old one. Conflict where she was faster."""
    body = source.calendar.get(standing.ref)
    if body is None:
        return Conflict(gone=True)
    reading = source.calendar.read(body.ref, body.payload, world.window(world.now()))
    if reading.semantic != standing.semantic:
        return Conflict()
    return source.calendar.remove(body.ref, body.version)
