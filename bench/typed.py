"""Somebody types while a first pass goes on, in a worker as `attitre run` has it: how long it takes until the edit is
judged, and what its event is to say about it is planned. Once while the calendar is still listed, in an event that was
read already; then over and over again while what was listed is judged.

A process of its own, so that the server's time does not count: `python -m bench.typed YAML ROOT SLICE WHEN`.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench import practice
from bench.clients import check_store, configure, import_patients, on_caldav
from bench.clock import EVERY
from bench.measure import Failed
from bench.scenarios import serving
from bench.worker import told
from sync.core.context import SLICE

if TYPE_CHECKING:
    from sync.worker.loop import Worker

LOOK_S = 0.02
LISTING, JUDGING = "listing", "judging"  # what the worker does when somebody types

Spent = tuple[float, float]  # seconds of CPU, and on the clock
Types = Callable[
    [sqlite3.Connection], str
]  # edits an event, and says its name and hash; or nothing, and is asked again


@dataclass(frozen=True, slots=True)
class Typed:
    """So many `edits` after the listing, each typed as soon as the one before was answered. Seconds of CPU and on the
    clock until the one that waited longest was; `listing_cpu` and `listing_wall`: until the one during the listing was.
    0 where that ended too soon for any."""

    edits: int
    cpu: float
    wall: float
    listing_cpu: float
    listing_wall: float


def typed(events: int, at_once: int = SLICE) -> Typed:
    """While a worker reads a calendar of so many events for the first time, in a practice that imported its patients; a
    second one, while another judges it. `at_once`: of its backlog, between two rounds."""
    listing, judging = (_waits(events, at_once, when) for when in (LISTING, JUDGING))
    (cpu, wall), early = (max(waits, key=lambda one: one[1], default=(0.0, 0.0)) for waits in (judging, listing))
    return Typed(len(judging), cpu, wall, *early)


def _waits(events: int, at_once: int, when: str) -> list[Spent]:
    with serving(events) as (replay, place):
        file = configure(place, on_caldav(replay.urls))
        import_patients(place)
        asked = [sys.executable, "-m", "bench.typed", str(file), replay.root, str(at_once), when]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode or replay.writes:
            raise Failed(f"{done.stderr[-1500:]} {replay.writes} requests that write")
        check_store(place, replay)
        return [(cpu, wall) for cpu, wall in json.loads(done.stdout.splitlines()[-1])]


def main(file: str, root: str, at_once: str, when: str) -> None:
    """Prints what was spent on each edit."""
    from msgspec.structs import replace
    from schedule import Scheduler

    from config.load import load
    from sync.wiring import open_world
    from sync.worker.loop import Stop, Worker

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    with open_world(settings) as world:
        worker = Worker(replace(world, slice=int(at_once)), EVERY, Stop(), Scheduler())
        spent = _answered(worker, partial(_in_what_was_read, worker, root)) if when == LISTING else _typed(worker, root)
        while _goes_on(worker):
            _turn(worker)
        worker.readers.forget_moments()  # so that what was typed last is read as well
        worker.turn()
        assert not worker.passes["failed"], "a round failed"
        worker.end()
    print(json.dumps(spent))


def _typed(worker: Worker, root: str) -> list[Spent]:
    """One edit after the other while the backlog is judged."""
    _turn(worker)
    while worker.readers.busy:  # the listing goes on
        _turn(worker)
    spent: list[Spent] = []
    while _goes_on(worker):
        spent += _answered(worker, partial(_in_another, root, len(spent)))
    return spent


def _turn(worker: Worker) -> None:
    """Wait as `sync.worker.loop.run` does, then take a round."""
    worker.stop.bell.wait(worker.due - time.monotonic())
    worker.turn_if_due()


def _goes_on(worker: Worker) -> bool:
    """Whether all was listed, and some of it is still to be judged."""
    from sync.store import resources

    with worker.world.store.read() as tx:
        return not worker.readers.half_known and resources.backlog_is_open(tx)


def _answered(worker: Worker, types: Types) -> list[Spent]:
    """Rounds until the edit is answered; nothing where none was typed, or the first pass ended before."""
    with _watched(worker, types) as edit:
        _turn(worker)
        while worker.readers.busy or (edit.waits and _goes_on(worker)):
            _turn(worker)
    return edit.answered


def _in_what_was_read(worker: Worker, root: str, beside: sqlite3.Connection) -> str:
    """Edits a booking to come that the listing under way brought already."""
    read = [int(ref.partition(".")[0]) for (ref,) in beside.execute(_IN_BACKLOG)]
    number = next(filter(practice.coming, read), None)
    return "" if number is None or not worker.readers.busy else told(f"{root}change?number={number}")


def _in_another(root: str, before: int, _beside: sqlite3.Connection) -> str:
    """Edits the booking that is judged last, after so many that were edited `before`."""
    return told(f"{root}change?after={before}")


class _Edit:
    """What is typed, and what was spent until it was found judged and its answer planned."""

    def __init__(self, types: Types) -> None:
        self.answered: list[Spent] = []
        self.over = threading.Event()
        self._types, self._typing, self._typed = types, threading.Lock(), False

    @property
    def waits(self) -> bool:
        """Whether it was typed and not answered yet."""
        with self._typing:
            return self._typed and not self.answered

    def watch(self, file: Path) -> None:
        """Look at the store over and over again: until something is typed, and then until that is answered."""
        with closing(sqlite3.connect(file)) as beside:
            while not (typed := self._try(beside)):
                if self.over.wait(LOOK_S):
                    return
            cpu, began = time.process_time(), time.monotonic()
            ref, digest = typed.split()
            while not self.answered and not self.over.wait(LOOK_S):
                if beside.execute(_ANSWERED, (ref, bytes.fromhex(digest))).fetchall():
                    self.answered.append((time.process_time() - cpu, time.monotonic() - began))

    def _try(self, beside: sqlite3.Connection) -> str:
        with self._typing:
            said = self._types(beside)
            self._typed = bool(said)
            return said


@contextmanager
def _watched(worker: Worker, types: Types) -> Iterator[_Edit]:
    """While this lasts, another thread types and looks for the answer."""
    edit = _Edit(types)
    looks = threading.Thread(target=edit.watch, args=(worker.world.store.file,), daemon=True)
    looks.start()
    try:
        yield edit
    finally:
        edit.over.set()
        looks.join()


_IN_BACKLOG = "select ref from resource where backlog_at is not null order by backlog_at desc limit 20"
_ANSWERED = (
    "select 1 from resource r join edit e on e.calendar = r.calendar and e.ref = r.ref"
    " where r.ref = ? and r.raw_hash = ? and r.dirty_at is null"
)


if __name__ == "__main__":
    main(*sys.argv[1:])
