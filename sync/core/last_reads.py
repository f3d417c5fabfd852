"""When this process last read its calendars. The store is told once a minute, so that a pass without changes writes
nothing (docs/benchmark.md B3); `attitre status` calls a calendar stale after ten minutes, so that is exact enough."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.store.calendars import CalendarRow

STORED_EVERY = timedelta(seconds=60)


class Noted:
    """The times of the successful readings of one practice."""

    def __init__(self) -> None:
        self._read: dict[str, datetime] = {}
        self._told: dict[str, datetime] = {}

    def were_read(self, addresses: Iterable[str], at: datetime, *, told: bool) -> None:
        """Note that these calendars were read at `at`; `told`: the store says so too."""
        moments = dict.fromkeys(addresses, at)
        self._read |= moments
        self._told |= moments if told else {}

    def last(self, row: CalendarRow) -> datetime | None:
        """When the calendar was last read with success, by this process or another."""
        own = self._read.get(row.calendar)
        return max(filter(None, (own, row.last_success)), default=None)

    def suffices(self, row: CalendarRow, now: datetime) -> bool:
        """Whether the stored success is this process's own, without trouble, and less than 60 s old."""
        told = self._told.get(row.calendar)
        return told is not None and told == row.last_success and told <= now < told + STORED_EVERY and row.well
