"""How many vanished bookings are believable (P43, L6)."""

import pytest

from rules.brake import answer, believable, notice_text, notice_title
from rules.model import Policy


@pytest.mark.parametrize(
    ("vanished", "future", "fine"),
    [(1, 1, True), (2, 2, True), (3, 3, False), (3, 30, True), (3, 29, False), (5, 500, True), (6, 500, False)],
)
def test_p43_more_than_five_or_a_tenth_and_at_least_three_is_held(vanished: int, future: int, fine: bool) -> None:
    assert believable(vanished, future, Policy()) is fine


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(" oui", True), ("Oui.", True), (" NON", False), ("\n« non »", False), ("", None), (" peut-être", None)],
)
def test_p43_she_answers_in_the_notice(typed: str, meant: bool | None) -> None:
    assert answer(notice_text(15) + typed) is meant


def test_p43_her_answer_counts_in_the_title_and_instead_of_our_question() -> None:
    assert answer("oui") is True
    assert answer(notice_text(15), "attitre : 15 annulations retenues non") is False
    assert answer("oui ou non") is None


def test_p43_our_own_question_is_no_answer() -> None:
    assert answer(notice_text(7), notice_title(7)) is None
