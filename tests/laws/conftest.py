"""A practice with two dentists on a real server, real gateways on loopback, and a worker that dies where it is told."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from adapters.calendars.ical.resource import Ics
from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from demo.secretary import Event, Secretary
from demo.server import Server, radicale
from demo.sinks import MailSink, SmsSink
from rules.model import Channel, Dentist, Motif
from rules.model import Practice as PracticeValue
from sync.core.context import Source, World
from sync.store import edits, messages, resources
from sync.store.engine import Store, Tx
from sync.store.messages import MessageRow
from sync.worker import one_pass

PARIS = ZoneInfo("Europe/Paris")
SECRET = b"s" * 32
DENTISTS = ("martin", "bernard")
MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)
ICS = Ics(PARIS, SECRET, "any")
YAML = """
practice: {{key: lilas, name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.example}}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    hours: {{mon-sat: "08:00-19:00"}}
    calendars: [{{kind: caldav, url: "{url}cabinet/martin/", username: {user}, password: {password}}}]
  bernard:
    name: Dr Paul Bernard
    specialty: Orthodontiste
    calendars: [{{kind: caldav, url: "{url}cabinet/bernard/", username: {user}, password: {password}}}]
motifs:
  - {{label: Détartrage, minutes: 30, first_visit_minutes: 45}}
  - {{label: Contrôle, minutes: 20}}
messages:
  email: {{url: "{mail}", sender: "Cabinet <rdv@lilas.example>"}}
  sms: {{kind: http, url: "{sms}", json: {{to: "{{to}}", text: "{{text}}"}}}}
  settle_seconds: 0
  settle_change_seconds: 0
  most_per_hour: 1000
