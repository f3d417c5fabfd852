"""Without preference: whose patient somebody is before, and after, the first visit (P25, ruling 9)."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from rules.model import Patient
from rules.patients.clues import Clues
from sync.store import patients, tables
from tests.sync.conftest import ics

if TYPE_CHECKING:
    from conftest import Office

FOLLOW_UP = "Suivi\nNé(e) le : 12/05/1981"


def marie(office: "Office") -> Patient:
    with office.world.store.read() as tx:
        [one] = patients.candidates(tx, Clues(names=("dupont",)))
    return one


def hangs(office: "Office") -> list[int]:
    """The bookings on which a patient's dentist hangs."""
    with office.world.store.read() as tx:
        return [one.booking for one in patients.provisional(tx)]


def history(office: "Office") -> list[tuple[str | None, str | None]]:
    """How Marie's dentist changed."""
    c = tables.patient_history.c
    with office.world.store.read() as tx:
        rows = tx.connection.execute(select(c.old, c.new).where(c.field == "dentist").order_by(c.id))
        return [(old, new) for old, new in rows]


@pytest.fixture
def booked(office: "Office") -> "Office":
    """Marie, new, without preference, confirmed with Dr Martin in a week."""
    office.she_books("a")
    office.passes()
    assert (marie(office).dentist, hangs(office)) == ("martin", [1])
    return office


def test_p25_cancelled_before_the_first_visit_undoes_the_attribution(booked: "Office") -> None:
    booked.calendars["martin"].delete("a.ics")
    booked.passes(later=timedelta(minutes=2))
    booked.passes(later=timedelta(minutes=2))
    assert (marie(booked).dentist, hangs(booked), history(booked)) == (None, [], [("martin", None)])


def test_p25_cancelled_in_so_many_words_and_restored_attributes_anew(booked: "Office") -> None:
    text = booked.event("a").description
    booked.she_books("a", text=f"{text}\nAnnulé")
    booked.passes()
    assert marie(booked).dentist is None
    booked.she_books("a", text=text)
    booked.passes()
    assert (marie(booked).dentist, hangs(booked)) == ("martin", [1])
    assert history(booked) == [("martin", None), (None, "martin")]


def test_p25_after_the_cancellation_another_dentist_may_take_the_patient(booked: "Office") -> None:
    booked.calendars["martin"].delete("a.ics")
    booked.passes(later=timedelta(minutes=2))
    booked.she_books("b", dentist="bernard", text="Sans préférence\nNé(e) le : 12/05/1981")
    booked.passes()
    assert marie(booked).dentist == "bernard"
    assert booked.block("b", "bernard").startswith("✓")


def test_p25_the_first_visit_makes_it_firm(booked: "Office") -> None:
    booked.passes(later=timedelta(days=8))
    assert (marie(booked).dentist, hangs(booked)) == ("martin", [])
    booked.calendars["martin"].delete("a.ics")
    booked.passes()
    booked.passes(later=timedelta(minutes=2))
    assert marie(booked).dentist == "martin"


def test_p25_moved_to_another_day_it_stays_provisional(booked: "Office") -> None:
    booked.she_books("a", day=9)
    booked.passes()
    assert (marie(booked).dentist, hangs(booked)) == ("martin", [1])
    booked.passes(later=timedelta(days=8))
    assert hangs(booked) == [1]
    booked.passes(later=timedelta(days=2))
    assert (marie(booked).dentist, hangs(booked)) == ("martin", [])


def test_p25_with_another_booking_of_the_same_dentist_it_hangs_on_that_one(booked: "Office") -> None:
    booked.she_books("b", day=14, text=FOLLOW_UP)
    booked.passes()
    booked.calendars["martin"].delete("a.ics")
    booked.passes(later=timedelta(minutes=2))
    assert (marie(booked).dentist, hangs(booked)) == ("martin", [2])
    booked.calendars["martin"].delete("b.ics")
    booked.passes(later=timedelta(minutes=2))
    assert (marie(booked).dentist, hangs(booked)) == (None, [])


def test_p25_moved_across_calendars_in_two_steps_is_no_cancellation(booked: "Office") -> None:
    policy = replace(booked.world.practice.policy, settle_change_seconds=60)
    booked.world = replace(booked.world, practice=replace(booked.world.practice, policy=policy))
    text = booked.event("a").description
    booked.calendars["martin"].delete("a.ics")
    booked.passes()
    booked.she_books("a", dentist="bernard", text=text)
    booked.passes(later=timedelta(seconds=10))
    booked.passes(later=timedelta(minutes=5))
    assert marie(booked).dentist == "martin"
    assert "est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard" in booked.block("a", "bernard")


def test_p25_what_the_practice_imports_is_firm(booked: "Office") -> None:
    with booked.world.store.write() as tx:
        patients.save(tx, replace(marie(booked), dentist="bernard"), booked.now, "import")
    assert hangs(booked) == []


def test_p25_a_firm_attribution_is_left_alone_by_time(booked: "Office") -> None:
    booked.passes(later=timedelta(days=8))
    writes = booked.calendars["martin"].writes
    booked.passes(later=timedelta(days=8))
    assert booked.calendars["martin"].writes == writes


def luc(office: "Office", dentist: str | None) -> None:
    """Luc Moreau is on file."""
    born, address = date(1981, 5, 12), "3 rue Verte, 75011 Paris"
    record = Patient("Moreau", "Luc", birth_date=born, mobile="+33623456789", email="luc@example.org", address=address)
    with office.world.store.write() as tx:
        patients.save(tx, replace(record, dentist=dentist), office.now, "import")


