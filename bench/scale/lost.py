"""Workers that come, and that die: who reads their calendars, and after how long."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.scale.outside import Seen
from bench.scale.processes import Worker
from bench.scale.stage import Stage
from bench.scale.steady import all_read
from bench.scale.world import Around, until

LEASE_S = 30.0  # until a worker's silence is its death
MARGIN_S = 10.0
JOINS_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Changed:
    """`joined`: seconds from the start of a fourth process to its first reading. `share`: of the readings that fell in
    the half minute after that, how many were its own (a quarter is fair). `unread`: the longest that a calendar went
    unread around the death of a worker; `every`: the interval. `drained`: seconds from SIGTERM to the end."""

    joined: float
    share: float
    unread: float
    every: float
    drained: float


def changed(stage: Stage) -> Changed:
    """Three workers, a fourth, one killed at whatever it does, one that is asked to end."""
    every = stage.size.every
    with stage.crew("changed", every) as fleet:
        fleet.more(3)
        all_read(stage.around, fleet)
        [fourth] = fleet.more()
        joined = until(lambda: _reads(stage.around, fourth), JOINS_WITHIN_S, "a fourth worker")
        since = time.monotonic()
        time.sleep(max(every, stage.size.window))
        share = _shares(stage.around.asked(since)).get(fourth.name, 0.0)
        killed = time.monotonic()
        _busiest(stage.around, fleet.alive, killed - 2 * every).kill()
        time.sleep(2 * every + LEASE_S + MARGIN_S)
        unread = longest_gap(stage.around.asked(killed - 2 * every), killed - 2 * every, killed, time.monotonic())
        return Changed(joined, share, unread, every, fleet.alive[0].end())


def longest_gap(asked: Sequence[Sequence[Seen]], begun: float, since: float, now: float) -> float:
    """The longest time between two readings of any calendar that ended after `since`, what has lasted until now
    included. `asked`: since `begun`."""
    longest = 0.0
    for seen in asked:
        moments = [begun, *sorted(when for when, _ in seen), now]
        longest = max(longest, *(later - one for one, later in pairwise(moments) if later >= since))
    return longest


def _reads(around: Around, worker: Worker) -> bool:
    return any(who == worker.name for seen in around.asked(worker.since) for _, who in seen)


def _shares(asked: Sequence[Sequence[Seen]]) -> dict[str, float]:
    counts = Counter(who for seen in asked for _, who in seen)
    return {who: count / counts.total() for who, count in counts.items()}


def _busiest(around: Around, alive: Sequence[Worker], since: float) -> Worker:
    """Who reads most: its death is the one that is noticed."""
    shares = _shares(around.asked(since))
    return max(alive, key=lambda one: shares.get(one.name, 0.0))
