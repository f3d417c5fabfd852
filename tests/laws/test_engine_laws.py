"""The laws of the engine, whatever happens in whatever order (L1 to L7, L10).

A machine plays the practice: the secretary books, edits, drags, deletes and copies; the server forgets, fails and loses
answers; the gateways too; the worker passes, sleeps, starts anew or dies in the middle. It keeps a simple model of what
she means, and at every message and after every step that model judges.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.engine.default import DefaultDialect

from adapters.base import Conflict, Cursor, Denied, Garbled, Outgoing, Page, Permanent, TryLater, Uncertain, Unknown
from adapters.calendars.memory import MemoryCalendar
from adapters.calendars.vevent import Ics
from adapters.senders.memory import MemorySender
from rules.model import Channel, Dentist, Motif, Patient, Practice
from sync import passes
from sync.store import bookings, edits, messages, patients, resources, tables
from sync.store.bookings import VALID, VANISHED
from sync.store.engine import Store
from sync.store.messages import FAILED, PENDING, SENT, UNCERTAIN
from sync.world import Source, World

PARIS, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=PARIS)
DENTISTS = ("martin", "bernard")
PRACTICE = Practice(
    key="lilas",
    name="Cabinet des Lilas",
    address="12 rue des Lilas, 75020 Paris",
    phone="01 43 00 00 00",
    email="s@lilas.example",
    zone=PARIS,
    dentists=(
        Dentist("martin", "Dr Claire Martin", "Dentiste"),
        Dentist("bernard", "Dr Paul Bernard", "Orthodontiste"),
    ),
    motifs=(Motif("Détartrage", 30), Motif("Contrôle", 30)),
)


@dataclass(frozen=True)
class Person:
    """A patient of the directory, and whose."""

    family: str
    given: str
    born: date
    mobile: str
    dentist: str

    @property
    def email(self) -> str:
        return f"{self.family.lower()}@example.org"


PEOPLE = (
    Person("DUPONT", "Marie", date(1981, 5, 12), "06 12 34 56 78", "martin"),
    Person("MOREAU", "Luc", date(1975, 2, 3), "06 23 45 67 89", "martin"),
    Person("GARNIER", "Hélène", date(1990, 9, 30), "06 34 56 78 91", "bernard"),
)
UNREADABLE_MOBILE = "06 12 34"


@dataclass(frozen=True)
class Meant:
    """What she means by one event: the model that judges."""

    who: Person
    start: datetime
    mobile: str
    consent: bool
    comments: int = 0
    annulled: bool = False
    previous: datetime | None = None

    def allowed(self, dentist: str) -> bool:
        """Whether the patient may be told of it there (law L3)."""
        own = self.who.dentist == dentist or self.consent
        return own and not self.annulled and self.mobile == self.who.mobile

    def text(self) -> str:
        lines = [
            f"Né(e) le : {self.who.born:%d/%m/%Y}", f"Mobile : {self.mobile}", f"E-mail : {self.who.email}",
            "Adresse : 3 rue Verte, 75011 Paris", "Suivi", *(["Accord patient : oui"] if self.consent else []),
            *(["Annulé"] if self.annulled else []), *(["Commentaire : doux"] * min(self.comments, 1)),
            *["et patient"] * max(self.comments - 1, 0),
        ]  # fmt: skip
        return "\n".join(lines)

    def ics(self, uid: str) -> bytes:
        end = self.start + timedelta(minutes=30)
        return (
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//her client//FR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20261101T080000Z\r\nDTSTART:{_utc(self.start)}\r\nDTEND:{_utc(end)}\r\n"
            f"SUMMARY:{self.who.family} {self.who.given} – contrôle\r\nDESCRIPTION:{_escaped(self.text())}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n"
        ).encode()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


class Killed(BaseException):
    """The process died here."""


class Moody(MemoryCalendar):
    """A server that may say everything twice, as pages do after a retry."""

    repeating = False

    def changes(self, cursor: Cursor | None, known: Callable[[], Mapping[str, str | None]]) -> Iterator[Page]:
        for page in super().changes(cursor, known):
            if self.repeating:
                yield replace(page, cursor=None)
            yield page


class InTurn:
    """Calendars one after another: the same example is the same every time."""

    def __init__(self, max_workers: int) -> None: ...

    def __enter__(self) -> "InTurn":
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, call: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        return [call(item) for item in items]


class Watched(MemorySender):
    """A gateway that lets the model look at every message before it is taken."""

    look: Callable[[Outgoing], None] = staticmethod(lambda message: None)

    def send(self, message: Outgoing) -> str:
        self.look(message)
        return super().send(message)


THEN = st.sampled_from([None, 0, 60, 300, 300])  # seconds until the worker passes next; None: she goes on at once


def step(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule after which, mostly, the worker passes."""

    def decorated(act: Callable[..., None]) -> Any:
        @wraps(act)
        def acts(self: "Machine", then: int | None, **drawn: Any) -> None:
            act(self, **drawn)
            if then is not None:
                self.the_worker_passes_after(then)

        del acts.__wrapped__
        return rule(then=THEN, **given)(acts)

    return decorated


