"""`make bench-scale [ARGS="--quick"]`: many practices on one PostgreSQL, and what may die there. docs/scale.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import goals
from bench import show as of_rows
from bench.measure import compiled
from bench.scale import show
from bench.scale.day import played
from bench.scale.lost import changed
from bench.scale.rows import COUNTS, PARTS, Found, figures, rows
from bench.scale.sizes import sizes, tables
from bench.scale.stage import QUICK, WHOLE, Stage, stage
from bench.scale.steady import idle, polls, sent
from bench.scale.storm import storm
from bench.scale.world import DENTISTS

ONCE: dict[str, Callable[[Stage], Any]] = {
    "idle": idle, "changed": changed, "storm": storm, "day": lambda at: played(at.size.day),
    "sizes": lambda at: sizes(at.first, tables(at.server), at.around.calendars, at.around.shown),
}  # fmt: skip
RATES = {"polls": polls, "sent": sent}  # by how many workers


def main() -> None:
    """Measure, print tables, write JSON."""
    options = _options()
    found = _measured(options)
    table = rows(found)
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(show.grid([*figures(found)]), of_rows.goals(table))
    if options.page:
        show.renew(options.page, _when(found), table, [*figures(found)])
    if any(row.failed for row in table):
        sys.exit("make bench-scale: what is shown as such did not complete")


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make bench-scale")
    asked.add_argument("--quick", action="store_true", help=f"few minutes: {QUICK.practices} practices")
    asked.add_argument("--practices", type=int, help=f"of four calendars each; {WHOLE.practices} otherwise")
    asked.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    asked.add_argument("--json", type=Path, default=Path("bench-scale.json"))
    asked.add_argument("--page", type=Path, help="a page between whose marks the rows are put")
    return asked.parse_args()


def _measured(options: argparse.Namespace) -> Found:
    """All parts, one after the other. One that fails loses its rows alone, and each is written down as it is had."""
    compiled()
    size = QUICK if options.quick else WHOLE
    size = replace(size, practices=options.practices or size.practices)
    found = Found(size.practices * DENTISTS, options.only or PARTS)
    console = Console(stderr=True)
    console.print(f"{found.calendars} calendars are read for the first time …")
    with stage(size) as at:
        for name, part in _parts(at, found):
            console.print(f"{name} …")
            try:
                part()
            except Exception as failed:  # of ours or of the machine: the others are measured all the same
                console.print(f"{name} did not complete: {failed!r}", markup=False)
            write(options.json, found)
    return found


def _parts(at: Stage, found: Found) -> Iterator[tuple[str, Callable[[], None]]]:
    for name in found.parts:
        if name in RATES:
            for workers in COUNTS:
                yield f"{name}, {workers} workers", partial(_rate, at, found, name, workers)
        else:
            yield name, partial(_set, at, found, name)


def _set(at: Stage, found: Found, name: str) -> None:
    setattr(found, name, ONCE[name](at))


def _rate(at: Stage, found: Found, name: str, workers: int) -> None:
    getattr(found, name)[workers] = RATES[name](at, workers)


def write(file: Path, found: Found) -> None:
    """Everything that was found out so far, as JSON."""
    told = {"when": _when(found), "rows": [goals.plain(row) for row in rows(found)], "measured": asdict(found)}
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=str) + "\n")


def _when(found: Found) -> str:
    machine = f"{platform.machine()}, {os.cpu_count()} CPU, Python {platform.python_version()}"
    return f"{date.today()}, {machine}; {found.calendars} calendars, {found.calendars // DENTISTS} practices."  # noqa: DTZ011


if __name__ == "__main__":
    main()
