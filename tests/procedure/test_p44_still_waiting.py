"""P44: who did anything that says so is not dropped for not answering the question whether they still wait."""

from pathlib import Path

import pytest

from adapters.web.patients import What
from tests.at_the_page import Patient as AtThePage
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.procedure.waiting import OFFERING, Phone, frees, phone_of

ASKED = "souhaitez-vous toujours avancer votre RDV"
KEPT = "C'est noté : vous restez sur la liste d'attente."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Tuesday, nine o'clock; both are Dr Martin's patients."""
    return make_desk(tmp_path, OFFERING, [MARIE, LUC])


@pytest.fixture
def marie(desk: Desk) -> Phone:
    return phone_of(desk, MARIE)


def is_offered(desk: Desk, marie: Phone, at: str) -> bool:
    """Whether she is offered what becomes free then."""
    known = len(marie.offers)
    frees(desk, at=at)
    return len(marie.offers) > known


@pytest.mark.parametrize("days", [(), ("mar",)])
def test_p44_who_registers_again_has_said_that_they_still_wait(desk: Desk, marie: Phone, days: tuple[str, ...]) -> None:
    desk.books("DUPONT Marie – détartrage", at="15/12 10:00")
    page = AtThePage(desk)
    page.does(What.WAIT)
    for at in ("01/12 10:00", "02/12 11:00"):
        desk.waits(days=1)
        assert is_offered(desk, marie, at)
        desk.waits(minutes=31)
    desk.waits(minutes=1)
    assert ASKED in marie.offers[-1]
    desk.waits(days=1)
    page.does(What.WAIT, jour=days)
    desk.waits(minutes=1)
    assert marie.sees().news == KEPT
    desk.waits(days=8)
    assert is_offered(desk, marie, "08/12 10:00")


def test_p44_asked_after_a_long_time_who_registers_again_still_waits(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", at="10/03/2027 10:00")
    page = AtThePage(desk)
    page.does(What.WAIT)
    desk.waits(minutes=1)
    desk.waits(days=90)
    desk.waits(days=1)
    assert ASKED in marie.offers[-1]
    page.does(What.WAIT)
    desk.waits(minutes=1)
    assert marie.sees().news == KEPT
    desk.waits(days=8)
    assert is_offered(desk, marie, "05/03/2027 10:00")


def test_p44_who_keeps_the_place_has_said_that_they_still_wait(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="10/03/2027 10:00")
    desk.waits(days=90)
    desk.waits(days=1)
    assert ASKED in marie.offers[-1]
    desk.waits(days=1)
    assert is_offered(desk, marie, "03/03/2027 10:00")
    marie.presses(What.REFUSE)
    desk.waits(days=7)
    assert is_offered(desk, marie, "05/03/2027 10:00")
