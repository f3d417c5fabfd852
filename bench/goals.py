"""The rows of the yardstick: what is compared with what, and what is to be reached. Every ratio lies within one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.measure import FIRST, HUNDRED, IDLE, LOST, ONE, Cost, Costs, Table
from bench.visitors import Beside
from bench.worker import Round

OURS, FLOOR = "attitre", "floor"
VDIR, KHAL, CALDAV, GCAL = "vdirsyncer", "vdirsyncer + khal", "caldav + full parse", "gcal_sync"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and its goal. `value`: None where it was not measured, and `absent` says why, or where attitre itself
    did not come to an end (`failed`)."""

    id: str
    what: str
    value: float | None
    limit: float
    unit: str = "×"
    at_least: bool = False
    absent: str = ""
    failed: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where nothing was measured. As printed, so that the page does not lie."""
        if self.value is None:
            return False if self.failed else None
        shown = round(self.value, 2)
        return shown >= self.limit if self.at_least else shown <= self.limit

    @property
    def goal(self) -> str:
        """As a person reads it."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}".strip()


@dataclass(slots=True)
class Measured:
    """Everything that one run of the benchmark found out; empty where it was not asked for."""

    events: int
    small: int
    dav: Table
    google: Table
    less: Costs
    many: Table
    start: Costs
    worker: Round
    worker_small: Round
    accounts: Round
    calendars: int
    large: Costs = field(default_factory=dict)
    large_events: int = 0
    servers: Mapping[str, Table] = field(default_factory=dict)
    pages: Mapping[str, float] = field(default_factory=dict)
    visited: Beside | None = None
    no_peers: str = ""


def rows(m: Measured) -> list[Row]:
    """All of them, in the yardstick's order, measured or not."""
    parts = (_first, _idle, _worker, _changes, _account, _accounts, _google, _lost, _growth, _start, _servers, _pages)
    return [row for part in parts for row in part(m)]


def _ratio(one: Cost | None, other: Cost | None) -> float | None:
    return one.cpu / other.cpu if one and other else None


def _cost(table: Table, who: str, step: str) -> Cost | None:
    return table.get(who, {}).get(step)


def _against(m: Measured, table: Table, row: tuple[str, str, str, str, float]) -> Row:
    """How many times as much the peer costs as we do."""
    row_id, what, who, step, limit = row
    value = _ratio(_cost(table, who, step), table[OURS][step])
    return Row(row_id, f"{what}: {who} / ours", value, limit, at_least=True, absent=m.no_peers)


def _first(m: Measured) -> Iterator[Row]:
    ours = m.dav[OURS][FIRST]
    yield Row("B1", "first pass / floor", _ratio(ours, m.dav[FLOOR][FIRST]), 2.2)
    for who, limit in ((VDIR, 2.0), (KHAL, 10.0), (CALDAV, 9.0)):
        yield _against(m, m.dav, ("B1", "first pass", who, FIRST, limit))
    yield Row("B1", "first pass: peak", ours.peak, 100, "MB")
    grown = ours.peak - m.less[FIRST].peak if m.events > m.small else None
    yield Row("B1", f"first pass: peak more than for {m.small}", grown, 15, "MB", absent="--events")


def _idle(m: Measured) -> Iterator[Row]:
    ours = m.dav[OURS][IDLE]
    yield Row("B2", "nothing changed / floor", _ratio(ours, m.dav[FLOOR][IDLE]), 9)
    yield _against(m, m.dav, ("B2", "nothing changed", VDIR, IDLE, 2.5))
    flat = _ratio(ours, m.less[IDLE]) if m.events > m.small else None
    yield Row("B2", f"nothing changed / that of {m.small}", flat, 1.1, absent="--events")


def _worker(m: Measured) -> Iterator[Row]:
    several = ((m.small, m.worker_small), (m.events, m.worker))
    for events, found in several if m.small < m.events else several[1:]:
        where = f"worker, nothing changed, {events}"
        yield Row("B3", f"{where}: requests", found.requests, 1, "")
        yield Row("B3", f"{where}: CPU", found.cpu * 1000, 5, "ms")
        yield Row("B3", f"{where}: bodies parsed", found.parses, 0, "")
        yield Row("B3", f"{where}: statements that write", found.writes, 0, "")