class Machine(RuleBasedStateMachine):
    template: Path

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
        self.unclear: set[str] = set()  # keys of messages whose first call had no clear end
        self.broken: list[str] = []

    @initialize(idempotent=st.booleans(), there=st.lists(st.integers(0, 2), max_size=2))
    def a_practice(self, idempotent: bool, there: list[int]) -> None:
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
            PRACTICE, self.store, sources, self.senders, lambda: self.now,
            on_uncertain={Channel.SMS: "hold", Channel.EMAIL: "retry"},
        )  # fmt: skip

    # --- the secretary -----------------------------------------------------------------------------------------------

    def save(self, place: tuple[str, str], payload: bytes, meant: Meant) -> None:
        self.calendars[place[0]].put(place[1], payload)
        self.meant[place], self.payload[place] = meant, ICS.strip(payload)

    def place(self, number: int) -> tuple[str, str]:
        places = sorted(self.meant)
        return places[number % len(places)]

    def changed(self, place: tuple[str, str], **values: Any) -> None:
        """She edits what she sees, our part in it included."""
        before, after = self.meant[place], replace(self.meant[place], **values)
        raw = self.held(place)
        for old, new in (
            (f"DTSTART:{_utc(before.start)}", f"DTSTART:{_utc(after.start)}"),
            (f"DTEND:{_utc(before.start + HALF)}", f"DTEND:{_utc(after.start + HALF)}"),
            (_escaped(before.text()), _escaped(after.text())),
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

    def books(self, dentist: str, person: int, slot: int, kind: str) -> None:
        self.number += 1
        who, start = PEOPLE[person], _slot(slot)
        mobile = UNREADABLE_MOBILE if kind == "bad mobile" else who.mobile
        meant = Meant(who, start, mobile, consent=kind == "consent")
        self.save((dentist, f"{self.number}.ics"), meant.ics(f"uid-{self.number}"), meant)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), slot=st.integers(0, 23))
    def drags(self, number: int, slot: int) -> None:
        place = self.place(number)
        self.changed(place, start=_slot(slot), previous=self.meant[place].start)

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

    @precondition(lambda self: self.bin)
    @step()
    def undeletes(self) -> None:
        place, meant, raw = self.bin.pop()
        if place not in self.meant:
            self.save(place, raw, meant)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), same_uid=st.booleans())
    def moves_to_the_other_dentist(self, number: int, same_uid: bool) -> None:
        place = self.place(number)
        meant, raw = self.meant[place], self.held(place)
        self.takes_out(place)
        self.bin.pop()
        self.number += 1
        other = (next(who for who in DENTISTS if who != place[0]), f"{self.number}.ics")
        self.save(other, raw if same_uid else _other_uid(raw, self.number), meant)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), slot=st.integers(0, 23))
    def copies(self, number: int, slot: int) -> None:
        """Copy and paste: our block is in the copy."""
        place = self.place(number)
        self.number += 1
        copy = (place[0], f"{self.number}.ics")
        self.save(copy, _other_uid(self.held(place), self.number), self.meant[place])
        self.changed(copy, start=_slot(slot), previous=None)

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def takes_our_block_out(self, number: int) -> None:
        place = self.place(number)
        self.save(place, ICS.strip(self.held(place)), self.meant[place])

    # --- misfortune --------------------------------------------------------------------------------------------------

    @step(who=st.sampled_from(DENTISTS))
    def the_server_forgets_its_tokens(self, who: str) -> None:
        self.calendars[who].expire_tokens()

    @step(who=st.sampled_from(DENTISTS), fault=st.integers(0, 6))
    def the_server_errs(self, who: str, fault: int) -> None:
        calendar = self.calendars[who]
        errors = [TryLater("…"), TryLater("…", 120), Garbled("…"), Denied("…"), Conflict(), Unknown()]
        if fault < len(errors):
            calendar.fail_next(errors[fault])
        else:
            calendar.lose_answer_of_next_write()

    @step(who=st.sampled_from(DENTISTS))
    def the_server_repeats_itself(self, who: str) -> None:
        self.calendars[who].repeating = not self.calendars[who].repeating

    @step(channel=st.sampled_from(list(Channel)), fault=st.integers(0, 3))
    def the_gateway_errs(self, channel: Channel, fault: int) -> None:
        sender = self.senders[channel]
        error = [TryLater("…"), Permanent("…"), Uncertain("…"), Uncertain("…")][fault]
        sender.fail(error, taken=fault == 3)

    # --- the worker --------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([60, 300, 1800]))
    def the_worker_passes(self, seconds: int) -> None:
        self.the_worker_passes_after(seconds)

    def the_worker_passes_after(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.one_pass()

    @rule(hours=st.sampled_from([8, 24, 72]))
    def time_passes(self, hours: int) -> None:
        for _ in range(4):
            self.now += timedelta(hours=hours / 4)
            self.one_pass()

    @rule(where=st.sampled_from(["send", "send", "commit", "apply", "get"]), nth=st.integers(1, 12))
    def the_worker_dies(self, where: str, nth: int) -> None:
        self.now += timedelta(minutes=5)
        self.deadly = (where, nth)
        try:
            self.one_pass()
        except Killed:
            self.store.close()
            self.open()
        self.deadly = None

    @rule()
    def the_worker_starts_anew(self) -> None:
        self.store.close()
        self.open()

    def one_pass(self) -> None:
        with self.mortal():
            passes.one_pass(self.world)
        assert not self.broken, self.broken

    @contextmanager
    def mortal(self) -> Iterator[None]:
        """Dies before or after the n-th commit or call of one sort."""
        where, left = self.deadly or ("", 0)

        def point() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
            def called(*args: Any, **options: Any) -> Any:
                point()
                result = call(*args, **options)
                point()
                return result

            return called

        with ExitStack() as stack:
            stack.enter_context(patch.object(passes, "ThreadPoolExecutor", InTurn))
            if where:
                owner, name = SORTS[where]
                stack.enter_context(patch.object(owner, name, wrap(getattr(owner, name))))
            yield

    # --- the model judges --------------------------------------------------------------------------------------------

    def told(self) -> list[Outgoing]:
        return [m for sender in self.senders.values() for m in sender.sent if ":notice:" not in m.key]

    def judge_message(self, message: Outgoing) -> None:
        if ":notice:" in message.key or message.key in self.unclear:
            return
        self.unclear.add(message.key)
        with self.store.read() as tx:
            [row] = [r for r in messages.with_state(tx, messages.CLAIMED, zone=PARIS) if r.key == message.key]
            booking = bookings.get(tx, row.booking, PARIS)
            failing = {row.calendar for row in passes.calendars.every(tx) if row.fail_count}
        assert booking
        dentist = booking.calendar.removeprefix("agenda:")
        meant = self.meant.get((dentist, booking.ref))
        if row.kind == "cancellation":
            if booking.calendar not in failing and meant and not meant.annulled and meant.who.family in row.facts.name:
                self.broken.append(f"L6: cancelled although it stands there: {message.key}")
        elif booking.baseline and row.kind == "reminder":
            return
        elif not meant or meant.start != row.facts.start or not meant.allowed(dentist):
            self.broken.append(f"L3: told what does not stand there: {message.key} {meant}")

    @invariant()
    def l1_her_text_is_hers(self) -> None:
        for place, payload in self.payload.items():
            assert ICS.strip(self.held(place)) == payload

    @invariant()
    def l4_once(self) -> None:
        for channel, sender in getattr(self, "senders", {}).items():
            for key, count in Counter(message.key for message in sender.sent).items():
                if ":notice:" not in key:
                    assert count == 1 or (channel is Channel.EMAIL and count == 2 and self.tried_again(key)), key

    def tried_again(self, key: str) -> bool:
        m = tables.message.c
        with self.store.read() as tx:
            return bool(tx.connection.execute(select(m.attempts).where(m.key == key)).scalar())

    # --- at the end --------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "senders"):
            return
        for calendar in self.calendars.values():
            calendar._errors.clear()
            calendar._answers.clear()
        for sender in self.senders.values():
            sender.faults.clear()
        for minutes in (1, 10, 61, 61, 121):
            self.now += timedelta(minutes=minutes)
            self.one_pass()
        self.calm()
        self.l1_her_text_is_hers()
        self.l4_once()
        self.l4_no_contradiction()
        self.l5_the_store_is_the_calendar()
        self.l2_a_further_pass_changes_nothing()
        self.store.close()
        shutil.rmtree(self.folder)

    def calm(self) -> None:
        late = self.now + timedelta(days=400)
        with self.store.read() as tx:
            assert not resources.dirty(tx)
            assert not edits.due(tx, late), "an edit is owed for ever"
            left = list(messages.with_state(tx, PENDING, messages.CLAIMED, zone=PARIS))
        assert not left, left

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


SORTS = {
    "commit": (DefaultDialect, "do_commit"),
    "send": (MemorySender, "send"),
    "apply": (MemoryCalendar, "apply"),
    "get": (MemoryCalendar, "get"),
}
ICS, HALF = Ics(PARIS, SECRET, "any"), timedelta(minutes=30)


def _slot(number: int) -> datetime:
    """Six days from the third on, four hours each."""
    return MORNING + timedelta(days=3 + number // 4, hours=number % 4)


def _other_uid(raw: bytes, number: int) -> bytes:
    head, _, rest = raw.partition(b"UID:")
    return head + f"UID:copy-{number}".encode() + rest[rest.index(b"\r\n") :]


def unfolded(raw: bytes) -> bytes:
    return raw.replace(b"\r\n ", b"")


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
    Machine.template = file


LawsOfTheEngine = Machine.TestCase
LawsOfTheEngine.settings = settings(
    max_examples=50, stateful_step_count=20, derandomize=True, deadline=None,
    suppress_health_check=list(HealthCheck), database=None,
)  # fmt: skip
