"""The daily digest to the practice: once a day at its hour, late the same day if the worker was down, never empty.

One transaction claims the day, another settles it after the sending, as with alerts: after a crash in between the
digest goes once more, under the same Message-ID. Its text is neither stored nor logged, but composed when it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Outgoing, OutsideError, Sender
from adapters.senders.render import digest_page
from rules.checks.agenda import block_findings
from rules.checks.public_holidays import holiday_name
from rules.model import Busy, CalendarEvent, Channel, Finding, Practice, Severity
from rules.telling.digest import (
    Appointment,
    BareBlock,
    Digest,
    FreedSlot,
    HeldBack,
    Matters,
    Undelivered,
    Unread,
    digest,
    plain,
)
from rules.telling.lost_time import lost_minutes
from rules.telling.short_names import about
from rules.text.french import day_and_clock
from sync.core.calls import Call, Note, finish
from sync.core.context import Watch, World, nobody_watches
from sync.core.hours import support_words
from sync.core.intervals import before_retry
from sync.core.log import log
from sync.evaluate.brake import held_count
from sync.outbox import gateway_pause
from sync.plan import floods
from sync.store import attendance, calendars, digests, generation, keyvalue, resources, views
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.messages import UNCERTAIN
from sync.store.resources import ResourceRow
from sync.worker import health
from sync.worker.digest_hour import hour_of

NAME = "digest"
BLOCKS_AHEAD = timedelta(days=60)  # blocks without a reason are named that far ahead
OLD_ONES_AHEAD = timedelta(days=7)  # events from before the first pass: a whole year of them at once would help nobody
CLAIM_LASTS = timedelta(minutes=15)  # after a crash, the digest is tried again that much later


class _Turn(Struct, frozen=True):
    """The state of the newest digest."""

    day: date
    settled: bool = False  # sent, or nothing to say
    attempts: int = 0
    not_before: datetime | None = None  # of the next attempt
    before: date | None = None  # the day of the previous digest


def send_digest(world: World, watch: Watch = nobody_watches) -> bool:
    """Send today's digest if it is due. Returns whether it was sent."""
    sender = world.senders.get(Channel.EMAIL)
    if sender is None or not world.practice.email or not world.calls.free(Channel.EMAIL, [NAME]):
        return False
    if not _way_is_open(world):
        return False
    sent: list[date] = []
    turn = _claimed(world)
    if turn is not None:
        work = partial(_sent, world, sender, turn, todays(world), sent)
        world.calls.start(Call(Channel.EMAIL, frozenset({NAME}), work))
        finish(world.calls, watch)
    return bool(sent)


def _way_is_open(world: World) -> bool:
    """Whether the mail gateway does not pause, or may be tried once now."""
    with world.store.read() as tx:
        return gateway_pause.pausing(tx, world.now()).get(Channel.EMAIL, True)


def draw_back(world: World, tx: Tx, now: datetime) -> None:
    """After the clock was set back: repair a digest of a future day, or one that waits too long."""
    known = _get(tx)
    if known is None:
        return
    if known.day > now.date():
        _put(tx, _Turn(min(known.before or now.date(), now.date()), settled=True))
    elif known.not_before is not None and known.not_before > now:
        _put(tx, replace(known, not_before=None))


def is_due(world: World, tx: Tx, now: datetime) -> bool:
    """Whether a digest is due, or none was ever begun."""
    known = _get(tx) if Channel.EMAIL in world.senders and world.practice.email else _Turn(now.date(), settled=True)
    return known is None or _due(known, world.practice, now)


def todays(world: World) -> Digest | None:
    """The digest as of now; None if there is nothing to say."""
    with world.store.read() as tx:
        return digest(_matters(world, tx, world.now()), world.practice, world.now().date())


def by_hand(world: World, letter: Digest) -> Outgoing:
    """The digest as a message, asked for by a person: each has its own key and is sent anew."""
    return _outgoing(world, letter, f"{world.practice.key}:digest:{world.now().isoformat()}")


def _outgoing(world: World, letter: Digest, key: str) -> Outgoing:
    return Outgoing(key, world.practice.email, plain(letter), letter.subject, digest_page(letter))


def settle(world: World) -> None:
    """Mark today's digest as sent: a person was given it by hand."""
    with world.store.write() as tx:
        _put(tx, _Turn(world.now().date(), settled=True))


# --- once a day ------------------------------------------------------------------------------------------------------


