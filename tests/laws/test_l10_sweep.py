"""Law L10, swept: a fault at every call outward and at every commit of a day's passes, one at a time.

Three dentists, a patient each, both channels. Whatever is hit, and by whatever exception: everybody whom the fault did
not touch is told in the same or the next pass, everybody in the end, and nobody twice.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from rules.model import Channel, Dentist, Motif, Policy, Practice
from sync.core.context import Source, World
from sync.store.engine import Store, StoreProblem
from sync.worker import reading_job
from sync.worker.one_pass import one_pass
from tests.office import ics

PARIS, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)
WHO = {
    "martin": ("DUPONT Marie", "0612345678", "marie@example.org", "12/05/1981"),
    "bernard": ("PETIT Luc", "0698765432", "luc@example.org", "03/04/1975"),
    "girard": ("LEROY Anne", "0645187355", "anne@example.org", "30/11/1990"),
}
PRACTICE = Practice(
    key="lilas", name="Cabinet des Lilas", address="12 rue des Lilas, 75020 Paris", phone="01 43 00 00 00",
    email="s@lilas.example", zone=PARIS, motifs=(Motif("Détartrage", 30), Motif("Contrôle", 20)),
    dentists=tuple(Dentist(key, f"Dr {key.title()}", "Dentiste") for key in WHO),
    policy=Policy(settle_seconds=0, settle_change_seconds=0, quiet_seconds=0),
)  # fmt: skip
ASKED = ("changes", "get", "apply", "add", "remove", "read")


@dataclass
class Points:
    """Every place where something may fail, in the order in which it is met; at `hit` it does."""

    fault: Callable[[], Exception] = ValueError
    hit: int = 0
    met: list[str] = field(default_factory=list)

    def meet(self, what: str) -> None:
        """Here something may fail."""
        self.met.append(what)
        if len(self.met) == self.hit:
            raise self.fault()


class Calendar(MemoryCalendar):
    """One whose every call may fail, before it does anything."""

    def __init__(self, key: str, points: Points) -> None:
        super().__init__(f"memory:{key}", PARIS, SECRET)
        self.points = points


def _failing(method: str) -> Callable[..., Any]:
    real = getattr(MemoryCalendar, method)

    def called(self: Calendar, *args: Any) -> Any:
        self.points.meet(f"{method} {self.address}")
        return real(self, *args)

    return called


for _method in ASKED:
    setattr(Calendar, _method, _failing(_method))


class Sender(MemorySender):
    """One whose call may fail before anything was taken."""

    points: Points

    def send(self, message: Any) -> str:
        """See MemorySender."""
        self.points.meet(f"send {self.channel} {message.to}")
        return super().send(message)


@dataclass
class Day:
    """A practice whose three patients book, move and cancel, with two passes after each."""

    store: Store
    points: Points
    calendars: dict[str, Calendar]
    sms: Sender
    mail: Sender
    now: datetime = MORNING

    def __post_init__(self) -> None:
        for one in (*self.calendars.values(), self.sms, self.mail):
            one.points = self.points
        sources = tuple(Source(calendar, key) for key, calendar in self.calendars.items())
        senders = {Channel.SMS: self.sms, Channel.EMAIL: self.mail}
        self.world = World(PRACTICE, self.store, sources, senders, lambda: self.now)

    def books(self, key: str, day: int) -> None:
        name, mobile, email, born = WHO[key]
        text = (
            f"Nouveau patient\nSans préférence\nNé(e) le : {born}\nMobile : {mobile}\nE-mail : {email}\n"
            "Adresse : 3 rue Verte, 75011 Paris"
        )
        start = (MORNING + timedelta(days=day)).replace(hour=10)
        self.calendars[key].put("visite.ics", ics(f"visite-{key}", f"{name} – détartrage", start, 30, text))

    def pass_(self) -> None:
        """One, whatever becomes of it, as `run` takes it."""
        self.now += timedelta(minutes=2)
        try:
            one_pass(self.world)
        except StoreProblem:
            assert self.points.fault is whole_store

    def lives(self, after: int = 0) -> Iterator[int]:
        """Booked, moved, cancelled; two passes after each, for what was touched has the next one. Stops before each."""
        for number, change in list(enumerate((7, 7, 9, 9, None, None)))[after:]:
            yield number
            if number % 2 == 0:
                self.she_acts(change)
            self.pass_()

    def she_acts(self, day: int | None) -> None:
        for key in WHO:
            if day:
                self.books(key, day)
            else:
                self.calendars[key].delete("visite.ics")

    def settles(self) -> None:
        """Until waits and second chances are over; the calendars and senders are well again."""
        self.points.hit = 0
        for minutes in (1, 10, 40, 60):
            self.now += timedelta(minutes=minutes)
            self.pass_()

    def told(self, key: str) -> list[tuple[str, str]]:
        """(channel, kind) of all that this patient was told, in order."""
        _, mobile, email, _ = WHO[key]
        to = {"+33" + mobile[1:], email}
        every = [(one, sender.channel.value) for sender in (self.sms, self.mail) for one in sender.sent]
        return [(channel, one.key.split(":")[3]) for one, channel in every if one.to in to]


LIFE = [(way, kind) for way in ("sms", "email") for kind in ("confirmation", "modification", "cancellation")]


def whole_store() -> Exception:
    """As the driver says that the disk is full."""
    from sqlalchemy.exc import OperationalError

    return OperationalError("commit", {}, sqlite3.OperationalError("database or disk is full"))


def constraint() -> Exception:
    return IntegrityError("insert", {}, Exception("UNIQUE constraint failed"))


@contextmanager
def commits_meet(store: Store, points: Points) -> Iterator[None]:
    """Every commit of a writing transaction may fail; what it held is then rolled back."""

    def meet(connection: Any) -> None:
        if not connection.get_execution_options().get("attitre_read"):
            points.meet("commit")

    event.listen(store._engine, "commit", meet)
    try:
        yield
    finally:
        event.remove(store._engine, "commit", meet)


@dataclass
class Moment:
    """A practice before one of its passes; a worker that starts there meets what one that went on would."""

    store: Store
    kept: sqlite3.Connection
    outside: tuple[Any, ...]  # calendars, gateways, the time
    met: list[str]

    @classmethod
    def now(cls, day: Day) -> "Moment":
        kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(str(day.store.file))) as file:
            file.backup(kept)
        return cls(day.store, kept, _copied(day), list(day.points.met))

    @contextmanager
    def again(self, fault: Callable[[], Exception], hit: int) -> Iterator[Day]:
        """A day that is at this moment."""
        with closing(sqlite3.connect(str(self.store.file))) as file:
            self.kept.backup(file)
        points = Points(fault, hit, list(self.met))
        with commits_meet(self.store, points):
            yield Day(self.store, points, *deepcopy(self.outside))


def _copied(day: Day) -> tuple[Any, ...]:
    return deepcopy((day.calendars, day.sms, day.mail, day.now), {id(day.points): Points()})


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Moment]]:
    """A day without a fault, before each of its passes, and at its end."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('sweep') / 'cabinet.db'}", "lilas")
    store.prepare()
    points, sender = Points(), partial(Sender, repeatable=False)
    one = Day(store, points, {key: Calendar(key, points) for key in WHO}, sender(Channel.SMS), sender(Channel.EMAIL))
    with pytest.MonkeyPatch.context() as patch, commits_meet(store, points):
        patch.setattr(reading_job, "in_a_thread", in_turn)
        one.pass_()
        one.pass_()
        points.met.clear()
        found = [Moment.now(one) for _ in one.lives()]
        found.append(Moment.now(one))
    assert [one.told(key) for key in WHO] == [LIFE] * len(WHO)
    yield found
    store.close()


