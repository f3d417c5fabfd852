"""One pass: calendars are mirrored, changes judged, due messages sent, events written. `sync` is one, `run` many."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import random
from types import MappingProxyType
from typing import Any

from adapters.base import Garbled, Offering, OutsideError, Restricted
from adapters.calendars import READING
from adapters.deadline import within
from sync import clock, nightly, steptroubles
from sync.faults import described, log
from sync.guard import kept_apart
from sync.mirror import SECOND_READ, Mirrored, mirror
from sync.pipeline import Pass, nothing_owed, take_all
from sync.store import basics, bookings, calendars, resources
from sync.store.calendars import CalendarRow
from sync.store.engine import Store, Tx
from sync.store.problems import ends_more
from sync.world import Source, Watch, World, nobody_watches

LATELY = timedelta(hours=1)
QUESTION = 20.0  # seconds for one that an account answers for all of its calendars
DEADLINE, WHOLE_DEADLINE = 120.0, 600.0  # seconds for one calendar; a listing of ten thousand events takes its time
A_MOMENT, A_MARGIN = timedelta(milliseconds=1), timedelta(seconds=5)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PassReport:
    """What a pass did. `unreachable`: addresses of calendars that could not be read."""

    judged: int = 0
    sent: int = 0
    written: int = 0
    unreachable: tuple[str, ...] = ()


def one_pass(
    world: World,
    only: Iterable[str] | None = None,
    watch: Watch = nobody_watches,
    *,
    restored: bool = False,
    tell_all: bool = False,
) -> PassReport:
    """Everything once. `only` limits the calendars that are read. `watch` is called after each step (a calendar read, a
    message sent, an event written) with what it was about; what it raises ends the pass there, with nothing half done.
    `restored`: the store is a backup that was put back; what changed since is told to nobody (law L7). `tell_all`:
    where the store is older than the calendars, a person wants all of it told.
    """
    sources = [source for source in world.sources if only is None or source.address in set(only)]
    steptroubles.taken(world, "clock", lambda: clock.mind(world))
    steptroubles.taken(world, "configuration", lambda: mind_configuration(world))
    pull(world, sources, watch)
    steptroubles.taken(world, "audit", lambda: nightly.audit(world, sources))
    if not (restored or tell_all) and at_rest(world):
        return PassReport(unreachable=unreachable(world, sources))
    done = take_all(Pass(world, partial(pull, world, sources, nobody_watches), watch, restored, tell_all))
    return PassReport(done.judged, done.sent, done.written, unreachable(world, sources))


def at_rest(world: World) -> bool:
    """Nothing is left to do but to read."""
    with world.store.read() as tx:
        idle = nothing_owed(world, tx)
    if idle:
        log.info("nothing to do")
    if idle and world.failing.steps(world.store):
        steptroubles.nothing_left(world)
    return idle


def pull(world: World, sources: Iterable[Source], watch: Watch) -> None:
    """Mirror these calendars side by side; one that fails does not stop the others (law L10)."""
    now = world.now()
    with world.store.read() as tx:
        rows = {row.calendar: row for row in calendars.every(tx)}
        owing = calendars.owing(tx, [source.address for source in sources])
        untold = needs_no_telling(world, tx, rows.values(), now)
    due = [source for source in sources if may_ask(rows.get(source.address), now)]
    quiet = _unchanged(world, {source.address for source in due} - owing, rows)
    with kept_apart("reading not noted"):
        succeeded(world, sorted(quiet), now, untold)
    for source in due:
        if source.address in quiet:
            watch(source.address)

    def read(source: Source, store: Store) -> None:
        here = world if store is world.store else replace(world, store=store)
        read_one(here, source, rows.get(source.address), owing=source.address in owing, untold=untold)
        watch(source.address)

    busy = [source for source in due if source.address not in quiet]
    if len(busy) <= 1:
        for source in busy:
            read(source, world.store)
        return
    from sync.sidebyside import for_each  # not loaded where nothing changed

    for_each(busy, read, world.store)


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
                from sync import unfetched

                unfetched.noted(world, source)
        else:
            from sync.trouble import failed  # most passes meet none

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
) -> dict[str, Any]:
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


def _declared(source: Source, row: CalendarRow | None, now: datetime) -> dict[str, Any]:
    """That it is read-only by its role or the configuration, said before anything was to be written."""
    why = source.calendar.read_only_why if isinstance(source.calendar, Restricted) else ""
    return {} if not why or (row is not None and row.read_only) else {"read_only": why, "conditions_at": now}


def _unchanged(world: World, asked: set[str], rows: Mapping[str, CalendarRow]) -> frozenset[str]:
    """Calendars that their account says have not changed, in one question for all (BENCHMARK B5)."""
    quiet: set[str] = set()
    for account, addresses in world.accounts:
        cursors = {a: rows[a].cursor for a in addresses & asked if a in rows and rows[a].cursor}
        if len(cursors) < 2:
            continue
        try:
            with within(QUESTION):
                quiet |= account.unchanged({a: cursor for a, cursor in cursors.items() if cursor})
        except OutsideError as error:
            log.info("no short cut", error=type(error).__name__)
        except Exception as error:  # each of them is then asked by itself (law L10)
            if ends_more(error):
                raise
            log.error("no short cut", **described(error))
    return frozenset(quiet)


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
    pace: Mapping[str, Any] = _NOTHING,
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


def mind_configuration(world: World) -> None:
    """A changed configuration owes a judgement to all that is to come; calendars that left it are suspended."""
    print_of = _fingerprint(world)
    with world.store.read() as tx:  # most passes end here, without a write
        if basics.get(tx, "configuration") == print_of:
            return
    from sync.unfolding import unfold_anew

    unfold_anew(world)
    with world.store.write() as tx:
        before = basics.get(tx, "configuration")
        if before == print_of:
            return
        basics.put(tx, "configuration", print_of)
        basics.put(tx, "reading", READING)
        calendars.suspend_others(tx, frozenset(source.address for source in world.sources))
        if before is not None:
            resources.mark_future_dirty(tx, world.now())


def _fingerprint(world: World) -> str:
    """The same in every process for the same configuration: sets have no order of their own."""
    practice = world.practice
    read = sorted((source.address, source.dentist) for source in world.sources)
    mandatory = ",".join(sorted(practice.policy.mandatory))
    rest = replace(practice, policy=replace(practice.policy, mandatory=frozenset()))
    return hashlib.sha256(f"{mandatory} {rest!r} {read} {READING}".encode()).hexdigest()


def unreachable(world: World, sources: Iterable[Source]) -> tuple[str, ...]:
    with world.store.read() as tx:
        failing = {row.calendar for row in calendars.every(tx) if row.fail_count}
    return tuple(source.address for source in sources if source.address in failing)
