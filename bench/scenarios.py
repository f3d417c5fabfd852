"""What is measured: steps of one calendar, at CalDAV and at Google, many calendars of one account, and starting up."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from bench.clients import Client, Floor, Ours, attitre, configure, on_caldav
from bench.measure import CROWDED, FIRST, HUNDRED, IDLE, LOST, ONE, Cost, Failed, Table, medians, run
from bench.nightly import Night, a_night
from bench.practice import MANY_PATIENTS, PATIENTS
from bench.reconfigured import Rejudged, rejudged
from bench.server import Replay

Made = Callable[[Replay, Path], Client]
T = TypeVar("T")


@contextmanager
def serving(events: int, calendars: int = 1, latency: float = 0.0) -> Iterator[tuple[Replay, Path]]:
    """A replay that answers, and an empty folder."""
    replay = Replay(events, date.today(), calendars, latency)  # noqa: DTZ011
    threading.Thread(target=replay.serve, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield replay, Path(folder)
    finally:
        replay.close()


def one_calendar(events: int, peers: Sequence[Made], *, google: bool = False) -> Table:
    """Everybody, step by step, over one calendar of so many events."""
    with serving(events) as (replay, place):
        ours, floor = (place / name for name in ("ours", "floor"))
        ours.mkdir()
        floor.mkdir()
        table = {"attitre": _steps(Ours(replay, ours, google=google), replay, lost=True)["attitre"]}
        table |= _steps(Floor(replay, floor, google=google), replay, lost=google)
        for made in peers:
            own = place / f"peer{len(table)}"
            own.mkdir()
            table |= _of_peer(partial(_begun, made, replay, own, lost=google))
        return table


def _begun(made: Made, replay: Replay, own: Path, *, lost: bool) -> Table:
    return _steps(made(replay, own), replay, lost=lost)


def _of_peer(steps: Callable[[], Table]) -> Table:
    """A peer that fails is absent: what it compares with is measured all the same."""
    try:
        return steps()
    except Failed as failed:
        print(f"absent: {failed}", file=sys.stderr)
        return {}


def _steps(client: Client, replay: Replay, *, lost: bool) -> Table:
    table: Table = {}
    for step, before in _STEPS.items():
        if step == LOST and not lost:
            continue
        before(replay)
        _take(table, step, one_pass(client, replay))
        if step == FIRST and isinstance(client, Ours):
            client.begin()
    return table


_STEPS: dict[str, Callable[[Replay], None]] = {
    FIRST: lambda _: None,
    IDLE: lambda _: None,
    ONE: lambda replay: replay.change(1),
    HUNDRED: lambda replay: replay.change(100),
    LOST: lambda replay: replay.lose_tokens(),
}


def _take(table: Table, step: str, costs: dict[str, Cost]) -> None:
    for who, cost in costs.items():
        table.setdefault(who, {})[step] = cost


def one_pass(client: Client, replay: Replay) -> dict[str, Cost]:
    """What a pass costs, by the client's name; what stands behind it, together with it, under both names."""
    costs: dict[str, Cost] = {}
    name, whole = client.name, None
    for command in client.commands:
        cost = run(command, replay, client.place, client.environ)
        whole = whole + cost if whole else cost
        costs[name] = whole
        name = f"{client.name} + khal"
    client.check(replay)
    return costs


def crowded(events: int) -> Table:
    """Ours: the first pass in a practice of 3,000 patients, and in a large one of 20,000."""
    table: Table = {}
    for step, patients in ((FIRST, PATIENTS), (CROWDED, MANY_PATIENTS)):
        with serving(events) as (replay, place):
            _take(table, step, one_pass(Ours(replay, place, patients=patients), replay))
    return table


def idle(events: int, calendars: int = 1, others: Sequence[Made] = (), runs: int = 1) -> Table:
    """Ours and others: the first pass, and the middle one of several that find nothing changed."""
    with serving(events, calendars) as (replay, place):
        table = _and_idle(Ours, replay, place / "ours", runs)
        for made in others:
            table |= _of_peer(partial(_and_idle, made, replay, place / f"other{len(table)}", runs))
        return table


def _and_idle(made: Made, replay: Replay, own: Path, runs: int) -> Table:
    own.mkdir()
    client = made(replay, own)
    table: Table = {}
    _take(table, FIRST, one_pass(client, replay))
    if isinstance(client, Ours):
        client.begin()
    quiet = medians([{IDLE: one_pass(client, replay)} for _ in range(runs)])
    _take(table, IDLE, quiet[IDLE])
    return table


def grown(events: int) -> tuple[Table, Night | None, Rejudged | None]:
    """Ours over a calendar of many years, its night, and then with other hours; None where that failed."""
    with serving(events) as (replay, place):
        client = Ours(replay, place)
        table = {client.name: {step: one_pass(client, replay)[client.name] for step in (FIRST, IDLE)}}
        return table, _or_none(a_night, client, replay), _or_none(rejudged, client, replay)


def _or_none(measure: Callable[[Ours, Replay], T], client: Ours, replay: Replay) -> T | None:
    try:
        return measure(client, replay)
    except Failed as failed:
        print(f"{measure.__name__}: {failed}", file=sys.stderr)
        return None


def nights(*sizes: int) -> dict[int, Night]:
    """Events in a calendar → the night after its first pass."""
    found = {}
    for events in sizes:
        with serving(events) as (replay, place):
            client = Ours(replay, place)
            one_pass(client, replay)
            found[events] = a_night(client, replay)
    return found


def start_up(runs: int) -> Table:
    """Medians: the bare interpreter, `--version`, and `check` of a small configuration."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        configure(place, on_caldav(["http://127.0.0.1:9/home/0/"]))
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "--version": [attitre(), "--version"],
            "check": [attitre(), "check", "-c", str(place / "attitre.yaml")],
        }
        return medians(
            [{"attitre": {name: run(command, None, place) for name, command in commands.items()}} for _ in range(runs)]
        )
