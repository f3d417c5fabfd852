"""A calendar that takes a write and never answers holds up no other calendar, and nobody's message."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from adapters.base import Edit, EditResult, Granted, Written
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from adapters.calendars.memory import MemoryCalendar
from rules.model import Annotation
from sync.annotate import write_backoff
from sync.annotate.beside import begin
from sync.core.calls import Pool
from sync.core.context import Source
from sync.people import patient_link
from sync.people.by_link import Said, revision
from sync.store import bookings, edits, intents, subscriptions
from sync.store import tables as t
from sync.store.edits import EditRow
from sync.worker.push_channels import refresh_channels
from tests.adapters.hostile import Behaviour, drips, hostile, silent
from tests.office import PARIS, Office, calendar_of, make_office
from tests.working import OTHER, Working, until


class Takes(MemoryCalendar):
    """Reads well; a write is taken, and answered when it may."""

    def __init__(self, name: str) -> None:
        super().__init__(f"memory:{name}", PARIS, b"s" * 32)
        self.answers, self.asked, self.removed = threading.Event(), 0, 0
        self.answers.set()

    def remove(self, ref: str, version: str | None) -> EditResult:
        result = super().remove(ref, version)
        self.removed += isinstance(result, Written)
        assert self.answers.wait(60)
        return result

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        self.asked += 1
        result = super().apply(ref, version, edit)
        assert self.answers.wait(60)
        return result


class Worked(Working):
    """The office with a worker that writes beside its rounds."""

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self.woken = threading.Event()
        readers = self.readers
        readers.call_in_background(Pool(readers.turn, readers.let_go, readers.over, self.woken.set))

    def goes_on(self) -> None:
        self.office.turned += timedelta(minutes=1)
        self.once()

    def ends_beside(self) -> None:
        until(lambda: not self.readers.under_way)
        self.once()


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Worked, Takes]]:
    """Dr Martin's calendar answers no write from now on."""
    monkeypatch.setattr("sync.core.calls.CALL_WAIT_S", 0.2)
    takes = Takes("martin")
    office = make_office(tmp_path, sources=[Source(takes, "martin"), Source(calendar_of("bernard"), "bernard")])
    office.passes()
    worked = Worked(office)
    worked.once()
    takes.answers.clear()
    yield worked, takes
    takes.answers.set()