def in_turn(work: Callable[[], None]) -> None:
    """Calendars one after the other: the points are met in the same order each time."""
    work()


@pytest.fixture(autouse=True)
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "in_a_thread", in_turn)


def swept(moments: list[Moment], wanted: str, fault: Callable[[], Exception], *, every: int = 1) -> None:
    """A fault at every point of that kind."""
    met = moments[-1].met
    numbers = [number for number, what in enumerate(met, start=1) if what.split()[0] in wanted.split()][::every]
    assert len(numbers) > 3
    wrong = [said for number in numbers if (said := _hit(moments, number, met[number - 1], fault))]
    assert wrong == []


def _hit(moments: list[Moment], number: int, what: str, fault: Callable[[], Exception]) -> str:
    """What is wrong where that point fails; empty where all is as it should be."""
    started = max(place for place, moment in enumerate(moments) if len(moment.met) < number)
    with moments[started].again(fault, number) as one:
        list(one.lives(started))
        assert one.points.met[number - 1] == what
        unserved = {key for key in WHO if _served(one.told(key)) != LIFE}
        late = unserved - _touched(what, unserved)
        one.settles()
        ends = {key: one.told(key) for key in WHO}
        uncertain = _uncertain(one) & unserved
        twice = [key for key, told in ends.items() if len(told) != len(set(told))]
        silent = [key for key, told in ends.items() if _last(told) != 2 and key not in uncertain]
    return (
        f"{number} {what}: late {late}, twice {twice}, without the last word {silent}"
        if late or twice or silent
        else ""
    )


def _touched(what: str, unserved: set[str]) -> set[str]:
    """Whom the fault met: named by the call; of a commit, which names nobody, one patient at most."""
    if what == "commit":
        return unserved if len(unserved) <= 1 else set()
    return {key for key in WHO if key in what or WHO[key][1][1:] in what or WHO[key][2] in what}


def _served(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(told, key=LIFE.index)


def _last(told: list[tuple[str, str]]) -> int:
    """On how many channels the last word is the truth: cancelled, or never told anything."""
    return sum((way, "cancellation") in told or not any(one[0] == way for one in told) for way in ("sms", "email"))


def _uncertain(one: Day) -> set[str]:
    """Whom a message may have reached, for all that we know: the configuration holds it."""
    from sync.store import messages

    with one.store.read() as tx:
        rows = messages.with_state(tx, "uncertain", zone=PARIS)
    return {key for key in WHO for row in rows if row.recipient in {"+33" + WHO[key][1][1:], WHO[key][2]}}


@pytest.mark.parametrize("fault", [ValueError, MemoryError, OSError])
def test_a_fault_at_any_question_to_a_calendar(moments: list[Moment], fault: Callable[[], Exception]) -> None:
    swept(moments, "changes get apply add remove", fault, every=1 if fault is ValueError else 5)


def test_a_fault_at_any_reading_of_an_event(moments: list[Moment]) -> None:
    swept(moments, "read", RecursionError, every=3)


@pytest.mark.parametrize("fault", [KeyError, MemoryError])
def test_a_fault_at_any_message(moments: list[Moment], fault: Callable[[], Exception]) -> None:
    swept(moments, "send", fault, every=1 if fault is KeyError else 5)


@pytest.mark.parametrize("fault", [constraint, KeyError])
def test_a_fault_at_any_commit(moments: list[Moment], fault: Callable[[], Exception]) -> None:
    swept(moments, "commit", fault, every=2 if fault is KeyError else 7)


def test_the_whole_store_fails_at_any_commit(moments: list[Moment]) -> None:
    swept(moments, "commit", whole_store, every=6)
