"""What a calendar says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from rules.model.booking import Kind


class Status(StrEnum):
    """RFC 5545 STATUS of an event."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class CalendarEvent(Struct, frozen=True):
    """One occurrence of a calendar event, without our block and our title mark.

    `recurrence` is empty for a single event, else the original start as an ISO instant (date for all-day).
    All-day events run from local midnight to local midnight in the practice's zone. `description` is plain text (HTML
    already turned into lines); `apart` lines that stand in another form of it only. `flags` name oddities of the
    source: `zone-unknown`, `no-end`, `end-before-start`, `zero-length`, `nonexistent-time`, `until-date`, `html`,
    `text-added` (what is apart was added to the description), `text-differs` (it contradicts it, and is not read).
    """

    uid: str
    start: datetime
    end: datetime
    title: str = ""
    description: str = ""
    apart: tuple[str, ...] = ()
    location: str = ""
    recurrence: str = ""
    all_day: bool = False
    recurring: bool = False
    status: Status = Status.CONFIRMED
    transparent: bool = False
    private: bool = False
    categories: tuple[str, ...] = ()
    attendees: bool = False
    modified: datetime | None = None
    created: datetime | None = None
    kind: str = "default"
    flags: frozenset[str] = frozenset()

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)


def first_kind(event: CalendarEvent) -> Kind:
    """What an occurrence counts as until it is evaluated: time that is taken, unless it plainly takes none."""
    if event.transparent or event.status == "cancelled":
        return Kind.IGNORED
    return Kind.PRIVATE if event.private else Kind.BLOCK
