"""A practice whose calendars Google announces: its listener, and a worker that notes when it is woken."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from demo.googlestandin.channels import Channel
from sync.store import subscriptions
from sync.store.subscriptions import Subscription
from sync.worker import push_channels
from sync.worker.hints import Hints
from sync.worker.loop import Stop, Worker
from tests.google.practice import IDS, Practice

MARTIN, BERNARD = (f"google:{name}" for name in IDS.values())
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YAML = """
practice: {key: lilas, name: Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@l.example}
dentists:
  martin: {name: Dr Claire Martin, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/m/"}]}
  bernard: {name: Dr Paul Bernard, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/b/"}]}
motifs: [{label: Détartrage, minutes: 30}]
page: {public_url: "https://rdv.lilas.example"}
"""


@dataclass
class Announced:
    """The practice, its listener, and the worker that is woken."""

    practice: Practice
    worker: Worker
    root: str
    hints: Hints
    woken: list[float] = field(default_factory=list)
    told_of: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.root}/push/google"

    def passes(self, later: timedelta = MINUTE, where: str | None = "") -> None:
        """A turn of the worker: a pass, then its channels."""
        self.practice.passes(later=later)
        push_channels.refresh_channels(self.practice.office.world, self.where if where == "" else where)

    def rows(self, calendar: str = MARTIN) -> list[Subscription]:
        with self.practice.office.world.store.read() as tx:
            return [row for row in subscriptions.every(tx) if row.calendar == calendar]

    def open(self, calendar: str = "martin") -> list[Channel]:
        """What is open at Google."""
        return [one for one in self.practice.google.channels.open.values() if one.calendar == IDS[calendar]]

    def delivers(self) -> list[int]:
        """Google sends what waits, and the worker learns it."""
        channels = self.practice.google.channels
        sent = {name for name, _ in channels.waiting if name in channels.open}
        self.told_of.clear()
        found = channels.deliver()
        if 404 not in found:
            until(lambda: sent <= set(self.told_of))
        return found

    def told(self) -> str | None:
        with self.practice.office.world.store.read() as tx:
            return push_channels.trouble(tx, MARTIN, self.practice.office.now)

    def journal(self) -> list[str]:
        from sqlalchemy import select

        from sync.store import tables as t

        with self.practice.office.world.store.read() as tx:
            found = tx.connection.execute(select(t.journal.c.event).where(t.journal.c.event.like("push-%")))
            return [row.event for row in found]


def until(happened: Any) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Quiet(Worker):
    """A worker that no loop drives: it notes when it was woken."""

    def __init__(self, world: Any) -> None:
        from schedule import Scheduler

        super().__init__(world, 60, Stop(), Scheduler())
        self.woken: list[float] = []

    def wake(self) -> None:
        self.woken.append(time.monotonic())
