"""A calendar that gets another address in the YAML, or leaves it: what stood there keeps no time any more."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import TryLater
from adapters.calendars.memory import MemoryCalendar
from sync.core.context import Source
from tests.desk import MARIE, Desk, Event, make_desk, moment
from tests.office import calendar_of

TITLE = "DUPONT Marie – détartrage"

LUC = replace(MARIE, given_name="Luc", family_name="Moreau", mobile="+33612000000", email="luc@example.org")


def readdress(desk: Desk, name: str, uid: bytes = b"e1") -> None:
    """Dr Martin's calendar goes to another address with its events, which keep their UID or get that one."""
    office = desk.office
    before, after = office.calendars["martin"], calendar_of(name)
    for held in list(before._held.values()):
        after.put(f"{uid.decode()}.ics", held.payload.replace(b"UID:e1", b"UID:" + uid))
    reads(desk, after)


def reads(desk: Desk, calendar: MemoryCalendar) -> None:
    """The YAML has that address for Dr Martin's calendar; a pass."""
    office = desk.office
    sources = tuple(Source(calendar, "martin") if one.dentist == "martin" else one for one in office.world.sources)
    office.world, office.calendars["martin"] = replace(office.world, sources=sources), calendar
    desk.waits(minutes=5)


def maries(desk: Desk, uid: str = "e1") -> Event:
    """Her event, where it stands now."""
    return Event(desk, uid, "martin", TITLE, "", moment("01/12 10:00"), 30)


def until_it_is_over(desk: Desk) -> None:
    """Nine days go by, with a pass every three hours."""
    for _ in range(9 * 8):
        desk.waits(hours=3)


def reminders(desk: Desk) -> list[str]:
    return [text for text in desk.sms(MARIE.mobile) if "rappel" in text.lower()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie is booked."""
    desk = make_desk(tmp_path, known=[MARIE, LUC])
    desk.books(TITLE)
    return desk


@pytest.fixture
def moved(desk: Desk) -> Desk:
    """Marie is booked; then Dr Martin's calendar, with its events, goes to another server."""
    readdress(desk, "elsewhere")
    return desk


def test_l7_nobody_is_told_anything_of_the_new_address(moved: Desk) -> None:
    moved.waits(hours=2)
    assert len(moved.sms()) == 1


def test_p10_what_stood_at_the_old_address_keeps_no_time(moved: Desk) -> None:
    moved.office.calendars["martin"].delete("e1.ics")
    moved.waits(minutes=5)
    assert moved.books("MOREAU Luc – contrôle", minutes=20).confirmed


def test_p10_the_event_is_not_in_its_own_way(moved: Desk) -> None:
    moved.office.calendars["martin"].delete("e1.ics")
    moved.waits(minutes=5)
    assert moved.books("DUPONT Marie – contrôle", minutes=20).wrong == []


@pytest.mark.parametrize("uid", ["e1", "x1"])
def test_p43_she_deletes_it_at_the_new_address_and_marie_is_told(desk: Desk, uid: str) -> None:
    readdress(desk, "elsewhere", uid.encode())
    maries(desk, uid).deletes()
    desk.waits(minutes=10)
    assert [text for text in desk.sms(MARIE.mobile) if "annulé" in text] == desk.sms()[1:]
    assert len(desk.sms()) == 2
    until_it_is_over(desk)
    assert reminders(desk) == []


def test_p42_she_moves_it_at_the_new_address_and_only_the_new_hour_is_reminded(moved: Desk) -> None:
    maries(moved).moves(at="02/12 15:00")
    moved.waits(minutes=10)
    assert "mercredi 2 décembre à 15h" in moved.sms()[-1]
    until_it_is_over(moved)
    assert len(reminders(moved)) == 1
    assert "15h" in reminders(moved)[0]


@pytest.mark.parametrize("uid", ["e1", "x1"])
def test_p41_one_reminder_names_the_appointment_once(desk: Desk, uid: str) -> None:
    readdress(desk, "elsewhere", uid.encode())
    until_it_is_over(desk)
    assert len(reminders(desk)) == 1
    assert reminders(desk)[0].count("10h") == 1


def test_p41_nobody_is_reminded_from_a_calendar_that_left(desk: Desk) -> None:
    reads(desk, calendar_of("empty"))
    until_it_is_over(desk)
    assert len(desk.sms()) == 1


def test_p43_back_at_the_former_address_it_is_the_same_appointment(moved: Desk) -> None:
    readdress(moved, "martin")
    moved.waits(hours=3)
    assert len(moved.sms()) == 1
    maries(moved).deletes()
    moved.waits(minutes=10)
    assert "annulé" in moved.sms()[-1]


def test_l6_what_was_not_told_yet_waits_while_nobody_reads_the_calendar(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE])
    desk.office.sms.fail(TryLater("…"))
    desk.books(TITLE)
    before = desk.office.calendars["martin"]
    reads(desk, calendar_of("empty"))
    desk.waits(hours=3)
    assert desk.sms() == []
    reads(desk, before)
    desk.waits(minutes=10)
    assert "confirmé" in desk.sms()[-1]
