"""How a fleet works: how many at once, and how long things last."""

from __future__ import annotations

from msgspec import Struct

from sync.fleet import CONCURRENCY, SHARDS
from sync.store.lease import LASTS_S, RENEWED_EVERY_S


class Times(Struct, frozen=True):
    """How long things last, in seconds; tests shorten them. `leased`: from one renewal. `polled`: at most from one poll
    of a shard to the next, at least `soonest`. `poll`: how long a poll waits for its practices. `swept`: from one sweep
    to the next. `alive`: without a heartbeat a worker counts as dead. `polling`, `working`: no poll of a shard, and no
    job for a practice, takes longer."""

    leased: float = LASTS_S
    renewed: float = RENEWED_EVERY_S
    polled: float = 5.0
    soonest: float = 1.0
    poll: float = 4.0
    swept: float = 12.0
    alive: float = 30.0
    polling: float = 60.0
    working: float = 600.0
    fetched: float = 1.0
    again: float = 3.0


class Shape(Struct, frozen=True):
    """How a fleet works. `concurrency`: how many practices have a turn at once. `listens`: whether it hears of jobs at
    once, or looks for them only. `worlds`: how many practices stay open between their turns, those that had one
    last."""

    shards: int = SHARDS
    concurrency: int = CONCURRENCY
    times: Times = Times()
    listens: bool = True
    worlds: int = 2000
