"""Two workers that share a practice, killed at any moment: each of a thousand messages goes out once."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.server import Replay
from config.load import load
from demo.sinks import Answer, Sms, SmsSink
from rules.model import Channel
from sync.evaluate.evaluate import evaluate
from sync.store import calendars, messages
from sync.store import tables as t
from sync.store.engine import Store
from sync.wiring import open_world
from sync.worker.one_pass import one_pass
from sync.worker.scheduler import Readers
from tests.fleet.nest import alive, nest
from tests.fleet.test_leases import ends
from tests.office import MORNING, ics

COUNT = 1000
YAML = """
practice: {{key: lilas, name: Cabinet, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.example}}
store: "{store}"
dentists:
  martin: {{name: Dr Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "{url}"}}]}}
motifs: [{{label: Contrôle, minutes: 20}}]
messages:
  sms: {{kind: http, url: "{sms}", json: {{to: "{{to}}", text: "{{text}}"}}, headers: {{X-Worker: !env WORKER}}}}
  settle_seconds: 0
  most_per_pass: 5000
rules: {{email-missing: "off"}}
sync: {{every_seconds: 1, brake_new: 5000}}
"""


class Full(Replay):
    """Nearly empty at first; then with a thousand check-ups of as many new patients."""

    def __init__(self) -> None:
        super().__init__(1, MORNING.date())
        threading.Thread(target=self.serve, daemon=True).start()

    def fill(self, today: datetime) -> None:
        names = ["".join(letters).capitalize() for letters in product("bcdfglmnprst", "aeiou", "lmnrst", "aeio", "c")]
        for number in range(COUNT):
            day, slot = divmod(number, 36)
            start = today.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(
                days=day + 3, minutes=20 * slot
            )
            words = (
                "Nouveau patient\nSans préférence\nAdresse : 3 rue Verte, 75011 Paris\n"
                f"Né(e) le : {date(1950, 1, 1) + timedelta(days=17 * number):%d/%m/%Y}\n"
                f"Mobile : 06 12 34 {number // 100:02} {number % 100:02}"
            )
            body = ics(f"{number}@h07", f"{names[number].upper()} {names[-number - 1]} – contrôle", start, 20, words)
            self.bodies[f"{number + 1}.ics"] = body
        self.events, self.revisions, self.revision = COUNT + 1, [0] + [1] * COUNT, 1


@dataclass
class Deadly(SmsSink):
    """A gateway whose callers die around some calls (one in ten where there is time for it): before the message is
    taken, before the answer, soon after it; or their lease ends, so that two work at once."""

    store: Store = field(default=None)  # type: ignore[assignment]
    deaths: int = 0
    cuts: int = 0
    accepted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        SmsSink.__init__(self)
        self.dice, self.on = random.Random(7), True
        self.share = 0.1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 0.02

    def take(self, sms: Sms) -> tuple[Answer, str]:
        fate = self.dice.random() / self.share if self.on else 1
        worker = int(sms.headers["x-worker"])
        if fate < 0.25:
            self._kills(worker)
            return Answer(drop=True), ""
        known = len(self.messages)
        result = super().take(sms)
        self.accepted += [sms.key] * (len(self.messages) - known)
        if fate < 0.5:
            self._kills(worker)
        elif fate < 0.85:
            threading.Timer(self.dice.random() / 20, self._kills, [worker]).start()
        elif fate < 1:
            self.cuts += 1
            ends(self.store)
        return result

    def _kills(self, worker: int) -> None:
        try:
            os.kill(worker, signal.SIGKILL)
            self.deaths += 1
        except ProcessLookupError:
            pass


@pytest.fixture
def spawned(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Starts an `attitre run`; its pid."""
    with nest(tmp_path / "attitre.yaml", tmp_path / "log", leased=1.0) as one:
        yield one


def thousand_due(store: Store, file: Path, calendar: Full) -> None:
    """A thousand confirmations wait to be sent; the calendar takes no writes."""
    settings, problems = load([file], {"WORKER": "0"})
    assert settings, problems
    with open_world(settings, store=store) as world:
        one_pass(world)
        with store.write() as tx:
            calendars.change(tx, calendar.url, conditions_at=world.now(), read_only="lecture seule")
        calendar.fill(world.now())
        Readers(world, 0, patience=60).read_all(world.sources)
        evaluate(world)
        with store.read() as tx:
            due = messages.due(tx, world.now(), world.practice.zone)
    assert len([row for row in due if row.channel is Channel.SMS]) == COUNT


def states(store: Store) -> dict[str, int]:
    c = t.message.c
    with store.read() as tx:
        rows = tx.connection.execute(select(c.state, func.count()).group_by(c.state)).all()
    return {str(row[0]): int(row[1]) for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_h07_two_workers_killed_at_any_moment_send_each_of_a_thousand_once(
    store: Store, tmp_path: Path, spawned: Callable[[], int]
) -> None:
    calendar, file = Full(), tmp_path / "attitre.yaml"
    with Deadly(store=store) as gateway:
        url = store.url.render_as_string(hide_password=False)
        file.write_text(YAML.format(store=url, url=calendar.url, sms=gateway.url))
        thousand_due(Store(url, "lilas"), file, calendar)
        workers, end = [spawned(), spawned()], time.monotonic() + 500
        while states(store) != {"sent": COUNT}:
            assert time.monotonic() < end, (states(store), (tmp_path / "log").read_text()[-2000:])
            gateway.on = len(gateway.accepted) < COUNT
            workers = [pid if alive(pid) else spawned() for pid in workers]
            time.sleep(0.05)
    assert len(gateway.accepted) == len(set(gateway.accepted)) == COUNT
    assert gateway.deaths > COUNT * gateway.share / 2
    assert gateway.cuts
