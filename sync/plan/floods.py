"""Holds a flood of messages until a person answers, whatever its cause (P43, law L7).

Three floods: too many an hour to one recipient about one patient (a family on one phone is several patients), too many
in one pass, and too many new appointments of one calendar within an hour (it was restored, or is another's). Messages
joined in one call count once. Reminders are neither counted nor held: their visits are known.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rules.model import MessageKind
from rules.telling.brake import HOUR, Flood, arrived, flood_said, messages_title, most_in_an_hour
from sync.core.context import World
from sync.core.log import described, log
from sync.plan import settled
from sync.plan.messages import plan_booking
from sync.store import calendars, journal, keyvalue, messages, notices, resources, tellings, told
from sync.store.engine import StoreProblem, Tx
from sync.store.messages import DROPPED, HELD, PENDING
from sync.store.states import TellingState
from sync.store.tellings import Telling

ASKED = f"{keyvalue.BRAKE}messages "  # + calendar → since when its messages are held, why, in which event it is asked


def hold(world: World) -> None:
    """Hold floods before any of their messages is sent. A fault of ours here stops no message (law L10)."""
    try:
        _hold(world)
    except StoreProblem:
        raise
    except Exception as error:
        log.error("floods not looked for", **described(error))


def release(world: World, tx: Tx, calendar: str, now: datetime) -> int:
    """Release the calendar's held messages; those still true are sent. Returns how many calls they are."""
    waiting = tellings.held(tx, world.practice.zone, calendar)
    if not waiting:
        return 0
    for one in waiting:
        messages.move(tx, one.row.id, HELD, PENDING, approved_at=now, reason=None)
    return _answered(world, tx, calendar, waiting, now=now, event="messages-released")


def drop(world: World, tx: Tx, calendar: str, now: datetime) -> int:
    """Drop the calendar's held messages: their patients count as told by a person (ruling 7). Returns how many calls
    they were."""
    waiting = tellings.held(tx, world.practice.zone, calendar)
    for one in waiting:
        messages.move(tx, one.row.id, HELD, DROPPED, done_at=now, reason="écarté par une personne")
        cancelled = one.row.kind is MessageKind.CANCELLATION
        kind, state = (one.row.kind.value, TellingState.TOLD) if cancelled else ("baseline", TellingState.BASELINE)
        settled.supersede(world, tx, one.row)
        number = told.next_number(tx, one.row.booking, one.row.channel)
        told.tell(
            tx, one.row.booking, one.row.channel, number, kind=kind, facts=one.row.facts,
            recipient=one.row.recipient, state=state, at=now,
        )  # fmt: skip
    return _answered(world, tx, calendar, waiting, now=now, event="messages-dropped")


def held_calls(world: World, tx: Tx, calendar: str, flood: Flood | None = None) -> int:
    """How many calls are held there; in a flood of new appointments, how many appointments."""
    found = tellings.held(tx, world.practice.zone, calendar)
    return len({one.event if flood is Flood.GAIN else one.call for one in found})


def asked(tx: Tx, calendar: str) -> dict[str, str]:
    """`since`, `flood`, and `ref` once the question stands in the calendar; `answered`: the ref of an earlier question
    that is still to be taken out. Empty if there is none of both."""
    found: dict[str, str] = json.loads(keyvalue.get(tx, f"{ASKED}{calendar}") or "{}")
    return found


def note(tx: Tx, calendar: str, known: Mapping[str, str]) -> None:
    """Store what `asked` returns."""
    keyvalue.put(tx, f"{ASKED}{calendar}", json.dumps(known) if known else "")


# --- what is too much ------------------------------------------------------------------------------------------------


def _hold(world: World) -> None:
    now, zone = world.now(), world.practice.zone
    with world.store.read() as tx:
        due = [one for one in tellings.due(tx, now, zone) if one.row.channel in world.senders]
        fresh = [one for one in due if one.row.approved_at is None]
        if not any(_may_be_held(one) for one in fresh):
            return
        lately = tellings.begun_since(tx, now - HOUR, zone)
        found: dict[Flood, list[Telling]] = {Flood.GAIN: list(_gained(world, tx, fresh, lately, now))}
    found[Flood.RECIPIENT] = list(_for_one(world, _but(fresh, found), lately))
    found[Flood.MANY] = list(_in_one_pass(world, _but(fresh, found)))
    for flood, tellings_held in found.items():
        for calendar, here in _by_calendar(tellings_held).items():
            with world.store.write() as tx:
                _keep(world, tx, calendar, flood, here, now=now)


def _may_be_held(one: Telling) -> bool:
    """Whether the message was neither released by a person nor ever tried."""
    return one.row.approved_at is None and one.row.started_at is None and not one.row.attempts


def _but(fresh: Sequence[Telling], found: Mapping[Flood, Sequence[Telling]]) -> list[Telling]:
    taken = {one.row.id for some in found.values() for one in some}
    return [one for one in fresh if one.row.id not in taken]


