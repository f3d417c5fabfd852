"""Two installations on one calendar (hard case D07): the second one notices, writes and tells nothing, and says so
once."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from adapters.base import Conflict
from adapters.calendars.ical.resource import identity, rival
from adapters.calendars.memory import MemoryCalendar
from sync.core.context import Source
from sync.pull import foreign_writer
from sync.store import calendars
from sync.worker.one_pass import one_pass
from tests.office import PARIS, PRACTICE, Office, make_office

MINUTE = timedelta(seconds=61)
TEN = timedelta(minutes=11)
OTHER = b"o" * 32


@pytest.fixture
def two(office: Office, tmp_path: Path) -> tuple[Office, Office]:
    """Ours, which has worked here for a while, and another one on the same calendars with a store of its own."""
    office.she_books("e0")
    office.passes()
    folder = tmp_path / "other"
    folder.mkdir()
    return office, make_office(folder, sources=[Source(same(office, key), key) for key in ("martin", "bernard")])


def same(office: Office, key: str) -> MemoryCalendar:
    """The very same calendar through another installation."""
    ours = office.calendars[key]
    view = MemoryCalendar(ours.address, PARIS, OTHER)
    view._held, view._history, view._life = ours._held, ours._history, ours._life
    return view


def row(office: Office, dentist: str = "martin") -> calendars.CalendarRow:
    with office.world.store.read() as tx:
        found = calendars.get(tx, f"memory:{dentist}")
    assert found is not None
    return found


def test_d07_the_second_installation_writes_and_tells_nothing_and_says_so_once(two: tuple[Office, Office]) -> None:
    ours, other = two
    for _ in range(3):
        one_pass(other.world)
        other.turned += TEN
    ours.she_books("e1", day=8)
    for _ in range(3):
        other.passes(later=TEN)
    assert (other.sms.sent, other.calendars["martin"].writes) == ([], 0)
    assert other.to_practice() == ["attitre : agenda « Dr Claire Martin » non lu"]
    assert row(other).trouble == "rival"
    assert "attitre adopt martin" in str(row(other).reason)
    assert row(other, "bernard").trouble is None
    ours.passes(later=MINUTE)
    assert ours.told("confirmation") == ["sent", "sent"]


def test_d07_both_began_on_an_empty_calendar_and_only_one_goes_on(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = make_office(folder, sources=[Source(same(office, key), key) for key in ("martin", "bernard")])
    other.passes()
    office.she_books("e0")
    office.passes(later=MINUTE)
    other.passes(later=MINUTE)
    other.passes(later=TEN)
    assert office.told("confirmation") == ["sent"]
    assert other.sms.sent == []
    assert row(other).trouble == "rival"


def test_d07_once_a_person_says_that_the_other_is_gone_the_work_goes_on(two: tuple[Office, Office]) -> None:
    ours, other = two
    other.passes()
    with other.world.store.write() as tx:
        assert foreign_writer.adopt(tx, "memory:martin", other.now)
        assert not foreign_writer.adopt(tx, "memory:bernard", other.now)
    other.passes(later=MINUTE)
    assert (row(other).trouble, row(other).baseline_at is not None) == (None, True)
    other.she_books("e2", day=9)
    other.passes(later=MINUTE)
    assert other.block("e2").startswith("✓")
    ours.passes(later=MINUTE)
    assert row(ours).trouble == "rival", "now the first one is the second"


def test_d05_a_copy_between_calendars_of_one_installation_is_no_rival(office: Office) -> None:
    office.she_books("e0")
    office.passes()
    body = office.calendars["martin"].get("e0.ics")
    assert body is not None
    office.calendars["bernard"].put("e0.ics", body.payload)
    office.calendars["bernard"].put("copie.ics", body.payload.replace(b"UID:e0", b"UID:copie"))
    office.passes(later=MINUTE)
    assert (row(office, "bernard").trouble, row(office).trouble) == (None, None)


def test_d05_a_copy_of_another_installations_event_is_no_rival(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    elsewhere = make_office(folder, sources=[Source(MemoryCalendar("memory:martin", PARIS, OTHER), "martin")])
    elsewhere.passes()
    elsewhere.she_books("e0")
    elsewhere.passes(later=MINUTE)
    body = elsewhere.calendars["martin"].get("e0.ics")
    assert body is not None
    assert b"attitre" in body.payload
    office.calendars["martin"].put("copie.ics", body.payload.replace(b"UID:e0", b"UID:copie"))
    office.passes(later=MINUTE)
    assert row(office).trouble is None
    assert office.block("copie").startswith("✓")


def test_d07_a_backup_that_was_put_back_is_no_rival(office: Office, tmp_path: Path) -> None:
    office.she_books("e0")
    office.passes()
    backup = tmp_path / "backup.db"
    raw = sqlite3.connect(office.world.store.file)  # type: ignore[arg-type]
    raw.execute("vacuum into ?", (str(backup),))
    raw.close()
    office.she_books("e1", day=8)
    office.passes(later=MINUTE)
    office.world.store.close()
    shutil.copy(backup, office.world.store.file)  # type: ignore[arg-type]
    for leftover in ("-wal", "-shm"):
        Path(f"{office.world.store.file}{leftover}").unlink(missing_ok=True)
    one_pass(office.world, restored=True)
    office.passes(later=MINUTE)
    assert row(office).trouble is None


def test_d07_a_mark_names_its_installation_and_its_event() -> None:
    token = identity(b"a" * 32, "agenda", "e.ics", "e")
    assert len(token) == 16
    assert rival(b"b" * 32, token, "e.ics", "e") == token[:5]
    assert rival(b"b" * 32, token, "copie.ics", "copie") == ""
    assert rival(b"a" * 32, identity(b"a" * 32, "autre", "e.ics", "e"), "e.ics", "e") == ""
    assert rival(b"b" * 32, "", "e.ics", "e") == ""


def test_d07_both_saw_it_at_the_same_moment_and_only_one_tells(office: Office, tmp_path: Path) -> None:
    """Each read the booking before the other wrote into it; what the second planned stays unsaid."""
    folder = tmp_path / "other"
    folder.mkdir()
    patient = replace(PRACTICE, policy=replace(PRACTICE.policy, settle_seconds=120))
    other = make_office(folder, patient, [Source(same(office, key), key) for key in ("martin", "bernard")])
    other.passes()
    office.she_books("e0", day=3)
    with patch.object(MemoryCalendar, "apply", lambda *_: Conflict()):
        other.passes()
    office.passes()
    for _ in range(4):
        other.passes(later=TEN)
    assert office.told("confirmation") == ["sent"]
    assert (row(other).trouble, other.sms.sent) == ("rival", [])


class Found(MemoryCalendar):
    """A calendar of a server, which an account names in its own way."""

    url = "https://dav.example/cal/martin/"

    @property
    def address(self) -> str:
        return self.named


def test_d07_two_practices_that_name_one_calendar_differently_are_one_too_many(tmp_path: Path) -> None:
    """Nothing can be written into it, so that no block would tell."""
    offices = []
    for key, address in (("lilas", Found.url), ("roses", "https://dav.example/#Martin")):
        agenda = Found(f"memory:{key}", PARIS, key.encode() * 8, read_only=True)
        agenda.named = address
        (tmp_path / key).mkdir()
        offices.append(make_office(tmp_path / key, replace(PRACTICE, key=key), [Source(agenda, "martin")]))
    first, second = offices
    for office in offices:
        [calendar] = office.calendars.values()
        office.calendars = {"martin": calendar}
    ours, theirs = first.calendars["martin"], second.calendars["martin"]
    theirs._held, theirs._history, theirs._life = ours._held, ours._history, ours._life
    for office in offices:
        office.passes()
    first.she_books("e0")
    for _ in range(3):
        for office in offices:
            office.passes(later=TEN)
    assert first.told("confirmation") == ["sent"]
    assert (second.sms.sent, theirs.writes) == ([], 0)
    with second.world.store.read() as tx:
        (found,) = calendars.every(tx)
    assert (found.trouble, "« lilas »" in str(found.reason)) == ("rival", True)


def test_d07_whoever_left_the_calendar_to_another_reminds_nobody(two: tuple[Office, Office]) -> None:
    """A reminder does not wait long for a calendar that fails, but here the other installation reminds."""
    ours, other = two
    other.passes()
    with other.world.store.write() as tx:
        assert foreign_writer.adopt(tx, "memory:martin", other.now)
    other.passes(later=MINUTE)
    other.she_books("e2", day=9)
    other.passes(later=MINUTE)
    for office in (ours, other):
        office.turned = timedelta(days=5)
        for _ in range(15):
            office.passes(later=timedelta(hours=2))
    assert row(ours).trouble == "rival"
    assert other.told("reminder") == ["sent"]
    assert "sent" not in ours.told("reminder")
