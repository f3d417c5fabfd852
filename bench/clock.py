"""A practice's own clock, and how far apart its worker's rounds are by it."""

from __future__ import annotations

from datetime import datetime, timedelta

EVERY = 60  # seconds between two readings of a calendar, as configured
APART = timedelta(seconds=75)  # two rounds: more than `EVERY` with its jitter, less than what is told as a clock set


class Clock:
    """A practice's own. Time goes on between two rounds only."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def goes_on(self) -> None:
        """Until the next round."""
        self._now += APART
