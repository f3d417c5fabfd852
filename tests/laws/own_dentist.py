"""The machine of law L3: her hands on the calendars of three dentists, and the account against which every message is
held. It keeps for itself who is whose, what was agreed to where and where each appointment stands, without asking the
product; what patients do by their links is in `tests.laws.patients_answers` and `tests.laws.patients_moves`.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from msgspec.structs import replace

from adapters.base import Outgoing
from adapters.calendars.ical.resource import Ics
from adapters.calendars.memory import MemoryCalendar
from adapters.web.patients import What
from rules.model import Channel, Dentist, Waiting
from sync.cli.commands.patients import Merge, store
from sync.core.context import Source, World
from sync.people import merge
from sync.people.desk import PagesOfPatients
from sync.store import bookings, messages, patients
from sync.store.bookings import BookingRow
from sync.store.engine import Store
from sync.store.messages import MessageRow
from sync.worker.one_pass import one_pass
from tests.laws.appointments import DOUBLE, PEOPLE, Asked, Meant, Person, times
from tests.laws.passing import step
from tests.laws.patients_answers import PatientsAnswers, numbers
from tests.office import MORNING, PARIS, PRACTICE, Office, make_office

WHERE = ("martin", "bernard", "durand")
HOURS = dict.fromkeys(range(7), ((time(8), time(20)),))
HOUSE = replace(
    PRACTICE,
    dentists=tuple(
        replace(one, hours=HOURS) for one in (*PRACTICE.dentists, Dentist("durand", "Dr Anne Durand", "Dentiste"))
    ),
    waiting=Waiting(per_day=1000),
    policy=replace(PRACTICE.policy, settle_seconds=60, settle_change_seconds=60, most_per_hour=1000),
    page_url="https://rdv.lilas.example",
)
ANY = Ics(PARIS, b"s" * 32, "any")
dentists = st.sampled_from(WHERE)


class OwnDentist(PatientsAnswers):
    """Her hands, and the account against which messages are judged."""

    office: Office
    template: Path
    kept = MemoryCalendar  # how calendars are kept

    @initialize()
    def opens(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        office = self.office
        self.calendars = {key: self.kept(f"memory:{key}", PARIS, b"s" * 32) for key in WHERE}
        sources = tuple(Source(calendar, key) for key, calendar in self.calendars.items())
        self.now, self.number, self.merged, self.appointments = MORNING, 0, False, 0
        shutil.copy(self.template, self.folder / "lilas.db")
        self.store = Store(f"sqlite:///{self.folder / 'lilas.db'}", "lilas")
        senders: dict[Channel, Any] = {Channel.SMS: self}  # one way to the patient is enough, and half the time
        self.world: World = replace(
            office.world, practice=HOUSE, store=self.store, sources=sources, senders=senders, clock=lambda: self.now
        )
        self.own = {who: who.dentist for who in (*PEOPLE, DOUBLE)}
        self.meant: dict[tuple[str, str], Meant] = {}
        self.wrong: list[str] = []
        self.confirmed = 0
        self.copied = False  # an event that no pass has seen yet
        self.links: list[Asked] = []
        self.offers: list[str] = []
        self.accepted = 0
        self.clicked: set[tuple[int, str, datetime]] = set()  # which appointment, with whom, when
        self.desk = PagesOfPatients(self.world, lambda: None)
        self.passes()
        self.put("martin", "own.ics", Meant(PEOPLE[0], self.slot(), "own", listed=True))
        words = self.fresh_words(None)
        self.put("bernard", "agreed.ics", Meant(PEOPLE[0], self.slot(), "agreed", words, "bernard", listed=True))
        self.passes_after(61)
        assert self.confirmed == 2

    # --- the gateway judges ------------------------------------------------------------------------------------------

    repeatable = True

    def send(self, message: Outgoing) -> str:
        """Every SMS is held against the account before it is taken."""
        with self.store.read() as tx:
            [row] = [one for one in messages.with_state(tx, messages.CLAIMED, zone=PARIS) if one.key == message.key]
            booking = bookings.get(tx, row.booking, PARIS)
        assert booking is not None
        self.hears(row, booking, message.text)
        if row.kind in {"confirmation", "modification", "reminder"}:
            self.judge(booking.calendar.removeprefix("memory:"), booking.ref, row.kind)
        if row.kind == "offer":
            self.offers += re.findall(r"/o/([\w-]{22})", message.text)
        if row.kind == "agreement":
            self.note_question(booking.calendar.removeprefix("memory:"), booking.ref, message.text)
        return message.key

    def hears(self, row: MessageRow, booking: BookingRow, text: str) -> None:
        """What else is to be known of a message that leaves."""

    def note_question(self, dentist: str, ref: str, text: str) -> None:
        meant, secret = self.meant.get((dentist, ref)), re.search(r"/a/([\w-]{22})", text)
        if meant is None or secret is None or not meant.ask:
            self.wrong.append(f"asked of what does not stand with {dentist}, or unasked: {ref}")
        else:
            self.links.append(Asked(secret[1], meant.number, dentist, meant.start))

    def judge(self, dentist: str, ref: str, kind: str) -> None:
        self.confirmed += 1
        meant = self.meant.get((dentist, ref))
        if meant is None:
            self.wrong.append(f"{kind} of what does not stand with {dentist}: {ref}")
        elif (
            dentist not in {self.whose(meant.who), meant.agreed}
            and (meant.number, dentist, meant.start) not in self.clicked
        ):
            self.wrong.append(f"{kind} with {dentist}, whose own is {self.whose(meant.who)}: {meant}")

    def whose(self, who: Person) -> str:
        return self.own[PEOPLE[0] if who is DOUBLE and self.merged else who]

    # --- her hands ---------------------------------------------------------------------------------------------------

    def put(self, where: str, ref: str, meant: Meant, payload: bytes | None = None) -> None:
        if not meant.number:
            self.appointments += 1
            meant = replace(meant, number=self.appointments)
        self.meant[where, ref] = meant
        self.calendars[where].put(ref, payload if payload is not None else meant.ics())

    def one(self, pick: int) -> tuple[str, str] | None:
        return sorted(self.meant)[pick % len(self.meant)] if self.meant else None

    def slot(self) -> datetime:
        self.number += 1
        return MORNING + timedelta(days=30 + self.number // 6, hours=self.number % 6)

    def fresh_words(self, named: str | None) -> str:
        self.number += 1
        name = {"martin": "Dr Martin, ", "bernard": "Dr Bernard, ", "durand": "Dr Durand, "}.get(named or "", "")
        return f"{name}tél. {self.number}"

    @step(who=st.sampled_from(PEOPLE), where=dentists, agrees=st.booleans())
    def she_books(self, who: Person, where: str, agrees: bool) -> None:
        start, words = self.slot(), self.fresh_words(None) if agrees else ""
        uid = f"e{self.number}"
        self.put(where, f"{uid}.ics", Meant(who, start, uid, words, where if agrees else None))

    @step(pick=numbers, named=st.booleans())
    def she_notes_an_agreement(self, pick: int, named: bool) -> None:
        """New words, said for where it stands; only by name do they count where others were noted before."""
        self.copies_are_seen()
        place = self.one(pick)
        if place:
            words = self.fresh_words(place[0] if named else None)
            self.put(*place, replace(self.meant[place], words=words, agreed=place[0]))

    @step(pick=numbers)
    def she_strikes_the_agreement(self, pick: int) -> None:
        self.copies_are_seen()
        place = self.one(pick)
        if place:
            self.put(*place, replace(self.meant[place], words="", agreed=None))

    @step(pick=numbers)
    def she_has_the_patient_asked(self, pick: int) -> None:
        """By link, in new words; what was typed of an agreement goes, for it would count before the click."""
        self.copies_are_seen()
        place = self.one(pick)
        if place:
            self.number += 1
            ask = f"oui (fois {self.number})"
            self.put(*place, replace(self.meant[place], words="", agreed=None, ask=ask))

    @step(who=st.sampled_from(PEOPLE), on=st.integers(1, 2))
    def she_books_elsewhere_and_has_the_patient_asked(self, who: Person, on: int) -> None:
        start, where = self.slot(), WHERE[(WHERE.index(self.own[who]) + on) % 3]
        uid = f"q{self.number}"
        self.put(where, f"{uid}.ics", Meant(who, start, uid, ask="oui"))

    @step(pick=numbers)
    def she_asks_no_more(self, pick: int) -> None:
        place = self.one(pick)
        if place:
            self.put(*place, replace(self.meant[place], ask=""))

    # --- her hands again ---------------------------------------------------------------------------------------------

    @step(pick=numbers)
    def she_drags_it_to_another_hour(self, pick: int) -> None:
        place = self.one(pick)
        if place:
            self.put(*place, replace(self.meant[place], start=self.slot()))

    @step(pick=numbers, on=st.integers(1, 2), new_uid=st.booleans(), between=st.booleans(), first=st.booleans())
    def she_moves_it(self, pick: int, on: int, new_uid: bool, between: bool, first: bool) -> None:
        """To another dentist, as one change or as two that a pass may see apart, in either order."""
        place = self.one(pick)
        if place is None:
            return
        there = WHERE[(WHERE.index(place[0]) + on) % 3]
        meant, body = self.meant[place], self.calendars[place[0]]._held.get(place[1])
        assert body is not None
        self.number += 1
        uid = f"m{self.number}" if new_uid else meant.uid
        moved = replace(meant, uid=uid)
        payload = ANY.strip(body.payload).replace(f"UID:{meant.uid}\r\n".encode(), f"UID:{uid}\r\n".encode())
        if first:
            self.deletes(place)
            self.passes_if(between)
        self.put(there, f"{uid}.ics", moved, payload)
        if not first:
            self.passes_if(between)
            self.deletes(place)

    @step(pick=numbers, there=dentists, with_block=st.booleans())
    def she_copies_it(self, pick: int, there: str, with_block: bool) -> None:
        """The agreement that stands in the copy was said for another appointment."""
        place = self.one(pick)
        if place is None:
            return
        self.passes_if(yes=True)  # what was never read cannot be told from its copy
        meant, body = self.meant[place], self.calendars[place[0]]._held.get(place[1])
        assert body is not None
        copy = replace(meant, start=self.slot(), uid=f"c{self.number}", agreed=None, number=0)
        raw = body.payload if with_block else ANY.strip(body.payload)
        shift = ((f"UID:{meant.uid}\r\n", f"UID:{copy.uid}\r\n"), *times(meant.start, copy.start))
        for old, new in shift:
            assert old.encode() in raw, old
            raw = raw.replace(old.encode(), new.encode())
        self.put(there, f"{copy.uid}.ics", copy, raw)
        self.copied = True

    @step(pick=numbers)
    def she_puts_it_on_the_waiting_list(self, pick: int) -> None:
        place = self.one(pick)
        if place:
            self.put(*place, replace(self.meant[place], listed=True))

    @step(who=st.sampled_from(PEOPLE), where=dentists, day=st.integers(2, 8), waits=st.booleans())
    def a_time_is_freed_and_taken(self, who: Person, where: str, day: int, waits: bool) -> None:
        """Somebody's near appointment, with their own dentist or not, comes and goes; all that stand with that dentist
        may wait, and the last who was asked says yes."""
        for place in [place for place in self.meant if place[0] == where and waits]:
            self.put(*place, replace(self.meant[place], listed=True))
        self.number += 1
        uid = f"f{self.number}"
        start = (self.now + timedelta(days=day)).replace(hour=9 + self.number % 9, minute=0)
        words = self.fresh_words(None)
        self.put(where, f"{uid}.ics", Meant(who, start, uid, words, where))
        self.passes_after(61)
        if (where, f"{uid}.ics") in self.meant:
            self.deletes((where, f"{uid}.ics"))
        self.passes_after(61)
        self.passes_after(1)
        self.answers_an_offer(-1, What.ACCEPT)

    @step(pick=numbers)
    def she_deletes_it(self, pick: int) -> None:
        place = self.one(pick)
        if place:
            self.deletes(place)

    def deletes(self, place: tuple[str, str]) -> None:
        del self.meant[place]
        self.calendars[place[0]].delete(place[1])

    # --- the directory -----------------------------------------------------------------------------------------------

    @step(who=st.sampled_from(PEOPLE), dentist=dentists)
    def the_practice_imports(self, who: Person, dentist: str) -> None:
        self.imports(who, dentist)

    def imports(self, who: Person, dentist: str) -> None:
        with self.store.write() as tx:
            changed = who.record(PEOPLE.index(who) + 1, dentist)
            store(tx, Merge((), (changed,), 0), self.now, PARIS)
        self.own[who] = dentist

    @step(who=st.sampled_from(PEOPLE), dentist=dentists)
    def an_import_comes_between_booking_and_confirmation(self, who: Person, dentist: str) -> None:
        start = self.slot()
        self.put(self.own[who], f"e{self.number}.ics", Meant(who, start, f"e{self.number}"))
        self.passes()
        self.imports(who, dentist)

    @step(where=dentists)
    def she_books_the_double(self, where: str) -> None:
        if not self.merged:
            start = self.slot()
            self.put(where, f"d{self.number}.ics", Meant(DOUBLE, start, f"d{self.number}"))

    @step()
    def the_practice_merges(self) -> None:
        self.merges()

    def merges(self) -> None:
        if self.merged:
            return
        with self.store.write() as tx:
            kept, given_up = patients.get(tx, 1), patients.get(tx, 3)
            assert kept is not None and given_up is not None
            merge.merge(tx, merge.preview(tx, kept, given_up, PARIS), self.now, PARIS)
        self.merged = True

    # --- time --------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([20, 61, 600, 7200, 30 * 86400]))
    def time_passes(self, seconds: int) -> None:
        self.passes_after(seconds)

    def passes_after(self, seconds: int) -> None:
        """The worker passes twice: a change is seen, then told once it has settled."""
        self.passes()
        self.now += timedelta(seconds=seconds)
        self.passes()

    def passes(self) -> None:
        """One pass, after which she reads in her calendars what patients have moved."""
        one_pass(self.world)
        self.sees_what_moved()

    def sees_what_moved(self) -> None:
        """What she meant stands where it stood, unless a patient had it moved or taken out."""
        window = (self.now - timedelta(days=35), self.now + timedelta(days=400))
        for place, meant in list(self.meant.items()):
            body = self.calendars[place[0]]._held.get(place[1])  # her own look: no planted error is meant for it
            if body is None:
                self.it_went(place, meant)
                continue
            start = ANY.read(place[1], body.payload, window).events[0].start
            if start != meant.start:
                self.it_moved(place, meant, start)

    def it_moved(self, place: tuple[str, str], meant: Meant, start: datetime) -> None:
        """A patient chose that time: what was agreed to for the appointment goes along."""
        if (meant.number, place[0], meant.start) in self.clicked:
            self.clicked.add((meant.number, place[0], start))
        self.meant[place] = replace(meant, start=start)

    def it_went(self, place: tuple[str, str], meant: Meant) -> None:
        raise AssertionError(f"{place} is gone, and nobody took it out: {meant}")

    def copies_are_seen(self) -> None:
        """Of words struck from the one and pasted into the other between two passes nobody can say whose they are."""
        self.passes_if(self.copied)
        self.copied = False

    def passes_if(self, yes: bool) -> None:
        if yes:
            self.passes()

    @invariant()
    def nobody_is_placed_without_agreement(self) -> None:
        assert not getattr(self, "wrong", []), self.wrong

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            for minutes in (2, 70):
                self.now += timedelta(minutes=minutes)
                self.passes()
            self.is_calm()
            self.nobody_is_placed_without_agreement()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    def is_calm(self) -> None:
        """What must hold once nothing is under way."""


def in_an_office(folder: Path) -> None:
    """A store with its tables and its directory, to be copied: migrations take their time."""
    office = make_office(folder)
    with office.world.store.write() as tx:
        for who in (*PEOPLE, DOUBLE):
            patients.save(tx, who.record(), MORNING, "import")
    office.world.store.shred()
    office.world.store.close()
    assert office.world.store.file
    OwnDentist.office, OwnDentist.template = office, office.world.store.file
