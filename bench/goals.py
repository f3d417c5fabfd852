"""The rows of the yardstick: what is compared with what, and what is to be reached. Every ratio lies within one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from bench.measure import CROWDED, FIRST, HUNDRED, IDLE, LOST, ONE, Cost, Table
from bench.memory import Resident
from bench.nightly import Night
from bench.practice import MANY_PATIENTS, PATIENTS
from bench.reconfigured import Rejudged
from bench.servers import COLD
from bench.typed import Typed
from bench.visitors import Beside
from bench.worker import Round

OURS, FLOOR = "attitre", "floor"
ENOUGH, TOO_FEW = 5_000, "too few events"  # of which a figure says something
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
    noise: float | None = None  # in the same unit, where it was measured

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
    """Everything that one run of the benchmark found out so far; empty where it was not asked for, or failed."""

    events: int
    small: int
    calendars: int
    large_events: int
    history: int
    dav: Table = field(default_factory=dict)
    google: Table = field(default_factory=dict)
    less: Table = field(default_factory=dict)
    many: Table = field(default_factory=dict)
    start: Table = field(default_factory=dict)
    worker: Round | None = None
    worker_small: Round | None = None
    worker_old: Round | None = None
    typed: Typed | None = None
    accounts: Round | None = None
    crowded: Table = field(default_factory=dict)
    nights: Mapping[int, Night] = field(default_factory=dict)
    grown: tuple[Table, Night | None, Rejudged | None] = field(default_factory=lambda: ({}, None, None))
    resident: Resident | None = None
    judged: Mapping[str, float] = field(default_factory=dict)
    servers: Mapping[str, Table] = field(default_factory=dict)
    pages: Mapping[str, float] = field(default_factory=dict)
    visited: Beside | None = None
    no_peers: str = ""
    no_servers: str = ""


def rows(m: Measured) -> list[Row]:
    """All of them, in the yardstick's order, measured or not. What has no figure and no reason why did not complete."""
    many = (_account, _accounts, _google, _lost, _growth, _start, _servers, _pages, _hours, _memory)
    found = (row for part in (_first, _meanwhile, _idle, _worker, _changes, *many) for row in part(m))
    return [replace(row, failed=True) if row.value is None and not row.absent else row for row in found]


def _ratio(one: Cost | None, other: Cost | None) -> float | None:
    return one.cpu / other.cpu if one and other else None


def _cost(table: Table, who: str, step: str) -> Cost | None:
    return table.get(who, {}).get(step)


def _figure(found: object, name: str, times: float = 1) -> float | None:
    return getattr(found, name) * times if found else None


def _against(m: Measured, table: Table, row: tuple[str, str, str, str, float]) -> Row:
    """How many times as much the peer costs as we do."""
    row_id, what, who, step, limit = row
    value = _ratio(_cost(table, who, step), _cost(table, OURS, step))
    return Row(row_id, f"{what}: {who} / ours", value, limit, at_least=True, absent=m.no_peers)


def _first(m: Measured) -> Iterator[Row]:
    ours, less = _cost(m.dav, OURS, FIRST), _cost(m.less, OURS, FIRST)
    yield Row("B1", "first pass / floor", _ratio(ours, _cost(m.dav, FLOOR, FIRST)), 5)
    for who, limit in ((VDIR, 1.0), (KHAL, 6.0), (CALDAV, 9.0)):
        yield _against(m, m.dav, ("B1", "first pass", who, FIRST, limit))
    yield Row("B1", "first pass: peak", _figure(ours, "peak"), 95, "MB")
    grown = ours.peak - less.peak if ours and less else None
    yield Row("B1", f"first pass: peak more than for {m.small}", grown, 15, "MB")


def _meanwhile(m: Measured) -> Iterator[Row]:
    """Of a few events all are judged before anybody can type."""
    absent = TOO_FEW if m.events < ENOUGH else ""
    for when, wait in (("the calendar is listed", "listing_"), ("the backlog is judged", "")):
        what = f"first pass: an edit typed while {when} is answered (planned)"
        wall, cpu = (_figure(m.typed, f"{wait}{name}") or None for name in ("wall", "cpu"))
        yield Row("B1", what, wall, 10, "s on the clock", absent=absent)
        yield Row("B1", f"{what}, CPU", cpu, 10, "s", absent=absent)


