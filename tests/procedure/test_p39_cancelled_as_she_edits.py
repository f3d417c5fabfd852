"""P39: a cancellation by link that meets an edit of which the patient is told nothing reaches the practice."""

from pathlib import Path

import pytest

from adapters.web.patients import What
from tests.at_the_page import ONLINE, Patient
from tests.desk import LUC, MARIE, Desk, Event, make_desk, moment
from tests.office import ics
from tests.typed import TITLE

CALLS = "attitre : un rendez-vous que le patient voulait annuler"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie and Luc are known, and the practice has a page."""
    return make_desk(tmp_path, ONLINE, known=[MARIE, LUC])


def cancelled_as_she_saves(event: Event, title: str, *, at: str = "01/12 10:00") -> list[str]:
    """She saves it, and Marie cancels before a pass has read that; what the practice is mailed of it."""
    desk, marie = event.desk, Patient(event.desk)
    body = ics(event.uid, title, moment(at), event.minutes, event.text)
    desk.office.calendars[event.dentist].put(f"{event.uid}.ics", body)
    assert marie.does(What.CANCEL).pending
    for _ in range(3):
        desk.waits(minutes=1)
    assert desk.office.event(event.uid).start == moment(at)
    return [one.text for one in desk.office.email.sent if one.subject == CALLS]


@pytest.mark.parametrize(
    ("title", "at"),
    [
        ("DUPONT Marie – blanchiment", "01/12 10:00"),  # no motif of the practice
        (TITLE, "06/12 10:00"),  # a Sunday
        ("Réunion", "01/12 10:00"),
        ("Réunion", "23/11 09:00"),
        ("Mme Dupont – détartrage", "01/12 10:00"),  # nobody knows who
    ],
)
def test_p39_what_meets_an_edit_in_error_is_said_to_the_practice(desk: Desk, title: str, at: str) -> None:
    [text] = cancelled_as_she_saves(desk.books(TITLE), title, at=at)
    assert text.startswith("Le 24/11 à 09:00, un patient a demandé par le lien l'annulation de son rendez-vous, mais")
    assert "Rendez-vous n° 1 : appelez le patient qui y était inscrit." in text
    assert "Dupont" not in text
    assert len(desk.sms(MARIE.mobile)) == 1


def test_p39_who_is_told_that_another_has_the_event_needs_no_call(desk: Desk) -> None:
    assert not cancelled_as_she_saves(desk.books(TITLE), "MOREAU Luc – détartrage")
    assert "annulé" in desk.sms(MARIE.mobile)[-1]
