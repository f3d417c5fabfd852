"""One pass reads every calendar and takes all steps in order (`attitre sync`). The worker has rounds instead, which
read only what is due."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import partial
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from adapters.calendars import READING
from rules.model import Policy
from sync.core.context import Source, Watch, World, nobody_watches
from sync.core.log import log
from sync.store import calendars, keyvalue
from sync.worker import clock, nightly, step_troubles
from sync.worker.pipeline import Done, Pass, nothing_to_do, take_all
from sync.worker.scheduler import Readers


class PassReport(Struct, frozen=True):
    """What a pass did. `unreachable`: addresses of calendars that could not be read."""

    evaluated: int = 0
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
    """Read, evaluate, send and write once. `only`: addresses of the calendars to read; None: all.

    `watch` is called with the calendar's address or the message after each thing done; an exception from it ends the
    pass between two things. `restored`: the store is a backup that was put back; what changed since is told to nobody
    (law L7). `tell_all`: the store is older than the calendars and a person wants all of it told.
    """
    sources = [source for source in world.sources if only is None or source.address in set(only)]
    step_troubles.taken(world, "clock", lambda: clock.repair_if_set_back(world))
    step_troubles.taken(world, "configuration", lambda: _configured(world))
    readers = Readers(world, every=0.0, patience=inf)
    try:
        readers.read_all(sources, watch)
        world.count_requests()
        step_troubles.taken(world, "audit", lambda: nightly.audit(world, sources))
        done = Done()
        if restored or tell_all or not at_rest(world):
            done = take_all(Pass(world, partial(readers.read_all, sources), watch, restored, tell_all))
        # after the steps: they notice a store that is older than the calendars
        step_troubles.taken(world, "retention", lambda: nightly.forget(world))
    finally:
        readers.close()  # a reading that an interrupt left behind stores nothing
    return PassReport(done.evaluated, done.sent, done.written, unreachable(world, sources))


def at_rest(world: World) -> bool:
    """Whether no step has work, so that the pass ends after its readings."""
    with world.store.read() as tx:
        idle = nothing_to_do(world, tx)
    if idle:
        log.info("nothing to do")
    if idle and world.failing.steps(world.store):
        step_troubles.nothing_left(world)
    return idle


def _configured(world: World) -> None:
    """As `check_configuration`; what a new version of our parser expands otherwise is known before anything is read."""
    check_configuration(world)
    with world.store.read() as tx:
        if keyvalue.get(tx, keyvalue.UNFOLDING) is None:
            return
    from sync.pull.horizon import expand_anew

    while expand_anew(world):
        pass


def check_configuration(world: World) -> None:
    """After a change of the configuration, put the coming events that it concerns into the backlog; suspend calendars
    that left it."""
    print_of = world.once("configuration", lambda: json.dumps(_fingerprints(world), sort_keys=True))
    with world.store.read() as tx:  # most passes end here, without a write
        if keyvalue.get(tx, "configuration") == print_of:
            return
    from sync.store import backlog

    with world.store.write() as tx:
        before = keyvalue.get(tx, "configuration")
        if before == print_of:
            return
        keyvalue.put(tx, "configuration", print_of)
        configured = frozenset(source.address for source in world.sources)
        calendars.suspend_others(tx, configured)
        if keyvalue.get(tx, "reading") != READING:
            keyvalue.put(tx, "reading", READING)
            backlog.unfold(tx, configured)
        if before is not None:
            backlog.put(tx, world.now(), _concerned(before, print_of))


_ONLY_TELLING = frozenset({
    "reminder_hours", "settle_seconds", "settle_change_seconds", "motif_in_sms", "quiet_seconds", "brake_events",
    "brake_percent", "brake_new", "most_per_hour", "most_per_pass", "cancel_until_hours", "move_from_hours",
})  # fmt: skip


def _concerned(before: str, after: str) -> frozenset[str] | None:
    """The dentists whose hours changed, if nothing else did; None: everybody."""
    old, new = (json.loads(one) if one.startswith("{") else {} for one in (before, after))
    if old.get("", None) != new.get(""):
        return None
    return frozenset(key for key in new if old.get(key) != new[key])


def _fingerprints(world: World) -> dict[str, str]:
    """Digests that every process computes alike: of each dentist's hours, and by the empty key of all else on which
    evaluation depends."""
    hours = {one.key: _digest(sorted((one.hours or {}).items())) for one in world.practice.dentists}
    return hours | {"": _digest(_all_else(world))}


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _all_else(world: World) -> object:
    """Sets are sorted. Numbers of which only messages, pages and the brake ask are left out, as is what is only printed
    in messages."""
    practice, usual = world.practice, Policy()
    read = sorted((source.address, source.dentist) for source in world.sources)
    mandatory = sorted(practice.policy.mandatory)
    closed = tuple(replace(one, hours=None) for one in practice.dentists)
    open_at_all = [one.hours is None or any(one.hours.values()) for one in practice.dentists]
    told = {name: getattr(usual, name) for name in _ONLY_TELLING}
    policy = replace(practice.policy, mandatory=frozenset(), **told)
    rest = replace(practice, name="", support=(), digest_at=usual.morning_until, policy=policy, dentists=closed)
    return mandatory, rest, open_at_all, read, READING


def unreachable(world: World, sources: Iterable[Source]) -> tuple[str, ...]:
    with world.store.read() as tx:
        failing = {row.calendar for row in calendars.every(tx) if row.fail_count}
    return tuple(source.address for source in sources if source.address in failing)
