"""Rounds of a worker as `attitre run` has it, whole: with what is looked at before, and with the planning of the next.
By the practice's clock they are so far apart that each reads every calendar: nothing changed, and one booking changed.

A process of its own, so that the server's time does not count: `python -m bench.worker YAML ROOT ROUNDS HISTORY NOW`.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from bench import practice
from bench.clients import check_store, configure, import_patients, on_caldav
from bench.clock import EVERY, Clock
from bench.measure import Failed
from bench.rendered import PARIS
from bench.scenarios import serving

if TYPE_CHECKING:
    from sync.core.context import World


@dataclass(frozen=True, slots=True)
class Round:
    """One of several that find nothing changed: seconds of CPU and on the clock of the middle one; requests, bodies
    parsed, SQL that writes, in the mean. `changed`: seconds of CPU of the middle one that finds a coming booking
    changed, and judges it."""

    cpu: float
    wall: float
    requests: float
    parses: float
    writes: float
    changed: float


def a_round(events: int, rounds: int, *, accounts: int = 1, latency: float = 0.0, history: int = 0) -> Round:
    """Of a worker over so many calendars of so many events, each behind a login of its own, in a practice that imported
    its patients. `history`: so many events more, of years that went by."""
    with serving(events, accounts, latency) as (replay, place):
        logins = [f', username: "{number}", password: p' if accounts > 1 else "" for number in range(accounts)]
        named = [one for url, login in zip(replay.urls, logins, strict=True) for one in on_caldav([url], login)]
        now = practice.morning(replay.today, PARIS)
        file = configure(place, named, now=now)
        import_patients(place)
        options = [replay.root, str(rounds), str(history), now.isoformat()]
        asked = [sys.executable, "-m", "bench.worker", str(file), *options]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode or replay.writes:
            raise Failed(f"{done.stderr[-1500:]} {replay.writes} requests that write")
        check_store(place, replay)
        return Round(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str, root: str, rounds: str, history: str, now: str) -> None:
    """Prints a Round."""
    from bench import history as years
    from bench import pending
    from config.load import load
    from sync.wiring import open_world
    from sync.worker.one_pass import one_pass

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    clock = Clock(datetime.fromisoformat(now).replace(tzinfo=PARIS))
    with open_world(settings, clock=clock) as world:
        one_pass(world)  # a round would not wait for a whole first listing
        with world.store.write() as tx:
            pending.put(tx, world.now(), world.practice.policy.reminder_hours)
            outbox = pending.outbox(tx)
        years.went_by(world, int(history))
        with turning(world, clock) as turn:
            cpu, wall = _middle([timed(turn) for _ in range(int(rounds))])
            counted = _counted(world, turn, root, int(rounds))
            changed, _ = _middle([_after_a_change(world, clock, turn, root) for _ in range(int(rounds) // 2)])
        with world.store.read() as tx:
            assert pending.outbox(tx) == outbox, "a message went out, or would"
    print(json.dumps({"cpu": cpu, "wall": wall, **counted, "changed": changed}))


@contextmanager
def turning(world: World, clock: Clock) -> Iterator[Callable[[], None]]:
    """A worker after its first rounds, and its next one: the time that it waits for that goes by at once."""
    from schedule import Scheduler

    from sync.worker.loop import Stop, Worker

    worker = Worker(world, EVERY, Stop(), Scheduler())

    def turn() -> None:
        clock.goes_on()
        worker.turn()
        assert not worker.passes["failed"], "a round failed"

    try:
        for _ in range(2):
            turn()
        yield turn
    finally:
        worker.end()


def _middle(spent: list[tuple[float, float]]) -> tuple[float, float]:
    cpu, wall = map(statistics.median, zip(*spent, strict=True))
    return cpu, wall


def timed(turn: Callable[[], None]) -> tuple[float, float]:
    """Seconds of CPU and on the clock."""
    began, cpu = time.monotonic(), time.process_time()
    turn()
    return time.process_time() - cpu, time.monotonic() - began


def _counted(world: World, turn: Callable[[], None], root: str, rounds: int) -> dict[str, float]:
    """In the mean of further rounds that find nothing changed; the store is told now and then of what was read."""
    told(f"{root}count")
    parsed = world.readings.parsed
    with _writes() as writes:
        for _ in range(rounds):
            turn()
    counts = {"requests": int(told(f"{root}count")), "parses": world.readings.parsed - parsed, "writes": len(writes)}
    return {name: count / rounds for name, count in counts.items()}


def _after_a_change(world: World, clock: Clock, turn: Callable[[], None], root: str) -> tuple[float, float]:
    ref, digest = told(f"{root}change?at={clock().astimezone(UTC):%Y-%m-%dT%H:%M:%S}").split()
    spent = timed(turn)
    assert _is_judged(world, ref, digest), "the round ended before what changed was stored and judged"
    return spent


def _is_judged(world: World, ref: str, digest: str) -> bool:
    from sync.store import resources

    with world.store.read() as tx:
        rows = [row for source in world.sources if (row := resources.get(tx, source.address, ref))]
    return [(row.raw_hash.hex(), row.is_evaluated) for row in rows] == [(digest, True)]


def told(url: str) -> str:
    """What the replay says of itself."""
    return str(urlopen(url).read(), "ascii")  # noqa: S310


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
