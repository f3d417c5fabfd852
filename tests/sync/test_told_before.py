"""What the patient was told last counts, and nothing that was told, or refused, before it (P42, P43)."""

from pathlib import Path

import pytest

from adapters.base import Permanent
from tests.desk import LUC, MARIE, Desk, make_desk

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
