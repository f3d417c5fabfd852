"""P43, P3: a name that nobody knows yet cancels nobody's appointment; once it is known whose it is, the plan holds."""

from pathlib import Path

import pytest

from tests.desk import LUC, MARIE, Desk, make_desk

TITLE = "DUPONT Marie – détartrage"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[MARIE, LUC])


@pytest.mark.parametrize("name", ["Mme Dupont", "DUVAL Marie", "DUPONT-LEFEVRE Marie", "D. Marie"])
def test_p43_a_name_that_is_in_no_record_cancels_nobodys_appointment(desk: Desk, name: str) -> None:
    event = desk.books(TITLE)
    event.retypes(title=f"{name} – détartrage")
    desk.waits(hours=1)
    assert event.wrong
    assert len(desk.sms()) == 1
    event.retypes(title=TITLE)
    desk.waits(minutes=5)
    assert event.confirmed
    assert len(desk.sms()) == 1


def test_p43_once_another_patient_is_known_the_first_is_told_and_then_the_second(desk: Desk) -> None:
    event = desk.books(TITLE)
    event.retypes(title="MORAUD Marie – détartrage")
    desk.waits(minutes=5)
    assert len(desk.sms()) == 1
    event.retypes(title="MOREAU Luc – détartrage")
    desk.waits(minutes=5)
    assert "annulé" in desk.sms(MARIE.mobile)[-1]
    assert "confirmé" in desk.sms(LUC.mobile)[-1]


def test_p43_a_name_with_nothing_of_the_former_is_somebody_elses_though_it_is_asked_whose(desk: Desk) -> None:
    event = desk.books(TITLE)
    event.retypes(title="MORAUD Luc – détartrage")
    desk.waits(minutes=5)
    assert event.wrong
    assert "annulé" in desk.sms(MARIE.mobile)[-1]


def test_p43_a_new_patient_in_the_event_is_somebody_else_before_all_is_typed(desk: Desk) -> None:
    event = desk.books(TITLE)
    event.retypes("Nouveau patient", title="SIMON Alice – détartrage")
    desk.waits(minutes=5)
    assert event.wrong
    assert "annulé" in desk.sms(MARIE.mobile)[-1]


def test_p43_an_event_of_an_unknown_name_that_is_deleted_is_cancelled_for_whom_it_was(desk: Desk) -> None:
    event = desk.books(TITLE)
    event.retypes(title="Mme Dupont – détartrage")
    event.deletes()
    desk.waits(minutes=5)
    assert "annulé" in desk.sms(MARIE.mobile)[-1]