def _changes(m: Measured) -> Iterator[Row]:
    ours = m.dav[OURS]
    yield Row("B4", "1 change / nothing changed", _ratio(ours[ONE], ours[IDLE]), 1.1)
    yield Row("B4", "100 changes / nothing changed", _ratio(ours[HUNDRED], ours[IDLE]), 1.4)


def _account(m: Measured) -> Iterator[Row]:
    ours, what = m.many[OURS][IDLE], f"{m.calendars} idle calendars"
    yield Row("B5", f"{what} / one", _ratio(ours, m.dav[OURS][IDLE]), 1.2)
    yield _against(m, m.many, ("B5", what, VDIR, IDLE, 4.0))
    yield Row("B5", f"{what}: requests", ours.requests, 1, "")


def _accounts(m: Measured) -> Iterator[Row]:
    what = f"worker, {m.calendars} accounts at 20 ms"
    yield Row("B6", f"{what}: a round", m.accounts.wall, 0.5, "s on the clock")
    yield Row("B6", f"{what}: CPU a calendar", m.accounts.cpu * 1000 / m.calendars, 1.5, "ms")


def _google(m: Measured) -> Iterator[Row]:
    ours = m.google[OURS]
    yield Row("B7", "Google, first pass / floor", _ratio(ours[FIRST], m.google[FLOOR][FIRST]), 3)
    yield _against(m, m.google, ("B7", "Google, first pass", GCAL, FIRST, 1.0))
    yield _against(m, m.google, ("B7", "Google, nothing changed", GCAL, IDLE, 2.0))
    yield Row("B7", "Google, after a 410 / first pass", _ratio(ours[LOST], ours[FIRST]), 1.3)


def _lost(m: Measured) -> Iterator[Row]:
    yield Row("B8", "token lost / first pass", _ratio(m.dav[OURS][LOST], m.dav[OURS][FIRST]), 0.25)


def _growth(m: Measured) -> Iterator[Row]:
    ours = m.dav[OURS]
    whole, less = _each(ours, m.events), _each(m.less, m.small)
    grown = m.events > m.small
    value = whole / less if grown else None
    yield Row("B9", f"first pass, an event among {m.events} / among {m.small}", value, 1.15, absent="--events")
    value = _each(m.large, m.large_events) / whole if m.large else None
    yield Row("B9", f"first pass, an event among {m.large_events} / among {m.events}", value, 1.15, absent="--large")
    value = m.worker.cpu / m.worker_small.cpu if grown else None
    yield Row("B9", f"worker, {m.events} / {m.small}", value, 1.15, absent="--events")


def _each(costs: Costs, events: int) -> float:
    """Of the first pass, what an event costs: starting up is not its fault."""
    return (costs[FIRST].cpu - costs[IDLE].cpu) / events


def _start(m: Measured) -> Iterator[Row]:
    python = m.start["python"]
    yield Row("B10", "--version / python -c pass", _ratio(m.start["--version"], python), 4)
    yield Row("B10", "check / python -c pass", _ratio(m.start["check"], python), 25)


def _servers(m: Measured) -> Iterator[Row]:
    for server in ("Radicale", "Xandikos"):
        ours, floor = (_cost(m.servers.get(server, {}), who, FIRST) for who in (OURS, FLOOR))
        value = ours.wall / floor.wall if ours and floor else None
        failed = bool(m.servers) and ours is None
        what = f"first pass from a cold {server} / floor (clock)"
        yield Row("B11", what, value, 1.3, absent="the floor failed" if m.servers else "--servers", failed=failed)


def _pages(m: Measured) -> Iterator[Row]:
    for what, limit in (("page", 15), ("free times", 40), ("offer", 50)):
        yield Row("B12", f"patients: {what}, CPU", m.pages.get(what), limit, "ms", absent="--pages")
    served = m.visited.served if m.visited else None
    added = m.visited.added if m.visited else None
    yield Row("B12", "patients: pages a second beside a worker", served, 190, "", at_least=True, absent="--pages")
    yield Row("B12", "patients: a round beside them takes longer by", added, 100, "ms", absent="--pages")


def plain(row: Row) -> dict[str, Any]:
    """For JSON."""
    value = None if row.value is None else round(row.value, 3)
    told = {"id": row.id, "what": row.what, "value": value, "unit": row.unit, "goal": row.goal, "reached": row.reached}
    return told | ({"absent": row.absent} if row.value is None else {})
