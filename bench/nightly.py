"""The night's chores in a worker: what the calendar's audit costs, and whatever else a practice does once a night.

A process of its own, so that the server's time does not count: `python -m bench.nightly YAML NOW`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import Ours, configure, on_caldav
from bench.clock import EVERY, Clock
from bench.measure import Failed
from bench.rendered import PARIS
from bench.server import Replay

if TYPE_CHECKING:
    from sync.worker.loop import Worker

MORNING = timedelta(days=1, hours=5)  # from the day of the first pass: when each chore's minute is over
NO_REMINDERS = 1  # hours before a booking: at five o'clock nobody is to be reminded


@dataclass(frozen=True, slots=True)
class Night:
    """Seconds of CPU until all was done that was due once that night."""

    cpu: float


def a_night(client: Ours, replay: Replay) -> Night:
    """The first one after the client's first pass: each body is compared, as once a week."""
    morning = datetime.combine(replay.today, datetime.min.time(), PARIS) + MORNING
    file = configure(client.place, on_caldav(replay.urls), reminder_hours=NO_REMINDERS)
    asked = [sys.executable, "-m", "bench.nightly", str(file), morning.isoformat()]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode or replay.writes:
        raise Failed(f"{done.stderr[-1500:]} {replay.writes} requests that write")
    client.check(replay)
    return Night(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str, now: str) -> None:
    """Prints a Night. A worker that was down at night finds that its minutes are over."""
    from schedule import Scheduler

    from config.load import load
    from sync.wiring import open_world
    from sync.worker.loop import Stop, Worker

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    clock = Clock(datetime.fromisoformat(now).astimezone(PARIS))
    with open_world(settings, clock=clock) as world:
        worker, began = Worker(world, EVERY, Stop(), Scheduler()), time.process_time()
        worker.turn()
        while _goes_on(worker):
            worker.stop.bell.wait(1)
            worker.turn()
        cpu = time.process_time() - began
        assert not worker.passes["failed"], "a round failed"
        worker.end()
    print(json.dumps({"cpu": cpu}))


def _goes_on(worker: Worker) -> bool:
    """Whether an audit is due or under way. Raises AssertionError where one failed."""
    from sync.store import calendars
    from sync.worker import nightly

    if worker.readers.busy:
        return True
    now = worker.world.now()
    with worker.world.store.read() as tx:
        rows = list(calendars.every(tx))
    due = any(nightly.due(row, now) for row in rows)
    assert due or all(row.audited_at and row.audited_at == now for row in rows), "an audit failed"
    return due


if __name__ == "__main__":
    main(*sys.argv[1:])
