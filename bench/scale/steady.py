"""What is counted while nothing goes wrong: idle cost, calendars a second, messages a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.scale.postgres import Used
from bench.scale.processes import Crew, crew
from bench.scale.stage import OF_A_SERVER_S, Stage
from bench.scale.world import DENTISTS, Around, until

MANY_SHARDS = 64  # what the plan for 10,000 practices takes, of which these are few
START_S = 600.0  # at most, until every calendar was read: each process loads every practice's file first
SATURATED_S = 1.0  # between two readings: more than any worker here manages
ALL_TOLD_S = 1200.0


@dataclass(frozen=True, slots=True)
class Window:
    """While a crew was watched: seconds, how often calendars were asked, processor time of the workers, and what
    PostgreSQL used."""

    seconds: float
    polls: int
    cpu: float
    server: Used


@dataclass(frozen=True, slots=True)
class Idle:
    """Of one poll that finds nothing changed: ms of processor time in the embedded worker, in the fleet's, in the
    fleet's where it has many shards, and in PostgreSQL; transactions there, bytes of its log (WAL),
    rows written. `megabytes`: resident, of a worker."""

    embedded: float
    fleet: float
    spread: float
    server: float
    transactions: float
    log: float
    written: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second by so many workers, and ms of processor time of each in the workers and in PostgreSQL; of
    messages what they cost beyond the readings of the same time."""

    workers: int
    each_second: float
    cpu: float
    server: float


def idle(stage: Stage) -> Idle:
    """One worker, and the embedded one on the same calendars."""
    with crew(stage.embedded(), stage.place / "embedded-run", (), stage.size.every) as alone:
        alone.more()
        all_read(stage.around, alone)
        embedded = watched(stage, alone)
    spread, _ = _quiet(stage, "spread", MANY_SHARDS)
    found, megabytes = _quiet(stage, "idle", stage.size.shards)
    used, each = found.server, 1 / found.polls
    cost = (1000 * one.cpu / one.polls for one in (embedded, found, spread))
    return Idle(
        *cost, 1000 * used.cpu * each, used.transactions * each, used.log * each, used.written * each, megabytes
    )


def _quiet(stage: Stage, name: str, shards: int) -> tuple[Window, float]:
    """What one worker uses, and its megabytes."""
    with stage.crew(name, stage.size.every, shards=shards) as fleet:
        [worker] = fleet.more()
        all_read(stage.around, fleet)
        return watched(stage, fleet), worker.megabytes


def polls(stage: Stage, workers: int) -> Rate:
    """Calendars a second, where all are always due and each answer takes long: waiting is what is shared."""
    stage.around.slow(stage.size.poll_latency)
    try:
        with stage.crew(f"polls{workers}", SATURATED_S, bounded=True) as fleet:
            fleet.more(workers)
            all_read(stage.around, fleet, times=1)
            found = watched(stage, fleet)
            each = 1000 / found.polls
            return Rate(workers, found.polls / found.seconds, found.cpu * each, found.server.cpu * each)
    finally:
        stage.around.slow(OF_A_SERVER_S)


def sent(stage: Stage, workers: int) -> Rate:
    """Messages a second, of a booking that appears in every practice at once: read, judged, told."""
    stage.around.slow(OF_A_SERVER_S, stage.size.call_latency)
    try:
        with stage.crew(f"sent{workers}", stage.size.every, bounded=True) as fleet:
            fleet.more(workers)
            all_read(stage.around, fleet)
            quiet = watched(stage, fleet)
            began, cpu, used = time.monotonic(), fleet.cpu, stage.server.used()
            before, shown = len(stage.around.messages().taken), len(stage.around.show(1, DENTISTS))
            until(_at_least(stage.around, before + shown), ALL_TOLD_S, f"{shown} messages")
            # a worker that sends reads less often, so the readings are taken off by their number, not by the time
            share = sum(map(len, stage.around.asked(began))) / quiet.polls
            workers_s = fleet.cpu - cpu - share * quiet.cpu
            server_s = stage.server.used().since(used).cpu - share * quiet.server.cpu
            told = _steady([when for when, _, _ in _taken(stage.around, began)])
            return Rate(workers, told, 1000 * workers_s / shown, 1000 * server_s / shown)
    finally:
        stage.around.slow(OF_A_SERVER_S)


def all_read(around: Around, of: Crew, times: int = 2) -> float:
    """Wait until every calendar was asked so often since the crew's first worker began; the seconds until then. Raises
    TimeoutError."""
    since = of.workers[0].since
    return until(lambda: all(len(one) >= times for one in around.asked(since)), START_S, "every calendar read")


def watched(stage: Stage, of: Crew) -> Window:
    """What happens in the stage's window."""
    began, cpu, used = time.monotonic(), of.cpu, stage.server.used()
    time.sleep(stage.size.window)
    seconds, asked = time.monotonic() - began, stage.around.asked(began)
    return Window(seconds, sum(map(len, asked)), of.cpu - cpu, stage.server.used().since(used))


def _at_least(around: Around, wanted: int) -> Callable[[], bool]:
    return lambda: len(around.messages().taken) >= wanted


def _taken(around: Around, since: float) -> list[tuple[float, str, str]]:
    return [one for one in around.messages().taken.values() if one[0] >= since]


def _steady(moments: list[float]) -> float:
    """Events a second, of the middle eight tenths: neither the first reading nor the last straggler counts."""
    moments.sort()
    few = len(moments) // 10
    middle = moments[few : len(moments) - few]
    return (len(middle) - 1) / (middle[-1] - middle[0])
