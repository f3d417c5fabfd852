"""A street of practices on one PostgreSQL, their calendars on one server, and processes that share the work."""

import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from bench.server import Replay
from config.folder import Folder
from config.load import load
from sync.fleet.at_work import at_work
from sync.fleet.clock import ServerClock
from sync.fleet.fleet import Fleet
from sync.fleet.fleets import Fleets
from sync.fleet.seat import Seat
from sync.fleet.shape import Shape, Times
from sync.store.engine import Store
from sync.store.lease import Claim, Leases
from sync.wiring import open_world
from sync.worker.crew import Crew
from sync.worker.loop import Stop, run
from sync.worker.member import Around, Member, Opening

SHORT = Times(
    leased=3.0, renewed=0.5, polled=0.5, soonest=0.2, poll=1.0, swept=0.5, alive=3.0, polling=20.0, working=30.0,
    fetched=0.2, again=0.2,
)  # fmt: skip
SHAPE = Shape(shards=3, concurrency=4, times=SHORT)
YAML = """
practice: {{key: {key}, name: Cabinet {key}, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.example}}
store: "{store}"
dentists:
  martin: {{name: Dr Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "{url}"}}]}}
motifs: [{{label: Contrôle, minutes: 20}}]
sync: {{every_seconds: {every}}}
{more}
"""


class Homes(Replay):
    """The calendars, one a practice. `asked`: when each was asked, and until when; `slow`: seconds that an answer
    takes; `gate`: it waits for that."""

    def __init__(self, calendars: int, events: int = 3) -> None:
        super().__init__(events, datetime.now().date(), calendars)
        self.asked: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.slow, self.gate = 0.0, threading.Event()
        self.gate.set()
        self.came: list[str] = []  # the calendar of each question, answered or not yet
        report = self.dav.report

        def noted(path: str, body: str) -> bytes | None:
            begun = time.monotonic()
            self.came.append(path)
            self.gate.wait()
            time.sleep(self.slow)
            said = report(path, body)
            self.asked[path].append((begun, time.monotonic()))
            return said

        self.dav.report = noted  # type: ignore[method-assign]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def paths(self) -> list[str]:
        """Of the calendars."""
        return [url.removeprefix(self.root[:-1]) for url in self.urls]

    def counts(self) -> dict[str, int]:
        """How often each was asked."""
        return {path: len(times) for path, times in self.asked.items()}


class Street:
    """`practices` files in one folder."""

    def __init__(self, folder: Path, store: Store, practices: int, *, every: float = 1, more: str = "") -> None:
        self.folder, self.store, self.homes = folder, store, Homes(practices)
        self.keys = [f"p{number}" for number in range(practices)]
        folder.mkdir()
        for key, url in zip(self.keys, self.homes.urls, strict=True):
            self.write(key, url, every=every, more=more)

    def read(self) -> set[str]:
        """The practices whose calendar was asked, or is just now."""
        return {key for key, path in zip(self.keys, self.homes.paths, strict=True) if path in self.homes.came}

    def write(self, key: str, url: str, *, every: float = 1, more: str = "") -> Path:
        file = self.folder / f"{key}.yaml"
        address = self.store.url.render_as_string(hide_password=False)
        file.write_text(YAML.format(key=key, store=address, url=url, every=every, more=more), "utf-8")
        return file

    @contextmanager
    def machine(self, shape: Shape = SHAPE, folder: Path | None = None) -> Iterator["Machine"]:
        """A process's work, in this one. `folder`: its files, if they are others."""
        machine = Machine(folder or self.folder, shape)
        machine.thread.start()
        try:
            yield machine
        finally:
            machine.ends()


class Machine:
    def __init__(self, folder: Path, shape: Shape, opening: Opening = open_world) -> None:
        self.stop, found = Stop(), Folder([folder], {}, at_work)
        self.fleets: Fleets | None = None

        def sharing(stop: Stop) -> Fleets:
            self.fleets = Fleets(stop, shape)
            return self.fleets

        self.crew = Crew(found, found.read(), self.stop, opening, sharing=sharing)
        self.thread = threading.Thread(target=run, args=(self.crew, self.stop))

    @property
    def fleet(self) -> Fleet:
        assert self.fleets is not None
        [one] = self.fleets._at.values()
        return one.fleet

    @property
    def seats(self) -> dict[str, Seat]:
        return self.fleet.seats if self.fleets is not None and self.fleets._at else {}

    def ends(self) -> None:
        """SIGTERM, and its end."""
        self.stop(signal.SIGTERM)
        self.thread.join(60)
        assert not self.thread.is_alive()


def seat_in(street: Street) -> Seat:
    """The street's first practice, in a process of its own whose threads are the test's."""
    settings, problems = load([street.folder / "p0.yaml"], {})
    assert settings is not None, problems
    return Seat(Member(settings, Around(Stop()), street.folder / "p0.yaml"), Stop(), ServerClock(), lambda _: None)


def claimed(seat: Seat, leases: Leases) -> Claim:
    """The lease, which waits for its thread from now on."""
    claim = leases.claim([seat.key], 1, due=False)[seat.key]
    seat.fence = claim.fence
    return claim


def shape(**times: float) -> Shape:
    """As `SHAPE`, with other times."""
    return replace(SHAPE, times=replace(SHORT, **times))
