"""`make bench [ARGS="--events 10000 --runs 3"]`: whole processes, medians, and ratios within this one run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import judging
from bench.measure import FIRST, IDLE, LOST, Cost, Costs, idle, medians, one_calendar, start_up

SMALL, CALENDARS, EACH = 1_000, 100, 200


def main() -> None:
    """Measure, print tables, write JSON."""
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--events", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--json", type=Path, default=Path("bench.json"))
    options = asked.parse_args()
    rounds = track(range(options.runs), "runs", console=Console(stderr=True))
    measured = [(*one_calendar(options.events), idle(SMALL), idle(EACH, CALENDARS), start_up()) for _ in rounds]
    ours, floor, small, many, starts = (medians(runs, median) for runs in zip(*measured, strict=True))
    compared = _compared(ours, floor, small, many, starts)
    judged = judging.measure()
    _show_steps(options.events, ours, floor)
    _show(f"ratios within this run ({SMALL} events; {CALENDARS} calendars of {EACH}; starts)", compared, " ×")
    _show("one changed event, 10 dentists, 50,000 bookings, 20,000 patients (CPU ms, medians)", judged)
    written = {"ours": ours, "floor": floor, "small": small, "account": many, "start": starts}
    costs = {name: {step: _plain(cost) for step, cost in found.items()} for name, found in written.items()}
    result = {"events": options.events, **costs, "ratios": compared, "judging_ms": judged}
    options.json.write_text(json.dumps(result, indent=1) + "\n")


def _compared(ours: Costs, floor: Costs, small: Costs, many: Costs, starts: Costs) -> dict[str, float]:
    """The rows of the yardstick, by what they say: each is a quotient of two figures of this run."""
    pairs = {
        "B1 first pass / floor": (ours[FIRST], floor[FIRST]),
        "B2 idle / floor": (ours[IDLE], floor[IDLE]),
        f"B2 idle / idle of {SMALL}": (ours[IDLE], small[IDLE]),
        "B4 1 change / idle": (ours["1 change"], ours[IDLE]),
        "B4 100 changes / idle": (ours["100 changes"], ours[IDLE]),
        f"B5 {CALENDARS} idle calendars / one": (many[IDLE], small[IDLE]),
        "B8 token lost / first pass": (ours[LOST], ours[FIRST]),
        f"B9 first pass / that of {SMALL}": (ours[FIRST], small[FIRST]),
        "B10 --version / python": (starts["--version"], starts["python"]),
        "B10 check / python": (starts["check"], starts["python"]),
    }
    return {name: round(one.cpu / other.cpu, 2) for name, (one, other) in pairs.items()}


def _show_steps(events: int, ours: Costs, floor: Costs) -> None:
    table = Table(title=f"{events} events, one calendar, whole processes (CPU seconds, medians)")
    for name in ("", "attitre sync", "floor", "ratio", "requests", "peak MB"):
        table.add_column(name, justify="left" if not name else "right")
    for step, cost in ours.items():
        least = floor.get(step)
        against = (f"{least.cpu:.2f}", f"{cost.cpu / least.cpu:.1f} ×") if least else ("", "")
        table.add_row(step, f"{cost.cpu:.2f}", *against, str(cost.requests), f"{cost.peak:.0f}")
    Console().print(table)


def _show(title: str, figures: dict[str, float], unit: str = "") -> None:
    table = Table(title=title, show_header=False)
    for name, figure in figures.items():
        table.add_row(name, f"{figure:.1f}{unit}")
    Console().print(table)


def _plain(cost: Cost) -> dict[str, Any]:
    return {"cpu": round(cost.cpu, 3), "requests": cost.requests, "peak_mb": round(cost.peak, 1)}


if __name__ == "__main__":
    main()
