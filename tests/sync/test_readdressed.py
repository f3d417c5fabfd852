"""A calendar that gets another address in the YAML, or leaves it: what stood there keeps no time any more."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.core.context import Source
from tests.desk import MARIE, Desk, make_desk
from tests.office import calendar_of

LUC = replace(MARIE, given_name="Luc", family_name="Moreau", mobile="+33612000000", email="luc@example.org")


@pytest.fixture
def moved(tmp_path: Path) -> Desk:
    """Marie is booked; then Dr Martin's calendar, with its events, goes to another server."""
    desk = make_desk(tmp_path, known=[MARIE, LUC])
    desk.books("DUPONT Marie – détartrage")
    office = desk.office
    before, after = office.calendars["martin"], calendar_of("elsewhere")
    for ref in list(before._held):
        after.put(ref, before._held[ref].payload)
    sources = tuple(Source(after, "martin") if one.dentist == "martin" else one for one in office.world.sources)
    office.world, office.calendars["martin"] = replace(office.world, sources=sources), after
    desk.waits(minutes=5)
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
