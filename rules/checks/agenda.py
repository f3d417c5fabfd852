"""The dentist's time: conflicts, hours, holidays, urgency, blocks (P9 to P11, P51)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from rules.checks.checklist import LONGEST_MINUTES
from rules.checks.public_holidays import holiday_name
from rules.entry.is_patient import contentless
from rules.entry.reserved_slots import Place, place
from rules.findings import raised
from rules.model import Booking, Busy, CalendarEvent, Dentist, Entry, Finding, Kind, Practice, Severity, Span
from rules.text.french import clock, day, day_and_clock, listed

LONGEST = timedelta(minutes=LONGEST_MINUTES)

Findings = tuple[Finding, ...]


# --- conflicts -------------------------------------------------------------------------------------------------------


def conflicts(
    event: CalendarEvent,
    booking: Booking,
    practice: Practice,
    busy: Sequence[Busy],
    *,
    order: int,
    proposals: Sequence[str] = (),
) -> Iterator[Finding]:
    """What else takes this time or this patient (P10). The later of two bookings gives way; back to back is fine."""
    mine = (order, event.uid, event.recurrence)
    others = [item for item in busy if not _is_this(item, event, order)]
    for item in sorted(others, key=lambda one: (one.start.astimezone(UTC), one.uid, one.recurrence)):
        if _overlap(item, event) and not event.all_day:
            yield from _conflict(item, booking, practice, proposals, earlier=mine < _key(item))
        elif booking.outcome is None and _same_matter(item, event, booking):
            yield from raised(practice.policy, "motif-twice", seen=_when(item, practice))


def _is_this(item: Busy, event: CalendarEvent, order: int) -> bool:
    """The event itself, or the same one under another name at the same time. Of one UID at two times, without a series,
    there are two (hard case G06)."""
    if (item.uid, item.recurrence) != (event.uid, event.recurrence):
        return False
    return item.order == order or bool(item.recurrence) or _overlap(item, event)


def _conflict(item: Busy, booking: Booking, practice: Practice, proposals: Sequence[str], *, earlier: bool) -> Findings:
    """What one overlapping event means. `earlier`: this booking was there first."""
    same_patient = item.patient_id is not None and item.patient_id == booking.patient.id
    if not (same_patient or item.dentist == booking.dentist):
        return ()
    if item.kind is Kind.BOOKING and item.all_day:
        return ()
    if item.kind is Kind.BOOKING:
        rule = "conflict-later" if earlier else "patient-twice" if same_patient else "conflict"
        seen = _seen(item, practice, elsewhere=item.dentist != booking.dentist)
        return raised(practice.policy, rule, seen=seen, proposals=() if earlier else proposals)
    if item.kind is Kind.BLOCK and item.all_day:
        facts = {"dentist": practice.name_of(item.dentist), "seen": _leave(item, practice)}
        return raised(practice.policy, "on-leave", proposals=proposals, **facts)
    if item.kind in {Kind.BLOCK, Kind.PRIVATE}:
        return raised(practice.policy, "conflict", seen=_seen(item, practice), proposals=proposals)
    return _kept_place(item, booking, practice) if item.kind is Kind.PLACEHOLDER else ()


def _kept_place(item: Busy, booking: Booking, practice: Practice) -> Findings:
    """A place kept for somebody may be taken; one for urgencies by a motif that bears no long wait (P11)."""
    motif = practice.motif(booking.motif)
    if motif is None or motif.within_days is not None or place(item.label) is not Place.URGENT:
        return ()
    return raised(practice.policy, "place-urgent", seen=_seen(item, practice), motif=motif.label)


def _key(item: Busy) -> tuple[int, str, str]:
    return item.order, item.uid, item.recurrence


def _overlap(item: Busy, event: CalendarEvent) -> bool:
    # In UTC: two wall-clock times of one zone compare without their offset in the hour that comes twice.
    starts, ends = event.start.astimezone(UTC), event.end.astimezone(UTC)
    return item.start.astimezone(UTC) < ends and starts < item.end.astimezone(UTC)


def _same_matter(item: Busy, event: CalendarEvent, booking: Booking) -> bool:
    """The same patient for the same motif at another time; a series is one patient's several visits."""
    same_patient = item.patient_id is not None and item.patient_id == booking.patient.id
    series = item.uid == event.uid and bool(item.recurrence or event.recurrence)
    return same_patient and item.motif is not None and item.motif == booking.motif and not series


def _seen(item: Busy, practice: Practice, *, elsewhere: bool = False) -> str:
    """Who or what, when, and with whom where that is another dentist; of a private event only that the time is taken
    (docs/design.md#details-people-rely-on)."""
    what = "occupé" if item.kind is Kind.PRIVATE else item.label or "occupé"
    with_whom = f", {practice.name_of(item.dentist)}" if elsewhere else ""
    return f"{what} ({_span(item, practice)}{with_whom})"


def _span(item: Busy, practice: Practice) -> str:
    """`10 h – 10 h 30`; with the days where it lasts over one."""
    start, end = (moment.astimezone(practice.zone) for moment in (item.start, item.end))
    if item.all_day:
        return f"toute la journée{_until(item, practice)}"
    if start.date() == end.date():
        return f"{clock(start)} – {clock(end)}"
    return f"{day_and_clock(start)} – {day_and_clock(end)}"


