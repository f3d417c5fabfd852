"""What a transaction read ahead for a batch is what the tables say, whatever was written since; and what came out the
same is not written (law L2)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event as sql
from sqlalchemy import select

from rules.model import Channel, Consent, Kind, MessageKind, Patient, Send
from rules.patients.clues import Clues
from sync.evaluate.evaluate import evaluate
from sync.store import bookings, consents, history, joining, messages, occurrences, patients, resources, told
from sync.store import tables as t
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.states import AttendanceState, BookingState, MessageState, TellingState
from sync.store.tx import TransactionCache
from tests.desk import MARIE, Desk, make_desk
from tests.office import PARIS

Write = Callable[[Tx, BookingRow, datetime], Any]
PLACE = ("memory:martin", "e1.ics")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont was told of her appointment, by SMS and by e-mail."""
    desk = make_desk(tmp_path, known=[MARIE])
    desk.books("DUPONT Marie – détartrage")
    desk.waits(minutes=1)
    assert len(desk.sms()) == 1
    return desk


SOPHIE = replace(MARIE, given_name="Sophie", mobile="+33699999999", email="sophie@example.org", birth_date=None)
ASKED = (
    Clues(names=("dupont", "marie")), Clues(names=("sophie",)), Clues(names=("le", "goff")),
    Clues(mobiles=("+33612345678", "+33699999999")), Clues(emails=("marie.dupont@example.org", "sophie@example.org")),
    Clues(birth_dates=(date(1981, 5, 12),)), Clues(ids=(1,)),
)  # fmt: skip


def answers(tx: Tx, row: BookingRow, now: datetime) -> tuple[object, ...]:
    """All that is asked of a booking, and of Marie, while it is evaluated."""
    booking, long_ago, day = row.id, now - timedelta(days=400), timedelta(days=1)
    return (
        bookings.get(tx, booking, PARIS), told.knowledge(tx, booking, PARIS), told.refused(tx, booking, PARIS),
        messages.of_booking(tx, booking, PARIS), consents.of(tx, booking), bookings.at_place(tx, *PLACE, PARIS),
        bookings.with_uid(tx, "e1", "", PARIS), history.visits(tx, 1, row.end + day, PARIS),
        history.unexcused_before(tx, 1, row.start + day, None, PARIS), history.vanished(tx, 1, long_ago, PARIS),
        history.untold(tx, 1, long_ago, PARIS), occurrences.busy_of_patient(tx, 1, now),
        *(patients.candidates(tx, one) for one in ASKED),
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


def books_again(tx: Tx, row: BookingRow, now: datetime) -> None:
    [values] = [dict(one) for one in tx.connection.execute(select(t.booking)).mappings()]
    bookings.add(tx, **{**values, "uid": "e2", "created_at": now, "id": 0})  # type: ignore[misc]


def names(tx: Tx, patient: Patient, now: datetime) -> int:
    return patients.save(tx, patient, now, "test", keep_name=True)


def merges(tx: Tx, now: datetime) -> None:
    gone = names(tx, SOPHIE, now)
    assert patients.expect(tx, ASKED) == {1, gone}
    joining.lead_to(tx, gone, 1, now)


def is_found(tx: Tx, row: BookingRow, kind: Kind, patient: int | None) -> frozenset[int] | None:
    return occurrences.evaluated(
        tx, PLACE, row.uid, row.recurrence, kind=kind.value, label="", booking=None, patient=patient, motif=None
    )


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
    "another patient": lambda tx, row, now: bookings.change(tx, row.id, patient=None),
    "a visit": lambda tx, row, now: bookings.change(tx, row.id, attendance=AttendanceState.HONOURED),
    "an absence": lambda tx, row, now: bookings.change(tx, row.id, attendance=AttendanceState.UNEXCUSED),
    "a booking gone": lambda tx, row, now: bookings.change(tx, row.id, state=BookingState.VANISHED, vanished_at=now),
    "a booking more": books_again,
    "a booking less": lambda tx, row, now: bookings.remove(tx, row.id),
    "no appointment": lambda tx, row, now: is_found(tx, row, Kind.BLOCK, None),
    "no place": lambda tx, row, now: occurrences.replace(tx, *PLACE, []),
    "a record": lambda tx, row, now: names(tx, SOPHIE, now),
    "a record's mobile": lambda tx, row, now: names(tx, replace(MARIE, id=1, mobile="+33699999999"), now),
    "a record's name": lambda tx, row, now: names(tx, replace(MARIE, id=1, family_name="Le Goff"), now),
    "no more SMS": lambda tx, row, now: patients.set_unwanted(tx, 1, {Channel.SMS: now}, now),
    "two records are one": lambda tx, row, now: merges(tx, now),
}


def the_booking(tx: Tx, now: datetime) -> BookingRow:
    """Read as for a batch."""
    bookings.expect(tx, PLACE[0], [PLACE[1]], PARIS)
    bookings.expect_uids(tx, ["e1"], PARIS)
    [row] = bookings.expected(tx)
    assert (row.calendar, row.ref) == PLACE
    for of_each in (told, messages, consents):
        of_each.expect(tx, [row.id])
    meant = patients.expect(tx, ASKED)
    assert meant == {1}
    history.expect(tx, meant)
    occurrences.expect(tx, PLACE[0], [PLACE[1]])
    occurrences.expect_of_patients(tx, meant, now)
    return row


@pytest.mark.parametrize("what", WRITES)
def test_what_was_read_ahead_is_dropped_by_whoever_writes(desk: Desk, what: str) -> None:
    with desk.office.world.store.write() as tx:
        now = desk.office.now
        row = the_booking(tx, now)
        before = answers(tx, row, now)
        WRITES[what](tx, row, now)
        found = answers(tx, row, now)
        tx.cache = TransactionCache()
        assert found == answers(tx, row, now)
        assert (found == before) == (what == "an agreement taken back")


def test_an_hour_that_comes_twice_is_another_time(desk: Desk) -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)
    for fold in (0, 1):
        with desk.office.world.store.write() as tx:
            bookings.change(tx, the_booking(tx, desk.office.now).id, start=twice.replace(fold=fold))
            assert the_booking(tx, desk.office.now).start.fold == fold


@pytest.mark.parametrize("uids", [["e1"], ["e1", "e2"]], ids=["alone", "in a batch"])
def test_l2_appointments_that_come_out_the_same_are_not_written(desk: Desk, uids: list[str]) -> None:
    desk.books("DUPONT Marie – contrôle", at="08/12 10:00")
    desk.waits(minutes=1)
    with desk.office.world.store.write() as tx:
        found = bookings.with_any_uid(tx, uids, PARIS)
        resources.mark_dirty(tx, [(row.calendar, row.ref) for row in found], desk.office.now)
    with written(desk) as tables:
        assert evaluate(desk.office.world) == len(uids)
    assert tables - {"edit"} == {"resource"}  # that they were evaluated; of an edit that is none


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