def _claimed(world: World) -> _Turn | None:
    """Claim today's digest; None if it is not due, settled, or claimed already."""
    now = world.now()
    with world.store.read() as tx:  # first without a write: most passes end here
        known = _get(tx)
    if known is not None and not _due(known, world.practice, now):
        return None
    with world.store.write() as tx:
        known = _get(tx)
        if known is None:  # the first pass ever: the first digest goes at the next digest hour
            late = now >= hour_of(world.practice, now.date())
            _put(tx, _Turn(now.date() if late else now.date() - timedelta(days=1), settled=True))
            return None
        if not _due(known, world.practice, now):
            return None
        again = known.day == now.date()
        attempts, before = (known.attempts, known.before) if again else (0, known.day)
        turn = _Turn(now.date(), attempts=attempts, not_before=now + CLAIM_LASTS, before=before)
        _put(tx, turn)
    return turn


def _due(known: _Turn, practice: Practice, now: datetime) -> bool:
    if known.day > now.date() or now < hour_of(practice, now.date()):
        return False
    if known.day < now.date():
        return True
    return not known.settled and (known.not_before is None or known.not_before <= now)


def _sent(world: World, sender: Sender, turn: _Turn, letter: Digest | None, sent: list[date]) -> Note:
    slow = False
    try:
        if letter is not None:
            with world.store.read() as tx:
                mark = generation.mark_of(tx)
            sender.send(_outgoing(world, letter, f"{world.practice.key}:{mark}:digest:{turn.day.isoformat()}"))
            sent.append(turn.day)
    except OutsideError as error:
        slow = error.slow
        log.warning("digest not sent", error=type(error).__name__)
        attempts = turn.attempts + 1
        done = replace(turn, attempts=attempts, not_before=world.now() + before_retry(attempts))
    else:
        done = _Turn(turn.day, settled=True, before=turn.before)
    return partial(_note, world, done, None if letter is None else slow)


def _note(world: World, done: _Turn, slow: bool | None) -> None:
    """Store the result. `slow`: whether the call ran to its deadline; None if none was made."""
    with world.store.write(answer=True) as tx:
        if slow is not None:
            gateway_pause.heard(world, tx, Channel.EMAIL, slow=slow)
        _put(tx, done)


def _get(tx: Tx) -> _Turn | None:
    kept = keyvalue.get(tx, NAME)
    if kept is None:
        return None
    data = json.loads(kept)
    later = datetime.fromisoformat(data["not_before"]) if data["not_before"] else None
    before = date.fromisoformat(data["before"]) if data.get("before") else None
    return _Turn(date.fromisoformat(data["day"]), data["settled"], data["attempts"], later, before)


def _put(tx: Tx, turn: _Turn) -> None:
    later = turn.not_before.isoformat() if turn.not_before else None
    data = {"day": turn.day.isoformat(), "settled": turn.settled, "attempts": turn.attempts, "not_before": later}
    data |= {"before": turn.before.isoformat()} if turn.before else {}
    keyvalue.put(tx, NAME, json.dumps(data))


# --- what it tells ---------------------------------------------------------------------------------------------------


def _matters(world: World, tx: Tx, now: datetime) -> Matters:
    practice, zone = world.practice, world.practice.zone
    coming = digests.coming(tx, now, zone)
    old, shut = digests.baseline_until(tx), digests.unwritable(tx)
    faulty = [row for row in coming if _errors(row) and _told_here(row, old, practice, now)]
    hidden = [row for row in coming if (row.calendar, row.ref) in shut and not _errors(row) and _remarks(row)]
    bare = [one for one in digests.blocks(tx, now, now + BLOCKS_AHEAD) if _bare(one, practice)]
    past = attendance.without_outcome(tx, _previous_working_day(practice, now), now, zone)
    return Matters(
        faulty=tuple(_appointment(row, _errors(row)) for row in faulty),
        blocks=tuple(_once_a_series(bare)),
        lost=lost_minutes(((one.dentist, max(one.start, now), one.end) for one in bare), practice),
        undelivered=tuple(
            Undelivered(
                row.facts.name, row.kind, row.channel, row.facts.start, call, row.state == UNCERTAIN, row.reason or ""
            )
            for row, call in digests.undelivered(tx, now, zone)
        ),
        without_outcome=tuple(_appointment(row, ()) for row in past),
        unshown=tuple(_appointment(row, _remarks(row)) for row in hidden),
        held=tuple(_held(world, tx, now)),
        unread=tuple(_unread(tx)),
        support=tuple(support_words(practice, now)),
        to_call=tuple(_appointment(row, asked) for row in coming if (asked := _call_asked(row))),
        troubles=(*health.wrong(tx), *_unread_events(world, tx)),
        freed=tuple(_freed(world, tx, now)),
    )


