"""Patients at their pages beside a working worker: 200 requests a second, and how much longer a round takes.

A process of its own, so that the server's time does not count: `python -m bench.visitors YAML ROUNDS`. Whoever visits
is another process again, which reads the links from its standard input: `python -m bench.visitors ADDRESS SECONDS`.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
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
_OPENED = "opened\n"


@dataclass(frozen=True, slots=True)
class Beside:
    """`served`: requests a second that were answered with a page. `added`: milliseconds on the clock that a round took
    longer than without visitors, by the medians, but never less than none; `noise`: by how much two halves of the
    rounds without visitors differ, or a round beside them was shorter than one without."""

    served: float
    added: float
    noise: float


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
        quiet = [_timed(turn) for _ in range(int(rounds))]
        with serving(door, application((Quiet(),), (PagesOfPatients(world, lambda: None),))):
            visiting = _visit(address, _secrets(world), int(rounds) / 4)
            busy = []
            while visiting.poll() is None:
                busy.append(_timed(turn))
            assert visiting.returncode == 0, "a visitor got no page"
            served = float(visiting.stdout.read() if visiting.stdout else 0)
    print(json.dumps(asdict(compared(served, quiet, busy))))


def compared(served: float, quiet: Sequence[float], busy: Sequence[float]) -> Beside:
    """Of seconds that rounds took without visitors and beside them."""
    added, halves = statistics.median(busy) - statistics.median(quiet), (quiet[::2], quiet[1::2])
    between = abs(statistics.median(halves[0]) - statistics.median(halves[1]))
    return Beside(served, round(max(0.0, added) * 1000, 1), round(max(between, -added) * 1000, 1))


def _visit(address: str, secrets: Sequence[str], seconds: float) -> subprocess.Popen[str]:
    """Visitors who opened all links already."""
    asked = [sys.executable, "-m", "bench.visitors", address, str(seconds)]
    visiting = subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert visiting.stdin
    assert visiting.stdout
    with visiting.stdin as told:
        told.write("\n".join(secrets))
    assert visiting.stdout.readline() == _OPENED, "a link led nowhere"
    return visiting


class Quiet:
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


def _timed(turn: Callable[[], None]) -> float:
    """Seconds on the clock of a round, before which the worker waits as it would."""
    time.sleep(0.1)
    began = time.monotonic()
    turn()
    return time.monotonic() - began


def _secrets(world: World) -> list[str]:
    """A link for each booking to come."""
    from rules.model import Channel
    from sync.store import bookings, links
    from sync.store.links import About, LinkKind

    now, kind, sms = world.now(), LinkKind.APPOINTMENT, Channel.SMS
    with world.store.write() as tx:
        coming = bookings.starting(tx, now, now + timedelta(days=36_500), world.practice.zone)
        known = [one for one in coming if one.state is bookings.VALID and one.patient and one.mobile]
        return [links.make(tx, About(kind, one.id, one.patient or 0, one.mobile or "", sms), now) for one in known]


def visit(address: str, seconds: str) -> None:
    """Prints that the links were opened, then how many pages a second were answered while so many were asked for, each
    time of another link. Ends with an error where one was not."""
    netloc, secrets = urlsplit(address).netloc, sys.stdin.read().split()
    with ThreadPoolExecutor(VISITORS) as visitors:
        theirs = [secrets[number::VISITORS] for number in range(VISITORS)]
        pages = list(visitors.map(partial(_opened, netloc), theirs))
        print(_OPENED, end="", flush=True)
        began = time.monotonic()
        asked = list(visitors.map(partial(_looks, netloc, began, float(seconds)), pages))
        print(round(sum(asked) / (time.monotonic() - began), 1))


def _opened(netloc: str, secrets: Sequence[str]) -> list[str]:
    """The addresses without the secrets, to which the links lead."""
    connection = http.client.HTTPConnection(netloc, timeout=10)
    return [urljoin(path, _get(connection, path, 303)) for path in (f"/r/{secret}" for secret in secrets)]


def _looks(netloc: str, began: float, seconds: float, pages: Sequence[str]) -> int:
    """How many pages one visitor saw."""
    connection, asked = http.client.HTTPConnection(netloc, timeout=10), 0
    while pages and time.monotonic() - began < seconds:
        due = began + asked * VISITORS / A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        _get(connection, pages[asked % len(pages)], 200)
        asked += 1
    return asked


def _get(connection: http.client.HTTPConnection, path: str, wanted: int) -> str:
    """Where it leads, if anywhere."""
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == wanted, answer.status
    return answer.headers.get("Location", "")


if __name__ == "__main__":
    visit(*sys.argv[1:]) if "://" in sys.argv[1] else main(*sys.argv[1:])
