"""How much at once is believable (P43, law L6)."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.model import Policy
from rules.telling.brake import (
    Flood,
    answer,
    arrived,
    believable,
    messages_text,
    messages_title,
    most_in_an_hour,
    notice_text,
    notice_title,
)


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


NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("flood", list(Flood))
@pytest.mark.parametrize("count", [1, 25])
def test_p43_the_question_about_messages_is_no_answer_and_takes_one(flood: Flood, count: int) -> None:
    text, title = messages_text(flood, Policy()), messages_title(count, flood)
    assert answer(text, title) is None
    assert answer(f"{text} oui", title) is True
    assert answer(text, f"Non {title}") is False


def test_p43_the_question_says_how_many_and_of_what() -> None:
    assert messages_title(15, Flood.RECIPIENT) == "attitre : 15 messages retenus"
    assert messages_title(1, Flood.MANY) == "attitre : 1 message retenu"
    assert messages_title(25, Flood.GAIN) == "attitre : 25 confirmations retenues"


@pytest.mark.parametrize(
    ("created", "by_hand"),
    [
        (timedelta(hours=-14), True),
        (timedelta(days=-3), True),
        (timedelta(days=-4), False),
        (timedelta(hours=1), False),
    ],
)
def test_l7_a_client_s_stamp_of_the_last_days_is_when_it_was_typed(created: timedelta, by_hand: bool) -> None:
    assert arrived(NOW + created, NOW) == (NOW + created if by_hand else NOW)
    assert arrived(None, NOW) == NOW


def test_l7_the_hour_is_any_hour() -> None:
    apart = [NOW + timedelta(minutes=10 * number) for number in range(30)]
    assert most_in_an_hour(apart) == 6
    assert most_in_an_hour([*apart, *[NOW + timedelta(minutes=55)] * 4]) == 10
    assert most_in_an_hour([]) == 0
