"""What every part is played on: a PostgreSQL with the practices' first pass behind it, and one size for all parts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.scale.day import Plan
from bench.scale.postgres import Postgres, postgres
from bench.scale.processes import Crew, crew, first_pass
from bench.scale.sizes import Tables, tables
from bench.scale.world import Around, around, folder
from sync.fleet.shape import Shape

HIDDEN = 8  # new bookings of each calendar: one for each of three counts of workers, two told under kills, spare


@dataclass(frozen=True, slots=True)
class Size:
    """`practices` of four calendars each. `window`: seconds that something steady is counted for. `every`: seconds
    between two readings of a calendar, where nothing is to be saturated. `poll_latency`, `call_latency`: seconds of an
    answer where waiting is what workers share, the latter below the 3 s that a pass waits for its calls;
    `concurrency`: of each worker there. `shards`: as many practices a shard as few practices allow, since the plan has
    156. `away`: seconds for which PostgreSQL is gone once. `day`: what is played with a pretended clock."""

    practices: int
    window: float
    every: float
    poll_latency: float
    call_latency: float
    concurrency: int
    shards: int
    away: float
    kill_every: float
    day: Plan


WHOLE = Size(125, 30.0, 20.0, 1.0, 2.8, 2, 8, 60.0, 8.0, Plan(500, 1, daily=50_000, shape=Shape(3)))
QUICK = Size(10, 8.0, 3.0, 1.0, 2.0, 2, 2, 10.0, 6.0, Plan(60, 2, daily=4_000, shape=Shape(2)))
OF_A_SERVER_S = 0.02  # what a calendar's server takes, where that is not what is measured


@dataclass(frozen=True, slots=True)
class Stage:
    """The practices' `folder` on PostgreSQL, and `place` for whatever a part puts down. `first`: the tables after the
    first pass."""

    size: Size
    around: Around
    server: Postgres
    folder: Path
    place: Path
    first: Tables

    def crew(self, name: str, every: float, *, bounded: bool = False, shards: int = 0) -> AbstractContextManager[Crew]:
        """Workers of the folder; none yet. `bounded`: each takes only few practices at a time."""
        words = ["--shards", str(shards or self.size.shards)]
        words += ["--concurrency", str(self.size.concurrency)] if bounded else []
        return crew(self.folder, self.place / name, words, every)

    def embedded(self) -> Path:
        """The same practices, each on a SQLite file of its own, with their first pass behind them."""
        files = self.place / "sqlite"
        files.mkdir()
        found = folder(self.place / "embedded", self.around, f"sqlite:///{files}/{{key}}.db")
        first_pass(found, self.place / "embedded-log")
        return found


@contextmanager
def stage(size: Size) -> Iterator[Stage]:
    """Set up, and struck at the end."""
    with tempfile.TemporaryDirectory(prefix="attitre-scale-") as made:
        place = Path(made)
        place.chmod(0o755)  # root's PostgreSQL is another user's process
        with around(size.practices, HIDDEN) as outside, postgres(place / "postgresql") as server:
            practices = folder(place / "practices", outside, server.store)
            first_pass(practices, place / "first")
            outside.slow(OF_A_SERVER_S)
            yield Stage(size, outside, server, practices, place, tables(server))
