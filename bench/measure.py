"""What whole processes cost, as the system accounts for them, over calendars that a server replays from memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.request import urlopen

from bench.server import Replay

_YAML = """
practice: {{name: Banc, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{calendars}]}}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}, {{label: Douleur, minutes: 20}}]
"""
FIRST, IDLE, LOST = "first pass", "nothing changed", "token lost"
# runs the command as its only child, so that what the system accounts for children is the command's own
_ACCOUNT = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One process: CPU seconds (what the gates judge), requests it made, its peak memory in MB."""

    cpu: float
    requests: int
    peak: float


Costs = dict[str, Cost]


def one_calendar(events: int) -> tuple[Costs, Costs]:
    """Ours and the floor's, step by step, over one calendar of so many events."""
    with _place(events, 1) as (replay, place):
        floor = [sys.executable, "-m", "bench.floor", replay.url, str(place / "floor.db")]
        return _steps(_attitre("sync", place), replay, lost=True), _steps(floor, replay, lost=False)


def idle(events: int, calendars: int = 1) -> Costs:
    """Ours: the first pass, and one that finds nothing changed."""
    with _place(events, calendars) as (replay, place):
        command = _attitre("sync", place)
        return {FIRST: _cost(command, replay), IDLE: _cost(command, replay)}


def start_up() -> Costs:
    """The bare interpreter, `--version`, and `check` of a small configuration."""
    with _place(1, 1) as (replay, place):
        bare, version = [sys.executable, "-c", "pass"], [_program(), "--version"]
        return {
            "python": _cost(bare, replay),
            "--version": _cost(version, replay),
            "check": _cost(_attitre("check", place), replay),
        }


def _program() -> str:
    return str(Path(sys.executable).with_name("attitre"))


def _attitre(command: str, place: Path) -> list[str]:
    return [_program(), command, "-c", str(place / "attitre.yaml")]


@contextmanager
def _place(events: int, calendars: int) -> Iterator[tuple[Replay, Path]]:
    replay = Replay(events, date.today(), calendars)  # noqa: DTZ011
    threading.Thread(target=replay.serve, daemon=True).start()
    named = ", ".join(f'{{kind: caldav, url: "{url}"}}' for url in replay.urls)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "attitre.yaml").write_text(_YAML.format(calendars=named))
        yield replay, Path(folder)


def _steps(command: Sequence[str], replay: Replay, *, lost: bool) -> Costs:
    costs = {FIRST: _cost(command, replay), IDLE: _cost(command, replay)}
    for count in (1, 100):
        _tell(replay, f"change/{count}")
        costs[f"{count} change{'s' if count > 1 else ''}"] = _cost(command, replay)
    if lost:
        _tell(replay, "lose")
        costs[LOST] = _cost(command, replay)
    return costs


def _cost(command: Sequence[str], replay: Replay) -> Cost:
    _tell(replay, "count")
    measured = [sys.executable, "-c", _ACCOUNT, *command]
    done = subprocess.run(measured, check=True, capture_output=True, text=True)  # noqa: S603
    cpu, peak = map(float, done.stdout.splitlines()[-1].split())
    return Cost(cpu, int(_tell(replay, "count")), peak / 1024)


def _tell(replay: Replay, what: str) -> bytes:
    answer: bytes = urlopen(replay.root + what).read()  # noqa: S310
    return answer


def medians(runs: Sequence[Costs], middle: Callable[[Sequence[float]], float]) -> Costs:
    """Each step's middle over the runs."""
    return {step: _middle([run[step] for run in runs], middle) for step in runs[0]}


def _middle(costs: Sequence[Cost], middle: Callable[[Sequence[float]], float]) -> Cost:
    requests = int(middle([cost.requests for cost in costs]))
    return Cost(middle([cost.cpu for cost in costs]), requests, middle([cost.peak for cost in costs]))
