"""The calendars of many practices: a few events that everybody knows, and new bookings that are shown by and by."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product

from bench.practice import Entry
from bench.server import Replay
from rules.entry.motifs import of_the_trade
from rules.entry.vocabulary import usual

KNOWN = 10  # events in each calendar, from the beginning
FAR = timedelta(weeks=40)  # nothing that is known lies there, and no reminder is due
_BORN, _MINUTES = date(1950, 1, 1), timedelta(minutes=20)
_SAID = ("".join(one) for one in product("bcdfglmnprst", "aeiou", "lmnrst", "aeio", "cdrst"))
# nobody is called `Diner` or `Detar`: these are asked about
_NAMES = [one.capitalize() for one in _SAID if one not in usual().work and not of_the_trade(one)]
MOST = 10_000  # bookings: each has a mobile of its own


class Shown(Replay):
    """Each calendar holds KNOWN events, and `hidden` bookings of new patients that `show` brings to light. Everybody is
    told by SMS, once: a booking is one mobile number."""

    def __init__(self, calendars: int, hidden: int, today: date, latency: float) -> None:
        if calendars * hidden > MOST:
            raise ValueError(f"{calendars} × {hidden} bookings are more than {MOST}")
        self.hidden, self.shown = hidden, [0] * calendars
        super().__init__(KNOWN + hidden, today, calendars, latency)

    def members(self, calendar: int) -> range:
        """See State: those that are shown."""
        first = calendar * self.events
        return range(first, first + KNOWN + self.shown[calendar])

    def show(self, more: int, step: int) -> list[str]:
        """So many bookings more in each `step`-th calendar; their patients' mobiles."""
        wanted, mobiles = range(0, self.calendars, step), list[str]()
        with self.lock:
            self.revision, self.edited = self.revision + 1, self._now()
            for calendar in wanted:
                if self.shown[calendar] + more > self.hidden:
                    raise ValueError(f"only {self.hidden - self.shown[calendar]} bookings are hidden still")
                end = self.members(calendar).stop
                for number in range(end, end + more):
                    self.revisions[number] = self.revision
                    self.bodies[f"{number}.ics"] = self._body(number)
                first = calendar * self.hidden + self.shown[calendar]
                mobiles += map(mobile, range(first, first + more))
                self.shown[calendar] += more
        return mobiles

    def entry(self, number: int) -> Entry:
        """See State."""
        calendar, place = divmod(number, self.events)
        if place < KNOWN:
            return super().entry(number)
        return entry_of(number, calendar * self.hidden + place - KNOWN, place - KNOWN, self.today, self.edited)


def mobile(booking: int) -> str:
    """Of the patient of that booking, as a gateway reads it."""
    return f"+33612{34 + booking // 10_000:02}{booking % 10_000:04}"


def entry_of(number: int, booking: int, place: int, today: date, now: datetime) -> Entry:
    """How a booking is typed. `place`: among its calendar's, which lie side by side, on Tuesdays from nine o'clock."""
    weeks, slot = divmod(place, 24)
    tuesday = today + FAR + timedelta(weeks=weeks, days=(1 - today.weekday()) % 7)
    start = datetime(tuesday.year, tuesday.month, tuesday.day, 9) + slot * _MINUTES  # noqa: DTZ001 - the wall clock
    digits = mobile(booking).removeprefix("+33")
    text = (
        "Nouveau patient\nSans préférence\nAdresse : 3 rue Verte, 75011 Paris\n"
        f"Né(e) le : {_BORN + timedelta(days=7 * booking % 20_000):%d/%m/%Y}\nMobile : 0{digits}"
    )
    family, given = _NAMES[booking % len(_NAMES)].upper(), _NAMES[-1 - booking * 7 % len(_NAMES)]
    return Entry(number, 1, f"{family} {given} – contrôle", text, start, start + _MINUTES, now)
