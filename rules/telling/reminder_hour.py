"""When a reminder's hour has come (P41): asked at each pass, and so apart from all else that decides on messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model import Practice

_USEFUL = timedelta(hours=3)


def reminder_at(start: datetime, hours: int, practice: Practice) -> datetime:
    """The same wall-clock time, `hours` earlier (P41): daylight saving does not move it."""
    wall = start.astimezone(practice.zone).replace(tzinfo=None) - timedelta(hours=hours)
    return wall.replace(tzinfo=practice.zone)


def hour_has_come(
    start: datetime, known_at: datetime, practice: Practice, now: datetime, *, early: bool = False
) -> bool:
    """Whether at least three hours remain, and the patient learnt of the appointment before the reminder's hour
    (otherwise the confirmation was the reminder, ruling 5). `early`: that hour need not have come."""
    due = reminder_at(start, practice.policy.reminder_hours, practice)
    return known_at < due and (early or due <= now) and start - now >= _USEFUL
