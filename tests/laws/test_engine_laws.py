"""The laws of the engine, whatever happens in whatever order (L1 to L7, L10).

A machine plays the practice: the secretary books, edits, drags, deletes and copies; the server forgets, fails and loses
answers; the gateways too; the worker passes, sleeps, starts anew or dies in the middle. It keeps a simple model of what
she means, and at every message and after every step that model judges.
"""

import shutil
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant
from sqlalchemy import select

from adapters.base import Outgoing
from rules.model import Channel, Patient
from sync import passes
from sync.store import bookings, edits, messages, patients, resources, tables
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Store, Tx
from sync.store.messages import FAILED, PENDING, SENT, UNCERTAIN, MessageRow
from tests.laws.machine import Machine, for_the_practice
from tests.laws.meant import ICS, MORNING, PARIS, PEOPLE, PRACTICE

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # readers die too
EXAMPLES = 50 * settings.default.max_examples // 100  # by default; `make test-long` asks forty times as many
QUIET = {
    "confirmation": timedelta(seconds=PRACTICE.policy.settle_seconds),
    "modification": timedelta(seconds=PRACTICE.policy.settle_change_seconds),
}


class Laws(Machine):
    """Judges every message before it is taken, each time that it is handed over (what was true once and is not any more
    never leaves: L4), every event after every step, everything at the end."""

    def judge_message(self, message: Outgoing) -> None:
        if for_the_practice(message.key):
            return
        with self.store.read() as tx:
            [row] = [r for r in messages.with_state(tx, messages.CLAIMED, zone=PARIS) if r.key == message.key]
            booking = bookings.get(tx, row.booking, PARIS)
            failing = {row.calendar for row in passes.calendars.every(tx) if row.fail_count}
        assert booking
        first = message.key not in self.said
        self.said[message.key] = (row.booking, row.kind.value, row.facts.start)
        dentist = booking.calendar.removeprefix("agenda:")
        place = (dentist, booking.ref)
        meant = self.meant.get(place)
        if row.kind == "cancellation":
            if booking.calendar not in failing and meant and not meant.annulled and meant.who.family in row.facts.name:
                self.broken.append(f"L6: cancelled although it stands there: {message.key}")
            elif not failing and self.stands_elsewhere(booking.uid, row.facts.name):
                self.broken.append(f"G03: a move told as a cancellation: {message.key}")
        elif booking.baseline and row.kind == "reminder":
            return
        elif not meant or meant.start != row.facts.start or not meant.allowed(dentist):
            self.broken.append(f"L3: told what does not stand there: {message.key} {meant}")
        elif first and row.kind != "reminder" and self.now < self.touched[place] + QUIET[row.kind]:
            self.broken.append(f"ruling 2: told before it settled: {message.key}")

    def stands_elsewhere(self, uid: str, name: str) -> bool:
        return any(one.uid == uid and not one.annulled and one.who.family in name for one in self.meant.values())

    @invariant()
    def l1_her_text_is_hers(self) -> None:
        for place, payload in self.payload.items():
            assert ICS.strip(self.held(place)) == payload

    @invariant()
    def l4_once(self) -> None:
        for channel, sender in getattr(self, "senders", {}).items():
            for key, count in Counter(message.key for message in sender.sent).items():
                if not for_the_practice(key):
                    assert count == 1 or (channel is Channel.EMAIL and count <= 1 + self.lost_answers(key)), key

    def lost_answers(self, key: str) -> int:
        m = tables.message.c
        with self.store.read() as tx:
            return int(tx.connection.execute(select(m.unclear).where(m.key == key)).scalar() or 0)

    # --- at the end --------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "senders"):
            return
        for calendar in self.calendars.values():
            calendar._errors.clear()
            calendar._answers.clear()
        for sender in self.senders.values():
            sender.faults.clear()
        self.world.calls.late.clear()
        self.world.calls.arrive()
        for minutes in (1, 10, 61, 61, 121, 181):
            self.now += timedelta(minutes=minutes)
            self.one_pass()
        self.calm()
        self.l1_her_text_is_hers()
        self.l4_once()
        self.l4_no_contradiction()
        self.l4_the_last_word_is_the_truth()
        self.l5_the_store_is_the_calendar()
        self.l2_a_further_pass_changes_nothing()
        self.closes()
        shutil.rmtree(self.folder)

    def calm(self) -> None:
        late = self.now + timedelta(days=400)
        with self.store.read() as tx:
            assert not resources.dirty(tx)
            assert not edits.due(tx, late), "an edit is owed for ever"
            left = messages.with_state(tx, PENDING, messages.CLAIMED, zone=PARIS)
            sound = [row for row in left if not (row.unclear and self.in_doubt(bookings.get(tx, row.booking, PARIS)))]
        assert not sound, sound

    def in_doubt(self, booking: BookingRow | None) -> bool:
        """What is unclear of it waits until it is corrected, or the brake released."""
        return booking is not None and booking.state != VALID

    def snapshot(self) -> tuple[Any, ...]:
        rows: list[Any] = [self.senders[channel].attempts for channel in Channel]
        rows += [calendar.writes for calendar in self.calendars.values()]
        with self.store.read() as tx:
            for table in (tables.message, tables.telling, tables.booking, tables.resource, tables.edit, tables.journal):
                rows.append(tx.connection.execute(select(table).order_by(*table.primary_key)).all())
        return tuple(rows)

    def l2_a_further_pass_changes_nothing(self) -> None:
        before = self.snapshot()
        self.one_pass()
        assert self.snapshot() == before

    def l5_the_store_is_the_calendar(self) -> None:
        there = {
            (c.address, r): (one.version, one.payload) for c in self.calendars.values() for r, one in c._held.items()
        }
        with self.store.read() as tx:
            assert {(row.calendar, row.ref): (row.version, row.payload) for row in resources.present(tx)} == there

    def l4_the_last_word_is_the_truth(self) -> None:
        """What a gateway took last for a booking is what stands in the calendar; else the practice was told that it is
        not sure, or refused."""
        with self.store.read() as tx:
            held = {row.calendar for row in passes.calendars.every(tx) if row.held_at}
            for channel, sender in self.senders.items():
                taken = [self.said[message.key] for message in sender.sent if message.key in self.said]
                last = {booking: (kind, start) for booking, kind, start in taken if kind != "reminder"}
                for number, word in last.items():
                    booking, newest = bookings.get(tx, number, PARIS), self.newest(tx, number, channel)
                    if booking and booking.start > self.now and booking.calendar not in held and newest.state == SENT:
                        self.is_the_truth(booking, *word)

    def newest(self, tx: Tx, number: int, channel: Channel) -> MessageRow:
        rows = [row for row in messages.of_booking(tx, number, PARIS) if row.channel is channel]
        return max((row for row in rows if row.kind != "reminder"), key=lambda row: row.id)

    def is_the_truth(self, booking: BookingRow, kind: str, start: datetime) -> None:
        if booking.state == VANISHED and start > self.now:
            assert kind == "cancellation", (booking.id, kind)
        if booking.state == VALID:
            assert kind != "cancellation", booking.id
            assert start == booking.start, (booking.id, start)

    def l4_no_contradiction(self) -> None:
        """What a patient was told last by SMS is what stands in the calendar, where that is valid and still to come."""
        last: dict[int, tuple[str, datetime]] = {}
        with self.store.read() as tx:
            rows = messages.with_state(tx, SENT, FAILED, UNCERTAIN, zone=PARIS)
            unsure = {row.booking for row in rows if row.state != SENT}
            known = {
                n: bookings.get(tx, n, PARIS) for n in tx.connection.execute(select(tables.booking.c.id)).scalars()
            }
            held = {row.calendar for row in passes.calendars.every(tx) if row.held_at}
        for row in sorted(rows, key=lambda row: (row.done_at, row.id)):
            if row.kind != "reminder" and row.channel is Channel.SMS:
                last[row.booking] = (row.kind, row.facts.start)
        for number, booking in known.items():
            if booking is None or booking.start <= self.now or number in unsure or booking.calendar in held:
                continue
            kind, start = last.get(number, ("", MORNING))
            if booking.state == VALID and not booking.baseline:
                assert (kind, start) in {("confirmation", booking.start), ("modification", booking.start)}, (
                    number,
                    kind,
                )
            if booking.state == VANISHED and start > self.now:
                assert kind in {"", "cancellation"}, number


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A store with its tables and its directory, to be copied: migrations take their time."""
    file = tmp_path_factory.mktemp("store") / "cabinet.db"
    store = Store(f"sqlite:///{file}", "lilas")
    store.prepare()
    with store.write() as tx:
        for who in PEOPLE:
            mobile = "+33" + who.mobile.replace(" ", "")[1:]
            record = Patient(
                who.family, who.given, birth_date=who.born, mobile=mobile, email=who.email, dentist=who.dentist,
                address="3 rue Verte, 75011 Paris",
            )  # fmt: skip
            patients.save(tx, record, MORNING, "import")
    store.close()
    Laws.template = file


LawsOfTheEngine = Laws.TestCase
LawsOfTheEngine.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=20, derandomize=settings.default.derandomize, deadline=None,
    suppress_health_check=list(HealthCheck), database=None,
)  # fmt: skip
