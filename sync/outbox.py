"""Sends what is due: claim, call, result, each its own commit, so that a crash anywhere tells nobody twice (law L4).

    pending ─claim→ claimed ─call→ sent | failed (for good) | pending (later) | uncertain (the answer was lost)

Before a claim the booking is planned again: a message that is no longer true gives way. After a crash, a claimed row
whose call had not begun is pending again; one whose call may have begun is uncertain, and the configuration decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from tenacity import RetryCallState, wait_random_exponential

from adapters.base import Denied, Outgoing, Permanent, Sender, TryLater, Uncertain
from adapters.senders.render import outgoing
from rules.model import Channel, MessageKind
from sync import series
from sync.faults import described, log
from sync.planner import plan_booking, reminders
from sync.store import basics, bookings, calendars, messages, notices, resources
from sync.store.bookings import VANISHED, BookingRow
from sync.store.calendars import CalendarRow
from sync.store.engine import StoreProblem, Tx
from sync.store.messages import CLAIMED, FAILED, PENDING, SENT, SUPPRESSED, UNCERTAIN, MessageRow
from sync.world import Watch, World, nobody_watches

LAST_ATTEMPT = 12
PATIENCE = timedelta(minutes=30)
SECOND_CHANCE = timedelta(minutes=10)
_BACKOFF = wait_random_exponential(multiplier=15, min=15, max=3600)


def deliver(world: World, watch: Watch = nobody_watches) -> int:
    """Send every message that is due and still true; one bad row never stops the others. Returns how many were sent."""
    recover(world)
    with world.store.read() as tx:
        due = messages.due(tx, world.now(), world.practice.zone)
    sent = 0
    for row in due:
        if row.channel in world.senders:
            sent += _safely(world, row)
            watch(row.key)
    return sent


def recover(world: World) -> None:
    """What a crash left claimed (we hold the store's lock, so nobody else is at it)."""
    with world.store.read() as tx:
        left = messages.with_state(tx, CLAIMED, zone=world.practice.zone)
    for row in left:
        with world.store.write() as tx:
            if row.started_at is None:
                messages.move(tx, row.id, CLAIMED, PENDING)
                _untell(tx, row)
            else:
                _unclear(world, tx, row, "le programme s'est arrêté pendant l'envoi")


def backoff(attempts: int) -> timedelta:
    """How long to wait after that many attempts: exponential with full jitter."""
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = attempts
    return timedelta(seconds=_BACKOFF(state))


def _safely(world: World, row: MessageRow) -> int:
    """A fault of ours stays in its message (law L10): for later, or unclear where the call may have begun."""
    try:
        return _deliver(world, row)
    except StoreProblem:
        raise
    except Exception as error:
        log.error("message not sent", **described(error))
        _give_back(world, row.id)
        return 0


def _give_back(world: World, message: int) -> None:
    with world.store.write() as tx:
        row = messages.get(tx, message, world.practice.zone)
        if row is None or row.state != CLAIMED:
            return
        for one in messages.claimed_with(tx, row, world.practice.zone):
            if one.started_at is not None:
                _unclear(world, tx, one, "l'envoi a échoué de façon inattendue")
            else:
                _later(world, tx, one, "Le message n'a pas pu être composé.", None)


def _deliver(world: World, row: MessageRow) -> int:
    claimed = _claim(world, row)
    if not claimed:
        return 0
    message = _render(world, claimed)
    with world.store.write() as tx:
        for one in claimed:
            messages.move(tx, one.id, CLAIMED, CLAIMED, started_at=world.now())
    return _call(world, world.senders[row.channel], claimed, message)


def _claim(world: World, row: MessageRow) -> tuple[MessageRow, ...]:
    """The row, ours now, with the reminders that go as one with it; none where it is not true any more, or must
    wait."""
    now, zone = world.now(), world.practice.zone
    with world.store.write() as tx:
        if row.kind is MessageKind.REMINDER:
            return _claim_reminders(world, tx, row.id, now)
        fresh = messages.get(tx, row.id, zone)
        if fresh is None or fresh.state != PENDING or (fresh.next_try is not None and fresh.next_try > now):
            return ()  # it went, or was put off, as one with another
        return _claim_tellings(world, tx, fresh, now)


def _claim_tellings(world: World, tx: Tx, row: MessageRow, now: datetime) -> tuple[MessageRow, ...]:
    """The telling, and those of the same series as far as they are still true: they go as one (ruling 17)."""
    true: list[MessageRow] = []
    for one in series.companions(world, tx, row, now):  # the row itself is the first of them
        if _still_tells(world, tx, one, now):
            true.append(one)
        elif one.id == row.id:
            return ()
    key = row.together if row.started_at is not None else true[0].key if len(true) > 1 else None
    for one in true:
        messages.move(tx, one.id, PENDING, CLAIMED, together=key)
        if one.started_at is None:
            values = {"kind": one.kind.value, "facts": one.facts, "recipient": one.recipient, "state": "flight"}
            bookings.tell(tx, one.booking, one.channel, one.number, at=now, **values)
    return tuple(replace(one, together=key) for one in sorted(true, key=lambda one: (one.facts.start, one.id)))


def _still_tells(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    """It may go, and still does once its booking is planned again."""
    booking = bookings.get(tx, row.booking, world.practice.zone)
    if booking is None or booking.calendar in world.under_way or why_wait(tx, booking, row, now):
        return False
    if row.started_at is not None:
        return True
    plan_booking(world, tx, row.booking, now)
    standing = messages.get(tx, row.id, world.practice.zone)
    return standing is not None and standing.state == PENDING


def _claim_reminders(world: World, tx: Tx, message: int, now: datetime) -> tuple[MessageRow, ...]:
    """The reminder and those to the same address about the same day, as far as they are still true (ruling 6)."""
    zone = world.practice.zone
    row = messages.get(tx, message, zone)
    if row is None or row.state != PENDING or (row.next_try is not None and row.next_try > now):
        return ()  # it went, or was put off, as one with another
    found = [(one, bookings.get(tx, one.booking, zone)) for one in messages.companions(tx, row, zone)]
    standing = [(one, booking) for one, booking in found if booking is not None]
    if any(b.calendar in world.under_way or why_wait(tx, b, one, now) for one, b in standing):
        return ()
    true = [one for one, booking in standing if _still_reminds(world, tx, booking, one, now)]
    if row.id not in {one.id for one in true}:
        return ()
    key = row.together if row.started_at is not None else true[0].key if len(true) > 1 else None
    for one in true:
        messages.move(tx, one.id, PENDING, CLAIMED, together=key)
    return tuple(replace(one, together=key) for one in sorted(true, key=lambda one: (one.facts.start, one.id)))


def _still_reminds(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> bool:
    for send in reminders(world, tx, booking, now, early=True):
        if send.channel is row.channel and send.facts.start == row.facts.start:
            return True
    messages.move(tx, row.id, PENDING, SUPPRESSED, done_at=now, reason="le rendez-vous a changé ou n'a plus lieu")
    return False


def why_wait(tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> str:
    """Why a message that is due does not go yet, in French; empty where it may. Nothing is told from stale knowledge:
    a calendar that fails, or an event that is missing or whose new body is owed, holds confirmations and cancellations,
    and reminders for half an hour (H08). A cancellation also waits until every calendar was read since the booking was
    missed, so that a move is seen; a failing calendar holds the others up for half an hour at most."""
    rows = {calendar.calendar: calendar for calendar in calendars.every(tx) if calendar.state == "active"}
    own = rows.get(booking.calendar)
    failing = own is not None and own.fail_count > 0
    if failing or _in_doubt(tx, booking):
        waits = row.kind is not MessageKind.REMINDER or now - row.due_at < PATIENCE
        return "" if not waits else _FAILING if failing else _DOUBT
    if row.kind is MessageKind.CONFIRMATION and _moving(tx, booking):
        return _DOUBT
    if booking.state != VANISHED or booking.vanished_at is None or booking.outcome:
        return ""
    return _UNREAD if any(_unread_since(calendar, booking.vanished_at, now) for calendar in rows.values()) else ""


def may_have_moved(tx: Tx, booking: BookingRow, now: datetime) -> bool:
    """It vanished, and not every calendar was read since: it may stand in another one."""
    gone = booking.vanished_at
    if gone is None or booking.outcome:
        return False
    return any(_unread_since(row, gone, now) for row in calendars.every(tx) if row.state == "active")


_ANY_ZONE = ZoneInfo("UTC")  # where only its place is asked for
_FAILING = "l'agenda ne répond pas : rien ne part avant qu'il soit relu"
_DOUBT = "l'événement est à relire dans l'agenda"
_UNREAD = "chaque agenda est d'abord relu : le rendez-vous a peut-être été déplacé"


def _in_doubt(tx: Tx, booking: BookingRow) -> bool:
    row = resources.get(tx, booking.calendar, booking.ref)
    return row is not None and (row.owed or row.state == resources.SUSPECT)


def _moving(tx: Tx, booking: BookingRow) -> bool:
    """The same event stood in another calendar a moment ago, and is looked for there (G04)."""
    others = bookings.with_uid(tx, booking.uid, booking.recurrence, _ANY_ZONE)
    return any(other.id != booking.id and _in_doubt(tx, other) for other in others)


def _unread_since(calendar: CalendarRow, moment: datetime, now: datetime) -> bool:
    read = calendar.last_success is not None and calendar.last_success >= moment
    return not read and not (calendar.fail_count and now - moment > PATIENCE)


def _render(world: World, rows: tuple[MessageRow, ...]) -> Outgoing:
    first, *others = rows
    return outgoing(
        series.action(world, rows),
        key=first.together or first.key,
        booking=first.booking,
        number=first.number,
        practice=world.practice,
        now=world.now(),
        also=tuple((one.booking, one.number) for one in others),
    )


def _call(world: World, sender: Sender, rows: tuple[MessageRow, ...], message: Outgoing) -> int:
    """One call; its result stands for every row that it carried, in one transaction."""
    try:
        reference = sender.send(message)
    except Uncertain as error:
        note = partial(_unclear, reason=str(error))
    except TryLater as error:
        note = partial(_later, reason=str(error), retry_after=error.retry_after)
    except (Permanent, Denied) as error:
        note = partial(_failed, reason=str(error))
    else:
        note = partial(_sent, reference=reference)
    with world.store.write() as tx:
        for row in rows:
            note(world, tx, row)
    return int(note.func is _sent)


def _sent(world: World, tx: Tx, row: MessageRow, reference: str) -> None:
    now = world.now()
    messages.move(tx, row.id, CLAIMED, SENT, done_at=now, reference=reference, reason=None)
    _result(tx, row, "told", now)


def _failed(world: World, tx: Tx, row: MessageRow, reason: str) -> None:
    """For good: told to the practice, in the event and by e-mail; not sent again until facts or address change."""
    now = world.now()
    messages.move(tx, row.id, CLAIMED, FAILED, done_at=now, reason=reason, attempts=row.attempts + 1)
    _result(tx, row, "failed", now)
    notices.raise_once(tx, f"undelivered:{row.together or row.key}", *_undelivered(row, reason), now)


def _later(world: World, tx: Tx, row: MessageRow, reason: str, retry_after: float | None) -> None:
    now, attempts = world.now(), row.attempts + 1
    if attempts >= LAST_ATTEMPT:
        _failed(world, tx, row, f"{reason} ({attempts} essais)")
        return
    wait = max(backoff(attempts), timedelta(seconds=retry_after or 0))
    values = {"attempts": attempts, "next_try": now + wait, "reason": reason, "started_at": row.started_at}
    messages.move(tx, row.id, CLAIMED, PENDING, **values)
    _untell(tx, row)
    basics.log(tx, now, "retry", detail=f"{row.kind}:{row.channel}", booking=row.booking)


def _unclear(world: World, tx: Tx, row: MessageRow, reason: str) -> None:
    """The gateway may have it. One that knows repeated keys is asked again; else the configuration decides (L4)."""
    now, sender = world.now(), world.senders.get(row.channel)
    policy = world.on_uncertain.get(row.channel, "hold")
    again = (sender is not None and sender.repeatable) or (policy == "retry" and not row.attempts)
    if not again or row.attempts >= LAST_ATTEMPT:
        messages.move(tx, row.id, CLAIMED, UNCERTAIN, done_at=now, reason=reason)
        _result(tx, row, "told", now)
        notices.raise_once(tx, f"uncertain:{row.together or row.key}", *_maybe(row), now)
        return
    wait = backoff(row.attempts + 1) if sender is not None and sender.repeatable else SECOND_CHANCE
    values = {"attempts": row.attempts + 1, "next_try": now + wait, "reason": reason}
    messages.move(tx, row.id, CLAIMED, PENDING, **values)


def _result(tx: Tx, row: MessageRow, state: str, now: datetime) -> None:
    if row.kind is not MessageKind.REMINDER:
        bookings.settle(tx, row.booking, row.channel, row.number, state)
    basics.log(tx, now, f"message-{state}", detail=f"{row.kind}:{row.channel}", booking=row.booking)
    place = bookings.place(tx, row.booking)
    if place is not None:
        resources.mark_dirty(tx, [place], now)


def _untell(tx: Tx, row: MessageRow) -> None:
    """It certainly did not go: the patient knows what they knew before, and the message may still give way."""
    if row.kind is not MessageKind.REMINDER and row.started_at is None:
        bookings.forget(tx, row.booking, row.channel, row.number)


def _undelivered(row: MessageRow, reason: str) -> tuple[str, str]:
    how = "SMS" if row.channel is Channel.SMS else "e-mail"
    text = (
        f"Un {how} n'a pas pu être remis : {reason}\n\n"
        f"Rendez-vous n° {row.booking}, message n° {row.id}. Le numéro à appeler : attitre outbox"
    )
    return f"attitre : {how} non remis", text


def _maybe(row: MessageRow) -> tuple[str, str]:
    how = "SMS" if row.channel is Channel.SMS else "e-mail"
    text = (
        f"On ne sait pas si un {how} est parti : la réponse s'est perdue.\n\n"
        f"Message n° {row.id}. Renvoyer : attitre outbox retry {row.id} ; classer : attitre outbox drop {row.id}"
    )
    return f"attitre : {how} incertain", text
