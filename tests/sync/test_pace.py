"""When each calendar is read: its pace, hints, waits (SYNC 2.12)."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from adapters.base import WHOLE, Cursor, LoginRefused, Outgoing, Page, TryLater
from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from rules.model import Annotation, Channel
from sync.loop import Stop, Worker, run
from sync.readers import Readers
from sync.rounds import one_round
from sync.store import calendars, edits, views
from sync.store.calendars import CalendarRow
from sync.store.engine import StoreProblem, Unusable
from sync.world import Source, nobody_watches
from tests.office import COMPLETE, PARIS, Office, calendar_of, make_office

OTHER = COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972")


def row_of(office: Office, dentist: str = "martin") -> CalendarRow:
    with office.world.store.read() as tx:
        found = calendars.get(tx, f"memory:{dentist}")
    assert found is not None
    return found


def test_a_hint_is_due_until_the_calendar_was_read_and_one_that_comes_meanwhile_stands(office: Office) -> None:
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now)
    assert row_of(office).due_at == office.now
    office.passes(later=timedelta(seconds=5))
    assert row_of(office).due_at is None
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now + timedelta(seconds=1))
        calendars.were_read(tx, ["memory:martin"], office.now)
    assert row_of(office).due_at == office.now + timedelta(seconds=1)


def test_a_wake_from_another_thread_brings_the_next_pass_forward(office: Office) -> None:
    stop, workers = Stop(), list[Worker]()
    done = threading.Thread(target=run, args=([(office.world, 3600)], stop, workers.extend), daemon=True)
    done.start()
    asked = office.calendars["martin"].calls
    until(lambda: asked["changes"] == 2)
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now)
    workers[0].wake()
    until(lambda: asked["changes"] == 3)
    stop(15)
    done.join(10)
    assert not done.is_alive()


def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    end = monotonic() + 10
    while not true():
        assert monotonic() < end
        sleep(0.01)


# --- rounds, by a clock that tests turn -----------------------------------------------------------------------------


@dataclass
class Working:
    """The office with a worker's readers: `rounds` gives when each calendar was asked, in seconds from now on."""

    office: Office
    readers: Readers

    def __init__(self, office: Office, every: int = 60) -> None:
        self.office, self.readers = office, Readers(office.world, every, chance=lambda: 0.5)

    def rounds(self, seconds: float) -> dict[str, list[float]]:
        began, end, asked = self.office.now, self.office.now + timedelta(seconds=seconds), dict[str, list[float]]()
        while True:
            self.once(asked, began)
            due = min(
                filter(None, (self.readers.next_due(self.rows(), self.office.now), self.due_message())), default=end
            )
            if max(due, self.office.now) >= end:
                self.office.turned += end - self.office.now
                return asked
            self.office.turned += max(due - self.office.now, timedelta(seconds=1))

    def once(self, asked: dict[str, list[float]] | None = None, began: datetime | None = None) -> None:
        before = {name: calendar.calls["changes"] for name, calendar in self.office.calendars.items()}
        one_round(self.readers, nobody_watches)
        for name, calendar in self.office.calendars.items():
            if asked is not None and began is not None and calendar.calls["changes"] > before[name]:
                asked.setdefault(name, []).append((self.office.now - began).total_seconds())

    def rows(self) -> dict[str, CalendarRow]:
        with self.office.world.store.read() as tx:
            return {row.calendar: row for row in calendars.every(tx)}

    def due_message(self) -> datetime | None:
        with self.office.world.store.read() as tx:
            return views.next_due(tx, self.office.now)


@pytest.fixture
def working(office: Office) -> Working:
    return Working(office)


def test_an_idle_calendar_is_asked_once_a_minute(working: Working) -> None:
    assert working.rounds(301) == {"martin": [0, 60, 120, 180, 240, 300], "bernard": [0, 60, 120, 180, 240, 300]}


def test_where_she_books_it_is_asked_every_fifteen_seconds_and_the_other_goes_on_as_before(working: Working) -> None:
    working.rounds(1)
    working.office.she_books("e1")
    asked = working.rounds(600)
    first = asked["martin"][0]
    waits = [round(later - one, 1) for one, later in pairwise(asked["martin"])]
    assert first == 59
    assert waits[:12] == [15] * 12
    assert waits[12:] == sorted(waits[12:])
    assert waits[-1] == 60
    assert [round(later - one) for one, later in pairwise(asked["bernard"])] == [60] * 9


def test_outside_hours_it_is_asked_every_ten_minutes(office: Office) -> None:
    from datetime import time

    closed = tuple(replace(one, hours={0: ((time(9), time(12)),)}) for one in office.world.practice.dentists)
    office.world = replace(office.world, practice=replace(office.world.practice, dentists=closed))
    assert Working(office).rounds(1201)["martin"] == [0, 600, 1200]  # a Tuesday


