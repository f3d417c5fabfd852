"""Rounds inside one running process, as `attitre run` does all day: nothing changed, and one booking changed.

A process of its own, so that the server's time does not count: `python -m bench.worker YAML ROOT ROUNDS HISTORY`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from bench.clients import configure, on_caldav
from bench.measure import Failed
from bench.scenarios import serving


@dataclass(frozen=True, slots=True)
class Round:
    """The middle one of several that find nothing changed: seconds of CPU and on the clock; requests, bodies parsed,
    SQL that writes. `changed`: seconds of CPU of the middle one that finds a coming booking changed."""

    cpu: float
    wall: float
    requests: int
    parses: int
    writes: int
    changed: float


def a_round(events: int, rounds: int, *, accounts: int = 1, latency: float = 0.0, history: int = 0) -> Round:
    """Of a worker over so many calendars of so many events, each behind a login of its own. `history`: so many events
    more, of years that went by."""
    with serving(events, accounts, latency) as (replay, place):
        logins = [f', username: "{number}", password: p' if accounts > 1 else "" for number in range(accounts)]
        named = [one for url, login in zip(replay.urls, logins, strict=True) for one in on_caldav([url], login)]
        file = configure(place, named)
        asked = [sys.executable, "-m", "bench.worker", str(file), replay.root, str(rounds), str(history)]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise Failed(done.stderr[-1500:])
        return Round(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str, root: str, rounds: str, history: str) -> None:
    """Prints a Round."""
    from bench import history as years
    from config.load import load
    from sync.core.context import nobody_watches
    from sync.wiring import open_world
    from sync.worker.one_pass import one_pass
    from sync.worker.round import one_round
    from sync.worker.scheduler import Readers

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    with open_world(settings) as world:

        def turn() -> None:  # readers that have read nothing yet: everything is due
            one_round(Readers(world, 60), nobody_watches)

        one_pass(world)  # a round would not wait for a whole first listing
        years.went_by(world, int(history))
        for _ in range(2):
            turn()
        cpu, wall = _middle([_timed(turn) for _ in range(int(rounds))])
        _asked(f"{root}count")
        parsed = world.readings.parsed
        with _writes() as writes:
            turn()
        counted = {"requests": _asked(f"{root}count"), "parses": world.readings.parsed - parsed, "writes": len(writes)}
        changed, _ = _middle([_after_a_change(turn, root) for _ in range(int(rounds) // 2)])
    print(json.dumps({"cpu": cpu, "wall": wall, **counted, "changed": changed}))


def _middle(timed: list[tuple[float, float]]) -> tuple[float, float]:
    cpu, wall = map(statistics.median, zip(*timed, strict=True))
    return cpu, wall


def _timed(turn: Callable[[], None]) -> tuple[float, float]:
    """Seconds of CPU and on the clock."""
    began, cpu = time.monotonic(), time.process_time()
    turn()
    return time.process_time() - cpu, time.monotonic() - began


def _after_a_change(turn: Callable[[], None], root: str) -> tuple[float, float]:
    _asked(f"{root}change")
    return _timed(turn)


def _asked(url: str) -> int:
    return int(urlopen(url).read())  # noqa: S310


@contextmanager
def _writes() -> Iterator[list[str]]:
    """SQL that changes something, while this lasts."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    seen: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        if sql.split(maxsplit=1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            seen.append(sql)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


if __name__ == "__main__":
    main(*sys.argv[1:])
