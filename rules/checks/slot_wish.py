"""Which free times the findings of an event ask for (P9, P10, P11, P23, P24, P25)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from rules.checks.agenda import wanted_minutes
from rules.checks.free_slots import is_urgent
from rules.findings import severity
from rules.model import Assessment, Booking, CalendarEvent, Entry, Finding, Practice, Severity, Slot

_ASKING = frozenset(
    {
        "outside-hours", "on-holiday", "on-leave", "conflict", "patient-twice", "urgency-late", "dentist-other",
        "dentist-left",
    }
)  # fmt: skip
EARLIER = "dentist-earlier"
_LATE = "urgency-late"
_LONGEST = 480  # minutes: what is longer is a slip, not a visit


@dataclass(frozen=True, slots=True)
class Wish:
    """Free times to look for. `first`: whose come first, `own`: with whom no agreement is needed, None where with
    anybody. `soon`: from now on, whatever the event's day; `before`: only what begins before that moment.
    `earlier`: without preference, so that another dentist's earlier time is worth saying (P25)."""

    asking: tuple[tuple[str, str], ...]
    minutes: int
    first: str
    own: str | None
    urgent: bool
    soon: bool
    earlier: bool
    before: datetime | None
    key: str

    @property
    def whole(self) -> bool:
        """The first dentist's times are asked for too, not only others' earlier ones."""
        return bool(self.asking)

    def marked(self, slot: Slot) -> Slot:
        """With another than the patient's own dentist only by their agreement (P24, P49)."""
        return replace(slot, needs_consent=self.own is not None and slot.dentist not in {self.own, self.first})


def wish(
    found: Assessment, event: CalendarEvent, entry: Entry, practice: Practice, *, asked_before: bool
) -> Wish | None:
    """What the findings of a booking ask for; None where nothing does. `asked_before`: earlier dentists were looked for
    when it was first judged, so that an attribution that came of it does not end that (P25).

    Says nothing of the time: the same findings ask for the same, whenever they are asked.
    """
    booking = found.booking
    if booking is None or booking.cancelled:
        return None
    confirmed = any(one.rule == "slot-confirmed" for one in found.findings)
    asking = tuple(
        (one.rule, one.text)
        for one in found.findings
        if one.rule in _ASKING and not (confirmed and one.severity is Severity.INFO)
    )
    earlier = _any_dentist(booking, entry, practice, asked_before=asked_before)
    minutes = _minutes(booking, event, entry, practice)
    if minutes is None or not (asking or earlier):
        return None
    rules = {rule for rule, _ in asking}
    own = None if earlier else _own(booking, entry, practice)
    first = own if own and "dentist-other" in rules else booking.dentist
    return Wish(
        asking=asking, minutes=minutes, first=first, own=own, urgent=is_urgent(practice, booking.motif),
        soon=_LATE in rules, earlier=earlier, before=event.start if rules <= {_LATE} else None,
        key=_key(asking, event, booking, minutes, first, own, earlier),
    )  # fmt: skip


def _any_dentist(booking: Booking, entry: Entry, practice: Practice, *, asked_before: bool) -> bool:
    """The patient has no dentist yet and no preference."""
    if not entry.no_preference or entry.dentist or practice.motif(booking.motif) is None:
        return False
    if severity(EARLIER, practice.policy) is Severity.OFF:
        return False
    return booking.patient.dentist is None or (asked_before and booking.patient.dentist == booking.dentist)


def _own(booking: Booking, entry: Entry, practice: Practice) -> str | None:
    here = {dentist.key for dentist in practice.dentists}
    known = next((one for one in (booking.patient.dentist, entry.dentist) if one in here), None)
    return known or (None if entry.no_preference else booking.dentist)


def _minutes(booking: Booking, event: CalendarEvent, entry: Entry, practice: Practice) -> int | None:
    """How long the visit is: as typed, as the motif asks, as the event shows."""
    if known := entry.keep_minutes or wanted_minutes(booking, practice):
        return known
    return event.minutes if not event.all_day and 0 < event.minutes <= _LONGEST else None


def _key(
    asking: tuple[tuple[str, str], ...], event: CalendarEvent, booking: Booking, minutes: int, *rest: object
) -> str:
    """The same findings about the same time, motif and dentist have the same key. It names nobody."""
    said = (asking, event.start.astimezone(UTC).isoformat(), booking.motif, booking.dentist, minutes, rest)
    return sha256(repr(said).encode()).hexdigest()[:24]


def shown_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Proposals that several findings share stand under the first of them only."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for one in findings:
        again = one.rule in _ASKING and one.proposals in seen
        kept.append(replace(one, proposals=()) if again and one.proposals else one)
        seen.add(one.proposals)
    return tuple(kept)