def _freed(world: World, tx: Tx, now: datetime) -> Iterator[FreedSlot]:
    """What became of the times freed since yesterday, and of the coming ones about which somebody may be called."""
    if world.practice.waiting is None:
        return
    from sync.store import gaps
    from sync.waiting.offering import CALLS
    from sync.waiting.report import said, to_call

    for gap in gaps.closed_since(tx, now - timedelta(days=1), world.practice.zone):
        call = to_call(world, tx, gap) if gap.why in CALLS else []
        people = tuple((one.name, one.mobile or "") for one in call)
        if people or gap.why not in CALLS:
            yield FreedSlot(gap.start, gap.dentist, said(gap), people)


def _unread_events(world: World, tx: Tx) -> Iterator[str]:
    """Events that cannot be read, named so that a person finds them, and those that a server does not hand out."""
    for row in calendars.every(tx):
        if not row.active:
            continue
        name, unread = world.called(row.dentist), views.unread(tx, row.calendar)
        for resource in resources.find(tx, row.calendar, unread).values():
            yield f"{name} : {_which(world, resource)} ne peut pas être lu comme il faut. {_AGAIN}"
        yield from (f"{name} : {said}" for said in health.not_handed_out(tx, row.calendar))


def _which(world: World, row: ResourceRow) -> str:
    reading = world.reading(row)
    first = next(iter(reading.events), None) if reading else None
    title = first.title if first else reading.title if reading else ""
    when = f" du {day_and_clock(first.start, year=True)}" if first else ""
    return f"« {title} »{when}" if title else f"un événement sans titre lisible{when}"


_AGAIN = "Recréez-le dans l'agenda, puis supprimez l'ancien."


def _told_here(row: BookingRow, old: set[tuple[str, str]], practice: Practice, now: datetime) -> bool:
    """Whether the digest names the booking: one from before the first pass only when its day is near."""
    if practice.policy.write_existing or (row.calendar, row.ref) not in old:
        return True
    return row.start <= now + OLD_ONES_AHEAD


def _errors(row: BookingRow) -> tuple[Finding, ...]:
    return tuple(one for one in row.findings if one.severity is Severity.ERROR)


def _remarks(row: BookingRow) -> tuple[Finding, ...]:
    return tuple(one for one in row.findings if one.severity is Severity.WARNING)


def _call_asked(row: BookingRow) -> tuple[Finding, ...]:
    return tuple(one for one in row.findings if one.rule == "call-asked")


def _appointment(row: BookingRow, findings: tuple[Finding, ...]) -> Appointment:
    said = tuple(line for one in findings for line in (one.text, *(f"→ {proposal}" for proposal in one.proposals)))
    return Appointment(row.start, row.dentist, row.facts.name, said, about(findings))


def _bare(one: Busy, practice: Practice) -> bool:
    """Whether the block lacks a reason and the practice's rules ask for one."""
    said = block_findings(CalendarEvent(one.uid, one.start, one.end, one.label), practice)
    return any(finding.severity in {Severity.ERROR, Severity.WARNING} for finding in said)


def _once_a_series(bare: Iterable[Busy]) -> Iterator[BareBlock]:
    """Only the next occurrence of each series (ruling 11)."""
    seen: set[tuple[str, str]] = set()
    for one in bare:
        if (one.uid, one.dentist) not in seen:
            seen.add((one.uid, one.dentist))
            yield BareBlock(one.start, one.end, one.dentist, one.all_day, repeated=bool(one.recurrence))


def _previous_working_day(practice: Practice, now: datetime) -> datetime:
    """The midnight that began the last working day; yesterday if no hours are declared."""
    for back in range(1, 15):
        day = now.date() - timedelta(days=back)
        if not holiday_name(day, practice.holidays) and any(
            dentist.hours is None or dentist.hours.get(day.weekday()) for dentist in practice.dentists
        ):
            return datetime.combine(day, time(), practice.zone)
    return datetime.combine(now.date() - timedelta(days=1), time(), practice.zone)


def _held(world: World, tx: Tx, now: datetime) -> Iterator[HeldBack]:
    for row in calendars.every(tx):
        if not row.active:
            continue
        count = held_count(world, tx, row.calendar, now) if row.held_at is not None else 0
        waiting = floods.held_calls(world, tx, row.calendar)
        if count or waiting:
            yield HeldBack(row.dentist, count, waiting)


def _unread(tx: Tx) -> Iterator[Unread]:
    for row in calendars.every(tx):
        if row.active and row.fail_count:
            yield Unread(row.dentist, row.reason or "", row.last_success)
