"""Somebody types while a first pass goes on, in a worker as `attitre run` has it: how long it takes until the edit is
judged, and what its event is to say about it is planned.

A process of its own, so that the server's time does not count: `python -m bench.typed YAML ROOT SLICE`.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import check_store, configure, import_patients, on_caldav
from bench.measure import Failed
from bench.scenarios import serving
from bench.worker import told
from sync.core.context import SLICE

if TYPE_CHECKING:
    from sync.worker.loop import Worker

EVERY, LOOK_S = 60, 0.02

Spent = tuple[float, float]  # seconds of CPU, and on the clock


@dataclass(frozen=True, slots=True)
class Typed:
    """So many `edits`, each typed as soon as the one before was answered. Seconds of CPU and on the clock until the one
    that waited longest was; 0 where the first pass ended too soon for any."""

    edits: int
    cpu: float
    wall: float


def typed(events: int, at_once: int = SLICE) -> Typed:
    """While a worker reads a calendar of so many events for the first time, in a practice that imported its patients.
    `at_once`: of its backlog, between two rounds."""
    with serving(events) as (replay, place):
        file = configure(place, on_caldav(replay.urls))
        import_patients(place)
        asked = [sys.executable, "-m", "bench.typed", str(file), replay.root, str(at_once)]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode or replay.writes:
            raise Failed(f"{done.stderr[-1500:]} {replay.writes} requests that write")
        check_store(place, replay)
        return Typed(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str, root: str, at_once: str) -> None:
    """Prints a Typed."""
    from msgspec.structs import replace
    from schedule import Scheduler

    from config.load import load
    from sync.wiring import open_world
    from sync.worker.loop import Stop, Worker

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    with open_world(settings) as world:
        worker = Worker(replace(world, slice=int(at_once)), EVERY, Stop(), Scheduler())
        _turn(worker)
        while worker.readers.busy:  # the listing goes on
            _turn(worker)
        spent: list[Spent] = []
        while _goes_on(worker):
            spent += _answered(worker, told(f"{root}change?after={len(spent)}"))
        worker.readers.forget_moments()  # so that what was typed last is read as well
        worker.turn()
        assert not worker.passes["failed"], "a round failed"
        worker.end()
    longest = max(spent, key=lambda one: one[1], default=(0.0, 0.0))
    print(json.dumps({"edits": len(spent), "cpu": longest[0], "wall": longest[1]}))


def _turn(worker: Worker) -> None:
    """Wait as `sync.worker.loop.run` does, then take a round."""
    worker.stop.bell.wait(worker.due - time.monotonic())
    worker.turn_if_due()


def _goes_on(worker: Worker) -> bool:
    """Whether all was listed, and some of it is still to be judged."""
    from sync.store import resources

    with worker.world.store.read() as tx:
        return not worker.readers.half_known and resources.backlog_is_open(tx)


def _answered(worker: Worker, edit: str) -> list[Spent]:
    """Rounds until the edit is answered; nothing where the first pass ended before."""
    with _moment(worker, *edit.split()) as found:
        while not found and _goes_on(worker):
            _turn(worker)
    return found


@contextmanager
def _moment(worker: Worker, ref: str, digest: str) -> Iterator[list[Spent]]:
    """While this lasts, the store is looked at over and over again; the first look that finds the edit judged and its
    answer planned says what was spent since."""
    cpu, began = time.process_time(), time.monotonic()
    over, found = threading.Event(), list[Spent]()

    def look() -> None:
        with closing(sqlite3.connect(str(worker.world.store.file))) as beside:
            while not found and not over.wait(LOOK_S):
                if beside.execute(_ANSWERED, (ref, bytes.fromhex(digest))).fetchall():
                    found.append((time.process_time() - cpu, time.monotonic() - began))

    looks = threading.Thread(target=look, daemon=True)
    looks.start()
    try:
        yield found
    finally:
        over.set()
        looks.join()


_ANSWERED = (
    "select 1 from resource r join edit e on e.calendar = r.calendar and e.ref = r.ref"
    " where r.ref = ? and r.raw_hash = ? and r.dirty_at is null"
)


if __name__ == "__main__":
    main(*sys.argv[1:])
