"""The calendars that are served: events by number, their revisions, and what clients may still ask about."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime

from bench import practice, rendered


class State:
    """`events` in each of `calendars`; event n lives in calendar n // events."""

    def __init__(self, events: int, today: date, calendars: int = 1) -> None:
        self.events, self.calendars, self.today = events, calendars, today
        self.lock = threading.RLock()  # what is answered while something changes would hold the new token without it
        self.revision = 0
        self.edited = self._now()
        self.oldest = 0  # tokens from before this revision are forgotten
        self.revisions = [0] * (events * calendars)
        self.bodies = {f"{number}.ics": self._body(number) for number in range(events * calendars)}
        numbers = range(events * calendars)
        self._judged_first = sorted(numbers, key=lambda one: (practice.coming(one), one), reverse=True)
        self.coming = frozenset(filter(practice.coming, numbers))  # the bookings that are to come

    def members(self, calendar: int) -> range:
        """The numbers of that calendar's events."""
        return range(calendar * self.events, (calendar + 1) * self.events)

    def entry(self, number: int) -> practice.Entry:
        """As it stands now."""
        return practice.entry(number, self.revisions[number], self.today, self.edited)

    def change(self, count: int) -> None:
        """So many events are edited, those first that are judged, the farthest first, of which no reminder is due: just
        now, so that attitre does not write into them yet."""
        self._edit(self._judged_first[:count], self._now())

    def change_one(self, at: datetime | None = None, after: int = 0, number: int | None = None) -> str:
        """One is edited, at a time of the asker's own clock (UTC), that one which comes `after` so many others, or of
        that `number`; its name, and the hash of what it says now."""
        if number is None:
            number = self._judged_first[after % len(self._judged_first)]
        self._edit([number], at or self._now())
        return f"{number}.ics {hashlib.sha256(self.bodies[f'{number}.ics']).hexdigest()}"

    def _edit(self, numbers: Sequence[int], at: datetime) -> None:
        with self.lock:
            self.revision += 1
            self.edited = at
            for number in numbers:
                self.revisions[number] = self.revision
                self.bodies[f"{number}.ics"] = self._body(number)

    def lose_tokens(self) -> None:
        """No token given so far is known any more; the events are what they were."""
        self.revision += 1
        self.oldest = self.revision

    @staticmethod
    def _now() -> datetime:
        return datetime.now(UTC).replace(microsecond=0, tzinfo=None)

    def _body(self, number: int) -> bytes:
        return rendered.ics(self.entry(number))
