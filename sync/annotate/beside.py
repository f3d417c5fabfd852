"""Writing in a calendar goes on beside the pass: one that hangs holds up no other calendar and no message
(docs/design.md#time-limits).

Until it ends its calendars are not read, and nothing else is written there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from adapters.base import OutsideError
from adapters.deadline import within
from sync.annotate import write_backoff
from sync.core.calls import Call, Inline, Note
from sync.core.context import Watch, World, nobody_watches
from sync.core.guard import kept_apart
from sync.core.log import log

Work = Callable[[World], object]


def begin(
    world: World,
    calendars: Iterable[str],
    trouble: str,
    works: Iterable[Work],
    watch: Watch = nobody_watches,
    *,
    seconds: float = write_backoff.ROUND_TRIP_S,
    about: object = None,
) -> bool:
    """Do the works one after another, each within `seconds`; False if something else goes on in one of the calendars,
    or `about` the same. They get the world to work with. An error of a server counts against writes into the first
    calendar, and ends only that work (law L10); `trouble`: what the log then says."""
    first, *others = calendars
    mine = frozenset((first, *others))
    marks = frozenset((*(("calendar", one) for one in mine), *([about] if about else [])))
    while not world.calls.free(first, marks):
        if not world.calls.wait(watch):
            return False
    if not mine.isdisjoint(world.under_way):
        return False
    with world.store.read() as tx:
        hasty = write_backoff.failing(tx, first)
    inner = replace(world, store=world.calls.stored(world.store), under_way=world.under_way - mine, calls=Inline())

    def go() -> Note:
        for work in works:
            _one(inner, first, trouble, work, seconds)
        return lambda: None

    world.calls.start(Call(first, marks, go, calendars=mine, hasty=hasty))
    return True


def _one(world: World, calendar: str, trouble: str, work: Work, seconds: float) -> None:
    with kept_apart(trouble):
        try:
            with within(seconds):
                work(world)
        except OutsideError as error:
            log.warning(trouble, error=type(error).__name__)
            write_backoff.failed(world, calendar, error)
