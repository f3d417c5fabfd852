"""P39: an event that the secretary uses for something else is hers: an old link neither deletes nor moves it."""

from pathlib import Path

import pytest

from adapters.web.patients import What
from sync.core.context import Source
from tests.at_the_page import ONLINE, Patient
from tests.desk import MARIE, Desk, Event, make_desk, moment
from tests.office import calendar_of, ics, make_office
from tests.typed import TITLE

ACTS = [What.CANCEL, What.MOVE]
CHECKED = "Le cabinet est en train de vérifier ce rendez-vous. En cas de doute, appelez-le."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont is known, and the practice has a page."""
    return make_desk(tmp_path, ONLINE, known=[MARIE])


def saves_unseen(event: Event, title: str, *, at: str = "", extra: str = "") -> None:
    """She saves it, and no pass has read that yet."""
    event.title, event.at = title, moment(at) if at else event.at
    body = ics(event.uid, title, event.at, event.minutes, event.text, extra)
    event.desk.office.calendars[event.dentist].put(f"{event.uid}.ics", body)


@pytest.mark.parametrize("what", ACTS)
@pytest.mark.parametrize("title", ["Réunion", "Congés", "rappeler DUPONT Marie"])
def test_p39_an_event_that_became_something_else_is_not_the_patients(desk: Desk, title: str, what: What) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    revision, wanted = marie.sees().revision, marie.finds("15 h")
    event.retypes(title=title)
    shown = marie.sees()
    assert (shown.may, shown.news) == ((What.CALL,), CHECKED)
    assert not marie.does(what, revision, debut=wanted).pending
    desk.waits(minutes=5)
    there = desk.office.event(event.uid)
    assert (there.title, there.start) == (title, moment("01/12 10:00"))
    assert len(desk.sms(MARIE.mobile)) == 1


@pytest.mark.parametrize("what", ACTS)
def test_p39_nor_is_a_private_one(desk: Desk, what: What) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    revision, wanted = marie.sees().revision, marie.finds("15 h")
    event.extra = "CLASS:PRIVATE"
    event.save()
    assert marie.sees().may == (What.CALL,)
    assert not marie.does(what, revision, debut=wanted).pending
    desk.waits(minutes=5)
    assert desk.office.event(event.uid).start == moment("01/12 10:00")


@pytest.mark.parametrize("what", ACTS)
@pytest.mark.parametrize("at", ["01/12 10:00", "03/12 09:00", "23/11 09:00"])
def test_p39_saved_just_before_the_click_it_is_hers_too(desk: Desk, at: str, what: What) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    wanted = marie.finds("15 h")
    saves_unseen(event, "Réunion", at=at)
    assert marie.does(what, debut=wanted).pending
    for _ in range(4):
        desk.waits(minutes=1)
    there = desk.office.event(event.uid)
    assert (there.title, there.start) == ("Réunion", moment(at))
    assert not marie.sees().pending


def test_p39_dragged_elsewhere_and_renamed_it_is_not_deleted(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    revision = marie.sees().revision
    event.title = "Réunion"
    event.moves(at="03/12 09:00")
    assert not marie.does(What.CANCEL, revision).pending
    desk.waits(minutes=5)
    assert desk.office.event(event.uid).start == moment("03/12 09:00")


def test_p39_as_an_appointment_again_it_is_the_patients_again(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    event.retypes(title="Réunion")
    event.retypes(title=TITLE)
    assert What.CANCEL in marie.sees().may
    assert marie.does(What.CANCEL).pending
    desk.waits(seconds=5)
    assert desk.office.calendars["martin"].get("e1.ics") is None


def test_p39_p2_without_its_dentists_tag_a_shared_event_is_checked_first(tmp_path: Path) -> None:
    shared = Source(calendar_of("commun"), "martin", tags={"CM": "martin", "PB": "bernard"})
    desk = Desk(make_office(tmp_path, ONLINE, [shared]))
    desk.knows(MARIE)
    desk.office.passes()
    event = desk.books(f"[CM] {TITLE}", dentist="commun")
    marie = Patient(desk)
    revision = marie.sees().revision
    event.retypes(title="Réunion d'équipe")
    assert marie.sees().may == (What.CALL,)
    assert not marie.does(What.CANCEL, revision).pending
    desk.waits(minutes=5)
    assert desk.office.event(event.uid, "commun").title == "Réunion d'équipe"
