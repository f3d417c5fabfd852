"""An office in memory: the dentists' calendars, gateways that keep what they are given, a clock that tests turn.

What `tests/sync` and `tests/procedure` share; their conftests give it to the tests as fixtures.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from rules.model import CalendarEvent, Channel, Dentist, Motif, Policy, Practice
from sync.core.context import Source, World
from sync.store import messages
from sync.store.engine import Store
from sync.worker.one_pass import PassReport, one_pass

PARIS = ZoneInfo("Europe/Paris")
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=PARIS)
COMPLETE = (
    "Nouveau patient\nSans préférence\nNé(e) le : 12/05/1981\nMobile : 06 12 34 56 78\nE-mail : marie@example.org\n"
    "Adresse : 3 rue Verte, 75011 Paris"
)
PRACTICE = Practice(
    key="lilas",
    name="Cabinet des Lilas",
    address="12 rue des Lilas, 75020 Paris",
    phone="01 43 00 00 00",
    email="secretariat@lilas.example",
    zone=PARIS,
    dentists=(
        Dentist("martin", "Dr Claire Martin", "Dentiste"),
        Dentist("bernard", "Dr Paul Bernard", "Orthodontiste"),
    ),
    motifs=(Motif("Détartrage", 30), Motif("Contrôle", 20)),
    blocks=("Congés", "Réunion"),
    policy=Policy(settle_seconds=0, settle_change_seconds=0, quiet_seconds=0),
)


def ics(uid: str, title: str, start: datetime, minutes: int = 30, text: str = "", extra: str = "") -> bytes:
    """An event as a client saves it."""
    end = start + timedelta(minutes=minutes)
    words = text.replace(",", "\\,").replace("\n", "\\n")
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client//FR", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20261101T080000Z", f"DTSTART;TZID=Europe/Paris:{start:%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Europe/Paris:{end:%Y%m%dT%H%M%S}", f"SUMMARY:{title}", f"DESCRIPTION:{words}",
        *([extra] if extra else []), "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


@dataclass
class Office:
    """The practice, its secretary's hands on each calendar, and the worker."""

    world: World
    calendars: dict[str, MemoryCalendar]
    sms: MemorySender
    email: MemorySender
    turned: timedelta = field(default_factory=timedelta)

    @property
    def now(self) -> datetime:
        return MORNING + self.turned

    def she_books(self, uid: str, day: int = 7, hour: int = 10, dentist: str = "martin", text: str = COMPLETE) -> None:
        start = (MORNING + timedelta(days=day)).replace(hour=hour)
        self.calendars[dentist].put(f"{uid}.ics", ics(uid, "DUPONT Marie – détartrage", start, 30, text))

    def passes(self, *, later: timedelta = timedelta(0)) -> PassReport:
        """Time goes on, then one pass."""
        self.turned += later
        return one_pass(self.world)

    def event(self, uid: str, dentist: str = "martin") -> CalendarEvent:
        body = self.calendars[dentist].get(f"{uid}.ics")
        assert body is not None
        return self.calendars[dentist].read(body.ref, body.payload, self.world.window(self.now)).events[0]

    def block(self, uid: str, dentist: str = "martin") -> str:
        """Our part of the event."""
        body = self.calendars[dentist].get(f"{uid}.ics")
        assert body is not None
        reading = self.calendars[dentist].read(body.ref, body.payload, self.world.window(self.now))
        return (reading.annotation.mark + "\n".join(reading.annotation.lines)).replace("\N{NO-BREAK SPACE}", " ")

    def told(self, kind: str) -> list[str]:
        """The states of the SMS of that kind."""
        with self.world.store.read() as tx:
            rows = messages.with_state(tx, "pending", "sent", "failed", "uncertain", zone=PARIS)
        return [row.state for row in rows if row.kind == kind and row.channel is Channel.SMS]

    def to_practice(self) -> list[str]:
        """Subjects of the alerts that the practice received."""
        return [message.subject for message in self.email.sent if message.to == PRACTICE.email]


def make_office(
    tmp_path: Path, practice: Practice = PRACTICE, sources: Iterable[Source] = (), store: Store | None = None
) -> Office:
    """Before its first pass. `sources`: calendars in memory; one for each of the two dentists where none are given.
    `store`: another one than a new one in the folder."""
    store = store or Store(f"sqlite:///{tmp_path / 'lilas.db'}", practice.key)
    store.prepare()
    read = tuple(sources) or tuple(Source(calendar_of(key), key) for key in ("martin", "bernard"))
    calendars = {source.address.rpartition(":")[2]: source.calendar for source in read}
    sms, email = MemorySender(Channel.SMS), MemorySender(Channel.EMAIL, repeatable=False)
    office = Office.__new__(Office)
    world = World(practice, store, read, {Channel.SMS: sms, Channel.EMAIL: email}, lambda: office.now)
    office.__init__(world, calendars, sms, email)  # type: ignore[misc]
    return office


def calendar_of(name: str) -> MemoryCalendar:
    """An empty calendar in memory."""
    return MemoryCalendar(f"memory:{name}", PARIS, b"s" * 32)
