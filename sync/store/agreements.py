"""The questions to patients whether they agree to another dentist, with their answers (P23, law L3).

One row for each booking, dentist and start: the same is never asked twice. `sync.evaluate` says which one stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import delete, insert, select, update

from rules.model import Question
from sync.store import counters
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import AnswerState
from sync.store.tx import here, the

_c = t.agreement.c
_PAST = timedelta(days=1)  # of older appointments no answer counts any more
_OF = select(t.agreement).where(*here(t.agreement, "booking"))
_GET = select(t.agreement).where(*here(t.agreement, "id"))
# without DISTINCT: with it, SQLite walks through the questions about all bookings
_ASKED = select(_c.booking).where(*here(t.agreement), _c.start > the(_c.start))
_ADD = insert(t.agreement)
_ANY_ZONE = ZoneInfo("UTC")  # where only moments are compared


class AgreementRow(Struct, frozen=True):
    """One question. `stands`: as last evaluated, it is to be asked, and an answer counts. `wording`: what the patient
    read when they answered. `start` is in the practice's zone, the other times in UTC. `Question` has the rest."""

    id: int
    booking: int
    dentist: str
    start: datetime
    own: str | None
    patient: int
    name: str
    words: str | None
    stands: bool
    asked_at: datetime
    answer: AnswerState | None
    answered_at: datetime | None
    wording: str | None

    def question(self, *, left: bool) -> Question:
        """For the rules."""
        answer = None if self.answer is None else self.answer is AnswerState.ACCEPTED
        return Question(
            self.dentist, self.start, self.own, self.patient, self.name, self.words, left, answer, self.answered_at,
            self.asked_at,
        )  # fmt: skip


def of(tx: Tx, booking: int, now: datetime, zone: ZoneInfo) -> list[AgreementRow]:
    """The questions about that booking, oldest first. One query tells of all bookings that there are none."""
    if tx.cache.asked is None:
        tx.cache.asked = frozenset(tx.run(_ASKED, the_start=now - _PAST).scalars())
    return of_any(tx, booking, zone) if booking in tx.cache.asked else []


def of_any(tx: Tx, booking: int, zone: ZoneInfo) -> list[AgreementRow]:
    """The same of any booking, past ones too."""
    rows = (_row(row, zone) for row in tx.run(_OF, the_booking=booking).mappings())
    return sorted(rows, key=lambda row: row.id)


def get(tx: Tx, number: int, zone: ZoneInfo) -> AgreementRow | None:
    """The question of that number."""
    row = tx.run(_GET, the_id=number).mappings().first()
    return _row(row, zone) if row else None


def add(tx: Tx, booking: int, what: Question, now: datetime, *, stands: bool = True) -> int:
    """Store a question. Returns its number."""
    number = counters.take_numbers(tx, "agreement")[0]
    row = {
        "id": number, "booking": booking, "dentist": what.dentist, "start": what.start, "own": what.own,
        "patient": what.patient_id, "name": what.name, "words": what.words, "stands": stands, "asked_at": now,
    }  # fmt: skip
    tx.add(_ADD, [row])
    tx.cache.asked = None
    return number


def note(tx: Tx, number: int, *, stands: bool, words: str | None) -> None:
    """Store whether the question stands, and her words with it."""
    _set(tx, number, stands=stands, words=words)


def answer(tx: Tx, number: int, said: AnswerState, wording: str, now: datetime) -> bool:
    """Store the answer to a standing question, once. Returns whether it was the first."""
    open_ = (_c.practice == tx.practice, _c.id == number, _c.answer.is_(None), _c.stands.is_(True))
    values = {"answer": said, "answered_at": now, "wording": wording}
    return tx.connection.execute(update(t.agreement).where(*open_).values(**values)).rowcount == 1


def follow(tx: Tx, booking: int, start: datetime, new: datetime, at: datetime) -> None:
    """The patient moved the appointment by their link, to another time of the dentist to whom they agreed: choosing it
    is the same agreement, for that time."""
    for row in of_any(tx, booking, _ANY_ZONE):
        if row.start == start and row.answer is AnswerState.ACCEPTED:
            _set(tx, row.id, start=new, answered_at=at)
    tx.cache.asked = None


def drop(tx: Tx, number: int) -> None:
    """Delete a question that nobody was asked."""
    tx.connection.execute(delete(t.agreement).where(_c.practice == tx.practice, _c.id == number))


def forget(tx: Tx, booking: int) -> None:
    """Another patient has the booking: nothing was asked of them."""
    tx.connection.execute(delete(t.agreement).where(_c.practice == tx.practice, _c.booking == booking))


def hand_over(tx: Tx, young: int, elder: int) -> None:
    """The younger booking turned out to be the elder one: move its questions."""
    known = {(row.dentist, row.start) for row in of_any(tx, elder, _ANY_ZONE)}
    for row in of_any(tx, young, _ANY_ZONE):
        if (row.dentist, row.start) in known:
            drop(tx, row.id)
        else:
            _set(tx, row.id, booking=elder)
    tx.cache.asked = None


def _set(tx: Tx, number: int, **values: Any) -> None:
    tx.connection.execute(update(t.agreement).where(_c.practice == tx.practice, _c.id == number).values(**values))


def _row(row: Any, zone: ZoneInfo) -> AgreementRow:
    values = {name: row[name] for name in AgreementRow.__struct_fields__}
    values["start"] = values["start"].astimezone(zone)
    values["answer"] = AnswerState(values["answer"]) if values["answer"] else None
    return AgreementRow(**values)
