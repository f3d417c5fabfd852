"""Patients at their pages beside a working worker: 200 requests a second, and how much longer a round takes.

A process of its own, so that the server's time does not count: `python -m bench.visitors YAML ROUNDS`. Whoever visits
is another process again: `python -m bench.visitors ADDRESS SECRET SECONDS`.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from bench.clients import configure, import_patients, on_caldav
from bench.measure import Failed
from bench.scenarios import serving

if TYPE_CHECKING:
    from adapters.web.office import Measure, Ring
    from sync.core.context import World

A_SECOND, VISITORS = 200, 4


@dataclass(frozen=True, slots=True)
class Beside:
    """`served`: requests a second that were answered with a page. `added`: milliseconds on the clock that a round took
    longer than without visitors, by the medians."""

    served: float
    added: float


def beside(events: int, rounds: int) -> Beside:
    """Of a worker over one calendar of so many events."""
    with serving(events) as (replay, place):
        file = configure(place, on_caldav(replay.urls))
        import_patients(place)
        asked = [sys.executable, "-m", "bench.visitors", str(file), str(rounds)]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise Failed(done.stderr[-1500:])
        return Beside(**json.loads(done.stdout.splitlines()[-1]))


def main(file: str, rounds: str) -> None:
    """Prints a Beside."""
    from adapters.web.listener import bound, serving
    from adapters.web.pages import application
    from config.load import load
    from sync.core.context import nobody_watches
    from sync.people.desk import PagesOfPatients
    from sync.wiring import open_world
    from sync.worker.one_pass import one_pass
    from sync.worker.round import one_round
    from sync.worker.scheduler import Readers

    settings, problems = load([Path(file)], {})
    assert settings is not None, problems
    with open_world(settings) as bare, bound("127.0.0.1:0") as door:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        world = replace(bare, practice=replace(bare.practice, page_url=address))

        def turn() -> None:  # readers that have read nothing yet: everything is due
            one_round(Readers(world, 60), nobody_watches)

        one_pass(world)  # a round would not wait for a whole first listing
        for _ in range(2):
            turn()
        quiet = _timed(turn, int(rounds))
        with serving(door, application((_Quiet(),), (PagesOfPatients(world, lambda: None),))):
            visit = [sys.executable, "-m", "bench.visitors", address, _secret(world), str(int(rounds) / 4)]
            visiting = subprocess.Popen(visit, stdout=subprocess.PIPE, text=True)  # noqa: S603
            busy = []
            while visiting.poll() is None:
                busy.append(_timed(turn, 1))
            served = float((visiting.stdout.read() if visiting.stdout else "") or 0)
    print(json.dumps({"served": served, "added": round((statistics.median(busy) - quiet) * 1000, 1)}))


class _Quiet:
    """The practice behind the other paths, which nobody visits here."""

    key = "banc"

    def healthy(self) -> bool:
        """See `adapters.web.office.Office`."""
        return True

    def measures(self) -> tuple[Measure, ...]:
        """See `adapters.web.office.Office`."""
        return ()

    def may_ring(self, _channel: str) -> bool:
        """See `adapters.web.office.Office`."""
        return False

    def rung(self, _ring: Ring) -> bool:
        """See `adapters.web.office.Office`."""
        return False

    def fault(self, error: Exception) -> None:
        """A fault of ours ends the measuring."""
        print(repr(error), file=sys.stderr)


def _timed(turn: Callable[[], None], rounds: int) -> float:
    """Seconds on the clock of the middle round; between two of them the worker waits as it would."""
    timed = []
    for _ in range(rounds):
        time.sleep(0.1)
        began = time.monotonic()
        turn()
        timed.append(time.monotonic() - began)
    return statistics.median(timed)


def _secret(world: World) -> str:
    """The link of a coming booking."""
    from rules.model import Channel
    from sync.store import bookings, links
    from sync.store.links import About, LinkKind

    now = world.now()
    with world.store.write() as tx:
        coming = bookings.starting(tx, now, now + timedelta(days=90), world.practice.zone)
        row = next(one for one in coming if one.state is bookings.VALID and one.patient and one.mobile)
        return links.make(tx, About(LinkKind.APPOINTMENT, row.id, row.patient or 0, row.mobile or "", Channel.SMS), now)


def visit(address: str, secret: str, seconds: str) -> None:
    """Prints how many pages a second were answered while so many were asked for."""
    began, answered = time.monotonic(), [0] * VISITORS

    def one(number: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        page = _opened(connection, f"/r/{secret}")
        asked = 0
        while time.monotonic() - began < float(seconds):
            due = began + asked * VISITORS / A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            answered[number] += _get(connection, page)[0] == 200
            asked += 1

    visitors = [threading.Thread(target=one, args=(number,)) for number in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    print(round(sum(answered) / (time.monotonic() - began), 1))


def _opened(connection: http.client.HTTPConnection, path: str) -> str:
    """The address without the secret, to which the link leads."""
    status, location = _get(connection, path)
    assert status == 303, status
    return urljoin(path, location)


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers.get("Location", "")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 3 else visit(*sys.argv[1:])
