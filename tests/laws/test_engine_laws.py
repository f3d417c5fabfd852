"""The laws of the engine, whatever happens in whatever order (laws L1 to L7, L10).

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
from sqlalchemy import func, select

from adapters.base import Outgoing
from rules.model import Channel, Patient
from sync.core.context import SLICE
from sync.outbox.results import SECOND_CHANCES, tried_enough
from sync.store import bookings, edits, messages, patients, resources, tables
from sync.store.bookings import VALID, VANISHED, BookingRow
from sync.store.engine import Store, Tx
from sync.store.messages import FAILED, PENDING, SENT, UNCERTAIN, MessageRow
from sync.worker import one_pass
from tests.laws.machine import Machine, Said, for_the_practice
from tests.laws.meant import DENTISTS, ICS, MORNING, PARIS, PEOPLE, PRACTICE, Meant
from tests.laws.toomuch import whose

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),  # readers die too
    pytest.mark.timeout(7200),  # how busy the machine is decides nothing
]
EXAMPLES = 50 * settings.default.max_examples // 100  # by default; `make test-long` asks forty times as many
QUIET = {
    "confirmation": timedelta(seconds=PRACTICE.policy.settle_seconds),
    "modification": timedelta(seconds=PRACTICE.policy.settle_change_seconds),
}


class Laws(Machine):
    """Judges every message before it is taken, each time that it is handed over (what was true once and is not any more
    never leaves: law L4), every event after every step, everything at the end."""

    def judge_message(self, message: Outgoing) -> None:
        if for_the_practice(message.key):
            return
        with self.store.read() as tx:
            claimed = messages.with_state(tx, messages.CLAIMED, zone=PARIS)
            rows = [row for row in claimed if not self.world.calls.busy(row.id)]
            standing = [(row, bookings.get(tx, row.booking, PARIS)) for row in rows]
            older = {row.booking: messages.of_booking(tx, row.booking, PARIS) for row in rows}
            failing = {row.calendar for row in one_pass.calendars.every(tx) if row.fail_count}
        if any(row.started_at is None or (row.together or row.key) != message.key for row in rows):
            self.broken.append(f"L4: what goes as one is not known as one: {message.key}")
        first = message.key not in self.said
        self.said[message.key] = [
            Said(row.id, row.booking, row.kind.value, row.facts.start, row.facts.name) for row in rows
        ]
        for row, booking in standing:
            assert booking
            self.judge_order(row, older[row.booking])
            self.judge_truth(row, booking, failing, first=first)
            self.judge_twice(row, booking)

    def judge_twice(self, row: MessageRow, booking: BookingRow) -> None:
        """One event of a calendar, under however many addresses, is confirmed for an hour once."""
        if row.kind == "reminder":
            return
        words = self.word.setdefault((booking.calendar, booking.uid, row.channel, row.facts.name), {})
        taken = {message.key for message in self.senders[row.channel].sent}
        again = [
            one for one, (kind, start, key) in words.items()
            if one != row.booking and key in taken and kind != "cancellation" and start == row.facts.start
        ]  # fmt: skip
        if row.kind == "confirmation" and any(self.is_still(one, booking) for one in again):
            self.broken.append(f"L4: confirmed a second time: {row.key} after {again}")
        words[row.booking] = (row.kind.value, row.facts.start, row.together or row.key)

    def is_still(self, number: int, booking: BookingRow) -> bool:
        """That booking is of this event and at this hour; it is neither where it was taken for moved to, while this one
        was away, nor moved on since, of which its patient is still to be told."""
        with self.store.read() as tx:
            other = bookings.get(tx, number, PARIS)
        same = (booking.calendar, booking.uid, booking.facts.start)
        return other is not None and (other.calendar, other.uid, other.facts.start) == same

    def judge_order(self, row: MessageRow, beside: list[MessageRow]) -> None:
        """Nothing older leaves after something newer, and nothing that waits for a person leaves without them
        (law L4)."""
        if row.kind == "reminder":
            return
        who = (row.booking, row.channel, row.facts.name)
        if row.id < self.newest.get(who, 0):
            self.broken.append(f"L4: older than what left before: {row.key}")
        self.newest[who] = row.id
        if not row.attempts and whose(row) in self.waits:  # else it had left before
            self.broken.append(f"L7: left although it waits for a person: {row.key}")
        for one in beside:
            due = one.state in {PENDING, messages.HELD} and one.kind != "reminder" and one.id < row.id
            if due and (one.channel, one.recipient) == (row.channel, row.recipient):
                self.broken.append(f"L4: {row.key} is read before {one.key}")

    def judge_truth(self, row: MessageRow, booking: BookingRow, failing: set[str], *, first: bool) -> None:
        dentist = booking.calendar.removeprefix("agenda:")
        place = (dentist, booking.ref)
        meant = self.meant.get(place)
        if row.kind == "cancellation":
            if booking.calendar not in failing and meant and self.stands(meant, row):
                self.broken.append(f"L6: cancelled although it stands there: {row.key}")
            elif not failing and not self.was_said(meant, row) and self.stands_elsewhere(dentist, booking, row):
                self.broken.append(f"G03: a move told as a cancellation: {row.key}")
        elif booking.baseline and row.kind == "reminder":
            return
        elif not meant or row.facts.start not in meant.starts or not meant.allowed(dentist):
            self.broken.append(f"L3: told what does not stand there: {row.key} {meant}")
        elif meant.who.family not in row.facts.name:
            self.broken.append(f"L3: told another patient: {row.key} {meant}")
        elif meant.weeks == 0 and first and row.kind != "reminder" and self.now < self.touched[place] + QUIET[row.kind]:
            self.broken.append(f"ruling 2: told before it settled: {row.key}")

    def stands(self, meant: Meant, row: MessageRow) -> bool:
        """It is not cancelled; a series' visit, where it was told to be."""
        visit = meant.weeks == 0 or row.facts.start in meant.starts
        return not meant.annulled and meant.who.family in row.facts.name and visit

    def was_said(self, meant: Meant | None, row: MessageRow) -> bool:
        """She annulled it there, or wrote another patient in: of two that differ that one counts."""
        return meant is not None and (meant.annulled or meant.who.family not in row.facts.name)

    def stands_elsewhere(self, dentist: str, booking: BookingRow, row: MessageRow) -> bool:
        """In another calendar, for it moved; or under another address of its own, at that hour."""
        return any(
            one.uid == booking.uid and self.stands(one, row) and (there != dentist or row.facts.start in one.starts)
            for (there, _), one in self.meant.items()
        )

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
            query = select(func.max(m.unclear)).where(m.id.in_([said.id for said in self.said[key]]))
            return int(tx.connection.execute(query).scalar() or 0)

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
        self.closes()
        self.slice = SLICE
        self.open()
        for minutes in (1, 10, 61, 61, 121, 181):
            self.now += timedelta(minutes=minutes)
            for who in DENTISTS:
                self.answers(who, yes=True)
            self.one_pass()
        self.calm()
        self.l1_her_text_is_hers()
        self.l4_once()
        self.l4_no_contradiction()
        self.l4_the_last_word_is_the_truth()
        self.l4_what_is_not_sure_is_looked_after()
        self.l5_the_store_is_the_calendar()
        self.l4_one_event_is_one_appointment()
        self.l2_a_further_pass_changes_nothing()
        self.closes()
        shutil.rmtree(self.folder)

    def calm(self) -> None:
        late = self.now + timedelta(days=400)
        with self.store.read() as tx:
            assert not resources.dirty(tx)
            assert not resources.backlog_is_open(tx)
            assert not edits.due(tx, late), "an edit is owed for ever"
            unsure = {self.about(row) for row in messages.with_state(tx, UNCERTAIN, zone=PARIS)}
            left = messages.with_state(tx, PENDING, messages.CLAIMED, zone=PARIS)
            left = [row for row in left if not (row.kind == "cancellation" and self.about(row) in unsure)]
            sound = [row for row in left if not (row.unclear and self.in_doubt(bookings.get(tx, row.booking, PARIS)))]
        assert not sound, sound

    def about(self, row: MessageRow) -> tuple[Channel, datetime, str]:
        """Where a person has to say whether the patient knows of that hour again, its cancellation waits for them."""
        return row.channel, row.facts.start, row.facts.name

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

    def l4_one_event_is_one_appointment(self) -> None:
        """What she means stands in the store, and once, under however many addresses."""
        with self.store.read() as tx:
            numbers = tx.connection.execute(select(tables.booking.c.id)).scalars().all()
            rows = [row for number in numbers if (row := bookings.get(tx, number, PARIS)) and row.vanished_at is None]
        there = Counter((row.calendar, row.uid, row.start) for row in rows if row.start > self.now)
        assert set(there.values()) <= {1}, there
        for place, one in self.meant.items():
            alike = [one, *(self.meant[other] for other in self.doubles_of(place))]
            coming = [start for start in one.starts if start > self.now]
            if coming and not any(other.annulled or other.weeks for other in alike):
                assert (f"agenda:{place[0]}", one.uid) in {(row.calendar, row.uid) for row in rows}, one

    def l4_the_last_word_is_the_truth(self) -> None:
        """What a gateway took last for a booking is what stands in the calendar; else the practice was told that it is
        not sure, or refused."""
        with self.store.read() as tx:
            held = {row.calendar for row in one_pass.calendars.every(tx) if row.held_at}
            for channel, sender in self.senders.items():
                taken = [said for message in sender.sent for said in self.said.get(message.key, [])]
                last = {(said.booking, said.name): said for said in taken if said.kind != "reminder"}
                for (number, name), said in last.items():
                    booking, newest = bookings.get(tx, number, PARIS), self.newest_row(tx, said, channel)
                    if booking and said.start > self.now and booking.calendar not in held and newest.state == SENT:
                        if booking.facts.name == name:
                            self.is_the_truth(booking, said.kind, said.start)
                        else:
                            assert said.kind == "cancellation", (number, said)

    def newest_row(self, tx: Tx, said: Said, channel: Channel) -> MessageRow:
        rows = [row for row in messages.of_booking(tx, said.booking, PARIS) if row.channel is channel]
        return max((row for row in rows if row.kind != "reminder" and row.facts.name == said.name), key=lambda r: r.id)

    def l4_what_is_not_sure_is_looked_after(self) -> None:
        """Only as long as nothing newer left; an e-mail is given up only after four answers that were lost."""
        email = self.senders[Channel.EMAIL]
        with self.store.read() as tx:
            rows = messages.with_state(tx, SENT, FAILED, UNCERTAIN, PENDING, zone=PARIS)
        left = {}
        for row in sorted(rows, key=lambda row: row.id):
            if row.kind != "reminder" and row.state == SENT:
                left[row.booking, row.channel, row.facts.name] = row.id
        for row in rows:
            who = (row.booking, row.channel, row.facts.name)
            if row.kind != "reminder" and (row.may_have_left or row.state == FAILED):
                assert row.id > left.get(who, 0), f"{row.key} {row.state} though a newer one left"
            if row.channel is Channel.EMAIL and row.state == UNCERTAIN:
                given_up = (row.together or row.key) in email.refused or tried_enough(row, row.attempts, self.now)
                assert row.unclear > len(SECOND_CHANCES) or given_up, f"{row.key} was given up"

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
            refused = messages.with_state(tx, messages.DROPPED, zone=PARIS)  # a person answered "non": known, not told
            unsure = {row.booking for row in (*rows, *refused) if row.state != SENT}
            known = {
                n: bookings.get(tx, n, PARIS) for n in tx.connection.execute(select(tables.booking.c.id)).scalars()
            }
            held = {row.calendar for row in one_pass.calendars.every(tx) if row.held_at}
        for row in sorted(rows, key=lambda row: (row.done_at, row.id)):
            booking = known[row.booking]
            same = booking is not None and booking.facts.name == row.facts.name
            if row.kind != "reminder" and row.channel is Channel.SMS and same:
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
                anew = any(one and one.id != number and self.is_that_hour(one, booking) for one in known.values())
                assert kind in {"", "cancellation"} or anew, number

    def is_that_hour(self, one: BookingRow, gone: BookingRow) -> bool:
        """The patient has it again with that dentist: nobody cancels what they know of."""
        return one.state == VALID and (one.start, one.dentist, one.patient) == (gone.start, gone.dentist, gone.patient)


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


def test_l4_a_cancellation_waits_for_no_confirmation_that_its_gateway_refused() -> None:
    """What the machine found: a copy at the hour of an annulled event, of which the gateway refuses to tell."""
    practice = Laws()
    practice.a_practice(idempotent=True, most=2, there=[0], rounds=True)
    practice.is_renamed_in_two_steps(between=None, new_first=True, number=0, then=None)
    practice.takes_our_block_out(number=16, then=300)
    practice.drags(number=9, slot=2, then=0)
    practice.the_gateway_errs(channel=Channel.SMS, fault=1, then=None)
    practice.annuls(number=17, then=None)
    practice.undeletes(then=None)
    practice.copies(number=9, slot=4, then=300)
    practice.she_books_a_series(dentist="martin", person=0, slot=21, then=300, weeks=4)
    practice.teardown()
