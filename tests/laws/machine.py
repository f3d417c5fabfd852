"""The practice as a machine: the secretary acts, servers and gateways err, the worker passes or dies, in any order."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from msgspec.structs import replace

from adapters.base import Outgoing
from rules.model import Channel
from sync.core.context import SLICE, Source, World, nobody_watches
from sync.store import backlog
from sync.store.engine import Store
from sync.worker import one_pass
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.laws.meant import (
    DENTISTS,
    HALF,
    ICS,
    MORNING,
    PARIS,
    PEOPLE,
    PRACTICE,
    SECRET,
    UNREADABLE_MOBILE,
    Meant,
    escaped,
    other_uid,
    slot_at,
    unfolded,
    utc,
    with_one_moved,
    without_the_moved,
)  # fmt: skip
from tests.laws.misfortune import step
from tests.laws.moods import Killed, Late, Moody, Watched, faults_of_ours, mortal
from tests.laws.toomuch import TooMuch, Whose

FAULT = st.sampled_from([0, 2, 3, 3, 4, 5, 6, 7])  # see `the_gateway_errs`; its answer is late; nothing; refused
SHARING = (PEOPLE[0], PEOPLE[3])


@dataclass(frozen=True)
class Said:
    """One visit, in a message that was handed over."""

    id: int
    booking: int
    kind: str
    start: datetime
    name: str


def for_the_practice(key: str) -> bool:
    """An alert or a digest: what its secretary may read twice."""
    return ":notice:" in key or ":digest:" in key


class Machine(TooMuch):
    """Rules to act by; what the laws say of it is added by a subclass."""

    template: Path
    slice = SLICE  # of the backlog, between two rounds
    rounds = False  # whether the worker goes in rounds, each calendar in a thread and at a pace of its own

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "cabinet.db")
        self.now, self.number = MORNING, 0
        self.calendars = {who: Moody(f"agenda:{who}", PARIS, SECRET) for who in DENTISTS}
        self.meant: dict[tuple[str, str], Meant] = {}
        self.payload: dict[tuple[str, str], bytes] = {}  # what stands there without our part
        self.bin: list[tuple[tuple[str, str], Meant, bytes]] = []
        self.deadly: tuple[str, int] | None = None
        self.said: dict[str, list[Said]] = {}  # by key: what was handed over
        self.newest: dict[tuple[int, str, str], int] = {}  # by booking, way and patient: the last telling that left
        self.word: dict[tuple[str, str, str, str], dict[int, tuple[str, datetime, str]]] = {}  # of an event
        self.waits: set[Whose] = set()
        self.practice = PRACTICE
        self.broken: list[str] = []
        self.touched: dict[tuple[str, str], datetime] = {}  # when she last changed what concerns the patient
        self.seen: dict[tuple[str, str], tuple[object, datetime]] = {}  # the same, as the last pass found it

    @initialize(
        idempotent=st.booleans(), there=st.lists(st.integers(0, 2), max_size=6), rounds=st.booleans(),
        most=st.sampled_from([2, 2, 6]), slice=st.sampled_from([SLICE, 1, 1, 3]),
    )  # fmt: skip
    def a_practice(self, idempotent: bool, there: list[int], rounds: bool, most: int, slice: int = SLICE) -> None:
        self.rounds, self.slice = rounds, slice
        self.practice = replace(PRACTICE, policy=replace(PRACTICE.policy, most_per_hour=most))
        self.senders = {
            Channel.SMS: Watched(Channel.SMS, repeatable=idempotent), Channel.EMAIL: Watched(Channel.EMAIL, False),
        }  # fmt: skip
        for sender in self.senders.values():
            sender.look = self.judge_message
        self.open()
        for person in there:
            self.books(PEOPLE[person].dentist, person, 9 + len(self.meant), "fine")
        self.calendars["martin"].put("poison.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:\xff\r\n")
        self.one_pass()
        assert not self.told(), "L7: the first pass told somebody"

    def open(self) -> None:
        self.store = Store(f"sqlite:///{self.folder / 'cabinet.db'}", "lilas")
        sources = tuple(Source(calendar, who) for who, calendar in self.calendars.items())
        self.world = World(
            self.practice, self.store, sources, self.senders, lambda: self.now,
            on_uncertain={Channel.SMS: "hold", Channel.EMAIL: "retry"}, calls=Late(), slice=self.slice,
        )  # fmt: skip
        self.readers = Readers(self.world, 60, chance=lambda: 0.5)

    def closes(self) -> None:
        self.readers.close()
        self.store.close()

    # --- the secretary -----------------------------------------------------------------------------------------------

    def slot(self, number: int) -> datetime:
        """The n-th time that she may choose."""
        return slot_at(number)

    def save(self, place: tuple[str, str], payload: bytes, meant: Meant) -> None:
        self.calendars[place[0]].put(place[1], payload)
        if place not in self.meant or self.meant[place].concern != meant.concern:
            self.touched[place] = self.now
        concern, since = self.seen.get(place, (None, self.now))
        if concern == meant.concern:  # there and back between two passes: nobody can know
            self.touched[place] = since
        self.meant[place], self.payload[place] = meant, ICS.strip(payload)

    def place(self, number: int) -> tuple[str, str]:
        places = sorted(self.meant)
        return places[number % len(places)]

    def changed(self, place: tuple[str, str], **values: Any) -> None:
        """She edits what she sees, our part in it included: of a series, all visits, and the rule holds for each."""
        before, after = self.meant[place], replace(self.meant[place], moved=None, **values)
        raw = without_the_moved(self.held(place))
        for old, new in (
            (f"{before.who.family} {before.who.given}", f"{after.who.family} {after.who.given}"),
            (before.rule, after.rule),
            (f"DTSTART:{utc(before.start)}", f"DTSTART:{utc(after.start)}"),
            (f"DTEND:{utc(before.start + HALF)}", f"DTEND:{utc(after.start + HALF)}"),
            (escaped(before.text()), escaped(after.text())),
        ):
            raw = unfolded(raw).replace(old.encode(), new.encode(), 1)
        self.save(place, raw, after)

    def held(self, place: tuple[str, str]) -> bytes:
        return self.calendars[place[0]]._held[place[1]].payload

    @step(
        dentist=st.sampled_from(DENTISTS), person=st.integers(0, 2), slot=st.integers(0, 23),
        kind=st.sampled_from(["fine", "fine", "fine", "bad mobile", "consent"]),
    )  # fmt: skip
    def she_books(self, dentist: str, person: int, slot: int, kind: str) -> None:
        self.books(dentist, person, slot, kind)

    def books(self, dentist: str, person: int, slot: int, kind: str, weeks: int = 0) -> None:
        self.number += 1
        who, start = PEOPLE[person], self.slot(slot)
        mobile = UNREADABLE_MOBILE if kind == "bad mobile" else who.mobile
        uid = f"uid-{self.number}"
        meant = Meant(who, start, mobile, uid, consent=kind == "consent", agreed=kind == "consent", weeks=weeks)
        self.save((dentist, f"{self.number}.ics"), meant.ics(uid), meant)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), slot=st.integers(0, 23))
    def drags(self, number: int, slot: int) -> None:
        place = self.place(number)
        self.changed(place, start=self.slot(slot), previous=self.meant[place].start)

    @precondition(lambda self: self.meant)
    @rule(
        number=st.integers(0, 20), slot=st.integers(0, 23), channel=st.sampled_from(list(Channel)),
        faults=st.tuples(FAULT, FAULT, FAULT), after=st.sampled_from([300, 660, 3700]),
    )  # fmt: skip
    def hesitates(self, number: int, slot: int, channel: Channel, faults: tuple[int, int, int], after: int) -> None:
        """There, back, and there again, while the gateway is in a mood."""
        place = self.place(number)
        here, there = self.meant[place].start, self.slot(slot)
        for fault, start in zip(faults, (there, here, there), strict=True):
            self.errs(channel, fault)
            self.becomes(place, after, start=start, previous=None)

    def errs(self, channel: Channel, fault: int) -> None:
        if fault == 4:
            self.world.calls.late.add(channel)
        elif fault > 5:
            self.the_store_will_refuse(channel, taken=fault == 7)
        elif fault < 4:
            self.the_gateway_will(channel, fault)

    @precondition(lambda self: any(meant.who in SHARING for meant in self.meant.values()))
    @step(number=st.integers(0, 20))
    def writes_the_relative_in(self, number: int) -> None:
        """Another patient in the event, reached on the same telephone."""
        places = [place for place, meant in sorted(self.meant.items()) if meant.who in SHARING]
        place = places[number % len(places)]
        who = next(one for one in SHARING if one != self.meant[place].who)
        self.changed(place, who=who, agreed=False)

    @step(
        dentist=st.sampled_from(DENTISTS), person=st.integers(0, 2), slot=st.integers(0, 23), weeks=st.integers(3, 6),
    )  # fmt: skip
    def she_books_a_series(self, dentist: str, person: int, slot: int, weeks: int) -> None:
        self.books(dentist, person, slot, "fine", weeks)

    @precondition(lambda self: any(meant.weeks > 1 for meant in self.meant.values()))
    @step(number=st.integers(0, 20), slot=st.integers(0, 23), week=st.integers(0, 5))
    def drags_one_visit(self, number: int, slot: int, week: int) -> None:
        place = self.series(number)
        meant = self.meant[place]
        week %= meant.weeks
        after = replace(meant, moved=(week, self.slot(slot) + timedelta(weeks=week)))
        self.save(place, with_one_moved(unfolded(without_the_moved(self.held(place))), after), after)

    @precondition(lambda self: any(meant.weeks > 1 for meant in self.meant.values()))
    @step(number=st.integers(0, 20), weeks=st.integers(1, 5))
    def deletes_the_rest(self, number: int, weeks: int) -> None:
        place = self.series(number)
        self.changed(place, weeks=min(weeks, self.meant[place].weeks - 1))

    def series(self, number: int) -> tuple[str, str]:
        places = [place for place, meant in sorted(self.meant.items()) if meant.weeks > 1]
        return places[number % len(places)]

    @precondition(lambda self: any(meant.previous for meant in self.meant.values()))
    @step()
    def drags_back(self) -> None:
        place = next(place for place, meant in sorted(self.meant.items()) if meant.previous)
        self.changed(place, start=self.meant[place].previous, previous=None)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def corrects(self, number: int) -> None:
        place = self.place(number)
        self.changed(place, mobile=self.meant[place].who.mobile)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def writes_a_comment(self, number: int) -> None:
        place = self.place(number)
        self.changed(place, comments=self.meant[place].comments + 1)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def annuls(self, number: int) -> None:
        self.changed(self.place(number), annulled=True)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def deletes(self, number: int) -> None:
        self.takes_out(self.place(number))

    def takes_out(self, place: tuple[str, str]) -> None:
        self.bin.append((place, self.meant.pop(place), self.held(place)))
        del self.payload[place]
        self.calendars[place[0]].delete(place[1])
        gone = self.bin[-1][1]
        self.gone_beside_others(place, gone, self.now)
        for other, meant in self.meant.items():  # its copy goes on where it stood, as if dragged: agreed to, if it was
            if gone.agreed and other[0] == place[0] and meant.who == gone.who:
                self.meant[other] = replace(meant, agreed=meant.consent)

    @precondition(lambda self: self.bin)
    @step()
    def undeletes(self) -> None:
        place, meant, raw = self.bin.pop()
        elsewhere = {calendar for (calendar, _), other in self.meant.items() if other.uid == meant.uid}
        if place not in self.meant and elsewhere <= {place[0]}:
            self.save(place, raw, meant)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), same_uid=st.booleans())
    def moves_to_the_other_dentist(self, number: int, same_uid: bool) -> None:
        place = self.place(number)
        meant, raw = self.meant[place], self.held(place)
        if self.doubles_of(place):  # it stands in both then: two appointments
            return
        self.takes_out(place)
        self.bin.pop()
        self.number += 1
        other = (next(who for who in DENTISTS if who != place[0]), f"{self.number}.ics")
        uid = meant.uid if same_uid else f"copy-{self.number}"
        self.save(other, raw if same_uid else other_uid(raw, self.number), replace(meant, uid=uid))

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), slot=st.integers(0, 23))
    def copies(self, number: int, slot: int) -> None:
        """Copy and paste: our block is in the copy, and an agreement that was not given for it."""
        place = self.place(number)
        self.number += 1
        copy, raw = (place[0], f"{self.number}.ics"), self.held(place)
        meant = replace(
            self.meant[place], uid=f"copy-{self.number}", agreed=self.meant[place].agreed and ICS.strip(raw) == raw
        )
        self.save(copy, other_uid(raw, self.number), meant)
        self.changed(copy, start=self.slot(slot), previous=None)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def takes_our_block_out(self, number: int) -> None:
        place = self.place(number)
        self.save(place, ICS.strip(self.held(place)), self.meant[place])

    # --- the worker --------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([60, 300, 1800]))
    def the_worker_passes(self, seconds: int) -> None:
        self.the_worker_passes_after(seconds)

    def the_worker_passes_after(self, seconds: int) -> None:
        self.now += timedelta(seconds=max(seconds, 11 if self.rounds else 0))  # what was read 10 seconds ago is fresh
        self.one_pass()

    @rule(hours=st.sampled_from([8, 24, 72]))
    def time_passes(self, hours: int) -> None:
        for _ in range(4):
            self.now += timedelta(hours=hours / 4)
            self.one_pass()

    @rule(where=st.sampled_from(["send", "send", "commit", "apply", "get"]), nth=st.integers(1, 12))
    def the_worker_dies(self, where: str, nth: int) -> None:
        self.now += timedelta(minutes=5)
        self.deadly = (where, nth % 4 + 1 if where == "send" else nth)  # few messages are due at once
        try:
            self.one_pass()
        except Killed:
            self.closes()
            self.open()
        self.deadly = None

    @rule()
    def everything_is_to_be_checked_again(self) -> None:
        """As after a change of the configuration."""
        with self.store.write() as tx:
            backlog.put(tx, self.now)

    @rule()
    def the_worker_starts_anew(self) -> None:
        self.closes()
        self.open()

    def one_pass(self) -> None:
        with mortal(self.deadly), faults_of_ours(self.broken):
            if self.rounds:
                one_round(self.readers, nobody_watches)
            else:
                one_pass.one_pass(self.world)
        assert not self.broken, self.broken
        self.look_what_is_held()
        self.seen = {place: (meant.concern, self.touched[place]) for place, meant in self.meant.items()}

    def told(self) -> list[Outgoing]:
        """Everything that patients were sent."""
        return [m for sender in self.senders.values() for m in sender.sent if not for_the_practice(m.key)]

    def judge_message(self, message: Outgoing) -> None:
        """What the laws say of a message before its gateway takes it."""
        raise NotImplementedError
