"""The waiting list (P44): who waits, for which times, and the time that became free."""

from __future__ import annotations

from datetime import datetime, time

from msgspec import Struct


class Waiting(Struct, frozen=True):
    """How freed time is offered. `at_once`: to all whom it fits, instead of in turn. `per_day`: the practice's offers
    of one day at most. `shown_in_list`: offers stand in the list's own calendar, not in the dentist's."""

    at_once: bool = False
    answer_minutes: int = 30
    per_day: int = 20
    shown_in_list: bool = False


class Hours(Struct, frozen=True):
    """Times of a week on the practice's clock: `days` (Monday 0), any where empty, from `since` to before `until`."""

    days: frozenset[int] = frozenset()
    since: time | None = None
    until: time | None = None

    def holds(self, start: datetime) -> bool:
        """Whether an appointment that begins then, on the practice's clock, is meant."""
        at = start.time()
        after = self.since is None or self.since <= at
        return (not self.days or start.weekday() in self.days) and after and (self.until is None or at < self.until)


class Wish(Struct, frozen=True):
    """Which times a patient wants: any of `wanted` (all where empty), and none of `refused`."""

    wanted: tuple[Hours, ...] = ()
    refused: tuple[Hours, ...] = ()

    def admits(self, start: datetime) -> bool:
        """Whether an appointment that begins then, on the practice's clock, is wanted."""
        asked = not self.wanted or any(hours.holds(start) for hours in self.wanted)
        return asked and not any(hours.holds(start) for hours in self.refused)


ANY_TIME = Wish()


class Gap(Struct, frozen=True):
    """Time that became free. `freed_start`, `freed_end`: where the appointment stood; `start`, `end`: all the time that
    is free around it."""

    number: int
    dentist: str
    freed_start: datetime
    freed_end: datetime
    start: datetime
    end: datetime


class WaitingEntry(Struct, frozen=True):
    """A patient who wants an earlier slot (P44).

    `dentist`: whose patient; `agreed`: other dentists to whom the patient agreed for this booking. `held`: when the
    present appointment begins. `asked`: when offers were made in the last seven days; `last_asked`: the last of all.
    `gaps`: for which freed times the patient was asked already. `unfit`: why no offer can be made at all, in French.
    """

    number: int
    patient: int
    dentist: str
    minutes: int
    since: datetime
    motif: str | None = None
    wish: Wish = ANY_TIME
    urgent: bool = False
    agreed: frozenset[str] = frozenset()
    held: datetime | None = None
    busy: tuple[tuple[datetime, datetime], ...] = ()
    asked: tuple[datetime, ...] = ()
    last_asked: datetime | None = None
    gaps: frozenset[int] = frozenset()
    open_offer: bool = False
    unfit: str = ""
