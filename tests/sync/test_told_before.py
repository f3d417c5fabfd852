"""What the patient was told last counts, and nothing that was told, or refused, before it (P42, P43)."""

from pathlib import Path

import pytest

from adapters.base import Permanent
from sync.core.context import Source
from tests.desk import LUC, MARIE, SURGERY, Desk, Event, make_desk, moment
from tests.office import calendar_of, make_office

TITLE = "DUPONT Marie – détartrage"
NO_CREDIT = Permanent("Crédit épuisé.")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[MARIE, LUC])


# --- refused ---------------------------------------------------------------------------------------------------------


def test_p42_an_hour_that_was_refused_once_is_told_when_it_comes_after_another(desk: Desk) -> None:
    event = desk.books(TITLE)
    desk.office.sms.fail(NO_CREDIT)
    event.moves(at="01/12 11:00")
    desk.waits(minutes=5)
    event.moves(at="01/12 14:00")
    desk.waits(minutes=5)
    event.moves(at="01/12 11:00")
    desk.waits(minutes=5)
    assert ["à 11h" in text for text in desk.sms()] == [False, False, True]


def test_p42_the_refused_hour_alone_is_not_tried_again(desk: Desk) -> None:
    event = desk.books(TITLE)
    desk.office.sms.fail(NO_CREDIT)
    event.moves(at="01/12 11:00")
    for _ in range(3):
        desk.waits(hours=1)
    assert len(desk.sms()) == 1


def test_p43_an_hour_whose_cancellation_was_refused_once_is_cancelled_when_it_was_told_again(desk: Desk) -> None:
    event = desk.books(TITLE)
    desk.office.sms.fail(NO_CREDIT)
    event.deletes()
    desk.waits(minutes=5)
    for hour in ("14:00", "10:00"):
        event.moves(at=f"01/12 {hour}")
        desk.waits(minutes=5)
    event.deletes()
    desk.waits(minutes=5)
    assert len(desk.sms()) == 4
    assert "annulé" in desk.sms()[-1]


# --- before there was a record ---------------------------------------------------------------------------------------


@pytest.fixture
def stood(tmp_path: Path) -> Event:
    """Marie's visit stood in the calendar before the first pass, and she is in no record yet."""
    sources = [Source(calendar_of(one.key), one.key) for one in SURGERY.dentists]
    desk = Desk(make_office(tmp_path, SURGERY, sources))
    details = "Mobile : 06 12 34 56 78\nE-mail : marie.dupont@example.org"
    event = Event(desk, "e1", "martin", TITLE, details, moment("01/12 10:00"), 30)
    event.save()
    desk.knows(MARIE, LUC)
    desk.waits(minutes=5)
    return event


def test_p43_who_was_known_by_name_and_is_moved_and_cancelled_hears_it_once(stood: Event) -> None:
    stood.retypes("")
    stood.moves(at="02/12 15:00")
    stood.desk.waits(minutes=5)
    assert "mercredi 2 décembre à 15h" in stood.desk.sms(MARIE.mobile)[-1]
    stood.deletes()
    for _ in range(4):
        stood.desk.waits(minutes=20)
    said = [text for text in stood.desk.sms(MARIE.mobile) if "annulé" in text]
    assert len(said) == 1
    assert "15h" in said[0]


def test_p43_who_was_known_by_name_is_cancelled_once_for_another_patient(stood: Event) -> None:
    stood.retypes("")
    stood.moves(at="02/12 15:00")
    stood.desk.waits(minutes=5)
    stood.retypes(title="MOREAU Luc – détartrage")
    for _ in range(4):
        stood.desk.waits(minutes=20)
    said = [text for text in stood.desk.sms(MARIE.mobile) if "annulé" in text]
    assert len(said) == 1
    assert "15h" in said[0]
    assert "confirmé" in stood.desk.sms(LUC.mobile)[-1]