def test_a_calendar_that_is_listed_whole_is_asked_every_five_minutes(working: Working) -> None:
    working.rounds(1)
    with working.office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", doubted_at=working.office.now, doubt="…")
        calendars.save_cursor(tx, "memory:martin", WHOLE)
    assert working.rounds(900)["martin"] == [299, 599, 899]


def test_beside_a_push_channel_it_is_asked_every_ten_minutes_and_when_a_hint_comes(working: Working) -> None:
    working.rounds(1)
    with working.office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", pushed_until=working.office.now + timedelta(hours=1))
    assert working.rounds(300) == {"bernard": [59, 119, 179, 239, 299]}
    with working.office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", working.office.now)
    assert working.rounds(900)["martin"] == [0, 599]  # with the other, whose minute it is
    assert row_of(working.office).due_at is None


def test_a_failing_calendar_is_left_alone_longer_each_time_and_recovers(working: Working) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(TryLater("pas joignable"), times=8)
    asked = working.rounds(900)
    assert asked["martin"][:9] == [59, 60, 62, 66, 74, 90, 122, 186, 314]
    assert asked["bernard"][:3] == [59, 119, 179]
    assert (row_of(working.office).fail_count, row_of(working.office).due_at) == (0, None)


def test_i03_a_wait_that_was_too_short_is_doubled_and_holds_for_the_worker_too(working: Working) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(TryLater("trop de demandes", retry_after=30), times=4)
    assert working.rounds(600)["martin"][:5] == [59, 89, 149, 269, 509]


def test_i02_a_refused_login_is_told_once_after_three_tries_over_ten_minutes_then_tried_hourly(
    working: Working,
) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(LoginRefused("Google ne reconnaît plus l'autorisation."), times=6)
    asked = working.rounds(3600 * 3)["martin"]
    assert asked[:4] == [59, 119, 419, 719]
    assert [later - one for one, later in pairwise(asked[3:6])] == [3600, 3600]
    (told,) = [one for one in working.office.email.sent if "non lu" in one.subject]
    assert "L'accès est à redonner" in told.text
    working.rounds(3600 * 2)  # given anew meanwhile: nobody restarted anything
    assert (row_of(working.office).fail_count, row_of(working.office).refused) == (0, 0)
    assert len([one for one in working.office.email.sent if "non lu" in one.subject]) == 1


def test_i02_a_server_that_is_away_is_not_blamed_on_the_login(working: Working) -> None:
    working.rounds(1)
    calendar = working.office.calendars["martin"]
    calendar.fail_next(LoginRefused("refusé"))
    calendar.fail_next(TryLater("pas joignable"), times=15)
    working.rounds(3600)
    told = [one.text for one in working.office.email.sent if "non lu" in one.subject]
    assert len(told) == 1
    assert "L'accès est à redonner" not in told[0]


def test_i02_our_own_store_is_not_blamed_on_the_calendar(working: Working, monkeypatch: pytest.MonkeyPatch) -> None:
    working.rounds(1)

    def full(*_: object) -> None:
        raise Unusable("Le disque est plein.")

    working.office.she_books("e1")
    working.office.turned += timedelta(minutes=1)
    with monkeypatch.context() as patch, pytest.raises(StoreProblem):
        patch.setattr("sync.mirror.resources.add_all", full)
        working.once()
    assert row_of(working.office).fail_count == 0


# --- what hangs -----------------------------------------------------------------------------------------------------


class Hanging(MemoryCalendar):
    """Answers when it is told to."""

    def __init__(self, name: str) -> None:
        super().__init__(f"memory:{name}", PARIS, b"s" * 32)
        self.answers = threading.Event()
        self.answers.set()

    def changes(self, cursor: Cursor | None, known: Any) -> Iterator[Page]:
        pages = list(super().changes(cursor, known))  # what it says was true when it was asked
        assert self.answers.wait(20)
        yield from pages


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Working, Hanging]]:
    """Dr Martin's calendar hangs from now on."""
    monkeypatch.setattr("sync.readers.PATIENCE", 0.2)
    hanging = Hanging("martin")
    office = make_office(tmp_path, sources=[Source(hanging, "martin"), Source(calendar_of("bernard"), "bernard")])
    office.passes()
    office.she_books("old")
    office.passes()
    hanging.answers.clear()
    yield Working(office), hanging
    hanging.answers.set()


def test_i08_what_hangs_is_not_asked_again_not_written_to_and_tells_nobody(slow: tuple[Working, Hanging]) -> None:
    working, hanging = slow
    office, writes = working.office, hanging.writes
    sent = len(office.sms.sent)
    working.once()
    office.she_books("b", day=8, dentist="bernard", text=OTHER)
    with office.world.store.write() as tx:
        edits.want(tx, "memory:martin", "old.ics", Annotation("✓ ", ("autre",)), due=office.now)
    asked = working.rounds(300)
    assert "martin" not in asked
    assert hanging.writes == writes
    assert asked["bernard"][:2] == [60, 75]
    assert office.block("b", "bernard").startswith("✓")
    assert len(office.sms.sent) == sent + 1