def _leave(item: Busy, practice: Practice) -> str:
    return f"{item.label or 'journée bloquée'}{_until(item, practice)}"


def _until(item: Busy, practice: Practice) -> str:
    """The last whole day of what lasts several."""
    first, end = (moment.astimezone(practice.zone).date() for moment in (item.start, item.end))
    last = end - timedelta(days=1)
    return f", jusqu'au {day(last)}" if last > first else ""


def _when(item: Busy, practice: Practice) -> str:
    said = day_and_clock(item.start.astimezone(practice.zone))
    return f"{said}, {practice.name_of(item.dentist)}"


# --- opening hours, holidays, urgency --------------------------------------------------------------------------------


def opening(
    event: CalendarEvent, dentist: Dentist, practice: Practice, proposals: Sequence[str] = ()
) -> Iterator[Finding]:
    """Inside the dentist's opening hours and not on a public holiday (P9)."""
    start, end = (moment.astimezone(practice.zone) for moment in (event.start, event.end))
    if holiday := holiday_name(start.date(), practice.holidays):
        yield from raised(
            practice.policy, "on-holiday", seen=day(start.date()).capitalize(), problem=holiday, proposals=proposals
        )
        return
    if event.all_day or dentist.hours is None or not timedelta(0) < event.end - event.start <= LONGEST:
        return  # what is wrong is the length
    spans = dentist.hours.get(start.weekday(), ())
    if not any(_inside(start, end, span) for span in spans):
        facts = {"seen": day_and_clock(start).capitalize(), "dentist": dentist.name, "problem": _spoken(spans, start)}
        yield from raised(practice.policy, "outside-hours", proposals=proposals, **facts)


def _inside(start: datetime, end: datetime, span: Span) -> bool:
    opens, closes = span
    return start.date() == end.date() and opens <= start.time() and end.time() <= closes


def _spoken(spans: Sequence[Span], moment: datetime) -> str:
    """`8 h 30 – 12 h 30 et 14 h – 19 h`, `pas de consultation le mardi`."""
    if not spans:
        return f"pas de consultation le {day(moment.date()).partition(' ')[0]}"
    said = [f"{_clock(opens)} – {_clock(closes)}" for opens, closes in spans]
    return f"horaires : {listed(said, 'et')}"


def _clock(value: time) -> str:
    return clock(datetime.combine(date.min, value))


def urgency(
    event: CalendarEvent, booking: Booking, practice: Practice, first_seen: datetime, proposals: Sequence[str] = ()
) -> Findings:
    """A motif that bears no long wait, counted from when the event was made, or first seen where its client does not
    say; `proposals` are earlier slots (P11)."""
    motif = practice.motif(booking.motif)
    if motif is None or motif.within_days is None:
        return ()
    if event.start - (event.created or first_seen) <= timedelta(days=motif.within_days):
        return ()
    return raised(practice.policy, "urgency-late", proposals=proposals, motif=motif.label, days=motif.within_days)


def wanted_minutes(booking: Booking, practice: Practice) -> int | None:
    """The length that the motif asks for, longer for a first visit (P8); None without a known motif."""
    motif = practice.motif(booking.motif)
    return motif.length(booking.first_visit) if motif else None


def longest_minutes(practice: Practice) -> int:
    """No visit takes more."""
    return max((motif.length(first) for motif in practice.motifs for first in (True, False)), default=0)


# --- on purpose ------------------------------------------------------------------------------------------------------

_MAY_BE_MEANT = frozenset(
    {"outside-hours", "on-holiday", "conflict", "conflict-later", "patient-twice", "motif-twice", "place-urgent"}
)


def meant(
    event: CalendarEvent, entry: Entry, practice: Practice, confirmed_for: datetime | None, found: Sequence[Finding]
) -> Findings:
    """With « Créneau confirmé » an overlap, the hour and the second visit of a day are only noted, for the time for
    which it was typed (ruling 18); moved, or copied along, it counts no more. P23 is not among these."""
    doubted = [one for one in found if one.rule in _MAY_BE_MEANT]
    if entry.slot_confirmed is None or not doubted:
        return tuple(found)
    seen = day_and_clock(event.start.astimezone(practice.zone))
    if confirmed_for != event.start:
        old = confirmed_for and day_and_clock(confirmed_for.astimezone(practice.zone))
        problem = f"il a été tapé pour {old}" if old else "il vient d'un événement copié"
        return (*found, *raised(practice.policy, "slot-moved", problem=problem, seen=seen))
    noted = (replace(one, severity=Severity.INFO, proposals=()) if one in doubted else one for one in found)
    return (*noted, *raised(practice.policy, "slot-confirmed", seen=seen))


# --- blocks ----------------------------------------------------------------------------------------------------------


def block_findings(event: CalendarEvent, practice: Practice) -> Findings:
    """Time that is kept without a reason (P51). The same for every occurrence, so that a series is asked once."""
    if event.private or event.transparent or not contentless(event.title):
        return ()
    return raised(practice.policy, "block-without-motif", blocks=", ".join(practice.blocks[:3]) or "Congés, Réunion")
