"""Law L10: one bad thing stays one. Law L8: what goes wrong names nobody.

Faults of our own making are planted where each step meets one patient: the others are told all the same, and no log
line, journal row or reason carries a name, number, address or motif.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from sqlalchemy import select

from adapters.base import Denied, Garbled, Permanent, TryLater, Uncertain, Unknown
from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from rules.model import Channel, Dentist, Motif, Practice
from sync import judge, mirror, outbox, passes
from sync.store import notices, tables
from sync.store.engine import Store
from sync.world import Source, World

PARIS, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=PARIS)
CANARIES = (
    "zorglube", "quetzalia", "98 76 54 32", "98765432", "canarienne", "greffe", "secretissime", "1981",
)  # fmt: skip
TEXT = (
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
        practice = Practice(
            key="lilas", name="Cabinet des Lilas", address="12 rue des Lilas, 75020 Paris", phone="01 43 00 00 00",
            email="s@lilas.example", zone=PARIS, motifs=(Motif("Greffe", 30), Motif("Contrôle", 30)),
            dentists=(Dentist("martin", "Dr Martin", "Dentiste"), Dentist("bernard", "Dr Bernard", "Orthodontiste")),
        )  # fmt: skip
        sources = tuple(Source(calendar, who) for who, calendar in self.calendars.items())
        senders = {Channel.SMS: self.sms, Channel.EMAIL: self.mail}
        return World(practice, self.store, sources, senders, lambda: self.now, on_uncertain={Channel.EMAIL: "retry"})

    def books(self, family: str, given: str, mobile: str, *, hour: int = 10, dentist: str = "martin") -> None:
        start = (MORNING + timedelta(days=7)).replace(hour=hour).astimezone(UTC)
        text = TEXT.format(mobile=mobile, given=given.lower(), family=family.lower())
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
        passes.one_pass(self.world)
        self.books("ZORGLUBE", "Quetzalia", "06 98 76 54 32", hour=10)
        self.books("DUPONT", "Marie", "06 12 34 56 78", hour=11)

    def passes(self, times: int = 6) -> None:
        for _ in range(times):
            self.now += timedelta(minutes=45)
            passes.one_pass(self.world)

    def told(self) -> set[str]:
        return {message.to for message in self.sms.sent}

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


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at every level, written as the worker writes it."""
    lines = io.StringIO()
    before = structlog.get_config()
    processors = [structlog.processors.format_exc_info, structlog.processors.LogfmtRenderer(bool_as_flag=False)]
    structlog.configure(processors=processors, logger_factory=structlog.PrintLoggerFactory(lines))
    yield lines
    structlog.configure(**before)


def unlucky(call: Callable[..., Any]) -> Callable[..., Any]:
    """Fails, in so many words, where it meets the unlucky patient."""

    def called(*args: Any, **options: Any) -> Any:
        if any(name in repr(args).casefold() for name in ("zorglube", "698765432")):
            raise ValueError("ZORGLUBE Quetzalia, 06 98 76 54 32, 77 rue Canarienne, greffe: secretissime 12/05/1981")
        return call(*args, **options)

    return called


FAULTS = {
    "judging": (judge, "assess"),
    "rendering": (outbox, "outgoing"),
    "sending": (MemorySender, "send"),
    "writing": (MemoryCalendar, "apply"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_ours_meets_one_patient_and_the_other_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    desk.both_book()
    owner, name = FAULTS[fault]
    monkeypatch.setattr(owner, name, unlucky(getattr(owner, name)))
    desk.passes()
    assert "+33612345678" in desk.told()
    assert desk.marks()["DUPONT"] == "✓"


def test_a_calendar_that_fails_leaves_the_others_told(desk: Desk) -> None:
    desk.both_book()
    desk.calendars["bernard"].fail_next(Denied("…"), times=100)
    desk.passes()
    assert desk.told() == {"+33698765432", "+33612345678"}


def test_a_number_that_is_refused_leaves_the_others_told(desk: Desk) -> None:
    desk.both_book()
    desk.sms.fail(Permanent("…"))
    desk.passes()
    assert len(desk.told()) == 1
    assert set(desk.marks().values()) == {"✓"}


def written_down(desk: Desk) -> str:
    """What a person or a monitor may read without opening the practice's data."""
    with desk.store.read() as tx:
        rows: list[Any] = [tx.connection.execute(select(table)).all() for table in (tables.journal, tables.calendar)]
        rows += [[(row.subject, row.text, row.key) for row in notices.due(tx, desk.now)]]
        rows += [tx.connection.execute(select(tables.message.c.reason, tables.resource.c.problem)).all()]
        rows += [tx.connection.execute(select(tables.notice.c.subject, tables.notice.c.text)).all()]
    return repr(rows).replace("ZORGLUBE.ics", "")  # the address of the resource is hers to choose


@pytest.mark.parametrize("fault", [*FAULTS, "mirroring"])
def test_l8_a_fault_of_ours_names_nobody(
    desk: Desk, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    desk.both_book()
    owner, name = FAULTS.get(fault, (mirror._Writer, "store"))
    monkeypatch.setattr(owner, name, unlucky(getattr(owner, name)))
    desk.passes(3)
    seen = (log.getvalue() + written_down(desk)).casefold()
    assert log.getvalue(), "the fault went unnoticed"
    assert [canary for canary in CANARIES if canary in seen] == []


def test_l8_misfortune_outside_names_nobody(desk: Desk, log: io.StringIO) -> None:
    desk.both_book()
    errors = (TryLater("…"), Denied("…"), Garbled("…"), Unknown())
    for error in errors:
        desk.calendars["martin"].fail_next(error)
        desk.passes(1)
    for sender in (desk.sms, desk.mail):
        for error in (TryLater("…"), Uncertain("…"), Permanent("…")):
            sender.fail(error)
    desk.passes()
    seen = (log.getvalue() + written_down(desk)).casefold()
    assert [canary for canary in CANARIES if canary in seen] == []
