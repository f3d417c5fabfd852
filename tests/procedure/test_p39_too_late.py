"""A wish by link that no calendar took before the appointment began: the visit stays as it was (P39, P47)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import TryLater
from adapters.web.patients import What
from tests.at_the_page import URL, Patient
from tests.desk import LUC, MARIE, SURGERY, Desk, Event, make_desk, moment
from tests.office import ics
from tests.procedure.waiting import LIST, desk_with_list, phone_of, titles

VISIT = "25/11 10:00"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, replace(SURGERY, page_url=URL), [MARIE])


def comes_back_after_the_visit(desk: Desk, event: Event, text: str) -> None:
    """The calendar was down until the next day; meanwhile she wrote what became of the visit."""
    calendar = desk.office.calendars["martin"]
    for _ in range(27):
        calendar.fail_next(TryLater("…"), times=50)
        desk.waits(hours=1)
    calendar._errors.clear()
    calendar.put(f"{event.uid}.ics", ics(event.uid, event.title, event.at, 30, text))
    for _ in range(30):
        desk.waits(hours=1)


def test_p39_p47_a_cancellation_that_comes_too_late_deletes_no_visit(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", at=VISIT)
    Patient(desk).does(What.CANCEL)
    comes_back_after_the_visit(desk, event, "Arrivé 10:05")
    assert desk.office.event(event.uid).start == moment(VISIT)
    [alert] = [
        one for one in desk.office.email.sent if one.subject == "attitre : un patient avait annulé son rendez-vous"
    ]
    assert "tapez « Annulé par le patient le 24/11 à 09h00 » dans l'événement" in alert.text


def test_p39_p45_a_move_that_comes_too_late_moves_no_visit(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", at=VISIT)
    Patient(desk).moves("15 h")
    comes_back_after_the_visit(desk, event, "Arrivé 10:05")
    assert desk.office.event(event.uid).start == moment(VISIT)
    assert "attitre : un rendez-vous à déplacer" in desk.office.to_practice()
    assert not [text for text in desk.sms() if "15h" in text]


def test_p44_an_accepted_time_that_is_over_is_not_noted(tmp_path: Path) -> None:
    desk = desk_with_list(tmp_path, [MARIE, LUC])
    desk.books("DUPONT Marie – détartrage", dentist=LIST)
    freed = desk.books("MOREAU Luc – détartrage", at="24/11 17:00")
    desk.waits(minutes=1)
    freed.deletes()
    desk.waits(minutes=1)
    marie, calendar = phone_of(desk, MARIE), desk.office.calendars["martin"]
    assert marie.presses(What.ACCEPT).pending
    for _ in range(9):
        calendar.fail_next(TryLater("…"), times=50)
        desk.waits(hours=1)
    calendar._errors.clear()
    for _ in range(5):
        desk.waits(hours=1)
    assert "DUPONT Marie – détartrage" not in titles(desk)
    assert titles(desk, LIST) == ["DUPONT Marie – détartrage"]
    assert "attitre : un créneau accepté n'a pas pu être noté" in desk.office.to_practice()
