"""A day of many practices by the real scheduling code and a pretended clock: is a calendar late, do rows pile up?"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from adapters.meter import Meter
from bench.rendered import PARIS
from bench.scale.calendars import Around, Calendars, Place, Readings, world_of
from bench.scale.pretend import Clock, Leases, Queue, Threads
from config.load import load
from config.practice import practice_of
from config.settings import Settings
from rules.model import Practice
from sync.core.budget import Budget
from sync.core.context import World
from sync.core.log import log
from sync.fleet.fleet import Fleet
from sync.fleet.shape import Shape
from sync.store import jobs
from sync.store.engine import Store
from sync.worker.loop import Stop

DENTISTS = 4
MONDAY = datetime(2026, 11, 30, 9, tzinfo=PARIS)  # midnight in California, where Google's day begins
_OPENS_S, _CLOSES_S = 8 * 3600, 19 * 3600  # of a day
_YAML = """
practice: {key: lilas, name: Cabinet, address: "12 rue Haxo, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}
dentists:
  martin: {name: Dr Martin, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/a/"}],
    hours: {mon-fri: "08:30-12:30 14:00-19:00", sat: "09:00-12:00"}}
motifs: [{label: Contrôle, minutes: 20}]
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """`practices` of four calendars, each of which people change so often in a day's opening hours. Those of `google`
    have push channels, and share a project with so many `daily` requests. `workers` processes share all. A reading
    takes `latency` seconds, judging what was changed `judging`. Played from Monday at nine, `hours` long."""

    practices: int
    workers: int
    google: float = 0.2
    daily: int = 1_000_000
    changes: int = 30
    every: int = 60
    latency: float = 0.2
    judging: float = 0.1
    shape: Shape = field(default_factory=Shape)
    hours: float = 24.0


@dataclass(slots=True)
class Day:
    """`rows`: of the engine, at most at once. `jobs` that were taken. `seconds` of processor time that playing it
    took."""

    plan: Plan
    readings: Readings
    jobs: int = 0
    rows: int = 0
    seconds: float = 0.0

    @property
    def most_rows(self) -> int:
        """Of the engine: for each shard one job that waits and one that runs, for each practice as well."""
        return 2 * (self.plan.shape.shards + self.plan.practices)

    @property
    def peak(self) -> float:
        """Readings a second in the busiest minute, the first half hour left out: all are due when everything begins."""
        return max((count for minute, count in self.readings.a_minute.items() if minute >= 30), default=0) / 60


class Played:
    """One day, as far as it was played."""

    def __init__(self, plan: Plan, place: Path) -> None:
        self._plan, self._chance = plan, random.Random(1)  # noqa: S311 - the same day each time is the point
        self._clock, store = Clock(MONDAY.timestamp()), Store(f"sqlite:///{place}/google.db", "host")
        store.prepare()
        self._budget = Budget(plan.daily, Meter("project"), store, self._clock.seconds)
        self._calendars = Calendars(self._clock, plan.every, self._clock.now, self._budget)
        self._around = Around(self._calendars, self._clock, self._chance, plan.every, plan.latency, plan.judging)
        self._leases, self._queue = Leases(self._clock), Queue(self._clock)
        self._fleets = [self._fleet() for _ in range(plan.workers)]
        self._changes: list[tuple[float, str, str]] = []
        self.day = Day(plan, self._calendars.readings)
        self._settings = _settings(place)
        practice = practice_of(self._settings)
        worlds = [
            self._add(replace(practice, key=f"c{number:05}"), pushed=number < plan.google * plan.practices)
            for number in range(plan.practices)
        ]
        for fleet in self._fleets:
            fleet.take_in({one.practice.key: Place(self._around, self._settings, one, Stop()) for one in worlds})
        heapify(self._changes)

    def _fleet(self) -> Fleet:
        store: Any = SimpleNamespace(jobs=lambda: None, leases=lambda _: self._leases)
        fleet: Any = Fleet(store, Stop(), self._plan.shape)
        fleet.clock, fleet._turns = self._clock, Threads(self._clock, self._plan.shape.concurrency)
        return fleet  # type: ignore[no-any-return]

    def _add(self, practice: Practice, *, pushed: bool) -> World:
        addresses = [f"{practice.key}/{number}" for number in range(DENTISTS)]
        world = world_of(practice, addresses, self._clock, self._budget if pushed else None)
        self._leases.know([practice.key])
        for address in addresses:
            self._calendars.add(address, pushed=pushed)
            for _ in range(self._plan.changes):
                self._changes.append((self._when(), address, practice.key))
        return world

    def _when(self) -> float:
        """Some moment of opening hours, of the morning after where Monday's is over."""
        at = MONDAY.replace(hour=0) + timedelta(seconds=self._chance.uniform(_OPENS_S, _CLOSES_S))
        return (at if at >= MONDAY else at + timedelta(days=1)).timestamp()

    def play(self) -> Day:
        """To its end."""
        began, end = time.process_time(), self._clock.now + self._plan.hours * 3600
        with self._queue.deferred_here(), patch.object(log, "error", _fails):
            for shard in self._fleets[0].shards():
                jobs.defer_poll(None, shard, self._plan.shape.shards)  # type: ignore[arg-type]
            while (at := self._queue.next_at) < end:
                if self._changes and self._changes[0][0] <= at:
                    self._change()
                else:
                    self._job()
        self.day.jobs, self.day.rows = self._queue.taken, self._queue.most
        self.day.seconds = time.process_time() - began
        return self.day

    def _change(self) -> None:
        self._clock.now, address, practice = heappop(self._changes)
        if self._calendars.change(address):
            self._leases.wake(practice)

    def _job(self) -> None:
        """Some process takes it, when it next looks for jobs: nobody announces that a moment has come."""
        job = self._queue.take()
        if job is None:
            return
        fleet = self._chance.choice(self._fleets)
        times = self._plan.shape.times
        self._clock.now = job.at + self._chance.uniform(0, times.fetched)
        threads: Any = fleet._turns
        threads.begin(self._clock.now)
        if job.name.startswith("shard:"):
            fleet.poll(**job.values)
        else:
            fleet.work(**job.values)
        self._queue.runs(job, self._clock.now)


def _fails(what: str, **words: object) -> None:
    raise AssertionError(f"{what}: {words}")


def played(plan: Plan) -> Day:
    """The whole day."""
    with tempfile.TemporaryDirectory() as place:
        return Played(plan, Path(place)).play()


def _settings(place: Path) -> Settings:
    file = place / "lilas.yaml"
    file.write_text(_YAML, encoding="utf-8")
    settings, problems = load([file], {})
    assert settings, problems
    return settings
