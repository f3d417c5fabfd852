"""When this process last read its calendars: the store is told once a minute, so that a pass that finds nothing changed
writes nothing (docs/benchmark.md B3). What is stale after minutes (`attitre status`) stays as true as it was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.store.calendars import CalendarRow

ONCE = timedelta(seconds=60)


class Noted:
    """The moments of one world's successful readings, beyond what the store knows of them."""

    def __init__(self) -> None:
        self._read: dict[str, datetime] = {}
        self._told: dict[str, datetime] = {}

    def were_read(self, addresses: Iterable[str], at: datetime, *, told: bool) -> None:
        """All of these were read then; `told`: and the store says so."""
        moments = dict.fromkeys(addresses, at)
        self._read |= moments
        self._told |= moments if told else {}

    def last(self, row: CalendarRow) -> datetime | None:
        """When it was last read with success, by this process or another."""
        own = self._read.get(row.calendar)
        return max(filter(None, (own, row.last_success)), default=None)

    def suffices(self, row: CalendarRow, now: datetime) -> bool:
        """Whether the store's word on it is this process's own, says that all is well, and is not a minute old."""
        told = self._told.get(row.calendar)
        return told is not None and told == row.last_success and told <= now < told + ONCE and row.well