def _idle(m: Measured) -> Iterator[Row]:
    ours = _cost(m.dav, OURS, IDLE)
    yield Row("B2", "nothing changed / floor", _ratio(ours, _cost(m.dav, FLOOR, IDLE)), 7)
    yield _against(m, m.dav, ("B2", "nothing changed", VDIR, IDLE, 3.0))
    flat = _ratio(ours, _cost(m.less, OURS, IDLE))
    yield Row("B2", f"nothing changed / that of {m.small}", flat, 1.1)


def _worker(m: Measured) -> Iterator[Row]:
    for events, found in ((m.small, m.worker_small), (m.events, m.worker)):
        where = f"worker, nothing changed, {events}"
        yield Row("B3", f"{where}: requests", _figure(found, "requests"), 1, "")
        yield Row("B3", f"{where}: CPU", _figure(found, "cpu", 1000), 2.5, "ms")
        yield Row("B3", f"{where}: bodies parsed", _figure(found, "parses"), 0, "")
        yield Row("B3", f"{where}: statements that write", _figure(found, "writes"), 0.5, "a round")


def _changes(m: Measured) -> Iterator[Row]:
    idle, one, hundred = (_cost(m.dav, OURS, step) for step in (IDLE, ONE, HUNDRED))
    yield Row("B4", "1 coming booking changed / nothing changed", _ratio(one, idle), 1.15)
    yield Row("B4", "100 coming bookings changed / nothing changed", _ratio(hundred, idle), 1.8)


def _account(m: Measured) -> Iterator[Row]:
    ours, what = _cost(m.many, OURS, IDLE), f"{m.calendars} idle calendars"
    yield Row("B5", f"{what} / one", _ratio(ours, _cost(m.dav, OURS, IDLE)), 1.2)
    yield _against(m, m.many, ("B5", what, VDIR, IDLE, 4.0))
    yield Row("B5", f"{what}: requests", _figure(ours, "requests"), 1, "")


def _accounts(m: Measured) -> Iterator[Row]:
    what = f"worker, {m.calendars} accounts at 20 ms"
    yield Row("B6", f"{what}: a round", _figure(m.accounts, "wall"), 0.5, "s on the clock")
    yield Row("B6", f"{what}: CPU a calendar", _figure(m.accounts, "cpu", 1000 / m.calendars), 1.3, "ms")


def _google(m: Measured) -> Iterator[Row]:
    first, lost = (_cost(m.google, OURS, step) for step in (FIRST, LOST))
    yield Row("B7", "Google, first pass / floor", _ratio(first, _cost(m.google, FLOOR, FIRST)), 6)
    yield _against(m, m.google, ("B7", "Google, first pass", GCAL, FIRST, 1.0))
    yield _against(m, m.google, ("B7", "Google, nothing changed", GCAL, IDLE, 2.0))
    yield Row("B7", "Google, after a 410 / first pass", _ratio(lost, first), 1.3)


def _lost(m: Measured) -> Iterator[Row]:
    yield Row("B8", "token lost / first pass", _ratio(_cost(m.dav, OURS, LOST), _cost(m.dav, OURS, FIRST)), 0.25)


