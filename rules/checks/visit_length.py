"""The length that a motif asks for (P8, P26). It is given to the event once for each motif; a length that the user
chose stays (ruling 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.agenda import wanted_minutes
from rules.findings import raised, severity
from rules.model import Booking, Busy, CalendarEvent, Dentist, Entry, Finding, Kind, Length, Practice, Severity
from rules.text.french import clock

_TAKES_TIME = frozenset({Kind.BOOKING, Kind.BLOCK, Kind.PRIVATE})


class Fitted(Struct, frozen=True):
    """What happens to the length. `end`: the new end to be written, None if it stays. `length`: what to remember."""

    length: Length
    end: datetime | None = None
    findings: tuple[Finding, ...] = ()


def fit(
    event: CalendarEvent,
    booking: Booking,
    entry: Entry,
    practice: Practice,
    *,
    busy: Sequence[Busy],
    known: Length | None,
    fixed: str,
) -> Fitted:
    """Fit the length of a valid booking (P8). `known`: the length seen and given before. `fixed`: why the event cannot
    be written to, else empty. The same facts give the same answer: an end that is not written yet is given again."""
    seen = known or Length(event.minutes)
    if entry.keep_minutes is not None and entry.keep_minutes != event.minutes:
        return Fitted(seen, None, _typed(event, entry.keep_minutes, practice))
    minutes = wanted_minutes(booking, practice)
    if minutes is None:
        return Fitted(seen)
    visit = f"{booking.motif}{' (1)' if booking.first_visit else ''}"
    given = seen.visit == visit
    if event.minutes == minutes:
        told = _said("duration-adjusted", event, booking, practice, minutes=minutes) if given else ()
        return Fitted(replace(seen, done=True) if given else seen, None, () if _hers(practice) else told)
    end = event.start + timedelta(minutes=minutes)
    problem = _kept(event, entry, seen, given=given) or fixed
    if not problem and end > event.end and not _hers(practice):
        problem = _in_the_way(event, end, booking, practice, busy)
    if problem:
        return Fitted(seen, None, _said("duration-differs", event, booking, practice, minutes=minutes, problem=problem))
    said = _said("duration-adjusted", event, booking, practice, minutes=minutes)
    wanted = replace(seen, seen=event.minutes, given=minutes, visit=visit, done=False)
    return Fitted(seen, None, said) if _hers(practice) else Fitted(wanted, end, said)


def _hers(practice: Practice) -> bool:
    """Whether the practice changes lengths itself: the rule is configured as an error."""
    return severity("duration-adjusted", practice.policy) is Severity.ERROR


def _said(
    rule: str, event: CalendarEvent, booking: Booking, practice: Practice, *, minutes: int, problem: str = ""
) -> tuple[Finding, ...]:
    facts = {"minutes": str(minutes), "motif": named(booking), "seen": str(event.minutes), "problem": problem}
    done = "à porter" if _hers(practice) else "portée"
    return raised(practice.policy, rule, proposals=(), done=done, **facts)


def _kept(event: CalendarEvent, entry: Entry, seen: Length, *, given: bool) -> str:
    """Why the length is the user's choice; empty if it is not."""
    if entry.keep_minutes is not None:
        return f"gardée, car « Durée : {entry.keep_minutes} min » est tapé"
    if event.recurring or event.recurrence or event.all_day:
        return "un rendez-vous qui se répète n'est pas ajusté, changez-la si besoin"
    if (given and seen.done) or event.minutes not in {seen.seen, seen.given}:
        return "gardée, car vous l'avez choisie"
    return ""


def _typed(event: CalendarEvent, minutes: int, practice: Practice) -> tuple[Finding, ...]:
    """The finding that the typed length and the event's own differ, so that the user decides."""
    end = clock((event.start + timedelta(minutes=minutes)).astimezone(practice.zone))
    return raised(practice.policy, "duration-typed", seen=f"Durée : {minutes} min", minutes=str(event.minutes), end=end)


def _in_the_way(event: CalendarEvent, end: datetime, booking: Booking, practice: Practice, busy: Sequence[Busy]) -> str:
    """What lies between the event's end and the new one."""
    start, stop = event.end.astimezone(UTC), end.astimezone(UTC)
    for item in sorted(busy, key=lambda one: one.start.astimezone(UTC)):
        other = item.dentist == booking.dentist and (item.uid, item.recurrence) != (event.uid, event.recurrence)
        meets = item.start.astimezone(UTC) < stop and start < item.end.astimezone(UTC)
        if other and meets and item.kind in _TAKES_TIME and not item.all_day:
            return f"le rendez-vous suivant commence à {clock(item.start.astimezone(practice.zone))}"
    return _closing(event, end, practice, next((one for one in practice.dentists if one.key == booking.dentist), None))


def _closing(event: CalendarEvent, end: datetime, practice: Practice, dentist: Dentist | None) -> str:
    start, until = event.start.astimezone(practice.zone), end.astimezone(practice.zone)
    for opens, closes in (dentist.hours or {}).get(start.weekday(), ()) if dentist else ():
        if opens <= start.time() < closes and (until.date() != start.date() or until.time() > closes):
            return f"le cabinet ferme à {clock(datetime.combine(start.date(), closes))}"
    return ""


def named(booking: Booking) -> str:
    """`Détartrage – première consultation` (P26)."""
    return f"{booking.motif} – première consultation" if booking.first_visit else booking.motif or ""
