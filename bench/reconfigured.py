"""The practice's hours changed, and so each coming booking is judged again: what one costs, and when the nearest is.

A process of its own, so that the server's time does not count: `python -m bench.reconfigured YAML`.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import Ours, configure, on_caldav
from bench.measure import Failed
from bench.server import Replay

if TYPE_CHECKING:
    from sync.core.context import World
    from sync.store.bookings import BookingRow

CLOSES_AT = 18  # the last bookings of each day end later, and get a finding
_HOURS = f'{{mon-fri: "08:00-{CLOSES_AT}:00"}}'


@dataclass(frozen=True, slots=True)
class Rejudged:
    """Coming bookings; seconds of CPU until all were judged again, and until the nearest that has a finding now was."""

    bookings: int
    cpu: float
    nearest: float


def rejudged(client: Ours, replay: Replay) -> Rejudged:
    """By the worker, over what the client stored."""
    file = configure(client.place, on_caldav(replay.urls), hours=_HOURS)
    asked = [sys.executable, "-m", "bench.reconfigured", str(file)]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Failed(done.stderr[-1500:])
    return Rejudged(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str) -> None:
    """Prints a Rejudged."""
    from config.load import load
    from sync.core.context import nobody_watches
    from sync.wiring import open_world
    from sync.worker.pipeline import EVALUATION
    from sync.worker.round import one_round
    from sync.worker.scheduler import Readers

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    with open_world(settings) as world:
        coming = _coming(world)
        late = [one for one in coming if one.start.hour >= CLOSES_AT]
        clean = [one for one in late if not one.findings]  # in a tiny calendar there may be none
        nearest = min(clean or late, key=lambda one: one.start)
        began, readers, owed = time.process_time(), Readers(world, 60), True
        with _moment_of_a_finding(world, nearest) as found:
            while owed:
                one_round(readers, nobody_watches)
                with world.store.read() as tx:
                    owed = EVALUATION.has_work(world, tx, world.now())
        told = {"bookings": len(coming), "cpu": time.process_time() - began, "nearest": found[0] - began}
    print(json.dumps(told))


def _coming(world: World) -> list[BookingRow]:
    from sync.store import bookings

    now = world.now()
    with world.store.read() as tx:
        return bookings.starting(tx, now, now + timedelta(days=36_500), world.practice.zone)


@contextmanager
def _moment_of_a_finding(world: World, booking: BookingRow) -> Iterator[list[float]]:
    """While this lasts, each transaction is looked at; the first after which the booking had a finding gives the
    moment, in seconds of CPU."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    moments: list[float] = []
    with closing(sqlite3.connect(world.store.file, check_same_thread=False, isolation_level=None)) as beside:

        def look(_connection: object) -> None:
            [(findings,)] = beside.execute("select findings from booking where id = ?", (booking.id,)).fetchall()
            if not moments and findings != "[]":
                moments.append(time.process_time())

        event.listen(Engine, "commit", look)
        try:
            yield moments
        finally:
            event.remove(Engine, "commit", look)
            look(None)


if __name__ == "__main__":
    main(*sys.argv[1:])
