"""What the stand-in remembers: calendars, who may do what in them, events with their versions, tokens given out."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from demo.googlestandin.errors import Json, refuse
from demo.googlestandin.moments import stamp
from demo.googlestandin.recurrence import named

ROLES = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")


@dataclass(slots=True)
class Record:
    """One stored event. `bare`: moved away, only its id is left. `fell`: cancelled because its series was."""

    body: Json
    version: int
    bare: bool = False
    fell: bool = False

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def cancelled(self) -> bool:
        return bool(self.body.get("status") == "cancelled")

    @property
    def etag(self) -> str:
        """Another one after every change; strong, quotes included."""
        return f'"{3181161784712000 + 2 * self.version}"'


@dataclass(slots=True)
class Calendar:
    """One calendar: its events by id, its readers and writers by e-mail."""

    id: str
    summary: str
    zone: str = "Europe/Paris"
    acl: dict[str, str] = field(default_factory=dict)
    events: dict[str, Record] = field(default_factory=dict)

    def role(self, email: str) -> str:
        """One of ROLES."""
        return self.acl.get(email, "none")

    def exceptions(self, master_id: str) -> list[Record]:
        """The stored instances of a series."""
        return [record for record in self.events.values() if record.body.get("recurringEventId") == master_id]


@dataclass(frozen=True, slots=True)
class SyncPoint:
    """What a sync token stands for."""

    calendar: str
    email: str
    version: int
    query: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page token stands for: what is left to show, and the point reached when the first page was made."""

    point: SyncPoint
    left: tuple[Json, ...]
    ends_with_token: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """Guests that Google would have written to."""

    operation: str
    event_id: str
    guests: tuple[str, ...]


@dataclass(slots=True)
class Switches:
    """Behaviours that differ between accounts or moments. `bare_stubs`: a deleted event shows its id and status
    only, the documented minimum; else the details an organizer still sees with showDeleted. `moves_lose_properties`:
    extended properties stay behind when an event changes its calendar (private ones belong to one calendar's copy)."""

    bare_stubs: bool = True
    exceptions_first: bool = False
    moves_lose_properties: bool = False
    largest_page: int = 2500


class World:
    """The whole state. Everything that reads or changes it holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calendars: dict[str, Calendar] = {}
        self.lists: dict[str, set[str]] = {}
        self.points: dict[str, SyncPoint] = {}
        self.expired: set[str] = set()
        self.pages: dict[str, Page] = {}
        self.mails: list[Mail] = []
        self.switches = Switches()
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.version = 0
        self.changed: list[Callable[[str], None]] = []
        self._names = 0

    def fresh(self, prefix: str = "") -> str:
        """A name never used before, in Google's alphabet for ids; the same in every run."""
        self._names += 1
        digest = hashlib.sha256(f"{self._names}".encode()).digest()[:16]
        return prefix + base64.b32hexencode(digest).decode().rstrip("=").lower()

    def calendar(self, calendar_id: str, email: str, *, least: str = "freeBusyReader") -> Calendar:
        """The calendar as this identity may use it: 404 for one not shared with it, 403 below `least`."""
        found = self.calendars.get(email if calendar_id == "primary" else calendar_id)
        role = found.role(email) if found else "none"
        if found is None or role == "none":
            raise refuse("notFound")
        if ROLES.index(role) < ROLES.index(least):
            raise refuse("requiredAccessLevel")
        return found

    def keep(self, calendar: Calendar, body: Json, *, bare: bool = False, fell: bool = False) -> Record:
        """Store an event as of now, with a new version."""
        self.version += 1
        now = stamp(self.clock())
        body = {"created": now, "sequence": 0, "status": "confirmed", **body, "updated": now}
        record = Record(body, self.version, bare, fell)
        calendar.events.pop(record.id, None)  # dictionaries keep the place of a known key
        calendar.events[record.id] = record
        for told in self.changed:
            told(calendar.id)
        return record

    def find(self, calendar: Calendar, event_id: str) -> Record:
        """The event or an instance of a series under its id; 404 where there is none."""
        record = calendar.events.get(event_id) or self._instance(calendar, event_id)
        if record is None:
            raise refuse("notFound")
        return record

    def _instance(self, calendar: Calendar, event_id: str) -> Record | None:
        master = calendar.events.get(event_id.rpartition("_")[0])
        if master is None or master.cancelled or "recurrence" not in master.body:
            return None
        body = named(master.id, master.body, event_id)
        return Record(body, master.version) if body else None
