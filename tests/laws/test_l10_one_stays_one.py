"""Law L10: one bad thing stays one. Law L8: what goes wrong names nobody.

Faults of our own making are planted where each step meets one patient: the others are told all the same, and no log
line, journal row or reason carries a name, number, address or motif.
"""

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from sqlalchemy import select

from adapters.base import Denied, Garbled, Permanent, TryLater, Uncertain, Unknown
from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from sync.evaluate import occurrence
from sync.outbox import deliver
from sync.pull.writer import Writer
from sync.store import notices, tables

PARIS, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=PARIS)
CANARIES = (
    "zorglube", "quetzalia", "98 76 54 32", "98765432", "canarienne", "greffe", "secretissime", "/1981",
    "1981-05", "1981, 5",
)  # fmt: skip


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
    "judging": (occurrence, "assess"),
    "rendering": (deliver, "outgoing"),
    "sending": (MemorySender, "send"),
    "writing": (MemoryCalendar, "apply"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_ours_meets_one_patient_and_the_other_is_told(
    desk: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    desk.both_book()
    owner, name = FAULTS[fault]
    monkeypatch.setattr(owner, name, unlucky(getattr(owner, name)))
    desk.passes()
    assert "+33612345678" in desk.told()
    assert desk.marks()["DUPONT"] == "✓"


def test_a_calendar_that_fails_leaves_the_others_told(desk: Any) -> None:
    desk.both_book()
    desk.calendars["bernard"].fail_next(Denied("…"), times=100)
    desk.passes()
    assert desk.told() == {"+33698765432", "+33612345678"}


def test_a_number_that_is_refused_leaves_the_others_told(desk: Any) -> None:
    desk.both_book()
    desk.sms.fail(Permanent("…"))
    desk.passes()
    assert len(desk.told()) == 1
    assert set(desk.marks().values()) == {"✓"}


def written_down(desk: Any) -> str:
    """What a person or a monitor may read without opening the practice's data."""
    with desk.store.read() as tx:
        rows: list[Any] = [tx.connection.execute(select(table)).all() for table in (tables.journal, tables.calendar)]
        rows += [[(row.subject, row.text, row.key) for row in notices.due(tx, desk.now)]]
        columns = (tables.message.c.reason, tables.resource.c.problem, tables.notice.c.subject, tables.notice.c.text)
        rows += [tx.connection.execute(select(column)).all() for column in columns]
    return repr(rows).replace("ZORGLUBE.ics", "")  # the address of the resource is hers to choose


@pytest.mark.parametrize("fault", [*FAULTS, "mirroring"])
def test_l8_a_fault_of_ours_names_nobody(
    desk: Any, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    desk.both_book()
    owner, name = FAULTS.get(fault, (Writer, "store"))
    monkeypatch.setattr(owner, name, unlucky(getattr(owner, name)))
    desk.passes(3)
    seen = (log.getvalue() + written_down(desk)).casefold()
    assert log.getvalue(), "the fault went unnoticed"
    assert [canary for canary in CANARIES if canary in seen] == []


def test_l8_misfortune_outside_names_nobody(desk: Any, log: io.StringIO) -> None:
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
