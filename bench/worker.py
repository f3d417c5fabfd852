"""Rounds that find nothing changed, inside one running process: what `attitre run` does all day.

A process of its own, so that the server's time does not count: `python -m bench.worker YAML ROOT ROUNDS`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from bench.clients import configure, on_caldav
from bench.measure import Failed
from bench.scenarios import serving


@dataclass(frozen=True, slots=True)
class Round:
    """The middle one of several: seconds of CPU and on the clock; requests, bodies parsed, SQL that writes."""

    cpu: float
    wall: float
    requests: int
    parses: int
    writes: int


def idle_round(events: int, rounds: int, *, accounts: int = 1, latency: float = 0.0) -> Round:
    """Of a worker over so many calendars of so many events, each behind a login of its own."""
    with serving(events, accounts, latency) as (replay, place):
        logins = [f', username: "{number}", password: p' if accounts > 1 else "" for number in range(accounts)]
        named = [one for url, login in zip(replay.urls, logins, strict=True) for one in on_caldav([url], login)]
        file = configure(place, named)
        asked = [sys.executable, "-m", "bench.worker", str(file), replay.root, str(rounds)]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise Failed(done.stderr[-1500:])
        return Round(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str, root: str, rounds: str) -> None:
    """Prints a Round."""
    from config.load import load
    from sync.core.context import nobody_watches
    from sync.wiring import open_world
    from sync.worker.round import one_round
    from sync.worker.scheduler import Readers

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    with open_world(settings) as world:

        def turn() -> None:  # readers that have read nothing yet: everything is due
            one_round(Readers(world, 60), nobody_watches)

        for _ in range(3):
            turn()
        timed = []
        for _ in range(int(rounds)):
            began, cpu = time.monotonic(), time.process_time()
            turn()
            timed.append((time.process_time() - cpu, time.monotonic() - began))
        cpu, wall = map(statistics.median, zip(*timed, strict=True))
        _requests(root)
        parsed = world.readings.parsed
        with _writes() as writes:
            turn()
        counted = {"requests": _requests(root), "parses": world.readings.parsed - parsed, "writes": len(writes)}
    print(json.dumps({"cpu": cpu, "wall": wall, **counted}))


def _requests(root: str) -> int:
    return int(urlopen(f"{root}count").read())  # noqa: S310


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
