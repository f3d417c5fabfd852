"""The office with a worker's readers, by a clock that tests turn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep

from sync.core.context import nobody_watches
from sync.store import calendars, views
from sync.store.calendars import CalendarRow
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.office import COMPLETE, Office

OTHER = COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972")


@dataclass
class Working:
    """The office with a worker's readers: `rounds` gives when each calendar was asked, in seconds from now on."""

    office: Office
    readers: Readers

    def __init__(self, office: Office, every: int = 60) -> None:
        self.office, self.readers = office, Readers(office.world, every, chance=lambda: 0.5)

    def rounds(self, seconds: float) -> dict[str, list[float]]:
        began, end, asked = self.office.now, self.office.now + timedelta(seconds=seconds), dict[str, list[float]]()
        while True:
            self.once(asked, began)
            due = min(
                filter(None, (self.readers.next_due(self.rows(), self.office.now), self.due_message())), default=end
            )
            if max(due, self.office.now) >= end:
                self.office.turned += end - self.office.now
                return asked
            self.office.turned += max(due - self.office.now, timedelta(seconds=1))

    def once(self, asked: dict[str, list[float]] | None = None, began: datetime | None = None) -> None:
        before = {name: calendar.calls["changes"] for name, calendar in self.office.calendars.items()}
        one_round(self.readers, nobody_watches)
        for name, calendar in self.office.calendars.items():
            if asked is not None and began is not None and calendar.calls["changes"] > before[name]:
                asked.setdefault(name, []).append((self.office.now - began).total_seconds())

    def rows(self) -> dict[str, CalendarRow]:
        with self.office.world.store.read() as tx:
            return {row.calendar: row for row in calendars.every(tx)}

    def due_message(self) -> datetime | None:
        with self.office.world.store.read() as tx:
            return views.next_due(tx, self.office.now)


def row_of(office: Office, dentist: str = "martin") -> CalendarRow:
    with office.world.store.read() as tx:
        found = calendars.get(tx, f"memory:{dentist}")
    assert found is not None
    return found


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait for it, so long at most."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end
        sleep(0.01)
