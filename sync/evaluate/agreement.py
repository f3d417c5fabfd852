"""The questions to a patient whether they agree to another dentist, as an evaluation finds and leaves them (P23)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Assessment, Booking, Channel, Facts, MessageKind, Question, Send
from rules.telling.planning import facts_of
from rules.text.fold import key
from sync.core.context import World
from sync.store import agreements, journal, messages, told
from sync.store.agreements import AgreementRow
from sync.store.engine import Tx
from sync.store.messages import CLAIMED, FAILED, SENT, UNCERTAIN, MessageRow

_LEFT = frozenset({CLAIMED, SENT, FAILED, UNCERTAIN})


class At(Struct, frozen=True):
    """One booking in one transaction. `now`: of the evaluation."""

    world: World
    tx: Tx
    booking: int
    now: datetime

    def rows(self) -> list[AgreementRow]:
        """Its questions."""
        return agreements.of(self.tx, self.booking, self.now, self.world.practice.zone)

    def messages(self) -> list[MessageRow]:
        """Their messages, in any state."""
        every = messages.of_booking(self.tx, self.booking, self.world.practice.zone)
        return [row for row in every if row.kind is MessageKind.AGREEMENT]


class Typed(Struct, frozen=True):
    """What she typed: the words of « Demander l'accord », None without it; `copied`: they came with a copied event."""

    words: str | None
    copied: bool = False


def questions(at: At) -> tuple[Question, ...]:
    """What the patient of that booking was asked, for the rules."""
    rows = at.rows()
    asked = at.messages() if rows else []
    return tuple(row.question(left=_left(row, asked)) for row in rows)


def keep(at: At, found: Assessment, typed: Typed) -> None:
    """Store which question stands now, and put it into the outbox if nobody was asked it yet."""
    rows = at.rows()
    if typed.copied and found.booking is not None and typed.words is not None:
        _note_copied(at, found.booking, typed.words)
    if not rows and found.question is None:
        return
    asked = at.messages()
    for row in rows:
        if not _gives_way(at.tx, row, found.question, asked):
            _note(at.tx, row, found.question, typed.words)
    if found.question is not None and found.booking is not None:
        _ask(at, found.booking, found.question)


def _note(tx: Tx, row: AgreementRow, wanted: Question | None, words: str | None) -> None:
    stands = _is(row, wanted)
    kept = words if stands else row.words if words is not None else None
    if (stands, kept) != (row.stands, row.words):
        agreements.note(tx, row.id, stands=stands, words=kept)


def _gives_way(tx: Tx, row: AgreementRow, wanted: Question | None, asked: Sequence[MessageRow]) -> bool:
    """Whether the question was dropped: it never left, and its words ask for another dentist or time now."""
    if wanted is None or _is(row, wanted) or row.words is None or not row.dentist or row.answer is not None:
        return False
    if key(row.words) != key(wanted.words or "") or _left(row, asked):
        return False
    _take_back(tx, row, asked)
    agreements.drop(tx, row.id)
    return True


def _ask(at: At, what: Booking, wanted: Question) -> None:
    """Store the question, and its messages as long as none left: they go once she has stopped typing."""
    row, asked = next((one for one in at.rows() if _is(one, wanted)), None), at.messages()
    if row is not None and (_left(row, asked) or _waits(row, asked)):
        return
    if row is not None:
        _take_back(at.tx, row, asked)
    number = row.id if row else agreements.add(at.tx, at.booking, wanted, at.now)
    facts = replace(facts_of(what, at.world.practice), patient_id=what.patient.id or 0)
    before = _before(at, facts, wanted)
    due = at.now + timedelta(seconds=at.world.practice.policy.settle_seconds)
    for channel, to in ((Channel.SMS, what.reached_by_sms), (Channel.EMAIL, what.reached_by_email)):
        if to:
            send = Send(MessageKind.AGREEMENT, channel, to, facts, before)
            messages.add(at.tx, at.booking, send, number, due=due, now=at.now)
    journal.log(at.tx, at.now, "agreement-asked", booking=at.booking)


def _before(at: At, facts: Facts, wanted: Question) -> Facts:
    """What the patient knows with their own dentist; where nothing was told, the same appointment with them."""
    known = told.knowledge(at.tx, at.booking, at.world.practice.zone).values()
    told_so = [one.facts for one in known if one.facts and one.facts.dentist == wanted.own]
    return told_so[-1] if told_so else replace(facts, dentist=wanted.own or facts.dentist)


def _note_copied(at: At, what: Booking, words: str) -> None:
    """Note the words of a copied event, so that they never ask anything (ruling 10)."""
    who = what.patient
    question = Question("", what.start, None, who.id or 0, who.name, words)
    agreements.add(at.tx, at.booking, question, at.now, stands=False)


def _is(row: AgreementRow, wanted: Question | None) -> bool:
    return wanted is not None and (row.dentist, row.start) == (wanted.dentist, wanted.start)


def _left(row: AgreementRow, asked: Sequence[MessageRow]) -> bool:
    """Whether the patient may have read the question."""
    mine = (one for one in asked if one.number == row.id)
    return row.answer is not None or any(one.started_at is not None or one.state in _LEFT for one in mine)


def _waits(row: AgreementRow, asked: Sequence[MessageRow]) -> bool:
    return any(one.number == row.id and one.state in {messages.PENDING, messages.HELD} for one in asked)


def _take_back(tx: Tx, row: AgreementRow, asked: Sequence[MessageRow]) -> None:
    for one in asked:
        if one.number == row.id:
            messages.take_back(tx, one.id)