def test_p22_the_answer_in_one_booking_answers_for_the_others(office: "Office") -> None:
    luc(office, None)
    start = office.now + timedelta(days=7)
    office.calendars["martin"].put("d.ics", ics("d", "MOREAU Luc – contrôle", start, 20))
    office.passes()
    assert "✗ Dentiste attitré ?" in office.block("d")
    later = start + timedelta(days=7)
    office.calendars["martin"].put("e.ics", ics("e", "MOREAU Luc – détartrage", later, 30, "Sans préférence"))
    office.passes()
    assert office.block("d").startswith("✓")


# --- agreements (P23, ruling 10) -------------------------------------------------------------------------------------

KNOWN = "Né(e) le : 12/05/1981"
AGREED = f"{KNOWN}\nAccord patient : oui (tél. 12/05)"


@pytest.fixture
def hers(booked: "Office") -> "Office":
    """Marie is Dr Martin's; one visit with Dr Bernard was agreed to."""
    booked.she_books("b", dentist="bernard", day=9, text=AGREED)
    booked.passes()
    assert booked.block("b", "bernard").startswith("✓")
    return booked


def test_p49_a_copy_whose_client_dropped_our_block_takes_no_agreement_along(hers: "Office") -> None:
    hers.she_books("c", dentist="bernard", day=16, text=AGREED)
    hers.passes()
    assert hers.block("c", "bernard").startswith("⚠")
    assert "✗ Accord patient : copié d'un autre rendez-vous" in hers.block("c", "bernard")
    assert "Accord patient : oui (Dr Paul Bernard, pour le 10/12, quand, comment)" in hers.block("c", "bernard")
    assert len(hers.told("confirmation")) == 2
    writes = hers.calendars["bernard"].writes
    hers.passes(later=timedelta(hours=1))
    assert hers.calendars["bernard"].writes == writes


def test_p23_the_agreement_typed_anew_counts(hers: "Office") -> None:
    hers.she_books("c", dentist="bernard", day=16, text=AGREED)
    hers.passes()
    hers.she_books("c", dentist="bernard", day=16, text=f"{KNOWN}\nAccord patient : oui (tél. 24/11)")
    hers.passes()
    assert hers.block("c", "bernard").startswith("✓")
    hers.she_books("c", dentist="bernard", day=17, text=f"{KNOWN}\nAccord patient : oui (tél. 24/11)")
    hers.passes()
    assert hers.block("c", "bernard").startswith("✓")
    assert hers.block("b", "bernard").startswith("✓")


def test_p23_two_agreements_of_the_same_day_with_their_own_words_count_both(hers: "Office") -> None:
    hers.she_books("c", dentist="bernard", day=16, text=f"{KNOWN}\nAccord patient : oui (tél. 12/05, pour décembre)")
    hers.passes()
    assert hers.block("c", "bernard").startswith("✓")


def test_p23_the_same_words_of_another_patient_are_their_own(hers: "Office") -> None:
    luc(hers, "martin")
    start = hers.event("b", "bernard").start + timedelta(hours=2)
    hers.calendars["bernard"].put("d.ics", ics("d", "MOREAU Luc – contrôle", start, 20, AGREED))
    hers.passes()
    assert hers.block("d", "bernard").startswith("✓")


def test_p23_a_series_with_one_agreement_is_agreed_to_as_a_whole(booked: "Office") -> None:
    start = booked.event("a").start + timedelta(days=1)
    series = ics("s", "DUPONT Marie – contrôle", start, 20, AGREED, "RRULE:FREQ=WEEKLY;COUNT=3")
    booked.calendars["bernard"].put("s.ics", series)
    booked.passes()
    assert booked.block("s", "bernard").startswith("✓")
    assert len(booked.told("confirmation")) == 4


def test_p23_an_agreement_noted_while_something_else_was_missing_is_for_that_dentist_only(booked: "Office") -> None:
    with booked.world.store.write() as tx:
        patients.save(tx, replace(marie(booked), dentist="petit"), booked.now, "import")
    booked.she_books("b", day=9, text=f"{AGREED}\nMobile : 06 12")
    booked.passes()
    payload = booked.calendars["martin"].get("b.ics")
    assert payload is not None
    booked.calendars["martin"].delete("b.ics")
    booked.calendars["bernard"].put("b.ics", payload.payload.replace(b"\\nMobile : 06 12", b""))
    booked.passes()
    booked.passes()
    assert "Accord patient : il a été donné pour Dr Claire Martin" in booked.block("b", "bernard")


def test_p27_the_visits_of_somebody_with_a_common_name_count(booked: "Office") -> None:
    with booked.world.store.write() as tx:
        for number in range(12):
            patients.save(tx, Patient("Durand", "Marie", birth_date=date(1950 + number, 1, 1)), booked.now, "import")
        patients.save(tx, replace(marie(booked), dentist="bernard"), booked.now, "import")
    booked.passes(later=timedelta(days=8))
    booked.she_books("b", dentist="bernard", day=9, text=FOLLOW_UP)
    booked.passes()
    assert (
        "Dentiste attitré : Dr Paul Bernard, mais les dernières visites étaient avec Dr Claire Martin"
        in booked.block("b", "bernard")
    )
