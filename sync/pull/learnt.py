"""Stores changes that no report of the calendar named: those of an audit, of the moving window, of a better parser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.base import Page, Resource
from sync.core.context import PAST, Source, World
from sync.core.guard import kept_apart
from sync.pull.mirror import reading_of, store_page
from sync.pull.writer import Writer
from sync.store import calendars, resources, views
from sync.store.resources import ResourceRow


def take(world: World, source: Source, bodies: Iterable[Resource], missed: Iterable[str]) -> None:
    """Store these bodies; mark missing resources as suspects, to be looked for again."""
    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
    assert row is not None
    store_page(world, source, row, Page(tuple(bodies), absent=tuple(missed)))


def read_again(world: World, source: Source) -> None:
    """Parse stored bodies again that could not be parsed: our parser may have changed, or failed by accident."""
    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
        found = resources.find(tx, source.address, views.unread(tx, source.address))
    assert row is not None
    for one in found.values():
        if one.payload and not (reading := reading_of(world, source, _body_of(one), world.now())).problem:
            with kept_apart("body not stored"), world.store.write() as tx:
                Writer(tx, source, row, world.now()).store([(_body_of(one), reading)])


def _body_of(row: ResourceRow) -> Resource:
    return Resource(row.ref, row.version, row.payload)


def bring_into_view(world: World, source: Source, refs: Sequence[str]) -> None:
    """Add the occurrences of these series that have come into the window (docs/design.md#series)."""
    with world.store.write() as tx:
        row = calendars.get(tx, source.address)
        assert row is not None
        writer = Writer(tx, source, row, now := world.now())
        for resource in resources.find(tx, source.address, refs).values():
            reading = None if source.calendar.over(resource.payload, now - PAST) else world.reading(resource)
            if reading is not None:
                writer.into_view(resource, reading)
