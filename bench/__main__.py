"""`make bench [ARGS="--events 10000 --runs 3"]`: medians, and ratios within one run. docs/benchmark.md says more."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from bench import goals, judging, offers, pages, peers, show
from bench.clients import Floor
from bench.goals import Measured
from bench.measure import Table, compiled, medians
from bench.memory import resident
from bench.scenarios import crowded, grown, idle, nights, one_calendar, start_up
from bench.servers import COLD, cold
from bench.typed import typed
from bench.visitors import beside
from bench.worker import a_round

SMALL, LARGER, HISTORY = 1_000, 5, 20  # events; times as many to be read; times as many that the store holds
OF_MANY, OF_AN_ACCOUNT = 200, 10  # events in each calendar, where there are many
LATENCY, ROUNDS = 0.02, 40
QUICK = 1_000, 1, 20, 5_000  # events, runs, calendars, bookings


def main() -> None:
    """Measure, print tables, write JSON."""
    options = _options()
    found = _measured(options)
    rows = goals.rows(found)
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(show.costs(f"{found.events} events, one calendar", found.dav))
    console.print(show.costs(f"{found.events} events at Google", found.google))
    console.print(show.judged(found.judged, options.bookings), show.goals(rows), show.bars(found))
    if options.svg:
        show.save(found, options.svg)
    if options.page:
        show.renew(options.page, _when(options), rows)
    if any(row.failed for row in rows):
        sys.exit("make bench: what is shown as such did not complete")


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--events", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument(
        "--bookings", type=int, default=judging.BOOKINGS, help="in the practice where an event is judged"
    )
    asked.add_argument("--calendars", type=int, default=100, help="of one account (B5), and accounts (B6)")
    asked.add_argument("--rounds", type=int, default=ROUNDS, help="of a worker")
    asked.add_argument("--no-peers", action="store_true", help="attitre and the floor only")
    asked.add_argument("--no-servers", action="store_true", help="no cold Radicale and Xandikos (B11)")
    asked.add_argument("--json", type=Path, default=Path("bench.json"))
    asked.add_argument("--svg", type=Path, help="the bars, as a picture")
    asked.add_argument("--page", type=Path, help="a page between whose marks the rows are put")
    asked.add_argument("--quick", action="store_true", help="two minutes: few events, one run, no peers")
    options = asked.parse_args()
    if options.quick:
        options.events, options.runs, options.calendars, options.bookings = QUICK
        options.no_peers = True
    return options


def _measured(options: argparse.Namespace) -> Measured:
    """All parts, one after the other. One that fails loses its rows alone, and each is written down as it is had."""
    compiled()
    missing = "--no-peers" if options.no_peers else peers.installed()
    events, small = options.events, min(SMALL, options.events // 2)
    found = Measured(events, small, options.calendars, LARGER * events, HISTORY * events, no_peers=missing)
    found.no_servers = "--no-servers" if options.no_servers else ""
    console = Console(stderr=True)
    for name, part in track(list(_parts(found, options)), "parts", console=console):
        began = time.monotonic()
        try:
            setattr(found, name, part())
        except Exception as failed:  # of ours, of a peer, of the machine: the others are measured all the same
            console.print(f"{name} did not complete: {failed!r}", markup=False)
        console.print(f"{name}: {time.monotonic() - began:.0f} s")
        told = json.dumps(_plain(found), indent=1, ensure_ascii=False)
        options.json.write_text(told + "\n")
    return found


Part = tuple[str, Callable[[], Any]]  # a field of Measured, and how it is measured


def _parts(found: Measured, options: argparse.Namespace) -> Iterator[Part]:
    runs: dict[str, list[Table]] = {}
    for number in range(options.runs):
        for name, part in _of_a_run(found, first=number == 0 and not found.no_peers):
            yield name, partial(_middle_so_far, runs.setdefault(name, []), part)
    yield "worker", partial(a_round, found.events, options.rounds)
    yield "worker_small", partial(a_round, found.small, options.rounds)
    yield "worker_old", partial(a_round, found.events, options.rounds, history=found.history - found.events)
    yield "typed", partial(typed, found.events)
    accounts = {"accounts": options.calendars, "latency": LATENCY}
    yield "accounts", partial(a_round, OF_AN_ACCOUNT, 5 * options.runs, **accounts)
    yield "many", partial(_many, found, options.runs)
    yield "start", partial(start_up, 2 * options.runs + 1)
    yield "resident", partial(resident, OF_MANY)
    yield "judged", partial(judging.measure, bookings=options.bookings)
    yield "pages", lambda: pages.measure(many=options.bookings) | offers.measure(many=options.bookings)
    yield "visited", partial(beside, found.events, options.rounds)
    yield "crowded", partial(crowded, found.events)
    yield "nights", partial(nights, found.small, found.events)
    yield "grown", partial(grown, found.large_events)
    yield from [] if options.no_servers else [("servers", partial(cold, min(COLD, found.events)))]


def _of_a_run(found: Measured, *, first: bool) -> Iterator[Part]:
    """Peers take part in the first run only: they are there to compare with, and slow."""
    events = found.events
    yield "dav", partial(one_calendar, events, (peers.Khal, peers.CaldavParse) if first else ())
    yield "google", partial(one_calendar, events, (peers.GcalSync,) if first else (), google=True)
    yield "less", partial(idle, found.small)


def _many(found: Measured, runs: int) -> Table:
    others = (Floor,) if found.no_peers else (Floor, peers.Vdirsyncer)
    return idle(min(OF_MANY, found.events // 50 or 1), found.calendars, others, runs)


def _middle_so_far(runs: list[Table], part: Callable[[], Table]) -> Table:
    runs.append(part())
    return medians(runs)


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} CPU, Python {platform.python_version()}"


def _when(options: argparse.Namespace) -> str:
    return f"{date.today()}, {_machine()}; {options.events} events, {options.runs} runs."  # noqa: DTZ011


def _plain(found: Measured) -> dict[str, Any]:
    when = {"date": f"{date.today()}", "machine": _machine()}  # noqa: DTZ011
    told = {**when, "rows": [goals.plain(row) for row in goals.rows(found)], "judging_ms": found.judged}
    versions = {} if found.no_peers else peers.versions()
    return {**told, "peers": versions, "measured": asdict(found)}


if __name__ == "__main__":
    main()
