"""What whole processes cost, as the system accounts for them."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.server import Replay

FIRST, IDLE, ONE, HUNDRED, LOST = "first pass", "nothing changed", "1 change", "100 changes", "token lost"
CROWDED = "first pass, many patients"
# runs the command as its only child, so that what the system accounts for children is the command's own
_ACCOUNT = (
    "import resource, subprocess, sys, time; began = time.monotonic(); "
    "subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr); took = time.monotonic() - began; "
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, took, used.ru_maxrss)"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One process: CPU seconds (what the goals judge), seconds on the clock, requests made, peak memory in MB."""

    cpu: float
    wall: float
    requests: int
    peak: float

    def __add__(self, other: Cost) -> Cost:
        """One after the other."""
        requests, peak = self.requests + other.requests, max(self.peak, other.peak)
        return Cost(self.cpu + other.cpu, self.wall + other.wall, requests, peak)


Costs = dict[str, Cost]
Table = dict[str, Costs]  # by who


class Failed(Exception):
    """A process ended badly, or a store is not what the calendar is."""


def run(command: Sequence[str], replay: Replay | None, place: Path, environ: Mapping[str, str] | None = None) -> Cost:
    """The command's cost, in that folder. Raises Failed with what it said last."""
    if replay:
        replay.counted()
    measured = [sys.executable, "-c", _ACCOUNT, *command]
    told = {**os.environ, **(environ or {})}
    told.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever installs it has compiled files, see `compiled`
    done = subprocess.run(  # noqa: S603
        measured, check=False, cwd=place, env=told, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"{' '.join(command[:3])} …: {done.stderr[-1500:]}")
    cpu, wall, peak = map(float, done.stdout.splitlines()[-1].split())
    return Cost(cpu, wall, replay.counted() if replay else 0, peak / 1024)


def compiled() -> None:
    """Ours is compiled, as it is after an installation: a start is measured, not the compiler."""
    for package in ("adapters", "config", "demo", "rules", "sync"):
        compileall.compile_dir(Path(__file__).parents[1] / package, quiet=1)


def medians(runs: Sequence[Table]) -> Table:
    """Each step's middle over the runs, for everyone who took part in the first."""
    first = runs[0]
    return {
        who: {step: _middle([run[who][step] for run in runs if who in run]) for step in costs}
        for who, costs in first.items()
    }


def _middle(costs: Sequence[Cost]) -> Cost:
    values = ([getattr(cost, name) for cost in costs] for name in ("cpu", "wall", "requests", "peak"))
    cpu, wall, requests, peak = map(median, values)
    return Cost(cpu, wall, int(requests), peak)
