"""Reads one calendar and stores how that went: its health, and what its next polling interval depends on."""

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


VANISHED_LATELY = timedelta(hours=1)
ACCOUNT_DEADLINE_S = 20.0  # for one request about all calendars of an account
DEADLINE_S, WHOLE_DEADLINE_S = 120.0, 600.0  # for one calendar; a whole listing may hold ten thousand events
CLOCK_RESOLUTION = timedelta(milliseconds=1)  # a change at the very start of the reading counts as its own
AFTER_SECOND_READ = timedelta(seconds=5)  # margin, so that the next reading surely comes late enough to count


def read_one(
    world: World,
    source: Source,
    row: CalendarRow | None,
    *,
    unfinished: bool,
    untold: frozenset[str] = frozenset(),
    chance: Callable[[], float] = random,
) -> bool:
    """Bring the store up to date with one calendar, and store how that went. Returns whether it was read; raises
    StoreProblem only. `unfinished`: bodies are to be fetched, or absences confirmed, besides the calendar's report.
    `untold`: calendars whose success need not be stored now, see `needs_no_telling`."""
    started, done = world.now(), _mirrored(world, source, row, unfinished=unfinished)
    with kept_apart("reading not noted"):
        if isinstance(done, Mirrored):
            log.info("calendar read", dentist=source.dentist, stored=done.stored, gone=done.gone)
            values = _pace_of(world, source, row, done, started, unfinished=unfinished)
            quiet = row is not None and not (values or row.fail_count or done.first or done.stored or done.gone)
            if quiet:
                all_quiet(world, [source.address], started, untold)
            else:
                succeeded(world, [source.address], started, values)
            if unfinished:
                from sync.pull import unfetched

                unfetched.noted(world, source)
        else:
            from sync.pull.failures import failed  # imported here: most passes meet no failure

            failed(world, source, done, started, chance)
    return isinstance(done, Mirrored)


def _mirrored(world: World, source: Source, row: CalendarRow | None, *, unfinished: bool) -> Mirrored | OutsideError:
    known = row is not None and row.cursor is not None and row.doubted_at is None
    try:
        with within(DEADLINE_S if known else WHOLE_DEADLINE_S):
            return mirror(world, source, row, unfinished=unfinished)
    except OutsideError as error:
        return error
    except Exception as fault:
        if ends_more(fault):
            raise
        log.error("mirroring failed", **described(fault))
        return Garbled("La réponse de l'agenda n'a pas été comprise.")


def _pace_of(
    world: World, source: Source, row: CalendarRow | None, done: Mirrored, started: datetime, *, unfinished: bool
) -> CalendarColumns:
    """The columns on which the next interval depends: when somebody last edited the calendar, when missing resources
    are to be looked for again, how often a feed asks to be read."""
    values = _declared(source, row, started)
    if isinstance(source.calendar, Offering):
        offered = source.calendar.offered_seconds
        return values if row is not None and row.offered_seconds == offered else values | {"offered_seconds": offered}
    if done.stored or done.gone or done.written or unfinished:
        now = world.now()
        with world.store.read() as tx:
            changed = resources.changed_since(tx, source.address, started - CLOCK_RESOLUTION)
            missing = resources.suspects(tx, source.address)
        values |= {"lively_at": now} if changed and not done.first else {}
        values |= {"due_at": now + SECOND_READ + AFTER_SECOND_READ} if missing else {}
    return values


def _declared(source: Source, row: CalendarRow | None, now: datetime) -> CalendarColumns:
    """Note a calendar that is read-only by its role or the configuration, before the first write to it."""
    why = source.calendar.read_only_why if isinstance(source.calendar, Restricted) else ""
    return {} if not why or (row is not None and row.read_only) else {"read_only": why, "conditions_at": now}


def may_ask(row: CalendarRow | None, now: datetime) -> bool:
    """Whether no Retry-After of the server forbids a request now."""
    return row is None or row.not_before is None or row.not_before <= now


def needs_no_telling(
    world: World, tx: Tx, rows: Iterable[CalendarRow], now: datetime, interval: Callable[[CalendarRow], float]
) -> frozenset[str]:
    """Calendars whose stored `last_success` is recent enough for their interval, so that the write is skipped. None if
    a booking vanished within the hour: its cancellation waits for readings that the store knows of."""
    known = frozenset(row.calendar for row in rows if world.noted.suffices(row, now, interval(row)))
    since = now - VANISHED_LATELY
    return known if known and not bookings.vanished_since(tx, since, world.practice.zone) else frozenset()


def succeeded(world: World, addresses: Sequence[str], started: datetime, pace: CalendarColumns | None = None) -> None:
    """Store that these calendars were read at `started`; `pace`: more columns, if it is only one."""
    if not addresses:
        return
    with world.store.write() as tx:
        calendars.were_read(tx, addresses, started)
        if pace:
            calendars.change(tx, addresses[0], **pace)
    world.noted.were_read(addresses, started, told=True)


def all_quiet(world: World, addresses: Iterable[str], started: datetime, untold: frozenset[str]) -> None:
    """Note that these calendars, which did not fail before, were read at `started` and said nothing new."""
    asked = frozenset(addresses)
    world.noted.were_read(asked, started, told=False)
    world.noted.tell_later(asked - untold, started)


def tell_quiet(world: World) -> None:
    """Store the quiet readings of a round of which the store is to be told, in one transaction."""
    read = world.noted.take_to_tell()
    if not read:
        return
    with kept_apart("readings not noted"):
        with world.store.write() as tx:
            for at, addresses in read.items():
                calendars.were_read(tx, addresses, at, late=True)
        for at, addresses in read.items():
            world.noted.were_read(addresses, at, told=True)
