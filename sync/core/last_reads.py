"""When this process last read its calendars. Most readings that find nothing are not stored, so that a quiet round
writes nothing (docs/benchmark.md B3); those that are share one transaction a round. Whoever asks how old the stored
success is allows for that (`told_within`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sync.core.intervals import JITTER

if TYPE_CHECKING:
    from sync.store.calendars import CalendarRow

STORED_EVERY_S = 240.0  # at least; a calendar that is read seldom, each second time


def told_within(interval: float) -> timedelta:
    """How old a stored success may become before the next one is stored, of a calendar read at that interval (s)."""
    return timedelta(seconds=max(STORED_EVERY_S, interval * (1 + JITTER)))


class Noted:
    """The times of the successful readings of one practice."""

    def __init__(self) -> None:
        self._read: dict[str, datetime] = {}
        self._told: dict[str, datetime] = {}
        self._to_tell: dict[str, datetime] = {}

    def were_read(self, addresses: Iterable[str], at: datetime, *, told: bool) -> None:
        """Note that these calendars were read at `at`; `told`: the store says so too."""
        moments = dict.fromkeys(addresses, at)
        self._read |= moments
        self._told |= moments if told else {}

    def tell_later(self, addresses: Iterable[str], at: datetime) -> None:
        """Note that these were read at `at`; the store is told at the end of the round."""
        self._to_tell |= dict.fromkeys(addresses, at)

    def take_to_tell(self) -> dict[datetime, list[str]]:
        """moment → the calendars read then of which the store is still to be told."""
        taken: dict[datetime, list[str]] = {}
        for address in list(self._to_tell):
            taken.setdefault(self._to_tell.pop(address), []).append(address)
        return taken

    def last(self, row: CalendarRow, now: datetime) -> datetime | None:
        """When the calendar was last read with success, by this process or another. What was read in the future, before
        the clock was set back, counts for nothing."""
        own = self._read.get(row.calendar)
        return max(filter(None, (own if own and own <= now else None, row.last_success)), default=None)

    def newest(self) -> datetime | None:
        """When any calendar was last read by this process."""
        return max(list(self._read.values()), default=None)

    def forget_after(self, moment: datetime) -> None:
        """The clock was set back: what was read later counts for nothing."""
        for address, at in list(self._read.items()):
            if at > moment:
                del self._read[address]

    def suffices(self, row: CalendarRow, now: datetime, interval: float) -> bool:
        """Whether the stored success is this process's own, without trouble, and recent enough for its interval."""
        told = self._told.get(row.calendar)
        return told is not None and told == row.last_success and told <= now < told + told_within(interval) and row.well