def _growth(m: Measured) -> Iterator[Row]:
    few = TOO_FEW if m.events < ENOUGH else ""
    what, sizes = f"an event more up to {m.large_events} / up to {m.events}", (m.small, m.events, m.large_events)
    passes = [_figure(_cost(table, OURS, FIRST), "cpu") for table in (m.less, m.dav, m.grown[0])]
    yield Row("B9", f"first pass, {what}", None if few else _steeper(passes, sizes), 1.15, absent=few)
    many = _ratio(_cost(m.crowded, OURS, CROWDED), _cost(m.crowded, OURS, FIRST))
    yield Row("B9", f"first pass, {MANY_PATIENTS} patients / {PATIENTS}", many, 2)
    nights = [_figure(found, "cpu") for found in (m.nights.get(m.small), m.nights.get(m.events), m.grown[1])]
    yield Row(
        "B9", f"worker, a night's audit and chores, {what}", None if few else _steeper(nights, sizes), 1.2, absent=few
    )
    value = m.worker_old.changed / m.worker.changed if m.worker_old and m.worker else None
    yield Row("B9", f"worker, a change among {m.history} / among {m.events}", value, 1.2)
    quiet = ((m.worker_old, m.history), (m.worker, m.events)), ((m.worker, m.events), (m.worker_small, m.small))
    for (many, most), (less, least) in quiet:
        value = many.cpu / less.cpu if many and less else None
        yield Row("B9", f"worker, nothing changed, {most} / {least}", value, 1.2)


def _steeper(cpu: Sequence[float | None], events: Sequence[int]) -> float | None:
    """How many times as much each event more costs between the later two sizes as between the first two: starting up,
    the modules that are needed and the first compilation of each statement are in all."""
    known = [(number, seconds) for number, seconds in zip(events, cpu, strict=True) if seconds is not None]
    slopes = [max(0.0, more[1] - less[1]) / (more[0] - less[0]) for less, more in pairwise(known)]
    return slopes[1] / slopes[0] if len(slopes) == 2 and slopes[0] else None


def _start(m: Measured) -> Iterator[Row]:
    python, version, check = (_cost(m.start, OURS, what) for what in ("python", "--version", "check"))
    yield Row("B10", "--version / python -c pass", _ratio(version, python), 1.7)
    yield Row("B10", "check / python -c pass", _ratio(check, python), 20)


def _servers(m: Measured) -> Iterator[Row]:
    for server in ("Radicale", "Xandikos"):
        ours, floor = (_cost(m.servers.get(server, {}), who, FIRST) for who in (OURS, FLOOR))
        value = ours.wall / floor.wall if ours and floor else None
        absent = "the floor failed" if ours and not floor else m.no_servers
        what = f"first pass, {min(COLD, m.events)} events of a cold {server} / floor (clock)"
        yield Row("B11", what, value, 1.3, absent=absent)


def _pages(m: Measured) -> Iterator[Row]:
    for what, how, limit in (("page", " as served", 15), ("free times", " as served", 40), ("offer", "", 50)):
        yield Row("B12", f"patients: {what}{how}, CPU", m.pages.get(what), limit, "ms")
    served, added = _figure(m.visited, "served"), _figure(m.visited, "added")
    yield Row("B12", "patients: pages a second beside a worker", served, 190, "", at_least=True)
    noise = _figure(m.visited, "noise")
    yield Row("B12", "patients: a round beside them takes longer by", added, 100, "ms", noise=noise)


def _hours(m: Measured) -> Iterator[Row]:
    found, what = m.grown[2], f"other hours, {m.large_events} events"
    each = found.cpu * 1000 / found.bookings if found else None
    yield Row("B13", f"{what}: CPU a coming booking", each, 1.5, "ms")
    yield Row("B13", f"{what}: CPU until the nearest one is judged again", _figure(found, "nearest"), 1, "s")


def _memory(m: Measured) -> Iterator[Row]:
    """After an edit: ten more, for the modules that judge and write."""
    for when, held, limit in (("nothing to do", "one", 65), ("after one edit was answered", "answered", 75)):
        yield Row("B14", f"attitre run, {when}: resident", _figure(m.resident, held), limit, "MB")
    yield Row("B14", "attitre run: each further practice", _figure(m.resident, "further"), 1, "MB")


def plain(row: Row) -> dict[str, Any]:
    """For JSON."""
    value = None if row.value is None else round(row.value, 3)
    told = {"id": row.id, "what": row.what, "value": value, "unit": row.unit, "goal": row.goal, "reached": row.reached}
    told |= {"absent": row.absent} if row.value is None else {}
    return told | ({} if row.noise is None else {"noise": row.noise})
