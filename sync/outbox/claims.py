"""Claims messages: one transaction finds a message due, still true and in its turn, and claims it (law L4).

Messages about one booking to one recipient leave in the order in which they became true. A message whose call may have
begun has an unknown outcome: it is sent again only while it is true, and never after the call of a newer one began.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from rules.model import MessageKind
from rules.telling.planning import same_patient, still_says_it
from sync.core.context import World
from sync.outbox import message_links, questions, series
from sync.plan import settled
from sync.plan.messages import address_of, plan_booking, reminders, situation_of
from sync.plan.readiness import why_wait
from sync.store import bookings, intents, messages, resources, told
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Tx
from sync.store.messages import CLAIMED, HELD, PENDING, SUPPRESSED, MessageRow
from sync.store.states import TellingState

RECHECK_AFTER = timedelta(minutes=5)  # a message that is not true now may become true again


def claim(world: World, row: MessageRow) -> tuple[MessageRow, ...]:
    """Claim the message, and those that go as one with it; none if it is no longer true, or must wait."""
    now = world.now()
    with world.store.write() as tx:
        if row.kind is MessageKind.REMINDER:
            rows = _claim_reminders(world, tx, row.id, now)
        elif row.kind.asks:
            rows = _claim_question(world, tx, row.id, now)
        else:
            rows = _claim_telling(world, tx, row, now)
        if rows:
            message_links.url(world, tx, rows)  # stored with the claim, made once more when it is rendered
    return rows


def begin(world: World, rows: tuple[MessageRow, ...]) -> None:
    """Note that the call begins: from now on its outcome may be unknown, and older unknown ones are superseded."""
    with world.store.write(durable=True) as tx:  # must survive a power cut
        for one in rows:
            messages.move(tx, one.id, CLAIMED, CLAIMED, started_at=world.now())
            if one.kind.tells:
                settled.supersede(world, tx, one)


def _claim_telling(world: World, tx: Tx, row: MessageRow, now: datetime) -> tuple[MessageRow, ...]:
    """Claim the message, and those of the same series that are true and in their turn (ruling 17)."""
    first = messages.get(tx, row.id, world.practice.zone)
    if first is None or not _is_due(first, now):
        return ()  # sent or postponed together with another
    true: list[MessageRow] = []
    for one in series.companions(world, tx, first, now):  # `first` is the first of them
        standing = _still_tells(world, tx, one, now)
        if standing is not None:
            true.append(standing)
        elif one.together is not None:  # back to its own key: under the common one it would count as sent
            messages.move(tx, one.id, PENDING, PENDING, together=None)
        if not true:
            return ()
    key = first.together if first.started_at is not None else _common_key(true)
    return tuple(_claimed(tx, one, key, now) for one in sorted(true, key=lambda one: (one.facts.start, one.id)))


def _common_key(rows: list[MessageRow]) -> str | None:
    """An idempotency key for just these messages together; None for a single one."""
    return f"{rows[0].key}:{len(rows)}" if len(rows) > 1 else None


def _claimed(tx: Tx, row: MessageRow, key: str | None, now: datetime) -> MessageRow:
    messages.move(tx, row.id, PENDING, CLAIMED, together=key)
    if row.started_at is None:
        told.tell(
            tx, row.booking, row.channel, row.number, kind=row.kind.value, facts=row.facts, recipient=row.recipient,
            state=TellingState.FLIGHT, at=now,
        )  # fmt: skip
    return replace(row, together=key)


def _still_tells(world: World, tx: Tx, row: MessageRow, now: datetime) -> MessageRow | None:
    """The message after its booking was planned again; None if it is no longer true, or must wait."""
    zone = world.practice.zone
    booking = bookings.get(tx, row.booking, zone)
    if booking is None or booking.calendar in world.under_way or why_wait(tx, booking, row, now):
        return None
    if intents.in_flight(tx, booking.id):
        return None
    if row.started_at is None:
        plan_booking(world, tx, row.booking, now)
    standing = messages.get(tx, row.id, zone)
    if standing is None or standing.state != PENDING or must_follow(tx, standing, zone):
        return None
    if standing.kind is MessageKind.CANCELLATION and rebooked(world, tx, standing, now):
        return None
    if standing.started_at is not None and not _goes_again(world, tx, booking, standing, now):
        return None
    return standing


def _is_due(row: MessageRow, now: datetime) -> bool:
    return row.state == PENDING and (row.next_try is None or row.next_try <= now)


def must_follow(tx: Tx, row: MessageRow, zone: ZoneInfo) -> bool:
    """Whether another message must go first: one of the same booking and channel that is being sent, or an older one
    about another patient to the same shared telephone, be it held for a person."""
    for one in messages.of_booking(tx, row.booking, zone):
        if one.channel is not row.channel or one.id == row.id:
            continue
        if one.state == CLAIMED:
            return True
        older = one.state in {PENDING, HELD} and one.id < row.id and one.kind.tells
        if older and one.recipient == row.recipient and not same_patient(one.facts, row.facts):
            return True
    return row.kind is not MessageKind.CANCELLATION and _being_cancelled(tx, row, zone)


def _being_cancelled(tx: Tx, row: MessageRow, zone: ZoneInfo) -> bool:
    """Whether a cancellation of the same hour, of another booking of the patient, is being sent: it must be read
    first."""
    return any(
        one.kind is MessageKind.CANCELLATION
        and (one.channel, one.recipient, one.facts.start) == (row.channel, row.recipient, row.facts.start)
        for one in messages.with_state(tx, CLAIMED, zone=zone)
        if one.booking != row.booking
    )


def rebooked(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    """Whether the patient has the same hour and dentist again, so that the cancellation would be read as of the new
    booking. It waits, and is dropped once the patient was told of the new one. With another dentist it goes (P43)."""
    zone, patient = world.practice.zone, row.facts.patient_id
    there = bookings.at_the_hour(tx, patient, row.facts.start, zone) if patient else []
    others = [one for one in there if (one.state, one.dentist) == (VALID, row.facts.dentist) and one.id != row.booking]
    if not others:
        return False
    known = (told.knowledge(tx, one.id, zone).get((patient, row.channel)) for one in others)
    if any(one and one.sure and one.facts and one.facts.start == row.facts.start for one in known):
        settled.over(tx, row, now)
    elif all(_is_refused(tx, one, row, zone) for one in others):
        settled.over(tx, row, now, known=False)
    else:
        messages.move(tx, row.id, PENDING, PENDING, next_try=now + RECHECK_AFTER)
    return True


def _is_refused(tx: Tx, other: BookingRow, row: MessageRow, zone: ZoneInfo) -> bool:
    """Whether the gateway refused for good to tell of the other booking: waiting for it would never end."""
    refused = told.refused(tx, other.id, zone)
    return any((channel, start) == (row.channel, row.facts.start) for channel, _, _, start in refused)


def _goes_again(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> bool:
    """Whether a message of unknown outcome may be sent again: only while it is true. Otherwise it is closed, or waits
    for a newer message or for becoming true again."""
    if row.facts.start <= now:
        messages.move(tx, row.id, PENDING, SUPPRESSED, done_at=now, reason="le rendez-vous est passé")
        told.settle(tx, row.booking, row.channel, row.number, TellingState.UNCERTAIN)
        resources.mark_dirty(tx, [(booking.calendar, booking.ref)], now)
        return False
    same = messages.of_the_same(tx, row, world.practice.zone)
    if any(one.id > row.id and one.started_at is not None and one.kind.tells for one in same):
        settled.give_way(world, tx, row)
        return False
    if still_true(world, tx, booking, row, now):
        return True
    messages.move(tx, row.id, PENDING, PENDING, next_try=now + RECHECK_AFTER)
    return False


def still_true(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> bool:
    """Whether a composed message is true now and goes to the patient's present address."""
    if not still_says_it(row.kind, row.facts, situation_of(tx, booking), now):
        return False
    return row.kind is MessageKind.CANCELLATION or row.recipient == address_of(booking, row.channel)


