"""The reading of one calendar, and what is remembered of how it went: its health, and the pace of the next readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from random import random
from typing import TYPE_CHECKING

from adapters.base import Garbled, Offering, OutsideError, Restricted
from adapters.deadline import within
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.core.log import described, log
from sync.pull.mirror import SECOND_READ, Mirrored, mirror
from sync.store import bookings, calendars, resources
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.store.problems import ends_more

if TYPE_CHECKING:
    from sync.store.columns import CalendarColumns


LATELY = timedelta(hours=1)
QUESTION = 20.0  # seconds for one that an account answers for all of its calendars
DEADLINE, WHOLE_DEADLINE = 120.0, 600.0  # seconds for one calendar; a listing of ten thousand events takes its time
A_MOMENT, A_MARGIN = timedelta(milliseconds=1), timedelta(seconds=5)


def read_one(
    world: World,
    source: Source,
    row: CalendarRow | None,
    *,
    owing: bool,
    untold: frozenset[str] = frozenset(),
    chance: Callable[[], float] = random,
) -> bool:
    """Mirror one calendar, and remember how that went. Whether it was read; raises StoreProblem only. `owing`: more
    than its own report is to be read of it. `untold`: see `needs_no_telling`."""
    started, done = world.now(), _mirrored(world, source, row, owing=owing)
    with kept_apart("reading not noted"):
        if isinstance(done, Mirrored):
            log.info("calendar read", dentist=source.dentist, stored=done.stored, gone=done.gone)
            values = _pace_of(world, source, row, done, started, owing=owing)
            succeeded(world, [source.address], started, frozenset() if values else untold, values)
            if owing:
                from sync.pull import unfetched

                unfetched.noted(world, source)
        else:
            from sync.pull.failures import failed  # most passes meet none

            failed(world, source, done, started, chance)
    return isinstance(done, Mirrored)


def _mirrored(world: World, source: Source, row: CalendarRow | None, *, owing: bool) -> Mirrored | OutsideError:
    known = row is not None and row.cursor is not None and row.doubted_at is None
    try:
        with within(DEADLINE if known else WHOLE_DEADLINE):
            return mirror(world, source, owing=owing)
    except OutsideError as error:
        return error
    except Exception as fault:
        if ends_more(fault):
            raise
        log.error("mirroring failed", **described(fault))
        return Garbled("La réponse de l'agenda n'a pas été comprise.")


def _pace_of(
    world: World, source: Source, row: CalendarRow | None, done: Mirrored, started: datetime, *, owing: bool
) -> CalendarColumns:
    """What the next readings' pace depends on: somebody is at work in it; what a listing lacked is to be looked for
    once more; how often it offers to be read."""
    values = _declared(source, row, started)
    if isinstance(source.calendar, Offering):
        offered = source.calendar.offered_seconds
        return values if row is not None and row.offered_seconds == offered else values | {"offered_seconds": offered}
    if done.stored or done.gone or done.written or owing:
        now = world.now()
        with world.store.read() as tx:
            changed = resources.changed_since(tx, source.address, started - A_MOMENT)
            missing = resources.suspects(tx, source.address)
        values |= {"lively_at": now} if changed and not done.first else {}
        values |= {"due_at": now + SECOND_READ + A_MARGIN} if missing else {}
    return values


def _declared(source: Source, row: CalendarRow | None, now: datetime) -> CalendarColumns:
    """That it is read-only by its role or the configuration, said before anything was to be written."""
    why = source.calendar.read_only_why if isinstance(source.calendar, Restricted) else ""
    return {} if not why or (row is not None and row.read_only) else {"read_only": why, "conditions_at": now}


def may_ask(row: CalendarRow | None, now: datetime) -> bool:
    """Whether the server did not ask to wait longer than until now."""
    return row is None or row.not_before is None or row.not_before <= now


def needs_no_telling(world: World, tx: Tx, rows: Iterable[CalendarRow], now: datetime) -> frozenset[str]:
    """Calendars whose good health the store knows well enough. Where something vanished, it is to know each reading."""
    known = frozenset(row.calendar for row in rows if world.noted.suffices(row, now))
    return known if known and not bookings.vanished_since(tx, now - LATELY, world.practice.zone) else frozenset()


def succeeded(
    world: World,
    addresses: Sequence[str],
    started: datetime,
    untold: frozenset[str] = frozenset(),
    pace: CalendarColumns | None = None,
) -> None:
    """These were read from then on; `pace`: columns of the only one among them."""
    to_tell = [address for address in addresses if address not in untold]
    if to_tell:
        with world.store.write() as tx:
            calendars.were_read(tx, to_tell, started)
            if pace:
                calendars.change(tx, to_tell[0], **pace)
    world.noted.were_read(to_tell, started, told=True)
    world.noted.were_read(untold.intersection(addresses), started, told=False)
