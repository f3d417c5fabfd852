"""Decides which free slots to look for, from the findings of an event (P9, P10, P11, P23, P24, P25)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.agenda import wanted_minutes
from rules.checks.free_slots import is_urgent
from rules.findings import severity
from rules.model import Assessment, Booking, CalendarEvent, Entry, Finding, Practice, Severity, Slot
from rules.text.french import day_and_clock

_ASKING = frozenset(
    {
        "outside-hours", "on-holiday", "on-leave", "conflict", "patient-twice", "urgency-late", "dentist-other",
        "dentist-left",
    }
)  # fmt: skip
EARLIER = "dentist-earlier"
_LATE = "urgency-late"
_LONGEST = 480  # minutes; a longer event is a typing error, so its length is not searched for


class Wish(Struct, frozen=True):
    """Free slots to look for. `first`: the dentist whose slots come first. `own`: the dentist with whom no agreement is
    needed, None if nobody's slots need one. `soon`: from now on instead of from the event's day. `before`: only slots
    that begin before that time. `earlier`: the patient has no preference, so another dentist's earlier slot is worth
    proposing (P25). `key`: equal for equal wishes and opening hours."""

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
        """Whether slots of the first dentist are wanted too, and not only earlier ones of others."""
        return bool(self.asking)

    def marked(self, slot: Slot) -> Slot:
        """The slot, marked if the patient must agree to its dentist first (P24, P49)."""
        return replace(slot, needs_consent=self.own is not None and slot.dentist not in {self.own, self.first})


def wish(
    found: Assessment, event: CalendarEvent, entry: Entry, practice: Practice, *, asked_before: bool
) -> Wish | None:
    """The slots that the findings of a booking ask for; None if they ask for none. `asked_before`: earlier slots of
    other dentists were already looked for, and still are when the booking itself gave the patient a dentist (P25).

    Does not depend on the current time: the same findings give the same wish.
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
        key=_key(asking, event, booking, minutes, first, own, earlier, practice.opening),
    )  # fmt: skip


def _any_dentist(booking: Booking, entry: Entry, practice: Practice, *, asked_before: bool) -> bool:
    """Whether another dentist's earlier slot is worth proposing: the patient has neither a dentist nor a preference."""
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
    """The length in minutes: the typed one, else the motif's, else the event's; None if there is no plausible one."""
    if known := entry.keep_minutes or wanted_minutes(booking, practice):
        return known
    return event.minutes if not event.all_day and 0 < event.minutes <= _LONGEST else None


def _key(
    asking: tuple[tuple[str, str], ...], event: CalendarEvent, booking: Booking, minutes: int, *rest: object
) -> str:
    """A key that is equal for equal findings about the same time, motif and dentist, and equal opening hours. It is a
    hash, so it names nobody."""
    said = (asking, event.start.astimezone(UTC).isoformat(), booking.motif, booking.dentist, minutes, rest)
    return sha256(repr(said).encode()).hexdigest()[:24]


def shown_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, with proposals that several of them share only under the first."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for one in findings:
        again = one.rule in _ASKING and one.proposals in seen
        kept.append(replace(one, proposals=()) if again and one.proposals else one)
        seen.add(one.proposals)
    return tuple(kept)


def slot_lines(slots: Iterable[Slot], practice: Practice) -> tuple[str, ...]:
    """`mardi 24 novembre à 9 h 30, Dr Claire Martin`, and, where it is so, that the patient must agree first (P24)."""
    return tuple(
        f"{day_and_clock(one.start.astimezone(practice.zone))}, {practice.name_of(one.dentist)}"
        + (" (seulement avec l'accord du patient)" if one.needs_consent else "")
        for one in slots
    )


def own_first(slots: tuple[Slot, ...], own: str | None) -> list[Slot]:
    """The own dentist's slots, then other slots without an agreement, then those that need one; each group soonest
    first."""
    return sorted(slots, key=lambda one: (one.needs_consent, not one.needs_consent and one.dentist != own, one.start))
