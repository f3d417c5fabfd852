"""Without preference: whose patient somebody is before, and after, the first visit (P25, ruling 9)."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from rules.identity import Clues
from rules.model import Patient
from sync.store import patients, tables

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
