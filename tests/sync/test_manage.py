"""The patient cancels by the link while the secretary works in her calendar: one of the two was faster
(hard case G10)."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Refused, TryLater
from adapters.calendars.memory import MemoryCalendar
from rules.model import Channel
from sync.people import patient_link
from sync.people.by_link import Said
from sync.people.page_state import Stage, State, look
from sync.store import bookings, intents, occurrences
from sync.store.links import LinkKind, LinkRow
from sync.store.states import IntentState
from tests.office import COMPLETE, MORNING, PARIS, Office, ics

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def told(office: Office) -> Office:
    """Marie Dupont was told of her appointment, a week from now at ten."""
    office.she_books("a")
    office.passes()
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    return office


def number(office: Office, uid: str = "a") -> int:
    with office.world.store.read() as tx:
        [row] = bookings.with_uid(tx, uid, "", PARIS)
    return row.id


def presses(office: Office, uid: str = "a") -> Said:
    """She opens the link and cancels what it shows."""
    return patient_link.cancel(office.world, number(office, uid), page(office, uid).revision)


def page(office: Office, uid: str = "a") -> State:
    """What the link shows now; only reads (law L9)."""
    return page_of(office, number(office, uid))


def page_of(office: Office, booking: int) -> State:
    with office.world.store.read() as tx:
        row = bookings.get(tx, booking, PARIS)
        assert row is not None
        link = LinkRow(LinkKind.APPOINTMENT, booking, row.patient or 0, Channel.SMS, 0, office.now, None)
        found = look(office.world, tx, link)
    assert found is not None
    return found


def ended(office: Office) -> IntentState:
    """How the wish ended."""
    with office.world.store.read() as tx:
        asked = intents.get(tx, number(office))
    assert asked is not None
    return asked.state


def moves(office: Office, hour: int = 15, text: str = COMPLETE) -> None:
    start = (MORNING + timedelta(days=7)).replace(hour=hour)
    office.calendars["martin"].put("a.ics", ics("a", "DUPONT Marie – détartrage", start, 30, text))


def stands(office: Office) -> bool:
    return office.calendars["martin"].get("a.ics") is not None


def attended(office: Office) -> tuple[str | None, str | None]:
    with office.world.store.read() as tx:
        row = bookings.get(tx, number(office), PARIS)
    assert row is not None
    return row.attendance, row.attendance_reason


def cancelled_once(office: Office) -> None:
    """The event is out, the slot is free, the patient was told once, and nothing more follows."""
    for _ in range(4):
        office.passes(later=2 * MINUTE)
    assert not stands(office)
    assert (office.told("cancellation"), office.told("modification")) == (["sent"], [])
    assert page(office).stage is Stage.CANCELLED
    with office.world.store.read() as tx:
        start = MORNING + timedelta(days=7)
        assert not occurrences.busy(tx, "martin", start, start + DAY)


def moved_once(office: Office) -> None:
    """Hers stands, the patient was told of the new time only, and the link shows it."""
    for _ in range(4):
        office.passes(later=2 * MINUTE)
    assert stands(office)
    assert (office.told("cancellation"), office.told("modification")) == ([], ["sent"])
    assert ended(office) is IntentState.CHANGED
    assert page(office).row.facts.start.hour == 15


def test_g10_p46_the_link_cancels_and_the_patient_is_told_once(told: Office) -> None:
    assert presses(told) is Said.ASKED
    assert page(told).stage is Stage.PENDING
    assert stands(told)
    told.passes(later=MINUTE)
    assert not stands(told)
    cancelled_once(told)
    assert attended(told) == ("excused", "prévenu le 24/11 à 9 h 01, au moins la veille")


def test_g10_asked_twice_is_asked_once(told: Office) -> None:
    assert [presses(told), presses(told)] == [Said.ASKED, Said.ASKED]
    cancelled_once(told)
    assert presses(told) is Said.OVER
    assert told.calendars["martin"].calls["remove"] == 1


def test_g10_she_moved_it_before_the_patient_pressed(told: Office) -> None:
    moves(told)
    assert presses(told) is Said.ASKED
    moved_once(told)


def test_g10_she_moved_it_after_the_patient_pressed(told: Office) -> None:
    assert presses(told) is Said.ASKED
    moves(told)
    moved_once(told)


def test_g10_the_patient_pressed_on_an_old_page(told: Office) -> None:
    old = page(told).revision
    moves(told)
    told.passes(later=MINUTE)
    assert patient_link.cancel(told.world, number(told), old) is Said.CHANGED
    assert page(told).row.facts.start.hour == 15
    assert presses(told) is Said.ASKED
    told.passes(later=MINUTE)
    assert not stands(told)
    assert told.told("cancellation") == ["sent"]


def test_g10_she_moves_it_between_our_reading_and_our_request(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, raced = MemoryCalendar.remove, []

    def remove(self: MemoryCalendar, ref: str, version: str | None) -> Any:
        if not raced:
            raced.append(ref)
            moves(told)
        return plain(self, ref, version)

    monkeypatch.setattr(MemoryCalendar, "remove", remove)
    presses(told)
    moved_once(told)
    assert raced


def test_g10_a_comment_of_hers_keeps_no_appointment_that_the_patient_cancelled(told: Office) -> None:
    presses(told)
    moves(told, hour=10, text=COMPLETE + "\nCommentaire : à rappeler")
    told.passes(later=MINUTE)
    cancelled_once(told)


@pytest.mark.parametrize("order", ["she first", "the patient first"])
def test_g10_both_cancel_and_the_patient_is_told_once(told: Office, order: str) -> None:
    if order == "the patient first":
        presses(told)
    told.calendars["martin"].delete("a.ics")
    if order == "she first":
        assert presses(told) is Said.ASKED
    for _ in range(4):
        told.passes(later=2 * MINUTE)
    assert told.told("cancellation") == ["sent"]


def test_g10_a_lost_answer_is_asked_for_and_told_once(told: Office) -> None:
    presses(told)
    told.calendars["martin"].lose_answer_of_next_write()
    told.passes(later=MINUTE)
    cancelled_once(told)
    assert attended(told)[0] == "excused"


def test_g10_a_calendar_that_is_down_cancels_later(told: Office) -> None:
    presses(told)
    told.calendars["martin"].fail_next(TryLater("Injoignable."), times=3)
    told.passes(later=MINUTE)
    assert stands(told)
    told.passes(later=2 * MINUTE)
    cancelled_once(told)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("where", ["before the request", "after it"])
def test_g10_killed_in_between_it_is_done_once(told: Office, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    plain = MemoryCalendar.remove

    def remove(self: MemoryCalendar, ref: str, version: str | None) -> Any:
        if where == "after it":
            plain(self, ref, version)
        raise Killed

    presses(told)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MemoryCalendar, "remove", remove)
        told.passes(later=MINUTE)
    cancelled_once(told)
    assert attended(told) == ("excused", "prévenu le 24/11 à 9 h 01, au moins la veille")


def test_g10_killed_before_the_request_then_she_moves_it(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def remove(self: MemoryCalendar, ref: str, version: str | None) -> Any:
        raise Killed

    presses(told)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MemoryCalendar, "remove", remove)
        told.passes(later=MINUTE)
    moves(told)
    moved_once(told)


def test_g10_p48_on_the_very_day_it_is_no_excused_absence(office: Office) -> None:
    office.she_books("a", day=0, hour=15)
    office.passes()
    office.passes(later=MINUTE)
    presses(office)
    office.passes(later=MINUTE)
    assert attended(office) == ("unexcused", "prévenu le 24/11 à 9 h 01, le jour même, sans urgence")


def test_g10_p43_patients_who_cancel_do_not_set_the_brake(office: Office) -> None:
    names = (
        "BLANC Anne",
        "BRUN Luc",
        "CARON Zoé",
        "COLIN Jean",
        "DAVID Emma",
        "FAURE Paul",
        "GARCIA Lola",
        "HENRY Max",
    )
    for place, name in enumerate(names):
        start = (MORNING + timedelta(days=7)).replace(hour=9 + place)
        text = COMPLETE.replace("12/05/1981", f"{10 + place}/05/19{50 + place}").replace("56 78", f"56 {10 + place}")
        text = text.replace("marie@", f"p{place}@")
        office.calendars["martin"].put(f"{place}.ics", ics(str(place), f"{name} – détartrage", start, 30, text))
    office.passes()
    office.passes(later=MINUTE)
    assert len(office.told("confirmation")) == len(names)
    assert {presses(office, str(place)) for place in range(len(names))} == {Said.ASKED}
    for _ in range(3):
        office.passes(later=2 * MINUTE)
    assert office.told("cancellation") == ["sent"] * len(names)
    assert not any("retenues" in subject for subject in office.to_practice())


@pytest.mark.parametrize("extra", ["RRULE:FREQ=WEEKLY;COUNT=3", "ATTENDEE:mailto:x@example.org"])
def test_g10_what_cannot_be_taken_out_for_them_is_a_call(office: Office, extra: str) -> None:
    start = (MORNING + timedelta(days=7)).replace(hour=10)
    office.calendars["martin"].put("a.ics", ics("a", "DUPONT Marie – détartrage", start, 30, COMPLETE, extra))
    office.passes()
    office.passes(later=MINUTE)
    with office.world.store.read() as tx:
        one = min(row.id for row in bookings.at_place(tx, "memory:martin", "a.ics", PARIS))
    assert patient_link.cancel(office.world, one, page_of(office, one).revision) is Said.CALL
    office.passes(later=MINUTE)
    assert stands(office)
    assert office.told("cancellation") == []


def test_g10_a_calendar_that_refuses_is_told_to_the_practice_and_the_patient_calls(told: Office) -> None:
    presses(told)
    told.calendars["martin"].fail_next(Refused("Lecture seule."))
    told.passes(later=MINUTE)
    told.passes(later=MINUTE)
    assert stands(told)
    assert told.told("cancellation") == []
    assert ended(told) is IntentState.CALL
    assert told.to_practice() == ["attitre : un rendez-vous à annuler dans l'agenda"]


def test_l9_what_the_link_shows_changes_nothing(told: Office) -> None:
    before = told.world.store.file.read_bytes()  # type: ignore[union-attr]
    assert page(told).stage is Stage.STANDS
    assert patient_link.cancel(told.world, 999, "") is Said.OVER
    assert told.world.store.file.read_bytes() == before  # type: ignore[union-attr]


def test_l10_one_wish_that_fails_leaves_the_others(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlucky(*_: Any) -> int:
        raise ValueError("DUPONT")

    presses(told)
    with monkeypatch.context() as patch:
        patch.setattr(patient_link, "carry_out_one", unlucky)
        told.passes(later=MINUTE)
    cancelled_once(told)