feedback: {{quiet_seconds: 0}}
sync: {{brake_percent: 100, brake_events: 50}}
page: {{public_url: "https://rdv.lilas.example"}}
waiting_list: {{mode: in_turn}}
store: "sqlite:///cabinet.db"
"""
TEXT = (
    "Nouveau patient\nSans préférence\nNé(e) le : 12/05/1981\nE-mail : marie@example.org\nMobile : 06 12 34 56 78\n"
    "Adresse : 3 rue Verte, 75011 Paris\nCommentaire : très inquiète, prévoir du temps"
)


@dataclass
class Practice:
    """Everything a law is tried on. `now` is the worker's clock."""

    folder: Path
    server: Server
    sms: SmsSink
    mail: MailSink
    worker: "subprocess.Popen[str]"
    dumb: bool = False
    pool: bool = False
    rounds: int = 0  # of `run`, in place of a pass
    now: datetime = MORNING
    booked: list[Event] = field(default_factory=list)
    link: str = ""  # the secret that a patient holds
    _kept_now: datetime = MORNING

    def secretary(self, dentist: str = "martin") -> Secretary:
        return Secretary(f"{self.server.url}cabinet/{dentist}/", self.server.user, self.server.password)

    def she_books(self, hour: int = 9, dentist: str = "martin") -> Event:
        """A complete booking of a new patient, a week from now."""
        start = (MORNING + timedelta(days=7)).replace(hour=hour, minute=30)
        event = self.secretary(dentist).books("DUPONT Marie – détartrage", start, 45, TEXT)
        self.booked.append(event)
        return event

    def passes(self, die_at: int = 0) -> dict[str, Any]:
        """One pass of the worker in a process of its own, killed at the n-th point."""
        order = {"now": self.now.isoformat(), "die_at": die_at, "dumb": self.dumb, "pool": self.pool}
        order["rounds"] = self.rounds
        answer = self._ordered(order)
        assert answer["died"] or answer["points"], "the pass failed by itself"
        return answer

    def opens(self) -> None:
        """The store is made; nothing is read yet."""
        self._ordered({"now": self.now.isoformat(), "only_open": True})

    def _ordered(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self.worker.stdin
        assert self.worker.stdout
        self.worker.stdin.write(json.dumps(order) + "\n")
        self.worker.stdin.flush()
        answer: dict[str, Any] = json.loads(self.worker.stdout.readline())
        return answer

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def settles(self) -> None:
        """Passes until retries and second chances are over."""
        for minutes in (1, 20, 90):
            self.later(minutes=minutes)
            self.passes()

    # --- a moment to come back to ------------------------------------------------------------------------------------

    @property
    def _places(self) -> dict[Path, Path]:
        kept = self.folder / "kept"
        collections = self.folder / "radicale" / "collections" / "collection-root"
        return {collections: kept / "collections", self.folder / "cabinet.db": kept / "cabinet.db"}

    def remember(self) -> None:
        """Keep the calendars and the store as they are; what was sent until now is forgotten."""
        for here, kept in self._places.items():
            _copy(here, kept)
        self._kept_now = self.now
        self.forget_sent()

    def goes_back(self) -> None:
        """To the moment that was remembered."""
        for name in ("cabinet.db-wal", "cabinet.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        for here, kept in self._places.items():
            _copy(kept, here)
        self.now = self._kept_now
        self.forget_sent()

    def forget_sent(self) -> None:
        for kept in (self.sms.messages, self.sms.repeats, self.mail.messages, self.mail.recipients):
            kept.clear()

    # --- what is looked at afterwards --------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        return Store(f"sqlite:///{self.folder / 'cabinet.db'}", "lilas")

    @contextmanager
    def looked_at(self) -> Iterator[Tx]:
        """The store, and nothing of it open afterwards: its file is put back under whoever has it open."""
        store = self.store
        try:
            with store.read() as tx:
                yield tx
        finally:
            store.close()

    def rows(self) -> list[MessageRow]:
        """Every message of the outbox that concerns what happened since the remembered moment."""
        states = (messages.PENDING, messages.CLAIMED, messages.SENT, messages.FAILED, messages.UNCERTAIN)
        with self.looked_at() as tx:
            found = messages.with_state(tx, *states, zone=PARIS)
        return [row for row in found if row.done_at is None or row.done_at >= self._kept_now]

    def nothing_is_owed(self) -> bool:
        with self.looked_at() as tx:
            late = datetime(2100, 1, 1, tzinfo=PARIS)
            waits = resources.backlog_is_open(tx) or resources.dirty(tx)
            return not waits and not edits.due(tx, late) and not messages.due(tx, late, PARIS)

    def store_equals_calendar(self) -> bool:
        """Version for version and meaning for meaning, our part included: so no cursor is ahead of what is stored."""
        there = {_tail(one.url): (one.etag, *self._read(one.raw.encode())) for who in DENTISTS for one in self.all(who)}
        with self.looked_at() as tx:
            held = {_tail(row.ref): (row.version, *self._read(row.payload)) for row in resources.present(tx)}
        return held == there

    def _read(self, payload: bytes) -> tuple[str, tuple[str, ...]]:
        reading = ICS.read("any", payload, (self.now - timedelta(days=35), self.now + timedelta(days=400)))
        return reading.semantic, reading.annotation.lines

    def without_ours(self, event: Event) -> bytes:
        """The event as it stands, without our part."""
        return ICS.strip(self.secretary().sees(event).raw.encode())

    def all(self, dentist: str) -> list[Event]:
        return self.secretary(dentist).everything()


def _tail(address: str) -> str:
    return address.rpartition("/")[2]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with radicale(tmp_path / "radicale") as server, SmsSink() as sms, MailSink() as mail:
        for name in ("martin", "bernard"):
            url = f"{server.url}cabinet/{name}/"
            requests.request("MKCALENDAR", url, auth=(server.user, server.password), timeout=30).raise_for_status()
        words = {"url": server.url, "user": server.user, "password": server.password, "sms": sms.url, "mail": mail.url}
        (tmp_path / "attitre.yaml").write_text(YAML.format(**words))
        command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(tmp_path / "attitre.yaml")]
        root = Path(__file__).parents[2]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, env={"PYTHONPATH": str(root)}
        ) as worker:
            yield Practice(tmp_path, server, sms, mail, worker)
            assert worker.stdin
            worker.stdin.close()


