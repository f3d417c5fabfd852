"""The first pass in slices: what a later slice says of a patient counts for what was evaluated before it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rules.model import Patient
from sync.store import bookings, patients
from sync.store.bookings import BookingRow
from tests.office import COMPLETE, MORNING, PARIS, Office, ics, make_office

MARIE = Patient(
    "Dupont", "Marie", birth_date=date(1981, 5, 12), email="marie@example.org", address="3 rue Verte, 75011 Paris",
    dentist="martin",
)  # fmt: skip


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


def test_p04_the_mobile_of_a_farther_appointment_counts_for_the_nearer_one(office: Office) -> None:
    with office.world.store.write() as tx:
        patients.save(tx, MARIE, office.now, "test")
    stands(office, "near", "DUPONT Marie – contrôle", days=3)
    stands(office, "far", "DUPONT Marie – détartrage", days=9, text="Mobile : 06 12 34 56 78")
    office.passes()
    assert booking(office, "near").state == "valid"
    assert booking(office, "near").mobile == "+33612345678"
    assert not office.sms.sent


def test_a_first_pass_ends_where_nobody_is_known(office: Office) -> None:
    for number in range(6):
        stands(office, f"e{number}", "DUPONT Marie – contrôle", days=3 + number)
    stands(office, "last", "DUPONT Jean – détartrage", days=12, text=COMPLETE)
    office.passes()
    assert {booking(office, f"e{number}").state for number in range(6)} == {"invalid"}
    assert office.world.readings.parsed <= 2 * 7
