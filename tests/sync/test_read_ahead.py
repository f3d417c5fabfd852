"""What a transaction read ahead for a batch is what the tables say, whatever was written since; and what came out the
same is not written (law L2)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sql

from rules.model import Channel, Consent, MessageKind, Send
from sync.evaluate.evaluate import evaluate
from sync.store import bookings, consents, messages, resources, told
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.states import MessageState, TellingState
from sync.store.tx import TransactionCache
from tests.desk import MARIE, Desk, make_desk
from tests.office import PARIS

Write = Callable[[Tx, BookingRow, datetime], Any]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont was told of her appointment, by SMS and by e-mail."""
    desk = make_desk(tmp_path, known=[MARIE])
    desk.books("DUPONT Marie – détartrage")
    desk.waits(minutes=1)
    assert len(desk.sms()) == 1
    return desk


def answers(tx: Tx, booking: int) -> tuple[object, ...]:
    """All that is asked of a booking while it is evaluated."""
    return (
        bookings.get(tx, booking, PARIS), told.knowledge(tx, booking, PARIS), told.refused(tx, booking, PARIS),
        messages.of_booking(tx, booking, PARIS), consents.of(tx, booking),
    )  # fmt: skip


def tells(tx: Tx, row: BookingRow, now: datetime) -> None:
    told.tell(
        tx, row.id, Channel.SMS, 7, kind="change", facts=row.facts, recipient="+33612345678",
        state=TellingState.FAILED, at=now,
    )  # fmt: skip


def reminds(tx: Tx, row: BookingRow, now: datetime) -> None:
    assert messages.add(
        tx, row.id, Send(MessageKind.REMINDER, Channel.SMS, "+33612345678", row.facts), 0, due=now, now=now
    )


def puts_off(tx: Tx, row: BookingRow, now: datetime) -> None:
    reminds(tx, row, now)
    last = messages.of_booking(tx, row.id, PARIS)[-1]
    assert messages.move(tx, last.id, MessageState.PENDING, MessageState.HELD, reason="frein")


def agrees(tx: Tx, row: BookingRow, now: datetime) -> None:
    consents.record(tx, row.id, "bernard", Consent(True, "tél."), now)


def takes_back(tx: Tx, row: BookingRow, now: datetime) -> None:
    agrees(tx, row, now)
    assert consents.of(tx, row.id) == ("bernard",)
    consents.forget(tx, row.id)


WRITES: dict[str, Write] = {
    "a telling": tells,
    "a telling settled": lambda tx, row, now: told.settle(tx, row.id, Channel.SMS, 1, TellingState.UNCLEAR),
    "a telling forgotten": lambda tx, row, now: told.forget(tx, row.id, Channel.SMS, 1),
    "a message": reminds,
    "a message held": puts_off,
    "no message": lambda tx, row, now: messages.drop_of(tx, row.id),
    "an agreement": agrees,
    "an agreement taken back": takes_back,
    "another time": lambda tx, row, now: bookings.change(tx, row.id, start=row.start + timedelta(hours=1)),
    "another place": lambda tx, row, now: bookings.change(tx, row.id, ref="other.ics"),
}


def the_booking(tx: Tx) -> BookingRow:
    """Read as for a batch."""
    [row] = bookings.with_any_uid(tx, ["e1"], PARIS)
    bookings.expect(tx, row.calendar, [row.ref], PARIS)
    for of_each in (told, messages, consents):
        of_each.expect(tx, [row.id])
    return row


@pytest.mark.parametrize("what", WRITES)
def test_what_was_read_ahead_is_dropped_by_whoever_writes(desk: Desk, what: str) -> None:
    with desk.office.world.store.write() as tx:
        row = the_booking(tx)
        before = answers(tx, row.id)
        WRITES[what](tx, row, desk.office.now)
        found = answers(tx, row.id)
        tx.cache = TransactionCache()
        assert found == answers(tx, row.id)
        assert (found == before) == (what == "an agreement taken back")


def test_an_hour_that_comes_twice_is_another_time(desk: Desk) -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)
    for fold in (0, 1):
        with desk.office.world.store.write() as tx:
            bookings.change(tx, the_booking(tx).id, start=twice.replace(fold=fold))
            assert the_booking(tx).start.fold == fold


def test_l2_appointments_that_come_out_the_same_are_not_written(desk: Desk) -> None:
    desk.books("DUPONT Marie – contrôle", at="08/12 10:00")
    desk.waits(minutes=1)
    with desk.office.world.store.write() as tx:
        both = bookings.with_any_uid(tx, ["e1", "e2"], PARIS)
        resources.mark_dirty(tx, [(row.calendar, row.ref) for row in both], desk.office.now)
    with written(desk) as tables:
        assert evaluate(desk.office.world) == 2
    assert tables == {"resource"}  # that they were evaluated


@contextmanager
def written(desk: Desk) -> Iterator[set[str]]:
    """The tables that are written while this lasts."""
    tables: set[str] = set()

    def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if found := re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement):
            tables.add(found[1])

    engine = desk.office.world.store._engine
    sql.listen(engine, "before_cursor_execute", heard)
    try:
        yield tables
    finally:
        sql.remove(engine, "before_cursor_execute", heard)
