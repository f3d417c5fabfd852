"""Patients move and cancel by their links while the secretary works: the account of it, for the machine of law L3.

Whatever they choose, from one tab, from two, or from a page of last week, and whatever she does just before or after
our write: an appointment leaves its place only for a time that its patient chose while it stood there, never to another
dentist, never onto another one, and never twice. Hers wins, and the last word that a patient hears is what stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Conflict, TryLater, Unknown
from adapters.calendars.memory import MemoryCalendar
from adapters.web.patients import Act, LinkTo, What
from rules.model import Facts, MessageKind
from sync.plan.messages import is_held
from sync.store import bookings, intents, links, offers
from sync.store.bookings import VALID, BookingRow
from sync.store.links import LinkKind
from sync.store.messages import MessageRow
from tests.laws.appointments import PEOPLE, Meant
from tests.laws.own_dentist import WHERE, OwnDentist
from tests.laws.passing import step
from tests.laws.patients_answers import numbers
from tests.office import PARIS

MINUTES = timedelta(minutes=20)  # an appointment's
FACTS = (MessageKind.CONFIRMATION, MessageKind.MODIFICATION, MessageKind.CANCELLATION)
FAULTS = ("away", "lost", "never", "newer")
ACTS = ("drags", "deletes", "moves", "books over", "saves", "merges")
Place = tuple[str, str]


class Raced(MemoryCalendar):
    """She is quick: `race` happens once, just before or after our next write that moves or removes."""

    race: tuple[str, Callable[[], None]] | None = None

    def apply(self, ref: str, version: str | None, edit: Any) -> Any:
        """See `Calendar.apply`."""
        return self._raced(edit.start is not None, super().apply, ref, version, edit)

    def remove(self, ref: str, version: str | None) -> Any:
        """See `Calendar.remove`."""
        return self._raced(True, super().remove, ref, version)

    def _raced(self, weighty: bool, write: Callable[..., Any], *given: Any) -> Any:
        if not weighty or self.race is None:
            return write(*given)
        (when, acts), self.race = self.race, None
        if when == "before":
            acts()
        done = write(*given)
        if when == "after":
            acts()
        return done


class Tab(Struct, frozen=True):
    """A page of free times that is still open somewhere."""

    secret: str
    revision: str
    values: tuple[str, ...]


class Wish(Struct, frozen=True):
    """What a patient chose: `at`: where the appointment stood in her calendar; `choice`: None to cancel it."""

    booking: int
    at: datetime
    choice: datetime | None


class Moves(OwnDentist):
    """Their hands on the pages, and what they chose."""

    kept = Raced

    def __init__(self) -> None:
        super().__init__()
        self.visits: list[str] = []
        self.tabs: list[Tab] = []
        self.wishes: dict[int, list[Wish]] = {}  # by number of the appointment
        self.word: dict[int, tuple[MessageKind, Facts]] = {}  # of a booking: the last that its patient heard
        self.moved: list[tuple[Place, Wish]] = []

    def hears(self, row: MessageRow, booking: BookingRow, text: str) -> None:
        self.visits += [one for one in re.findall(r"/r/([\w-]{22})", text) if one not in self.visits]
        if row.kind in FACTS:
            if self.word.get(booking.id) == (row.kind, row.facts):
                self.wrong.append(f"told twice: {row.kind} of {row.facts}")
            self.word[booking.id] = (row.kind, row.facts)

    def put(self, where: str, ref: str, meant: Meant, payload: bytes | None = None) -> None:
        """Wherever she drags it: what was chosen before counts no more."""
        before = self.meant.get((where, ref))
        if before is not None and before.start != meant.start:
            self.wishes.pop(before.number, None)
        super().put(where, ref, meant, payload)

    def deletes(self, place: Place) -> None:
        self.wishes.pop(self.meant[place].number, None)
        super().deletes(place)

    # --- their hands -------------------------------------------------------------------------------------------------

    @step(pick=numbers, page=st.integers(0, 5), nth=st.integers(0, 200))
    def the_patient_moves(self, pick: int, page: int, nth: int) -> None:
        """From the page as it is now."""
        tab = self.opens_a_tab(pick, page)
        if tab:
            self.chooses(tab, nth)

    @step(pick=numbers, page=st.integers(0, 5), nth=numbers, other=numbers)
    def the_patient_moves_in_two_tabs(self, pick: int, page: int, nth: int, other: int) -> None:
        first, second = self.opens_a_tab(pick, page), self.opens_a_tab(pick, page)
        if first and second:
            self.chooses(first, nth)
            self.chooses(second, other)

    @step(pick=numbers, page=st.integers(0, 5))
    def the_patient_leaves_a_tab_open(self, pick: int, page: int) -> None:
        self.opens_a_tab(pick, page)

    @step(pick=numbers, nth=numbers)
    def the_patient_comes_back_to_an_old_tab(self, pick: int, nth: int) -> None:
        """With the revision of then, and a time that was free then."""
        if self.tabs:
            self.chooses(self.tabs[pick % len(self.tabs)], nth)

    @step(pick=numbers, of=numbers, nth=numbers)
    def the_patient_sends_the_page_of_another_appointment(self, pick: int, of: int, nth: int) -> None:
        if self.tabs and self.visits:
            tab = self.tabs[of % len(self.tabs)]
            self.chooses(replace(tab, secret=self.visits[pick % len(self.visits)]), nth)

    @step(pick=numbers, other=numbers, page=st.integers(0, 5), nth=numbers)
    def two_patients_choose_one_time(self, pick: int, other: int, page: int, nth: int) -> None:
        tabs = [self.opens_a_tab(one, page) for one in (pick, other)]
        for tab in tabs:
            if tab:
                self.chooses(tab, nth)

    @step(pick=numbers)
    def the_patient_cancels(self, pick: int) -> None:
        if self.visits:
            secret = self.visits[pick % len(self.visits)]
            seen = self.desk.shown(LinkTo.APPOINTMENT, secret)
            self.desk.act(LinkTo.APPOINTMENT, secret, Act(What.CANCEL, seen.revision if seen else ""))
            self.wants(secret)

    def opens_a_tab(self, pick: int, page: int) -> Tab | None:
        if not self.visits:
            return None
        secret = self.visits[pick % len(self.visits)]
        seen = self.desk.shown(LinkTo.APPOINTMENT, secret, What.MOVE, page)
        values = tuple(one.value for day in seen.days for one in day.times) if seen else ()
        if seen is None or not values:
            return None
        self.tabs.append(Tab(secret, seen.revision, values))
        return self.tabs[-1]

    def chooses(self, tab: Tab, nth: int) -> None:
        chosen = tab.values[nth % len(tab.values)]
        self.desk.act(LinkTo.APPOINTMENT, tab.secret, Act(What.MOVE, tab.revision, {"debut": (chosen,)}))
        self.wants(tab.secret)

    def wants(self, secret: str) -> None:
        """Note the wish that is open now for that link, with where the appointment stands in her calendar."""
        with self.store.read() as tx:
            link = links.find(tx, LinkKind.APPOINTMENT, secret)
            row = bookings.get(tx, link.booking, PARIS) if link else None
            wish = intents.get(tx, row.id) if row else None
        if row and wish and wish.state in intents.OPEN:
            self.notes(row, wish.start)

    def has_answered(self, secret: str) -> None:
        with self.store.read() as tx:
            link = links.find(tx, LinkKind.OFFER, secret)
            offer = offers.get(tx, link.subject, PARIS) if link else None
            row = bookings.get(tx, offer.booking, PARIS) if offer and offer.booking else None
        if row and offer and offer.state in offers.ACCEPTED:
            self.notes(row, offer.start)

    def notes(self, row: BookingRow, choice: datetime | None) -> None:
        meant = self.meant.get((row.calendar.removeprefix("memory:"), row.ref))
        if meant is not None:
            wish = Wish(row.id, meant.start, choice)
            wishes = self.wishes.setdefault(meant.number, [])
            wishes += [wish] if wish not in wishes else []

    # --- hers, just before or after our write ------------------------------------------------------------------------

    @step(
        pick=numbers, page=st.integers(0, 5), nth=numbers, when=st.sampled_from(["before", "after"]),
        act=st.sampled_from([*ACTS, "takes it back"]), on=st.integers(1, 2),
    )  # fmt: skip
    def she_is_quick(self, pick: int, page: int, nth: int, when: str, act: str, on: int) -> None:
        """The patient moves it, and she acts on the same event around the worker's write."""
        tab = self.opens_a_tab(pick, page)
        if tab is None:
            return
        self.chooses(tab, nth)
        with self.store.read() as tx:
            link = links.find(tx, LinkKind.APPOINTMENT, tab.secret)
            row = bookings.get(tx, link.booking, PARIS) if link else None
            wish = intents.get(tx, row.id) if row else None
        place = (row.calendar.removeprefix("memory:"), row.ref) if row else None
        if place in self.meant and wish and wish.start:
            start = wish.start
            act = "saves" if (act, when) == ("takes it back", "before") else act
            self.calendars[place[0]].race = (when, lambda: self.acts_on(place, act, start, on))

    def acts_on(self, place: Place, act: str, start: datetime, on: int) -> None:
        """One of her acts, without a pass after it."""
        meant = self.meant.get(place)
        if meant is None:
            return
        if act == "drags":
            self.put(*place, replace(meant, start=self.slot()))
        elif act == "deletes":
            self.deletes(place)
        elif act == "moves":
            there = WHERE[(WHERE.index(place[0]) + on) % 3]
            self.deletes(place)
            self.put(there, place[1], meant)
        elif act == "books over":
            who = next(one for one in PEOPLE if one is not meant.who)
            self.number += 1
            self.put(place[0], f"o{self.number}.ics", Meant(who, start.astimezone(PARIS), f"o{self.number}"))
        elif act == "saves":
            self.put(*place, meant)
        elif act == "takes it back":
            self.wishes.pop(meant.number, None)
            self.put(*place, meant)
            self.calendars[place[0]].fail_next(TryLater("Injoignable."), times=2)
        else:
            self.merges()

    @step(
        pick=numbers, page=st.integers(0, 5), nth=numbers, on=st.integers(1, 2), click_first=st.booleans(),
        act=st.sampled_from(ACTS),
    )  # fmt: skip
    def the_patient_moves_while_she_works(
        self, pick: int, page: int, nth: int, on: int, click_first: bool, act: str
    ) -> None:
        """Between two passes, in either order."""
        tab = self.opens_a_tab(pick, page)
        if tab is None:
            return
        with self.store.read() as tx:
            link = links.find(tx, LinkKind.APPOINTMENT, tab.secret)
            row = bookings.get(tx, link.booking, PARIS) if link else None
        if row is None:
            return
        chosen = datetime.strptime(tab.values[nth % len(tab.values)] + "+0000", "%Y%m%dT%H%MZ%z")
        if click_first:
            self.chooses(tab, nth)
        self.acts_on((row.calendar.removeprefix("memory:"), row.ref), act, chosen, on)
        if not click_first:
            self.chooses(tab, nth)

    @step(where=st.sampled_from(WHERE), times=st.integers(1, 3), how=st.sampled_from(FAULTS))
    def the_calendar_errs(self, where: str, times: int, how: str) -> None:
        """It does not answer; its answer to a write is lost, or the write never came; it has something newer."""
        calendar = self.calendars[where]
        if how == "lost":
            calendar.lose_answer_of_next_write()
        elif how == "away":
            calendar.fail_next(TryLater("Injoignable."), times=times)
        else:
            calendar.fail_next(Unknown() if how == "never" else Conflict(), times=times)

    # --- the account -------------------------------------------------------------------------------------------------

    def it_moved(self, place: Place, meant: Meant, start: datetime) -> None:
        for wish in reversed(self.wishes.get(meant.number, ())):
            if (meant.start, start) == (wish.at, wish.choice):
                self.moved.append((place, wish))
                break
            if (meant.start, start) == (wish.choice, wish.at):  # she had taken the time: back where it stood
                break
        else:
            self.wrong.append(f"moved to {start}, which nobody chose: {meant}, {self.wishes.get(meant.number)}")
        super().it_moved(place, meant, start)

    def it_went(self, place: Place, meant: Meant) -> None:
        if not any(one.choice is None and one.at == meant.start for one in self.wishes.get(meant.number, ())):
            super().it_went(place, meant)
        del self.meant[place]

    def sees_what_moved(self) -> None:
        super().sees_what_moved()
        for key, calendar in self.calendars.items():
            theirs = {ref for ref, body in calendar._held.items() if b"-//attitre//FR" not in body.payload}
            assert theirs == {ref for where, ref in self.meant if where == key}
        moved, self.moved = self.moved, []
        for place, wish in moved:
            with self.store.read() as tx:
                now = intents.get(tx, wish.booking)
            if now and now.state == intents.DONE:
                self.stands_alone(place)
            else:
                self.moved.append((place, wish))  # the worker looks once more

    def stands_alone(self, place: Place) -> None:
        """Nothing of hers lay there when the worker had it moved."""
        mine = self.meant.get(place)
        for other, meant in self.meant.items():
            if mine and other != place and other[0] == place[0] and abs(meant.start - mine.start) < MINUTES:
                self.wrong.append(f"moved onto another: {mine}, {meant}")

    def is_calm(self) -> None:
        """Nothing is under way, and the last word about what stands, and about what does not, is true."""
        with self.store.read() as tx:
            for booking, (kind, facts) in self.word.items():
                row = bookings.get(tx, booking, PARIS)
                assert row is not None
                if row.start <= self.now + timedelta(minutes=1):
                    continue
                self.is_true(row, kind, facts, held=is_held(tx, row))

    def is_true(self, row: BookingRow, kind: MessageKind, facts: Facts, *, held: bool) -> None:
        place = (row.calendar.removeprefix("memory:"), row.ref)
        meant = self.meant.get(place) if row.vanished_at is None else None
        if meant is None:
            told = kind is MessageKind.CANCELLATION or held
        else:
            told = row.state != VALID or (
                kind is not MessageKind.CANCELLATION and (facts.start, facts.dentist) == (meant.start, place[0])
            )
        if not told:
            self.wrong.append(f"the last word is {kind} of {facts.start} with {facts.dentist}: {meant}, {row.state}")
