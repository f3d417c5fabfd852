"""The patient's page of one appointment, `/r/` (P39, P45, P46): what it shows, and what each act on it does.

Looking writes nothing (law L9). An act is stored in one short transaction; what changes the calendar is carried out by
the worker (`sync.people.carry_out`), the rest is shown to the practice in the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby

from msgspec.structs import replace

from adapters.web.patients import Act, Choice, Day, Shown, What
from rules.model import Channel, Slot
from rules.patients.unwanted import unwanted
from rules.telling import page_words as words
from rules.telling import question_messages
from rules.telling.reminder_hour import reminder_at
from rules.text import french
from sync.core.context import World
from sync.people import free_times, page_asks, patient_link, patient_move, rescue
from sync.people.by_link import Said
from sync.people.page_state import Stage, State, look
from sync.store import intents
from sync.store.bookings import VALID
from sync.store.engine import Tx
from sync.store.links import LinkRow

_TITLES = {
    Stage.CANCELLED: words.CANCELLED_TITLE, Stage.GONE: words.CANCELLED_TITLE, Stage.PAST: words.PAST_TITLE,
}  # fmt: skip
_FORM = "%Y%m%dT%H%MZ"  # a time in a form: UTC
_END = 9000  # a year that no calendar has, and from which any zone and length can be added


def shown(world: World, link: LinkRow, part: What | None = None, page: int = 0) -> Shown | None:
    """What the link shows now; None where it leads nowhere. `page`: of ten days of free times, where they are asked."""
    with world.store.read() as tx:
        state = look(world, tx, link)
        return None if state is None else _page(world, tx, state, part, page)


def act(world: World, link: LinkRow, done: Act) -> Shown | None:
    """Store what the patient wants, once however often it comes, and show what came of it."""
    with world.store.read() as tx:
        state = look(world, tx, link)
    if state is None:
        return None
    news = _not_now(world, state, done.what) or _ACTS.get(done.what, _nothing)(world, state, done)
    with world.store.read() as tx:
        state = look(world, tx, link)
        now_is = None if state is None else _page(world, tx, state, done.what, 0)
    return replace(now_is, news=news) if now_is and news else now_is


# --- shown -----------------------------------------------------------------------------------------------------------


def _page(world: World, tx: Tx, state: State, part: What | None, page: int) -> Shown:
    may, why_not = _may(world, state)
    rescued = rescue.is_open(world, tx, state.row.id)
    may = tuple(one for each in may for one in ((each, What.REFUSE) if rescued and each is What.MOVE else (each,)))
    times = part is What.MOVE and What.MOVE in may
    at_once = part is None and rescued and What.MOVE in may
    slots = _times(world, tx, state, page) if times else rescue.proposed(world, tx, state.row) if at_once else ()
    last = free_times.PAGES - 1
    return Shown(
        title=_TITLES.get(state.stage, words.TITLE),
        news=_news(world, state) or _rescued(world, tx, state, asked=rescued),
        rows=words.rows(state.facts, world.practice) if state.facts else (),
        may=may,
        why_not=why_not,
        revision=state.revision,
        pending=state.stage is Stage.PENDING and not state.late,
        days=tuple(_days(world, slots)),
        earlier=page - 1 if times and page > 0 else None,
        later=page + 1 if times and page < last else None,
        notes=tuple(_notes(world, state)),
        labels=({What.FEWER: words.AGAIN} if unwanted(state.patient) else {})
        | ({What.MOVE: words.MORE_DATES} if at_once and slots else {}),
    )


def _times(world: World, tx: Tx, state: State, page: int) -> tuple[Slot, ...]:
    """The free times of that page; on the first, where other dates are proposed, the soonest ones too (P24)."""
    of_page = free_times.on_page(world, tx, state.row, page)
    first = rescue.proposed(world, tx, state.row) if page == 0 else ()
    return tuple(sorted({*first, *of_page}, key=lambda one: one.start))


def _rescued(world: World, tx: Tx, state: State, *, asked: bool) -> str:
    """What is to be read where the dentist is away (P24)."""
    if state.stage is not Stage.STANDS:
        return ""
    if asked:
        return question_messages.dates(state.row.facts, world.practice)
    return question_messages.dates_refused(world.practice) if rescue.refused(world, tx, state.row) else ""


def _may(world: World, state: State) -> tuple[tuple[What, ...], Mapping[What, str]]:
    """What can be done, and why something cannot."""
    practice = world.practice
    if state.stage is Stage.CHECKED:
        return (What.CALL,), {}
    if state.stage is not Stage.STANDS:
        return (), {}
    always = (What.CALL, What.CORRECT, What.FEWER) if state.patient else (What.CALL,)
    if not state.changeable:
        return always, dict.fromkeys((What.CANCEL, What.MOVE), words.call(practice))
    if _is_late(world, state):
        return always, dict.fromkeys((What.CANCEL, What.MOVE), words.too_late(practice))
    hours = next((one.hours for one in practice.dentists if one.key == state.row.dentist), None)
    if not hours:
        return (What.CANCEL, What.WAIT, *always), {What.MOVE: words.no_hours(practice)}
    return (What.CANCEL, What.MOVE, What.WAIT, *always), {}


def _is_late(world: World, state: State) -> bool:
    return state.row.start - state.now < timedelta(hours=world.practice.policy.cancel_until_hours)


def _news(world: World, state: State) -> str:
    practice, asked = world.practice, state.asked
    if state.stage is Stage.PENDING and asked is not None:
        if state.late:
            return words.LATER
        return words.moving(asked.start, practice) if asked.start else words.CANCELLING
    fixed = {Stage.CHECKED: words.UNDER_CHECK, Stage.PAST: words.OVER, Stage.GONE: words.gone(practice)}
    if state.stage in fixed:
        return fixed[state.stage]
    if state.stage is Stage.CANCELLED:
        return words.cancelled(state.row.facts, practice)
    return _ended(world, state)


def _ended(world: World, state: State) -> str:
    """How the last wish ended, while it is news."""
    asked, practice = state.asked, world.practice
    if asked is None or state.overtaken:
        return ""
    if asked.state == intents.DONE:
        here = asked.start is not None and asked.start == state.row.start
        return words.moved(practice, state.row.start, told=state.told_now) if here else ""
    ends = {
        intents.CHANGED: words.OTHER_HAND,
        intents.TAKEN: words.taken(state.row.facts, practice),
        intents.CALL: words.call(practice),
    }
    return ends.get(asked.state, "")


def _days(world: World, slots: tuple[Slot, ...]) -> list[Day]:
    """The free times by day."""
    return [
        Day(
            words.day(day), tuple(Choice(f"{one.start.astimezone(UTC):{_FORM}}", french.clock(one.start)) for one in of)
        )
        for day, of in groupby(slots, key=lambda one: one.start.astimezone(world.practice.zone).date())
    ]


def _notes(world: World, state: State) -> list[str]:
    if state.stage is not Stage.STANDS:
        return []
    said = (_next_message(world, state), words.fewer(unwanted(state.patient), world.practice))
    return [one for one in said if one]


def _next_message(world: World, state: State) -> str:
    row, practice = state.row, world.practice
    due = reminder_at(row.start, practice.policy.reminder_hours, practice)
    ways = [channel for channel, to in ((Channel.SMS, row.mobile), (Channel.EMAIL, row.email)) if to]
    told = any(one.at and one.at < due for one in state.known.values())
    if row.state != VALID or due <= state.now or not ways or not told:
        return ""
    return words.reminder(due, ways, practice)


# --- done ------------------------------------------------------------------------------------------------------------


def _not_now(world: World, state: State, what: What) -> str:
    """Why that cannot be done at this moment; empty where it can, or where the page says it by itself."""
    may, why_not = _may(world, state)
    if what in may or what is What.REFUSE:
        return ""
    return why_not.get(what, "") or _news(world, state) or words.NOT_UNDERSTOOD


def _cancel(world: World, state: State, done: Act) -> str:
    return _said(world, state, patient_link.cancel(world, state.row.id, done.revision))


def _move(world: World, state: State, done: Act) -> str:
    chosen = next(iter(done.values.get("debut", ())), "")
    start = _time(chosen)
    if start is None:
        return words.CHOOSE if not chosen else words.NOT_UNDERSTOOD
    return _said(world, state, patient_move.move(world, state.row.id, done.revision, start))


def _refuse(world: World, state: State, _done: Act) -> str:
    """None of the other dates (P24); the page says so by itself."""
    return "" if rescue.refuse(world, state.row.id) else words.NOT_UNDERSTOOD


def _time(text: str) -> datetime | None:
    try:
        found = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if found.year < _END else None


def _said(world: World, state: State, said: Said) -> str:
    """What is to be read at once; empty where the page says it by itself."""
    answers = {
        Said.CHANGED: words.OLD_PAGE,
        Said.CALL: words.call(world.practice),
        Said.TAKEN: words.taken(state.row.facts, world.practice),
    }
    return answers.get(said, "")


def _nothing(_world: World, _state: State, _done: Act) -> str:
    return words.NOT_UNDERSTOOD


_ACTS: Mapping[What, Callable[[World, State, Act], str]] = {
    What.CANCEL: _cancel,
    What.MOVE: _move,
    What.REFUSE: _refuse,
    What.WAIT: page_asks.wait,
    What.CALL: page_asks.call,
    What.CORRECT: page_asks.correct,
    What.FEWER: page_asks.fewer,
}
