"""Reads a dentist's calendars at once, before and after an appointment is written (P44)."""

from __future__ import annotations

from adapters.base import Offering
from sync.annotate import write_backoff
from sync.core.context import Source, World
from sync.pull.reading import may_ask, read_one
from sync.store import calendars, resources


def read_calendars(world: World, dentist: str, calendar: str, *also: str) -> bool:
    """Bring the store up to date with all calendars of the dentist, and those `also` named. False where one cannot be
    read now, or writes to `calendar` pause. A feed is left out: it says itself how often it may be asked."""
    asked = concerned(world, dentist, *also)
    return not write_backoff.paused(world, calendar) and all(_read_one(world, one) for one in asked)


def concerned(world: World, dentist: str, *also: str) -> list[Source]:
    """All calendars of the dentist, and those `also` named, but no feed."""
    sources = [one for one in world.sources if dentist in {one.dentist, *one.tags.values()} or one.address in also]
    return [one for one in sources if not isinstance(one.calendar, Offering)]


def _read_one(world: World, source: Source) -> bool:
    with world.store.read() as tx:
        known = calendars.get(tx, source.address)
        left = bool(resources.to_fetch(tx, source.address) or resources.suspects(tx, source.address))
    if source.address in world.under_way or not may_ask(known, world.now()):
        return False
    return read_one(world, source, known, unfinished=left)
