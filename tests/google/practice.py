"""Two dentists' Google calendars, her hand in each, and the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from adapters.calendars.google.api import GoogleAccess
from adapters.calendars.google.calendar import GoogleCalendar
from demo.googlestandin import GoogleStandIn
from demo.googlestandin.person import Event
from sync.core.context import Source
from sync.store import calendars
from tests.office import COMPLETE, MORNING, PARIS, Office, make_office

ROBOT = "robot@practice.iam.gserviceaccount.com"
MINUTE = timedelta(seconds=61)
IDS = {"martin": "martin@lilas.example", "bernard": "bernard@lilas.example"}


class Practice:
    """Two dentists' Google calendars, her hand in each, and the worker."""

    def __init__(self, google: GoogleStandIn, folder: Path) -> None:
        self.google = google
        self.access = GoogleAccess(google.credentials_json(ROBOT), endpoint=google.root)
        for key, calendar in IDS.items():
            google.add_calendar(calendar, key)
            google.share(calendar, ROBOT, "writer")
        self.office: Office = make_office(folder, sources=[Source(self.calendar(key), key) for key in IDS])
        google.world.clock = lambda: self.office.now
        self.martin, self.bernard = (google.person(calendar) for calendar in IDS.values())

    def restarts(self) -> None:
        """Another process on the same store: nothing is kept but what stands there."""
        self.access = GoogleAccess(self.google.credentials_json(ROBOT), endpoint=self.google.root)
        sources = tuple(Source(self.calendar(key), key) for key in IDS)
        self.office.world = replace(self.office.world, sources=sources)

    def calendar(self, key: str) -> GoogleCalendar:
        return GoogleCalendar(self.access, IDS[key], zone=PARIS, secret=b"s" * 32)

    def books(self, title: str = "DUPONT Marie – détartrage", day: int = 7, hour: int = 10, **more: Any) -> Event:
        return self.martin.books(title, at(day, hour), 30, COMPLETE, **more)

    def passes(self, later: timedelta = timedelta(0)) -> Any:
        return self.office.passes(later=later)

    def told(self, kind: str) -> list[str]:
        return self.office.told(kind)

    def state(self, key: str = "martin") -> Any:
        with self.office.world.store.read() as tx:
            return calendars.get(tx, f"google:{IDS[key]}")

    def asked(self, operation: str) -> int:
        return len(self.google.asked(operation))


def at(day: int, hour: int = 10) -> datetime:
    return (MORNING + timedelta(days=day)).replace(hour=hour)
