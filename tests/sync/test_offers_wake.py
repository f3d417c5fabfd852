"""The worker wakes when the time to answer an offer is over, and when freed time may be offered again (P44)."""

from datetime import datetime
from pathlib import Path

import pytest

from sync.store import offers, views
from sync.store.offers import OfferKind
from tests.desk import LUC, MARIE, Desk, make_desk, moment
from tests.office import PARIS
from tests.procedure.waiting import OFFERING, frees


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, OFFERING, [MARIE, LUC])


def until(desk: Desk, at: str) -> None:
    desk.office.turned += moment(at) - desk.office.now


def wakes(desk: Desk) -> datetime | None:
    """When it does, whatever calendars are to be read by then."""
    with desk.office.world.store.read() as tx:
        return views.next_due(tx, desk.office.now)


def waits_and_frees(desk: Desk) -> None:
    """Marie Dupont waits; a time becomes free."""
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    frees(desk, at="03/12 10:00")


def test_the_end_of_the_time_to_answer_wakes_it_on_a_saturday(desk: Desk) -> None:
    until(desk, "28/11 10:00")  # the practice is closed: it would sleep for ten minutes
    waits_and_frees(desk)
    with desk.office.world.store.read() as tx:
        [one] = offers.in_states(tx, PARIS, offers.OPEN)
    assert wakes(desk) == one.until


def test_the_first_hour_of_the_day_wakes_it(desk: Desk) -> None:
    until(desk, "28/11 21:00")
    waits_and_frees(desk)
    assert wakes(desk) == moment("30/11 08:00")  # Monday


def test_the_end_of_a_question_whether_they_still_wait_wakes_it(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="20/04/2027 10:00")
    until(desk, "01/03/2027 19:57")
    desk.waits(minutes=0)
    with desk.office.world.store.read() as tx:
        [one] = [one for one in offers.in_states(tx, PARIS, offers.OPEN) if one.kind is OfferKind.STILL]
    assert wakes(desk) == one.until
