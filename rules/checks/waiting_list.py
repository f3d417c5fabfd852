"""What an appointment's event says about the waiting list (P44)."""

from __future__ import annotations

from rules.entry.wished_times import said
from rules.findings import raised
from rules.model import ANY_TIME, Booking, Finding, Practice


def noted(booking: Booking, practice: Practice) -> tuple[Finding, ...]:
    """The notes that the patient waits for an earlier time, and that this time is not offered to others."""
    if practice.waiting is None:
        return ()
    wish = "" if booking.wish == ANY_TIME else f" ({said(booking.wish)})"
    waits = raised(practice.policy, "waiting-listed", seen=wish) if booking.waiting else ()
    return (*waits, *(raised(practice.policy, "waiting-unlisted") if booking.unlisted else ()))
