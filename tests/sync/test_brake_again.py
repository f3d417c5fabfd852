"""The brake asks anew in each episode: what was typed in an earlier question answers nothing else (P43)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import Conflict, EditResult, Refused, TryLater, Unknown
from sync.annotate import brake_event, write_backoff
from sync.evaluate import brake
from tests.desk import LUC, MARIE, SURGERY, Desk, Event, make_desk

WHERE = "memory:martin"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie and Luc are booked and told; two appointments that vanish at once are held."""
    quick = replace(SURGERY, policy=replace(SURGERY.policy, brake_events=1))
    desk = make_desk(tmp_path, quick, known=[MARIE, LUC])
    desk.books("DUPONT Marie – détartrage")
    desk.books("MOREAU Luc – détartrage", at="02/12 10:00")
    return desk


@pytest.fixture
def gone(desk: Desk) -> Desk:
    """Both vanished, and the question stands in the calendar."""
    vanish(desk)
    assert (held(desk), len(questions(desk))) == (2, 1)
    return desk


def vanish(desk: Desk) -> None:
    for ref in ("e1.ics", "e2.ics"):
        desk.office.calendars["martin"].delete(ref)
    for _ in range(4):
        desk.waits(minutes=2)


def restores(desk: Desk) -> None:
    for uid, title, at in (("e1", "DUPONT Marie", 1), ("e2", "MOREAU Luc", 2)):
        when = desk.office.now.replace(month=12, day=at, hour=10, minute=0)
        Event(desk, uid, "martin", f"{title} – détartrage", "", when, 30).save()
    desk.waits(minutes=2)


def held(desk: Desk) -> int:
    with desk.office.world.store.read() as tx:
        return brake.held_count(desk.office.world, tx, WHERE, desk.office.now)


def questions(desk: Desk) -> list[str]:
    found = desk.office.calendars["martin"]._held.items()
    return [ref for ref, one in found if re.search(rb"SUMMARY:.*annulations? retenue", one.payload)]


def types(desk: Desk, ref: str, word: str) -> None:
    calendar = desk.office.calendars["martin"]
    calendar.put(ref, calendar._held[ref].payload.replace(b"SUMMARY:", f"SUMMARY:{word} ".encode()))


def answers(desk: Desk, ref: str, word: str) -> None:
    types(desk, ref, word)
    for _ in range(3):
        desk.waits(minutes=2)


def cancelled(desk: Desk) -> int:
    return len([one for one in desk.sms() if "annulé" in one])


def test_p43_a_non_that_could_not_be_taken_out_does_not_answer_the_next_question(
    gone: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> EditResult:
        return Refused("Le serveur ne donne pas de version sûre.")

    monkeypatch.setattr(gone.office.calendars["martin"], "remove", refuses)
    (first,) = questions(gone)
    answers(gone, first, "non")
    restores(gone)
    vanish(gone)
    assert held(gone) == 2
    (second,) = [ref for ref in questions(gone) if ref != first]
    answers(gone, second, "oui")
    assert (held(gone), cancelled(gone)) == (0, 2)


def test_p43_a_oui_that_still_stands_while_writes_pause_cancels_nothing_else(gone: Desk) -> None:
    (first,) = questions(gone)
    write_backoff.failed(gone.office.world, WHERE, TryLater("quota", 7200.0))
    answers(gone, first, "oui")
    assert (cancelled(gone), questions(gone)) == (2, [first])
    restores(gone)
    vanish(gone)
    assert (held(gone), cancelled(gone)) == (2, 2)
    gone.waits(hours=3)
    gone.waits(minutes=2)
    (second,) = questions(gone)
    assert second != first
    answers(gone, second, "non")
    assert (held(gone), cancelled(gone), questions(gone)) == (0, 2, [])


@pytest.mark.parametrize("result", [Unknown(), Conflict()])
def test_p43_a_question_that_may_still_stand_is_taken_out_later(
    gone: Desk, monkeypatch: pytest.MonkeyPatch, result: EditResult
) -> None:
    (first,) = questions(gone)
    with monkeypatch.context() as unheard:
        unheard.setattr(gone.office.calendars["martin"], "remove", lambda *_: result)
        answers(gone, first, "non")
    assert questions(gone) == [first]
    gone.waits(hours=7)
    gone.waits(minutes=2)
    assert questions(gone) == []


def test_p43_an_answer_in_a_question_that_she_deleted_is_none(gone: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise ValueError("…")

    (first,) = questions(gone)
    with monkeypatch.context() as broken:
        broken.setattr(brake_event, "release", fails)
        types(gone, first, "oui")
        gone.waits(minutes=2)
    gone.office.calendars["martin"].delete(first)
    gone.office.passes(later=timedelta(minutes=2))
    gone.waits(minutes=2)
    assert (held(gone), cancelled(gone)) == (2, 0)
