"""Checks of the dentist's time: conflicts, opening hours, holidays, urgency, blocks (P9 to P11, P51)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec.structs import replace

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
    """Findings about other events at this time or of this patient (P10). Of two bookings the one that was made later
    has the error; consecutive ones do not overlap."""
    mine = (order, event.uid, event.recurrence)
    others = [item for item in busy if not _is_this(item, event, order)]
    for item in sorted(others, key=lambda one: (one.start.astimezone(UTC), one.uid, one.recurrence)):
        if _overlap(item, event) and not event.all_day:
            yield from _conflict(item, booking, practice, proposals, earlier=mine < _key(item))
        elif booking.outcome is None and _same_matter(item, event, booking):
            yield from raised(practice.policy, "motif-twice", seen=_when(item, practice))


def _is_this(item: Busy, event: CalendarEvent, order: int) -> bool:
    """Whether the item is the event itself, or the same event in another resource at the same time. Two events of one
    UID at different times that are no series are two (hard case G06)."""
    if (item.uid, item.recurrence) != (event.uid, event.recurrence):
        return False
    return item.order == order or bool(item.recurrence) or _overlap(item, event)


def _conflict(item: Busy, booking: Booking, practice: Practice, proposals: Sequence[str], *, earlier: bool) -> Findings:
    """The finding about one overlapping event. `earlier`: this booking was made first."""
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
    """The finding about a reserved slot. Any booking may take one, but one for urgencies only an urgent motif (P11)."""
    motif = practice.motif(booking.motif)
    if motif is None or motif.within_days is not None or place(item.label) is not Place.URGENT:
        return ()
    return raised(practice.policy, "place-urgent", seen=_seen(item, practice), motif=motif.label)


def _key(item: Busy) -> tuple[int, str, str]:
    return item.order, item.uid, item.recurrence


def _overlap(item: Busy, event: CalendarEvent) -> bool:
    # In UTC: Python compares two times of one zone without their offset, which is wrong in the hour that comes twice.
    starts, ends = event.start.astimezone(UTC), event.end.astimezone(UTC)
    return item.start.astimezone(UTC) < ends and starts < item.end.astimezone(UTC)


def _same_matter(item: Busy, event: CalendarEvent, booking: Booking) -> bool:
    """Whether the item is another visit of this patient for the same motif. Occurrences of one series are not."""
    same_patient = item.patient_id is not None and item.patient_id == booking.patient.id
    series = item.uid == event.uid and bool(item.recurrence or event.recurrence)
    return same_patient and item.motif is not None and item.motif == booking.motif and not series


def _seen(item: Busy, practice: Practice, *, elsewhere: bool = False) -> str:
    """The item in words: who or what, when, and with whom if it is another dentist. A private event is only `occupé`
    (docs/design.md#details-people-rely-on)."""
    what = "occupé" if item.kind is Kind.PRIVATE else item.label or "occupé"
    with_whom = f", {practice.name_of(item.dentist)}" if elsewhere else ""
    return f"{what} ({_span(item, practice)}{with_whom})"


def _span(item: Busy, practice: Practice) -> str:
    """The time of the item: `10 h – 10 h 30`, with the days if it ends on another day."""
    start, end = (moment.astimezone(practice.zone) for moment in (item.start, item.end))
    if item.all_day:
        return f"toute la journée{_until(item, practice)}"
    if start.date() == end.date():
        return f"{clock(start)} – {clock(end)}"
    return f"{day_and_clock(start)} – {day_and_clock(end)}"


def _leave(item: Busy, practice: Practice) -> str:
    return f"{item.label or 'journée bloquée'}{_until(item, practice)}"


def _until(item: Busy, practice: Practice) -> str:
    """`, jusqu'au …` with its last whole day if it lasts several, else nothing."""
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
    """The finding if the event is outside the dentist's opening hours or on a public holiday (P9)."""
    start, end = (moment.astimezone(practice.zone) for moment in (event.start, event.end))
    if holiday := holiday_name(start.date(), practice.holidays):
        yield from raised(
            practice.policy, "on-holiday", seen=day(start.date()).capitalize(), problem=holiday, proposals=proposals
        )
        return
    if event.all_day or dentist.hours is None or not timedelta(0) < event.end - event.start <= LONGEST:
        return  # the length has a finding of its own
    spans = dentist.hours.get(start.weekday(), ())
    if not any(_inside(start, end, span) for span in spans):
        facts = {"seen": day_and_clock(start).capitalize(), "dentist": dentist.name, "problem": _spoken(spans, start)}
        yield from raised(practice.policy, "outside-hours", proposals=proposals, **facts)


def _inside(start: datetime, end: datetime, span: Span) -> bool:
    opens, closes = span
    return start.date() == end.date() and opens <= start.time() and end.time() <= closes


def _spoken(spans: Sequence[Span], moment: datetime) -> str:
    """The hours in words: `horaires : 8 h 30 – 12 h 30 et 14 h – 19 h`, or `pas de consultation le mardi`."""
    if not spans:
        return f"pas de consultation le {day(moment.date()).partition(' ')[0]}"
    said = [f"{_clock(opens)} – {_clock(closes)}" for opens, closes in spans]
    return f"horaires : {listed(said, 'et')}"


def _clock(value: time) -> str:
    return clock(datetime.combine(date.min, value))


def urgency(
    event: CalendarEvent, booking: Booking, practice: Practice, first_seen: datetime, proposals: Sequence[str] = ()
) -> Findings:
    """The finding if an urgent motif waits too long (P11). The wait counts from when the event was made; if its client
    does not say, from when it was first seen. `proposals`: earlier slots."""
    motif = practice.motif(booking.motif)
    if motif is None or motif.within_days is None:
        return ()
    if event.start - (event.created or first_seen) <= timedelta(days=motif.within_days):
        return ()
    return raised(practice.policy, "urgency-late", proposals=proposals, motif=motif.label, days=motif.within_days)


def wanted_minutes(booking: Booking, practice: Practice) -> int | None:
    """The length of the motif in minutes, longer for a first visit (P8); None without a known motif."""
    motif = practice.motif(booking.motif)
    return motif.length(booking.first_visit) if motif else None


def longest_minutes(practice: Practice) -> int:
    """The longest length of the practice's motifs in minutes; 0 without motifs."""
    return max((motif.length(first) for motif in practice.motifs for first in (True, False)), default=0)


# --- on purpose ------------------------------------------------------------------------------------------------------

_MAY_BE_MEANT = frozenset(
    {
        "outside-hours",
        "on-holiday",
        "conflict",
        "conflict-later",
        "patient-twice",
        "motif-twice",
        "place-urgent",
        "time-typed",
        "time-outdated",
    }
)


def meant(
    event: CalendarEvent, entry: Entry, practice: Practice, confirmed_for: datetime | None, found: Sequence[Finding]
) -> Findings:
    """With « Créneau confirmé » findings about overlap, hour and second visit become notes (ruling 18). It counts only
    for the time for which it was typed, not after the event is moved or copied, and never against P23."""
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
    """The finding about a block without a reason (P51). It is the same for every occurrence, so a series gets it
    once."""
    if event.private or event.transparent or not contentless(event.title):
        return ()
    return raised(practice.policy, "block-without-motif", blocks=", ".join(practice.blocks[:3]) or "Congés, Réunion")