def test_e_the_other_calendar_is_written_to_and_its_patient_told(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.office.she_books("b", day=8, dentist="bernard", text=OTHER)
    worked.goes_on()
    worked.goes_on()
    assert worked.readers.under_way == {"memory:martin"}  # it hangs still
    assert worked.office.block("b", "bernard").startswith("✓")
    assert takes.asked == 1
    assert len(worked.office.sms.sent) == 2


def test_l1_what_she_types_while_it_hangs_is_read_once_it_answers(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    assert worked.readers.under_way == {"memory:martin"}
    worked.office.she_books("a", day=9)
    takes.answers.set()
    assert worked.woken.wait(10)
    worked.ends_beside()
    worked.goes_on()
    worked.goes_on()
    assert (worked.office.event("a").start.date() - worked.office.now.date()).days == 9
    assert worked.office.block("a").startswith("✓")


def test_l2_what_is_planned_meanwhile_outlives_the_older_text(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    newer = Annotation("✓ ", ("plus récent",))
    with worked.office.world.store.write() as tx:
        edits.want(tx, "memory:martin", "a.ics", newer, due=worked.office.now)
    takes.answers.set()
    until(lambda: not worked.readers.under_way)
    assert [row.annotation for row in planned(worked.office)] == [newer]


def test_l2_what_is_dropped_meanwhile_is_evaluated_once_more(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    with worked.office.world.store.write() as tx:
        edits.drop(tx, "memory:martin", "a.ics")
    takes.answers.set()
    assert worked.woken.wait(10)
    until(lambda: not worked.readers.under_way)
    assert dirty(worked.office) == ["a.ics"]
    worked.goes_on()
    assert dirty(worked.office) == []


def test_l5_what_hangs_when_the_worker_ends_leaves_its_edit(stuck: tuple[Worked, Takes]) -> None:
    """As after a crash (K8): the next worker finds the edit, and our text in the event."""
    worked, takes = stuck
    worked.office.she_books("a")
    worked.goes_on()
    worked.readers.close()
    takes.answers.set()
    until(lambda: not worked.readers.under_way)
    assert len(planned(worked.office)) == 1
    worked.office.passes(later=timedelta(minutes=1))
    assert planned(worked.office) == []
    assert worked.office.block("a").startswith("✓")


def planned(office: Office) -> list[EditRow]:
    with office.world.store.read() as tx:
        return edits.at(tx, "memory:martin", "a.ics")


def dirty(office: Office) -> list[str]:
    with office.world.store.read() as tx:
        query = select(t.resource.c.ref).where(t.resource.c.practice == "lilas", t.resource.c.dirty_at.is_not(None))
        return list(tx.connection.execute(query).scalars())


# --- whatever else waits for a calendar ------------------------------------------------------------------------------


def test_g10_a_patients_wish_that_hangs_holds_up_nobody_and_is_carried_out_once(stuck: tuple[Worked, Takes]) -> None:
    worked, takes = stuck
    office = worked.office
    takes.answers.set()
    office.she_books("a")
    worked.goes_on()
    takes.answers.clear()
    with office.world.store.read() as tx:
        [booking] = bookings.between(tx, office.now, office.now + timedelta(days=30), PARIS)
    assert patient_link.cancel(office.world, booking.id, revision(booking.facts)) is Said.ASKED
    office.she_books("b", day=8, dentist="bernard", text=OTHER)
    worked.goes_on()
    worked.goes_on()
    assert worked.readers.under_way == {"memory:martin"}  # it hangs still
    assert office.block("b", "bernard").startswith("✓")
    assert wishes(office) == [booking.id]
    takes.answers.set()
    worked.ends_beside()
    worked.goes_on()
    assert wishes(office) == []
    assert takes.removed == 1
    assert office.told("cancellation") == ["sent"]


def wishes(office: Office) -> list[int]:
    with office.world.store.read() as tx:
        return [one.booking for one in intents.open_ones(tx)]


def test_e_google_s_channels_are_asked_for_beside_the_round(stuck: tuple[Worked, Takes]) -> None:
    worked, _ = stuck
    opens = Opens()
    world = replace(worked.readers.world, announcers={"memory:bernard": opens})
    for _ in range(3):
        refresh_channels(world, "https://cabinet.example/push/google")
    assert opens.asked.wait(10)
    assert opens.count == 1
    opens.answers.set()
    until(lambda: world.calls.free("", ["push"]))
    with world.store.read() as tx:
        assert [one.resource for one in subscriptions.every(tx)] == ["r"]


class Opens:
    """Google, which grants a channel when it may."""

    def __init__(self) -> None:
        self.asked, self.answers, self.count = threading.Event(), threading.Event(), 0

    def watch(self, _channel: str, _secret: str, _address: str) -> Granted:
        self.count += 1
        self.asked.set()
        assert self.answers.wait(60)
        return Granted("r", datetime(2027, 1, 1, tzinfo=UTC))

    def unwatch(self, _channel: str, _resource: str) -> bool:
        return True


# --- the deadline ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour", [silent, drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x")], ids=["silent", "drips"]
)
def test_i06_work_in_a_calendar_ends_at_its_deadline_and_counts_as_failed(tmp_path: Path, behaviour: Behaviour) -> None:
    world = make_office(tmp_path).world
    with hostile(behaviour) as server:
        account = DavAccess(server.url, username="cabinet", password="p")
        calendar = DavCalendar(account, server.url, zone=PARIS, secret=b"s" * 32)
        began = monotonic()
        begin(world, [calendar.address], "not read", [lambda _: calendar.get("a.ics")], seconds=1.0)
        assert 0.9 < monotonic() - began < 25  # a socket alone would wait for 30 s of silence
    with world.store.read() as tx:
        assert write_backoff.failing(tx, calendar.address)
