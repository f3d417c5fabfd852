"""The hour of the daily digest: what the worker asks between its rounds, without all that a digest is made of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rules.model import Practice


def hour_of(practice: Practice, day: date) -> datetime:
    """That day's."""
    return datetime.combine(day, practice.digest_at, practice.zone)


def next_digest(practice: Practice, now: datetime) -> datetime:
    """When the next digest is due, so that the worker wakes in time."""
    today = hour_of(practice, now.date())
    return today if today > now else hour_of(practice, now.date() + timedelta(days=1))