# --- a practice in memory ---------------------------------------------------------------------------------------------

ENTRY = (
    "Nouveau patient\\nSans préférence\\nNé(e) le : 12/05/1981\\nMobile : {mobile}\\n"
    "E-mail : {given}.{family}@example.org\\nAdresse : 77 rue Canarienne\\, 75011 Paris\\nCommentaire : secretissime"
)


@dataclass
class Desk:
    """A practice in memory: Quetzalia Zorglube is the patient whom misfortune meets, Marie Dupont the other one."""

    store: Store
    now: datetime = MORNING
    calendars: dict[str, MemoryCalendar] = field(
        default_factory=lambda: {who: MemoryCalendar(f"agenda:{who}", PARIS, SECRET) for who in ("martin", "bernard")}
    )
    sms: MemorySender = field(default_factory=lambda: MemorySender(Channel.SMS))
    mail: MemorySender = field(default_factory=lambda: MemorySender(Channel.EMAIL, repeatable=False))

    @property
    def world(self) -> World:
        practice = PracticeValue(
            key="lilas", name="Cabinet des Lilas", address="12 rue des Lilas, 75020 Paris", phone="01 43 00 00 00",
            email="s@lilas.example", zone=PARIS, motifs=(Motif("Greffe", 30), Motif("Contrôle", 30)),
            dentists=(Dentist("martin", "Dr Martin", "Dentiste"), Dentist("bernard", "Dr Bernard", "Orthodontiste")),
        )  # fmt: skip
        sources = tuple(Source(calendar, who) for who, calendar in self.calendars.items())
        senders = {Channel.SMS: self.sms, Channel.EMAIL: self.mail}
        return World(practice, self.store, sources, senders, lambda: self.now, on_uncertain={Channel.EMAIL: "retry"})

    def books(self, family: str, given: str, mobile: str, *, hour: int = 10, dentist: str = "martin") -> None:
        start = (MORNING + timedelta(days=7)).replace(hour=hour).astimezone(UTC)
        text = ENTRY.format(mobile=mobile, given=given.lower(), family=family.lower())
        self.calendars[dentist].put(
            f"{family}.ics",
            (
                f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//her client//FR\r\nBEGIN:VEVENT\r\nUID:{hour}\r\n"
                f"DTSTAMP:20261101T080000Z\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:PT30M\r\n"
                f"SUMMARY:{family} {given} – greffe\r\nDESCRIPTION:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            ).encode(),
        )

    def both_book(self) -> None:
        """The first pass is over; the unlucky patient comes first everywhere."""
        one_pass.one_pass(self.world)
        self.books("ZORGLUBE", "Quetzalia", "06 98 76 54 32", hour=10)
        self.books("DUPONT", "Marie", "06 12 34 56 78", hour=11)

    def passes(self, times: int = 6) -> None:
        for _ in range(times):
            self.now += timedelta(minutes=45)
            one_pass.one_pass(self.world)

    def told(self) -> set[str]:
        return {message.to for message in self.sms.sent}

    def kinds_told(self, mobile: str) -> set[str]:
        """What that patient was told, by kind."""
        return {message.key.split(":")[3] for message in self.sms.sent if message.to == mobile}

    def marks(self) -> dict[str, str]:
        """The title mark of each event, by family name."""
        found = {}
        for ref, body in self.calendars["martin"]._held.items():
            title = body.payload.decode().partition("SUMMARY:")[2]
            found[ref.removesuffix(".ics")] = title[0] if title[:1] in "✓⚠" else ""
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    store.prepare()
    yield Desk(store)
    store.close()
