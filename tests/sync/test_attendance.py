"""How appointments end in the office: what the store keeps, what her event answers, what the next booking shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from msgspec.structs import replace

from sync.evaluate.brake import drop, hold, release
from sync.store import bookings, history
from sync.store.attendance import visits, without_outcome
from tests.sync.conftest import COMPLETE, MORNING, PARIS, Office, ics

DAY = timedelta(days=1)
FOLLOW_UP = "Suivi"


def write(office: Office, uid: str, text: str, start: datetime, title: str = "DUPONT Marie – détartrage") -> None:
    """She opens her event and saves it with these words."""
    office.calendars["martin"].put(f"{uid}.ics", ics(uid, title, start, 30, text))


def kept(office: Office, uid: str) -> tuple[str | None, str | None]:
    with office.world.store.read() as tx:
        row = bookings.with_uid(tx, uid, "", PARIS)[0]
    return row.attendance, row.attendance_reason


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """So many days after that Tuesday."""
    return (MORNING + timedelta(days=day)).replace(hour=hour, minute=minute)


def visit(office: Office, uid: str, start: datetime) -> None:
    """Marie is expected at `start`; the day comes, and the hour after."""
    write(office, uid, COMPLETE if uid == "a" else FOLLOW_UP, start)
    office.passes()
    office.passes(later=start + timedelta(hours=1) - office.now)


# --- a past booking, and what she types then -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "attendance", "answer"),
    [
        ("Absent", "unexcused", "✓ Absence non excusée notée : ne s'est pas présenté(e)"),
        ("Absent excusé", "excused", "✓ Absence excusée notée : noté par le cabinet"),
        ("Retard 15 min", "unexcused", "✓ Absence non excusée notée : retard de 15 min, sans prévenir"),
        ("Retard 10 min", "honoured", "✓ Rendez-vous honoré noté : retard de 10 min"),
        ("Arrivé 10:13", "honoured", "✓ Rendez-vous honoré noté : retard de 13 min, mais patient reçu"),
        ("abs 08:00 urgence", "excused", "✓ Absence excusée notée : prévenu le 25/11 à 8 h, dès le matin"),
        ("Prévenu le 24/11 à 23:59", "excused", "✓ Absence excusée notée : prévenu le 24/11 à 23 h 59"),
        ("Absent\nArrivé", "undecided", "! Présence à préciser : « Absent » et « Arrivé » sont tapés tous les deux"),
        ("Prévenu hier soir", "undecided", "! Présence à préciser : « hier soir » n'est pas une date"),
    ],
)
def test_p47_p48_what_she_types_on_a_past_booking_is_noted_and_answered(
    office: Office, words: str, attendance: str, answer: str
) -> None:
    visit(office, "a", at(1, 10))
    sent = len(office.sms.sent)
    write(office, "a", f"{COMPLETE}\n{words}", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    assert kept(office, "a")[0] == attendance
    assert answer in office.block("a")
    assert len(office.sms.sent) == sent


def test_p47_time_alone_writes_nothing_more(office: Office) -> None:
    visit(office, "a", at(1, 10))
    write(office, "a", f"{COMPLETE}\nAbsent", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    block = office.block("a")
    for _ in range(3):
        assert office.passes(later=20 * DAY).written == 0
    assert office.block("a") == block


def test_p48_an_appointment_from_before_the_first_pass_is_noted_once_she_writes(new_office: Office) -> None:
    write(new_office, "old", COMPLETE, at(-1, 10))
    new_office.passes()
    assert new_office.block("old") == ""
    write(new_office, "old", f"{COMPLETE}\nAbsent", at(-1, 10))
    new_office.passes(later=timedelta(minutes=5))
    assert kept(new_office, "old")[0] == "unexcused"
    assert new_office.sms.sent == []


# --- the remark on the next booking ----------------------------------------------------------------------------------


def test_p48_the_next_booking_shows_count_and_dates_until_she_excuses_it(office: Office) -> None:
    for uid, day in (("a", 1), ("b", 2)):
        visit(office, uid, at(day, 10))
        write(office, uid, f"{COMPLETE if uid == 'a' else FOLLOW_UP}\nAbsent", at(day, 10))
        office.passes(later=timedelta(minutes=5))
    write(office, "c", FOLLOW_UP, at(20, 10))
    write(office, "d", FOLLOW_UP, at(40, 10))
    office.passes(later=timedelta(minutes=5))
    assert "Déjà 2 absences non excusées (26/11/2026, 25/11/2026)" in office.block("c")
    assert "Absence(s)" not in office.block("d")
    write(office, "b", f"{FOLLOW_UP}\nAbsent excusé", at(2, 10))
    office.passes(later=timedelta(minutes=5))
    assert "Déjà 1 absence non excusée (25/11/2026)" in office.block("c")
    write(office, "a", f"{COMPLETE}\nAbsent excusé", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    assert "Absence(s)" not in office.block("c")


def test_p47_an_excused_absence_leaves_no_remark(office: Office) -> None:
    visit(office, "a", at(1, 10))
    write(office, "a", f"{COMPLETE}\nPrévenu la veille", at(1, 10))
    write(office, "b", FOLLOW_UP, at(9, 10))
    office.passes(later=timedelta(minutes=5))
    assert "Absence" not in office.block("b")


def test_p48_the_remark_comes_to_a_booking_that_stood_already(office: Office) -> None:
    write(office, "b", COMPLETE, at(9, 10))
    office.passes()
    write(office, "a", FOLLOW_UP, at(1, 10))
    office.passes()
    office.passes(later=2 * DAY)
    write(office, "a", f"{FOLLOW_UP}\nAbsent", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    assert "Déjà 1 absence non excusée (25/11/2026)" in office.block("b")


def test_p7_an_absence_is_no_visit(office: Office) -> None:
    visit(office, "a", at(1, 10))
    with office.world.store.read() as tx:
        assert len(history.visits(tx, 1, office.now, PARIS)) == 1
    write(office, "a", f"{COMPLETE}\nAbsent", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    with office.world.store.read() as tx:
        assert history.visits(tx, 1, office.now, PARIS) == ()
        assert visits(tx, at(0, 0), at(9, 0)) == {}


# --- cancelled and deleted -------------------------------------------------------------------------------------------


def delete(office: Office, uid: str, when: datetime) -> None:
    """She deletes the event without a word; two passes later that is certain."""
    office.calendars["martin"].delete(f"{uid}.ics")
    for moment in (when, when + timedelta(minutes=2)):
        office.passes(later=moment - office.now)


@pytest.mark.parametrize(
    ("when", "attendance"),
    [
        (at(0, 18), "excused"),
        (at(1, 9), "unexcused"),
        (at(1, 12), "undecided"),
    ],
)
def test_p47_p48_a_deletion_without_a_word_is_notice_at_the_moment_it_was_seen(
    office: Office, when: datetime, attendance: str
) -> None:
    office.she_books("a", day=1, hour=10)
    office.passes()
    delete(office, "a", when)
    assert kept(office, "a")[0] == attendance


def test_p48_a_slip_deleted_at_once_is_no_absence(office: Office) -> None:
    office.she_books("a", day=0, hour=11, text="Nouveau patient")
    office.passes()
    delete(office, "a", office.now + timedelta(minutes=5))
    assert kept(office, "a") == (None, None)


def test_p48_a_booking_that_moves_on_its_day_is_no_absence(office: Office) -> None:
    slow = replace(office.world.practice.policy, settle_change_seconds=1800)
    office.world = replace(office.world, practice=replace(office.world.practice, policy=slow))
    office.she_books("a", day=0, hour=11)
    office.passes()
    delete(office, "a", office.now + timedelta(minutes=5))
    assert kept(office, "a")[0] == "unexcused"
    write(office, "z", COMPLETE, at(3, 10))
    office.passes(later=timedelta(minutes=5))
    office.passes()
    assert kept(office, "z") == (None, None)
    assert "Absence" not in office.block("z")


def test_p48_what_the_brake_holds_makes_nobody_absent(office: Office) -> None:
    for number in range(6):
        text = COMPLETE.replace("12 34 56 78", f"12 34 56 7{number}").replace("marie@", f"m{number}@")
        write(office, f"e{number}", text, at(0, 11 + number), f"{_NAMES[number]} Marie – détartrage")
    office.passes()
    for number in range(6):
        office.calendars["martin"].delete(f"e{number}.ics")
    office.passes(later=timedelta(minutes=5))
    office.passes(later=timedelta(minutes=5))
    assert {kept(office, f"e{number}") for number in range(6)} == {(None, None)}
    with office.world.store.write() as tx:
        release(office.world, tx, "memory:martin", office.now)
    assert {kept(office, f"e{number}")[0] for number in range(6)} == {"unexcused"}


def test_p48_held_cancellations_that_were_a_mistake_make_nobody_absent(office: Office) -> None:
    office.she_books("e11", day=0, hour=11)
    office.passes()
    with office.world.store.write() as tx:
        hold(office.world, tx, "memory:martin", office.now, 1)
    delete(office, "e11", office.now + timedelta(minutes=5))
    with office.world.store.write() as tx:
        drop(office.world, tx, "memory:martin", office.now)
    assert kept(office, "e11") == (None, None)


_NAMES = ("DUPONT", "DURAND", "LEROY", "MOREAU", "PETIT", "ROUX")


def test_p47_cancelled_in_so_many_words_the_day_before(office: Office) -> None:
    office.she_books("a", day=1, hour=10)
    office.passes()
    write(office, "a", f"{COMPLETE}\nAnnulé par le patient le 23/11 à 18h", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    assert kept(office, "a")[0] == "excused"
    assert "✓ Absence excusée notée : prévenu le 23/11 à 18 h, au moins la veille." in office.block("a")
    block = office.block("a")
    office.passes(later=3 * DAY)
    assert (kept(office, "a")[0], office.block("a")) == ("excused", block)


def test_p47_what_the_practice_cancels_is_no_absence(office: Office) -> None:
    office.she_books("a", day=0, hour=11)
    office.passes()
    write(office, "a", f"{COMPLETE}\nAnnulé par le Dr Martin", at(0, 11))
    office.passes(later=timedelta(minutes=5))
    assert kept(office, "a") == (None, None)
    assert "Absence" not in office.block("a")


def test_p48_cancelled_on_the_day_without_urgency_is_not_excused_until_she_says_so(office: Office) -> None:
    office.she_books("a", day=0, hour=11)
    office.passes()
    write(office, "a", f"{COMPLETE}\nAnnulé", at(0, 11))
    office.passes(later=timedelta(minutes=5))
    assert kept(office, "a")[0] == "unexcused"
    write(office, "a", f"{COMPLETE}\nAnnulé\nAbsent excusé", at(0, 11))
    office.passes(later=timedelta(minutes=5))
    assert kept(office, "a")[0] == "excused"


# --- the end of the day ----------------------------------------------------------------------------------------------


def test_p48_silence_is_asked_about_and_never_makes_absent(office: Office) -> None:
    visit(office, "a", at(1, 10))
    day = datetime.combine(date(2026, 11, 25), datetime.min.time(), PARIS)
    with office.world.store.read() as tx:
        assert [row.uid for row in without_outcome(tx, day, day + DAY, PARIS)] == ["a"]
        assert visits(tx, day, day + DAY) == {"martin": 1}
    office.passes(later=30 * DAY)
    assert kept(office, "a") == (None, None)
    write(office, "a", f"{COMPLETE}\nHonoré", at(1, 10))
    office.passes(later=timedelta(minutes=5))
    with office.world.store.read() as tx:
        assert without_outcome(tx, day, day + DAY, PARIS) == []
