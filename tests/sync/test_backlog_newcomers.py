"""The first pass in slices: what a later slice says of a patient counts for what was evaluated before it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.store import bookings
from sync.store.bookings import BookingRow
from tests.office import COMPLETE, MORNING, PARIS, Office, ics, make_office


@pytest.fixture(params=[1, 1000])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Before the first pass; its slices hold one appointment, or all."""
    office = make_office(tmp_path)
    office.world = replace(office.world, slice=request.param)
    yield office


def stands(office: Office, uid: str, title: str, *, days: int, text: str = "") -> None:
    start = (MORNING + timedelta(days=days)).replace(hour=10)
    office.calendars["martin"].put(f"{uid}.ics", ics(uid, title, start, 30, text))


def booking(office: Office, uid: str) -> BookingRow:
    with office.world.store.read() as tx:
        [found] = bookings.with_uid(tx, uid, "", PARIS)
    return found


def test_p05_l7_whoever_a_farther_appointment_makes_known_is_reminded_of_the_nearer_one(office: Office) -> None:
    stands(office, "near", "DUPONT Marie – contrôle", days=3)
    stands(office, "far", "DUPONT Marie – détartrage", days=9, text=COMPLETE)
    office.passes()
    near = booking(office, "near")
    assert (near.state, near.patient) == ("valid", booking(office, "far").patient)
    assert not office.sms.sent
    office.passes(later=timedelta(days=2, hours=2))
    assert ["rappel de votre RDV" in one.text for one in office.sms.sent] == [True]


def test_a_first_pass_ends_where_nobody_is_known(office: Office) -> None:
    for number in range(6):
        stands(office, f"e{number}", "DUPONT Marie – contrôle", days=3 + number)
    stands(office, "last", "DUPONT Jean – détartrage", days=12, text=COMPLETE)
    office.passes()
    assert {booking(office, f"e{number}").state for number in range(6)} == {"invalid"}
    assert office.world.readings.parsed <= 2 * 7
