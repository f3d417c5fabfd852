"""`make bench [ARGS="--events 10000 --runs 3"]`: medians, and ratios within one run. docs/benchmark.md says more."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import track

from bench import goals, judging, offers, pages, peers, show
from bench.clients import Floor
from bench.goals import OURS, Measured
from bench.measure import Costs, Failed, Table, compiled, medians
from bench.scenarios import idle, one_calendar, start_up
from bench.servers import cold
from bench.visitors import beside
from bench.worker import idle_round

SMALL, LARGE, EACH = 1_000, 50_000, 200
LATENCY, ROUNDS = 0.02, 40


def main() -> None:
    """Measure, print tables, write JSON."""
    options = _options()
    found = _measured(options)
    judged = judging.measure(bookings=options.bookings)
    rows = goals.rows(found)
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(show.costs(f"{found.events} events, one calendar", found.dav))
    console.print(show.costs(f"{found.events} events at Google", found.google))
    console.print(show.judged(judged, options.bookings), show.goals(rows), show.bars(found))
    options.json.write_text(json.dumps(_plain(found, judged, rows), indent=1, ensure_ascii=False) + "\n")
    if options.svg:
        show.save(found, options.svg)
    if options.page:
        show.renew(options.page, _when(options), rows)


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--events", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument(
        "--bookings", type=int, default=judging.BOOKINGS, help="in the practice where an event is judged"
    )
    asked.add_argument("--calendars", type=int, default=100, help="of one account (B5), and accounts (B6)")
    asked.add_argument("--no-peers", action="store_true", help="attitre and the floor only")
    asked.add_argument("--large", action="store_true", help=f"a first pass over {LARGE} events too (B9)")
    asked.add_argument("--servers", action="store_true", help="cold Radicale and Xandikos too (B11), some minutes")
    asked.add_argument("--pages", action="store_true", help="the patients' pages and offers too (B12)")
    asked.add_argument("--json", type=Path, default=Path("bench.json"))
    asked.add_argument("--svg", type=Path, help="the bars, as a picture")
    asked.add_argument("--page", type=Path, help="a page between whose marks the rows are put")
    return asked.parse_args()


def _measured(options: argparse.Namespace) -> Measured:
    events, small, calendars = options.events, min(SMALL, options.events), options.calendars
    compiled()
    missing = "--no-peers" if options.no_peers else peers.installed()
    numbers = track(range(options.runs), "runs", console=Console(stderr=True))
    runs = [_run(events, small, calendars, first=not missing and number == 0) for number in numbers]
    dav, google, less, many, starts = (medians(parts, median) for parts in zip(*runs, strict=True))
    worker = idle_round(events, ROUNDS)
    return Measured(
        events, small, dav, google, less[OURS], many, starts["start"], worker,
        worker_small=idle_round(small, ROUNDS) if small < events else worker,
        accounts=idle_round(small // 100 or 1, 5 * options.runs, accounts=calendars, latency=LATENCY),
        calendars=calendars, large=idle(LARGE)[OURS] if options.large else {}, large_events=LARGE,
        servers=cold(events) if options.servers else {}, no_peers=missing,
        pages={**pages.measure(), **offers.measure()} if options.pages else {},
        visited=beside(small, ROUNDS) if options.pages else None,
    )  # fmt: skip


def _run(events: int, small: int, calendars: int, *, first: bool) -> tuple[Table, ...]:
    """Peers take part in the first run only: they are there to compare with, and slow."""
    dav = one_calendar(events, (peers.Khal, peers.CaldavParse) if first else ())
    google = one_calendar(events, (peers.GcalSync,) if first else (), google=True)
    many = idle(min(EACH, events // 50 or 1), calendars, (Floor, *((peers.Vdirsyncer,) if first else ())))
    starts: Costs = start_up()
    return dav, google, idle(small) if small < events else dav, many, {"start": starts}


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} CPU, Python {platform.python_version()}"


def _when(options: argparse.Namespace) -> str:
    return f"{date.today()}, {_machine()}; {options.events} events, {options.runs} runs."  # noqa: DTZ011


def _plain(found: Measured, judged: dict[str, float], rows: list[goals.Row]) -> dict[str, Any]:
    when = {"date": f"{date.today()}", "machine": _machine()}  # noqa: DTZ011
    told = {**when, "rows": [goals.plain(row) for row in rows], "judging_ms": judged}
    versions = {} if found.no_peers else peers.versions()
    return {**told, "peers": versions, "measured": asdict(found)}


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"make bench: {failed}")
