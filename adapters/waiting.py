"""Reads Retry-After (RFC 9110 10.2.3), for calendars and gateways."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from adapters.base import DAY, TryLater

FLOOR = 30.0


def asked(value: str | None, now: datetime | None = None) -> float | None:
    """The seconds asked for, however many; 0 for a past date; None if the value is unreadable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        when = when.replace(tzinfo=when.tzinfo or UTC)
        return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after(value: str | None, now: datetime | None = None, *, least: float = FLOOR) -> float | None:
    """The seconds to wait: at least `least`, at most a day (hard case I03)."""
    seconds = asked(value, now)
    return None if seconds is None else min(DAY, max(least, seconds))


def later(text: str, value: str | None, *, least: float = FLOOR) -> TryLater:
    """The TryLater for an answer with that header; `capped` if it asks for more than a day."""
    seconds = asked(value)
    return TryLater(text, None if seconds is None else max(least, seconds))