def _for_one(world: World, fresh: Sequence[Telling], lately: Sequence[Telling]) -> Iterator[Telling]:
    """The messages beyond the hourly limit for one patient and recipient; the oldest may go. With one, those that must
    be read after it: about the next patient of the same appointment, on a shared telephone."""
    gone: dict[tuple[object, ...], set[object]] = defaultdict(set)
    for one in lately:
        gone[one.patient].add(one.row.together or one.row.key)
    calls: dict[tuple[object, ...], dict[object, None]] = defaultdict(dict)
    behind: set[tuple[object, ...]] = set()
    for one in fresh:
        here, line = calls[one.patient], (one.row.booking, one.row.channel, one.row.recipient)
        if one.row.started_at is None:  # otherwise it is counted in `lately`
            here.setdefault(one.call)
            place = list(here).index(one.call) + len(gone[one.patient])
            if _may_be_held(one) and (place >= world.practice.policy.most_per_hour or line in behind):
                behind.add(line)
                yield one


def _in_one_pass(world: World, fresh: Sequence[Telling]) -> Iterator[Telling]:
    """All messages of a pass with too many: nobody can know which of them are meant."""
    waiting = [one for one in fresh if _may_be_held(one)]
    if len({one.call for one in waiting}) > world.practice.policy.most_per_pass:
        yield from waiting


def _gained(
    world: World, tx: Tx, fresh: Sequence[Telling], lately: Sequence[Telling], now: datetime
) -> Iterator[Telling]:
    """The confirmations of calendars that gained too many appointments within an hour."""
    waiting = _by_calendar(one for one in fresh if one.row.kind is MessageKind.CONFIRMATION and _may_be_held(one))
    before = _by_calendar(one for one in lately if one.row.kind is MessageKind.CONFIRMATION)
    most = world.practice.policy.brake_new
    for calendar, here in waiting.items():
        known = [*before.get(calendar, ()), *tellings.held(tx, world.practice.zone, calendar)]
        made = {one.event: one for one in [*here, *known]}
        if len(made) <= most:
            continue
        if (
            most_in_an_hour(arrived(_created(world, tx, one), one.row.started_at or now) for one in made.values())
            > most
        ):
            yield from here


def _created(world: World, tx: Tx, one: Telling) -> datetime | None:
    """When the event was created, by its CREATED property; None if unknown."""
    row = resources.get(tx, one.calendar, one.ref)
    reading = world.reading(row) if row else None
    return next((event.created for event in reading.events if event.uid == one.uid), None) if reading else None


def _by_calendar(found: Iterator[Telling] | Sequence[Telling]) -> dict[str, list[Telling]]:
    grouped: dict[str, list[Telling]] = defaultdict(list)
    for one in found:
        grouped[one.calendar].append(one)
    return grouped


# --- held, let go or dropped -----------------------------------------------------------------------------------------


def _keep(world: World, tx: Tx, calendar: str, flood: Flood, here: Sequence[Telling], *, now: datetime) -> None:
    reason = flood_said(flood, world.practice.policy)
    kept = [one for one in here if messages.move(tx, one.row.id, PENDING, HELD, reason=reason)]
    row, known = calendars.get(tx, calendar), asked(tx, calendar)
    if not kept or row is None:
        return
    note(tx, calendar, _episode(known, flood, now))
    resources.mark_dirty(tx, {(one.calendar, one.ref) for one in kept}, now)  # each event says that it is held
    journal.log(tx, now, "messages-held", detail=str(len(kept)), calendar=calendar)
    if "since" not in known:
        count = held_calls(world, tx, calendar, flood)
        key, alert = f"held-messages:{calendar}:{now.isoformat()}", _alert(world, row.dentist, flood, count)
        notices.raise_once(tx, key, *alert, now)


def _episode(known: Mapping[str, str], flood: Flood, now: datetime) -> dict[str, str]:
    """The episode's entry; with several floods at once, the question is about messages in general."""
    if "since" not in known:
        return {**known, "since": now.isoformat(), "flood": flood.value}
    return {**known, "flood": known["flood"] if known["flood"] == flood.value else Flood.RECIPIENT.value}


def _answered(world: World, tx: Tx, calendar: str, waiting: Sequence[Telling], *, now: datetime, event: str) -> int:
    for number in dict.fromkeys(one.row.booking for one in waiting):
        plan_booking(world, tx, number, now)
    resources.mark_dirty(tx, {(one.calendar, one.ref) for one in waiting}, now)
    journal.log(tx, now, event, detail=str(len(waiting)), calendar=calendar)
    known = asked(tx, calendar)
    note(tx, calendar, {"answered": known["ref"]} if "ref" in known else {})
    return len(Counter(one.call for one in waiting))


def _alert(world: World, dentist: str, flood: Flood, count: int) -> tuple[str, str]:
    title, name = messages_title(count, flood), world.called(dentist)
    why = flood_said(flood, world.practice.policy).partition(" : ")[2]
    text = (
        f"Agenda « {name} » : {why}. Ces messages aux patients attendent votre décision.\n\n"
        f"Si c'est voulu : attitre release {dentist}\n"
        f"ou écrivez « oui » dans l'événement « {title} » de cet agenda : ce qui est encore vrai partira.\n"
        "Si ce n'est pas voulu, écrivez « non » : ces messages ne partiront pas, les rappels si.\n"
        "La liste : attitre outbox"
    )
    return title, text
