"""What goes on beside a round, and what must be known before a patient is told (docs/design.md#pace: hard cases I08,
H08, G03)."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import WHOLE, Cursor, Outgoing, Page
from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from rules.model import Annotation, Channel
from sync.core.context import Source
from sync.store import calendars, edits
from tests.office import COMPLETE, PARIS, Office, calendar_of, make_office
from tests.working import OTHER, Working, until

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
    monkeypatch.setattr("sync.worker.scheduler.HEALTHY_WAIT_S", 0.2)
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