def test_i08_when_it_answers_at_last_a_round_is_due_and_what_it_said_is_not_lost(
    slow: tuple[Working, Hanging],
) -> None:
    working, hanging = slow
    woken = threading.Event()
    working.readers._wake = woken.set
    working.office.she_books("new", day=9)
    working.once()
    assert working.readers.under_way == {"memory:martin"}
    hanging.answers.set()
    assert woken.wait(10)
    working.office.turned += timedelta(seconds=1)
    working.once()
    assert working.readers.under_way == set()
    assert working.office.block("new").startswith("✓")


def test_l5_what_hangs_at_the_end_of_the_worker_leaves_no_trace(slow: tuple[Working, Hanging]) -> None:
    working, hanging = slow
    working.office.she_books("new", day=9)
    before = working.rows()
    working.once()
    working.readers.close()
    hanging.answers.set()
    until(lambda: not working.readers._done.empty())
    assert {**working.rows(), "memory:bernard": None} == {**before, "memory:bernard": None}


def test_h08_a_message_waits_for_the_calendar_that_is_being_read(slow: tuple[Working, Hanging]) -> None:
    working, hanging = slow
    office = working.office
    hanging.answers.set()
    policy = replace(office.world.practice.policy, settle_seconds=90)
    office.world = replace(office.world, practice=replace(office.world.practice, policy=policy))
    working = Working(office)
    office.she_books("new", day=9, text=OTHER)
    sent = len(office.sms.sent)
    working.once()
    hanging.answers.clear()
    office.calendars["martin"].delete("new.ics")  # she thinks better of it, and the calendar hangs
    office.turned += timedelta(seconds=91)
    working.once()
    assert len(office.sms.sent) == sent
    hanging.answers.set()
    until(lambda: not working.readers._done.empty())
    working.rounds(300)
    assert len(office.sms.sent) == sent


def test_l5_a_reader_writes_between_the_steps_of_rounds_never_during_them(slow: tuple[Working, Hanging]) -> None:
    working, hanging = slow
    office, seen = working.office, list[bool]()
    before = working.rows()["memory:martin"].cursor

    def sends(message: Outgoing) -> str:
        hanging.answers.set()  # just now it answers
        sleep(0.3)
        seen.append(working.rows()["memory:martin"].cursor == before)
        return "1"

    office.world = replace(office.world, senders={Channel.SMS: Telling(sends)})
    working = Working(office)
    office.she_books("new", day=9)
    office.she_books("b", day=8, dentist="bernard", text=OTHER)
    working.once()
    assert seen == [True]
    until(lambda: not working.readers._done.empty())
    assert working.rows()["memory:martin"].cursor != before


class Telling(MemorySender):
    """Tells the test of each message."""

    def __init__(self, tell: Callable[[Outgoing], str]) -> None:
        super().__init__(Channel.SMS)
        self.tell = tell

    def send(self, message: Outgoing) -> str:
        return self.tell(message)


# --- what must be known before a patient is told ---------------------------------------------------------------------


@pytest.fixture
def settling(office: Office) -> Working:
    """Messages wait a while after her last change, as they do by default."""
    policy = replace(office.world.practice.policy, settle_seconds=90, settle_change_seconds=180)
    office.world = replace(office.world, practice=replace(office.world.practice, policy=policy))
    working = Working(office)
    working.rounds(1)
    return working


def test_h08_before_a_message_its_calendar_is_read_whatever_its_pace(settling: Working) -> None:
    office = settling.office
    office.she_books("e1")
    settling.rounds(61)
    with office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", pushed_until=office.now + timedelta(hours=1))
    office.calendars["martin"].delete("e1.ics")
    settling.rounds(400)
    assert office.sms.sent == []


def test_g03_a_move_from_a_calendar_that_is_read_seldom_is_still_one_modification(settling: Working) -> None:
    office = settling.office
    office.she_books("e1")
    settling.rounds(200)
    assert office.told("confirmation") == ["sent"]
    with office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", pushed_until=office.now + timedelta(hours=1))
    settling.rounds(30)
    office.calendars["martin"].delete("e1.ics")
    office.she_books("e1", day=8, dentist="bernard", text=COMPLETE + "\nAccord patient : oui (tél. 24/11)")
    settling.rounds(500)
    assert (office.told("confirmation"), office.told("modification")) == (["sent"], ["sent"])
    assert office.told("cancellation") == []


def test_what_a_listing_lacked_is_looked_for_again_after_a_minute_whatever_the_pace(settling: Working) -> None:
    office = settling.office
    office.she_books("e1")
    settling.rounds(200)
    with office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", doubted_at=office.now, doubt="…")
        calendars.save_cursor(tx, "memory:martin", WHOLE)
    settling.rounds(301)
    office.calendars["martin"].delete("e1.ics")
    asked = settling.rounds(600)["martin"]
    assert asked[1] - asked[0] == 65
    assert office.told("cancellation") == ["sent"]
