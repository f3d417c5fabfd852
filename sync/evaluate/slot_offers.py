"""Free times proposed under an event's findings (P9, P10, P11, P23, P24, P25).

They are searched once for the same findings and opening hours, and kept with the booking: the passing of time, or other
bookings, never rewrite an event (law L2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.assess import Context
from rules.checks.free_slots import LEAD, free_slots
from rules.checks.slot_wish import Wish, wish
from rules.model import Assessment, Booking, Busy, CalendarEvent, Dentist, Entry, Practice, Slot
from sync.core.context import World
from sync.store import occurrences
from sync.store.codec import slots_from_json, slots_to_json
from sync.store.engine import Tx

FIRST_DENTIST, OTHER_DENTISTS = 3, 2  # how many times of the first dentist, and of all others together
DAYS = 60  # how far ahead free times are searched
_STEPS = (7, 21, DAYS)  # days searched in turn: most practices have a free time within the week
NOTHING, NONE_EARLIER = f"aucun créneau libre dans les {DAYS} jours qui suivent", "aucun créneau libre plus tôt"


class Offer(Struct, frozen=True):
    """The free times proposed."""

    slots: tuple[Slot, ...] = ()
    nothing: str = ""  # the French sentence if no time was found
    kept: dict[str, Any] | None = None  # what the booking stores of it


def offer(
    world: World,
    tx: Tx,
    found: Assessment,
    event: CalendarEvent,
    entry: Entry,
    *,
    context: Context,
    stored: Mapping[str, Any] | None,
) -> Offer:
    """The free times that the findings ask for: the kept ones if they asked before, otherwise searched now. Empty if
    the event has begun or no finding asks."""
    practice, kept = world.practice, stored or {}
    wanted = wish(found, event, entry, practice, asked_before=bool(kept.get("earlier")))
    if wanted is None:
        return Offer()
    if kept.get("key") == wanted.key:
        return _offer(wanted, slots_from_json(kept["slots"], practice.zone), practice)
    if event.start <= context.now:
        return Offer()
    assert found.booking is not None
    elsewhere = _elsewhere(found.booking, event, context.busy)
    search = _Search(tx, wanted, practice, context.dentist, event, context.now, elsewhere)
    return _offer(wanted, tuple(search.found()), practice)


def _offer(wanted: Wish, slots: tuple[Slot, ...], practice: Practice) -> Offer:
    kept = {"key": wanted.key, "earlier": wanted.earlier, "slots": slots_to_json(slots)}
    open_hours = any(one.hours for one in practice.dentists if one.key == wanted.first)
    said = NOTHING if wanted.before is None else NONE_EARLIER
    return Offer(slots, "" if slots or not open_hours or not wanted.asking else said, kept)


def _elsewhere(booking: Booking, event: CalendarEvent, busy: Iterable[Busy]) -> tuple[Busy, ...]:
    """The patient's other appointments, during which no time is proposed."""
    who, me = booking.patient.id, (event.uid, event.recurrence)
    return tuple(one for one in busy if who is not None and one.patient_id == who and (one.uid, one.recurrence) != me)


class _Search(Struct, frozen=True):
    """Searches free times for one wish."""

    tx: Tx
    wanted: Wish
    practice: Practice
    dentist: str
    event: CalendarEvent
    now: datetime
    elsewhere: tuple[Busy, ...]

    def found(self) -> Iterator[Slot]:
        """The first dentist's times, then the others', soonest first."""
        with_hours = [one for one in self.practice.dentists if one.hours]
        first = [one for one in with_hours if one.key == self.wanted.first and self.wanted.whole]
        others = [one for one in with_hours if one.key != self.wanted.first]
        yield from self._next(first, FIRST_DENTIST, FIRST_DENTIST, soon=self.wanted.soon)
        more = self._next(others, OTHER_DENTISTS + 1, 1, soon=self.wanted.soon or self.wanted.earlier)
        yield from [slot for slot in more if not self._here(slot)][:OTHER_DENTISTS]

    def _next(self, dentists: list[Dentist], limit: int, each: int, *, soon: bool) -> list[Slot]:
        """The soonest times of these dentists, from the wanted hour on, at most `each` of one."""
        soonest = self.now + LEAD
        since = soonest if soon else max(soonest, self.event.start, key=datetime.timestamp)
        begun = 0
        got: list[Slot] = []
        for days in _STEPS:
            rest = [one for one in dentists if sum(slot.dentist == one.key for slot in got) < each]
            at = since if not begun else _midnight(since, self.practice, begun)
            if not rest or len(got) >= limit or (self.wanted.before is not None and at >= self.wanted.before):
                break
            got += self._within(rest, at, days - begun, each)
            begun = days
        return sorted((self.wanted.marked(one) for one in got), key=lambda one: (one.start, one.dentist))[:limit]

    def _within(self, dentists: list[Dentist], since: datetime, days: int, each: int) -> list[Slot]:
        until = _midnight(since, self.practice, days)
        busy = occurrences.taken(self.tx, [one.key for one in dentists], since, until)
        me = (self.event.uid, self.event.recurrence)
        others = [one for one in busy if (one.uid, one.recurrence) != me]
        return [
            slot
            for one in dentists
            for slot in free_slots(
                one, self.wanted.minutes, self.practice,
                [*others, *(replace(item, dentist=one.key) for item in self.elsewhere)], since,
                limit=each, days=days, urgent=self.wanted.urgent, until=self.wanted.before,
            )
        ]  # fmt: skip

    def _here(self, slot: Slot) -> bool:
        """Whether the slot is the event's own time, with a dentist who is not the first one."""
        other = slot.dentist == self.dentist != self.wanted.first
        return other and slot.start.timestamp() == self.event.start.timestamp()


def next_free(
    tx: Tx, world: World, dentist: str, minutes: int, *, limit: int, days: int = DAYS, urgent: bool = False
) -> tuple[Slot, ...]:
    """The next free times of one dentist, `LEAD` from now on, for whoever asks."""
    since, practice = world.now() + LEAD, world.practice
    one = practice.dentist(dentist)
    if not one.hours:
        return ()
    busy = occurrences.taken(tx, [dentist], since, _midnight(since, practice, days))
    return free_slots(one, minutes, practice, busy, since, limit=limit, days=days, urgent=urgent)


def _midnight(moment: datetime, practice: Practice, days: int = 0) -> datetime:
    """The beginning of the day that many days later, in the practice's zone."""
    local = moment.astimezone(practice.zone)
    return (local + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
