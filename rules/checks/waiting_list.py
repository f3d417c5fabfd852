"""What an appointment's event says about the waiting list (P44)."""

from __future__ import annotations

from rules.entry.wished_times import said
from rules.findings import raised
from rules.model import ANY_TIME, Booking, Finding, Practice


def noted(booking: Booking, practice: Practice, *, ended: str = "") -> tuple[Finding, ...]:
    """The notes that the patient waits for an earlier time, or that nobody keeps the list here, and that this time is
    not offered to others. `ended`: why
    what is typed there does not count any more, in French."""
    if practice.waiting is None:
        return raised(practice.policy, "waiting-by-hand") if booking.waiting else ()
    waits = _waits(booking, practice, ended) if booking.waiting else ()
    return (*waits, *(raised(practice.policy, "waiting-unlisted") if booking.unlisted else ()))


def _waits(booking: Booking, practice: Practice, ended: str) -> tuple[Finding, ...]:
    if ended:
        return raised(practice.policy, "waiting-over", seen=ended)
    wish = "" if booking.wish == ANY_TIME else f" ({said(booking.wish)})"
    return raised(practice.policy, "waiting-listed", seen=wish)