# --- questions -------------------------------------------------------------------------------------------------------


def _claim_question(world: World, tx: Tx, message: int, now: datetime) -> tuple[MessageRow, ...]:
    """Claim the question if it is still to be asked; close it if not."""
    row = messages.get(tx, message, world.practice.zone)
    if row is None or not _is_due(row, now):
        return ()
    booking = bookings.get(tx, row.booking, world.practice.zone)
    if booking is not None and (booking.calendar in world.under_way or why_wait(tx, booking, row, now)):
        return ()
    if not questions.stands(world, tx, row, now):
        messages.move(tx, row.id, PENDING, SUPPRESSED, done_at=now, reason="la question ne se pose plus")
        return ()
    messages.move(tx, row.id, PENDING, CLAIMED)
    return (row,)


# --- reminders -------------------------------------------------------------------------------------------------------


def _claim_reminders(world: World, tx: Tx, message: int, now: datetime) -> tuple[MessageRow, ...]:
    """Claim the reminder, and those to the same address about the same day, if they are still true (ruling 6)."""
    zone = world.practice.zone
    row = messages.get(tx, message, zone)
    if row is None or not _is_due(row, now):
        return ()  # sent or postponed together with another
    found = [(one, bookings.get(tx, one.booking, zone)) for one in messages.companions(tx, row, zone)]
    standing = [(one, booking) for one, booking in found if booking is not None]
    if any(
        b.calendar in world.under_way or why_wait(tx, b, one, now) or must_follow(tx, one, zone) for one, b in standing
    ):
        return ()
    true = [one for one, booking in standing if _still_reminds(world, tx, booking, one, now)]
    if row.id not in {one.id for one in true}:
        return ()
    key = row.together if row.started_at is not None else true[0].key if len(true) > 1 else None
    for one in true:
        messages.move(tx, one.id, PENDING, CLAIMED, together=key)
    return tuple(replace(one, together=key) for one in sorted(true, key=lambda one: (one.facts.start, one.id)))


def _still_reminds(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> bool:
    """Whether the reminder is still true. If not, one that was never tried is deleted, so that it may be planned again;
    one that a gateway postponed waits, or is suppressed if its appointment or its patient's address changed."""
    if reminds(world, tx, booking, row, now):
        return True
    if row.attempts == 0 and row.started_at is None:
        messages.take_back(tx, row.id)
    elif address_of(booking, row.channel) not in {None, row.recipient}:
        messages.move(tx, row.id, PENDING, SUPPRESSED, done_at=now, reason="l'adresse du patient a changé")
    elif booking.state != VANISHED and now < row.facts.start == booking.start:
        messages.move(tx, row.id, PENDING, PENDING, next_try=now + RECHECK_AFTER)
    else:
        messages.move(tx, row.id, PENDING, SUPPRESSED, done_at=now, reason="le rendez-vous a changé ou n'a plus lieu")
    return False


def reminds(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> bool:
    """Whether the same reminder, to the same address, would be planned now."""
    return goes_to(world, tx, booking, row, now) == row.recipient


def goes_to(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> str | None:
    """The address to which this reminder would be planned now; None if it would not."""
    planned = reminders(world, tx, booking, now, early=True)
    return next((one.to for one in planned if (one.channel, one.facts.start) == (row.channel, row.facts.start)), None)
