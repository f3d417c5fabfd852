"""The rows of `make bench-scale`: what is to be reached, and figures from which the plan of docs/scale.md follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.goals import Row
from bench.scale.day import Day
from bench.scale.lost import LEASE_S, Changed
from bench.scale.sizes import Sizes
from bench.scale.steady import MANY_SHARDS, Idle, Rate
from bench.scale.storm import Storm

COUNTS = (1, 2, 4)  # workers
PARTS = ("idle", "polls", "sent", "sizes", "changed", "storm", "day")  # a server that crashes forgets what it counted
_OF = {"S1": "polls", "S2": "sent", "S3": "idle", "S4": "changed", "S5": "changed", "S6": "storm", "S7": "day"}
_GROWS = {2: 1.8, 4: 3.2}


@dataclass(slots=True)
class Found:
    """Everything that one run found out so far. `parts`: those that it was asked for."""

    calendars: int
    parts: Sequence[str] = PARTS
    idle: Idle | None = None
    polls: dict[int, Rate] = field(default_factory=dict)
    sent: dict[int, Rate] = field(default_factory=dict)
    changed: Changed | None = None
    storm: Storm | None = None
    sizes: Sizes | None = None
    day: Day | None = None


def rows(found: Found) -> list[Row]:
    """Those with a goal, of the parts that were asked for."""
    each = (*_growth(found), *_idle(found), *_changed(found), *_storm(found), *_day(found))
    return [row for row in each if _OF[row.id] in found.parts]


def _growth(found: Found) -> Iterator[Row]:
    for name, what, rates in (("S1", "calendars a second", found.polls), ("S2", "messages a second", found.sent)):
        one = rates.get(1)
        for workers, goal in _GROWS.items():
            many = rates.get(workers)
            value = many.each_second / one.each_second if many and one else None
            yield Row(name, f"{what}: {workers} workers / one", value, goal, at_least=True, failed=value is None)


def _idle(found: Found) -> Iterator[Row]:
    value = found.idle.fleet / found.idle.embedded if found.idle else None
    yield _row("S3", "CPU of a quiet poll: fleet / embedded worker", value, 1.5, "×")


def _changed(found: Found) -> Iterator[Row]:
    one = found.changed
    yield _row("S4", "a fourth worker's first reading after its start", _of(one, "joined"), 30, "s")
    most = 2 * one.every + LEASE_S if one else LEASE_S
    yield _row("S5", "longest that a calendar was unread, a worker killed", _of(one, "unread"), most, "s")


def _storm(found: Found) -> Iterator[Row]:
    one = found.storm
    for name in ("twice", "never"):
        yield _row("S6", f"patients told {name}, of {one.wanted if one else 'all'}", _of(one, name), 0)
    yield _row("S6", "other patients told", _of(one, "others"), 0)
    yield _row("S6", "rows written from a stale fence", _of(one, "stale"), 0)
    yield _row("S6", "messages left behind", _of(one, "left"), 0)


def _day(found: Found) -> Iterator[Row]:
    one = found.day
    what = f"{one.plan.practices} practices, a day by a pretended clock" if one else "a day by a pretended clock"
    latest, most = (one.readings.latest, one.most_rows) if one else (None, 0)
    yield _row("S7", f"{what}: longest between two readings, in intervals", latest, 2, "×")
    yield _row("S7", f"{what}: rows of the engine", one.rows if one else None, most)
    asked, daily = (one.readings.pushed, one.plan.daily) if one else (None, 0)
    yield _row("S7", f"{what}: requests of the Google project", asked, daily)


def _of(found: object, field: str) -> float | None:
    return getattr(found, field) if found else None


def _row(name: str, what: str, value: float | None, limit: float, unit: str = "") -> Row:
    return Row(name, what, value, limit, unit, failed=value is None)


def figures(found: Found) -> Iterator[tuple[str, str]]:
    """What is measured without a goal."""
    for what, rates in (("calendars", found.polls), ("messages", found.sent)):
        for workers, one in rates.items():
            cost = f"{one.cpu:.1f} ms in the workers, {one.server:.1f} ms in PostgreSQL each"
            yield f"{what} a second, {workers} workers", f"{one.each_second:.1f}; {cost}"
    yield from _of_a_poll(found.idle) if found.idle else ()
    yield from _of_workers(found.changed) if found.changed else ()
    yield from _of_the_storm(found.storm) if found.storm else ()
    yield from _of_tables(found.sizes) if found.sizes else ()
    yield from _of_a_day(found.day) if found.day else ()


def _of_a_poll(one: Idle) -> Iterator[tuple[str, str]]:
    yield "a quiet poll, embedded worker", f"{one.embedded:.2f} ms of CPU"
    yield "a quiet poll, fleet", f"{one.fleet:.2f} ms of CPU, and {one.server:.2f} ms in PostgreSQL"
    told = f"{one.transactions:.2f} transactions, {one.written:.2f} rows written, {one.log:.0f} bytes of WAL"
    yield "a quiet poll, in PostgreSQL", told
    yield f"a quiet poll, fleet with {MANY_SHARDS} shards", f"{one.spread:.2f} ms of CPU"
    yield "a worker's memory", f"{one.megabytes:.0f} MB"


def _of_workers(one: Changed) -> Iterator[tuple[str, str]]:
    yield "share of a fourth worker once it reads", f"{100 * one.share:.0f} %"
    yield "SIGTERM to the end of a worker", f"{one.drained:.1f} s"


def _of_the_storm(one: Storm) -> Iterator[tuple[str, str]]:
    done = f"{one.kills} kills, {one.frozen} frozen, {one.restarts} restart, gone for {one.away:.0f} s"
    yield "the storm", f"{one.seconds:.0f} s: {done}; {one.watched} rows watched, {one.repeats} repeats of a key"


def _of_tables(one: Sizes) -> Iterator[tuple[str, str]]:
    yield "an event that is known, in PostgreSQL", f"{one.known / 1000:.1f} KB"
    parts = ", ".join(f"{name} {size / 1000:.1f}" for name, size in one.by_table.items())
    yield "a booking that was told by SMS, in PostgreSQL", f"{one.told / 1000:.1f} KB ({parts})"
    for name, table in one.busy.items():
        hot = 100 * table.hot / max(1, table.updates)
        yield f"table {name}", f"{table.updates} updates, {hot:.0f} % HOT; {table.live} rows live, {table.dead} dead"


def _of_a_day(one: Day) -> Iterator[tuple[str, str]]:
    plan, read = one.plan, one.readings
    yield "the pretended day", f"{plan.practices} practices, {plan.workers} workers; {one.seconds:.0f} s of CPU to play"
    yield "readings", f"{read.count}, {one.peak:.0f} a second in the busiest minute; {read.late} late"
    yield "of calendars at Google, each with a push channel", f"{read.pushed} readings of {plan.daily} requests"
    yield "changes seen, the longest after", f"{read.seen}, {read.answered:.0f} s"
    yield "jobs", f"{one.jobs}, at most {one.rows} rows at once"
