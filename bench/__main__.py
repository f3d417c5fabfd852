"""`make bench [ARGS="--events 10000 --runs 3"]`: whole processes, medians, and ratios within this one run."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.request import urlopen

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.judging import measure
from bench.server import Replay

_YAML = """
practice: {{name: Banc, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "{url}"}}]}}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}, {{label: Douleur, minutes: 20}}]
"""
STEPS = ("first pass", "nothing changed", "1 change", "100 changes")


@dataclass(frozen=True, slots=True)
class Cost:
    """One process: CPU seconds (what the gates judge), requests it made, its peak memory in MB."""

    cpu: float
    requests: int
    peak: float


def main() -> None:
    """Measure, print a table, write JSON."""
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--events", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--json", type=Path, default=Path("bench.json"))
    options = asked.parse_args()
    runs = [_run(options.events) for _ in track(range(options.runs), "runs", console=Console(stderr=True))]
    rows = {step: (_median([run[0][step] for run in runs]), _median([run[1][step] for run in runs])) for step in STEPS}
    _show(options.events, rows)
    judged = measure()
    _show_judging(judged)
    result = {step: {"ours": vars_of(ours), "floor": vars_of(floor)} for step, (ours, floor) in rows.items()}
    options.json.write_text(
        json.dumps({"events": options.events, "steps": result, "judging_ms": judged}, indent=1) + "\n"
    )


def _run(events: int) -> tuple[dict[str, Cost], dict[str, Cost]]:
    replay = Replay(events, date.today())  # noqa: DTZ011
    threading.Thread(target=replay.serve, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "attitre.yaml").write_text(_YAML.format(url=replay.url))
        attitre = str(Path(sys.executable).with_name("attitre"))
        ours = [attitre, "sync", "-c", str(place / "attitre.yaml")]
        floor = [sys.executable, "-m", "bench.floor", replay.url, str(place / "floor.db")]
        return _steps(ours, replay), _steps(floor, replay)


def _steps(command: list[str], replay: Replay) -> dict[str, Cost]:
    root = replay.url.removesuffix("cal/")
    costs = {"first pass": _cost(command, root), "nothing changed": _cost(command, root)}
    for count in (1, 100):
        urlopen(f"{root}change/{count}").read()  # noqa: S310
        costs[f"{count} change{'s' if count > 1 else ''}"] = _cost(command, root)
    return costs


def _cost(command: list[str], root: str) -> Cost:
    urlopen(f"{root}count").read()  # noqa: S310
    measured = [sys.executable, "-c", _ACCOUNT, *command]
    done = subprocess.run(measured, check=True, capture_output=True, text=True)  # noqa: S603
    cpu, peak = map(float, done.stdout.splitlines()[-1].split())
    return Cost(cpu, int(urlopen(f"{root}count").read()), peak / 1024)  # noqa: S310


# runs the command as its only child, so that what the system accounts for children is the command's own
_ACCOUNT = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
)


def _median(costs: list[Cost]) -> Cost:
    middle = statistics.median
    return Cost(middle(c.cpu for c in costs), int(middle(c.requests for c in costs)), middle(c.peak for c in costs))


def _show(events: int, rows: dict[str, tuple[Cost, Cost]]) -> None:
    table = Table(title=f"{events} events, one calendar, whole processes (CPU seconds, medians)")
    for name in ("", "attitre sync", "floor", "ratio", "requests", "peak MB"):
        table.add_column(name, justify="left" if not name else "right")
    for step, (ours, floor) in rows.items():
        ratio = f"{ours.cpu / floor.cpu:.1f} ×"
        table.add_row(step, f"{ours.cpu:.2f}", f"{floor.cpu:.2f}", ratio, str(ours.requests), f"{ours.peak:.0f}")
    Console().print(table)


def _show_judging(judged: dict[str, float]) -> None:
    table = Table(title="one changed event, 10 dentists, 50,000 bookings, 20,000 patients (CPU ms, medians)")
    for name in judged:
        table.add_column(name, justify="right")
    table.add_row(*(f"{cost:.1f}" for cost in judged.values()))
    Console().print(table)


def vars_of(cost: Cost) -> dict[str, float]:
    """A cost as JSON."""
    return {"cpu": round(cost.cpu, 3), "requests": cost.requests, "peak_mb": round(cost.peak, 1)}


if __name__ == "__main__":
    main()
