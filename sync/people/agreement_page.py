"""The page of a question by link: whether the patient agrees to another dentist (P23, P49, law L3). Values only.

The click is the agreement: for one booking, dentist, day and hour, stored with the wording that was shown. It changes
no calendar. The next evaluation of the event reads it, and whatever she typed there meanwhile counts before it.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from adapters.web.patients import Act, Shown, What
from rules.model import Facts
from rules.telling import agreement_words as words
from sync.core.context import World
from sync.plan import open_questions
from sync.store import agreements, bookings, journal, messages, resources, wishes
from sync.store.agreements import AgreementRow
from sync.store.bookings import VALID, BookingRow
from sync.store.engine import Tx
from sync.store.links import LinkRow
from sync.store.states import AnswerState
from sync.store.wishes import WishKind

_ANSWERS = {What.ACCEPT: AnswerState.ACCEPTED, What.REFUSE: AnswerState.REFUSED}
_CHOICES = (What.ACCEPT, What.REFUSE, What.CALL)


def shown(world: World, link: LinkRow, part: What | None = None, page: int = 0) -> Shown | None:
    """What the link shows now; only reads (law L9). None if its question or booking is gone."""
    with world.store.read() as tx:
        found = _found(world, tx, link)
        return _shown(world, tx, *found) if found else None


def act(world: World, link: LinkRow, done: Act) -> Shown | None:
    """Store the answer, once; the first one counts. An answer to what has changed since is not taken."""
    now = world.now()
    with world.store.write() as tx:
        found = _found(world, tx, link)
        if found is None:
            return None
        row, booking = found
        if open_questions.agreement(world, tx, row.id, now) is None or done.what not in _CHOICES:
            return _shown(world, tx, row, booking)
        if done.revision != _revision(row, booking):
            return replace(_shown(world, tx, row, booking), news=words.CHANGED)
        if done.what is What.CALL:
            return _call(world, tx, row, booking)
        _answer(world, tx, row, booking, _ANSWERS[done.what])
        answered = _found(world, tx, link)
        return _shown(world, tx, *answered) if answered else None


def _found(world: World, tx: Tx, link: LinkRow) -> tuple[AgreementRow, BookingRow] | None:
    row = agreements.get(tx, link.subject, world.practice.zone)
    booking = bookings.get(tx, row.booking, world.practice.zone) if row else None
    return (row, booking) if row and booking else None


def _answer(world: World, tx: Tx, row: AgreementRow, booking: BookingRow, said: AnswerState) -> None:
    before, agrees = _before(world, tx, row, booking), said is AnswerState.ACCEPTED
    wording = words.wording(booking.facts, before, world.practice, agrees=agrees)
    if agreements.answer(tx, row.id, said, wording, world.now()):
        resources.mark_dirty(tx, [(booking.calendar, booking.ref)], world.now())
        journal.log(tx, world.now(), f"agreement-{said}", booking=booking.id)


def _call(world: World, tx: Tx, row: AgreementRow, booking: BookingRow) -> Shown:
    if wishes.open_of(tx, booking.id, WishKind.CALL) is None:
        wishes.add(tx, (booking.id, booking.patient or 0), WishKind.CALL, world.now())
        resources.mark_dirty(tx, [(booking.calendar, booking.ref)], world.now())
    return _shown(world, tx, row, booking)


# --- what is shown ---------------------------------------------------------------------------------------------------


def _shown(world: World, tx: Tx, row: AgreementRow, booking: BookingRow) -> Shown:
    practice, now = world.practice, world.now()
    page = Shown(words.TITLE)
    if booking.vanished_at is not None or booking.start <= now:
        return replace(page, news=words.over(practice))
    if row.answer is AnswerState.REFUSED:
        return replace(page, news=words.refused(practice))
    if not open_questions.is_about(row, booking, now):
        return replace(page, news=words.closed(practice))
    if row.answer is AnswerState.ACCEPTED:
        return _accepted(world, tx, page, booking)
    if not row.stands:
        return replace(page, news=words.closed(practice))
    return _asked(world, tx, page, row, booking)


def _asked(world: World, tx: Tx, page: Shown, row: AgreementRow, booking: BookingRow) -> Shown:
    practice, before = world.practice, _before(world, tx, row, booking)
    waits = wishes.open_of(tx, booking.id, WishKind.CALL) is not None
    return replace(
        page,
        news=words.called(practice) if waits else words.question(booking.facts, before, practice),
        rows=words.rows(before, practice),
        offered=words.offered(booking.facts, practice),
        may=tuple(one for one in _CHOICES if not (waits and one is What.CALL)),
        revision=_revision(row, booking),
        notes=(words.UNTIL_THEN,),
    )


def _accepted(world: World, tx: Tx, page: Shown, booking: BookingRow) -> Shown:
    page = replace(page, offered=words.offered(booking.facts, world.practice))
    if booking.state == VALID:
        return replace(page, news=words.accepted(booking.facts, world.practice))
    standing = resources.get(tx, booking.calendar, booking.ref)
    if standing is not None and not standing.is_evaluated:
        return replace(page, news=words.ACCEPTING, pending=True)
    return replace(page, news=words.noted(world.practice))


def _before(world: World, tx: Tx, row: AgreementRow, booking: BookingRow) -> Facts:
    """What the message said of the patient's own dentist; without a message the same appointment with them."""
    sent = (one for one in messages.of_booking(tx, booking.id, world.practice.zone) if one.kind == "agreement")
    said = next((one.before for one in sent if one.number == row.id and one.before), None)
    return said or replace(booking.facts, dentist=row.own or booking.dentist)


def _revision(row: AgreementRow, booking: BookingRow) -> str:
    """A hash of the question as it was shown."""
    facts = booking.facts
    said = (row.id, facts.dentist, facts.start.timestamp(), facts.minutes, facts.motif, facts.place)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]
