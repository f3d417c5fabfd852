"""How many are asked at once, until when, and at which hours (P44, ruling 14)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Waiting
from rules.waiting.turns import LEAST, READY, answer_until, how_many, is_awake, next_awake
from tests.desk import SURGERY, moment

HOUR = timedelta(hours=1)
IN_TURN = Waiting()
CLOSED_SUNDAYS = replace(SURGERY, holidays="75")


@pytest.mark.parametrize(
    ("hours", "number"), [(72, 1), (24.1, 1), (24, 3), (4.1, 3), (4, 10), (1.5, 10), (1.4, 0), (0, 0)]
)
def test_p44_the_nearer_the_slot_the_more_are_asked(hours: float, number: int) -> None:
    assert how_many(hours * HOUR, IN_TURN) == number
    assert how_many(hours * HOUR, Waiting(at_once=True)) == (10 if number else 0)


def test_p44_the_time_to_answer_is_a_quarter_of_what_is_left_and_never_under_ten_minutes() -> None:
    now = moment("24/11 9:00")
    assert answer_until(moment("27/11 9:00"), now, SURGERY, IN_TURN) == moment("24/11 9:30")
    assert answer_until(moment("24/11 10:40"), now, SURGERY, IN_TURN) == moment("24/11 9:25")
    assert answer_until(moment("24/11 10:40"), now, SURGERY, Waiting(answer_minutes=2)) == moment("24/11 9:10")


def test_p44_at_eight_in_the_evening_the_clock_sleeps() -> None:
    now = moment("24/11 19:45")
    assert answer_until(moment("27/11 9:00"), now, SURGERY, IN_TURN) == moment("25/11 8:15")
    assert answer_until(moment("25/11 9:00"), now, SURGERY, IN_TURN) == moment("25/11 8:00")
    assert answer_until(moment("25/11 8:30"), now, SURGERY, IN_TURN) is not None
    assert answer_until(moment("25/11 8:30"), moment("24/11 19:55"), SURGERY, IN_TURN) is None


def test_p44_nobody_is_asked_at_night_on_sundays_and_holidays() -> None:
    assert not is_awake(moment("24/11 7:59"), SURGERY)
    assert not is_awake(moment("24/11 20:00"), SURGERY)
    assert next_awake(moment("28/11 20:00"), SURGERY) == moment("30/11 8:00")
    assert next_awake(moment("24/12 21:00"), CLOSED_SUNDAYS) == moment("26/12 8:00")


_MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@given(_MOMENTS, st.integers(90, 20_000), st.integers(1, 600))
def test_p44_an_answer_is_due_while_people_are_awake_and_in_time(now: datetime, lead: int, minutes: int) -> None:
    start = now + timedelta(minutes=lead)
    until = answer_until(start, now, SURGERY, Waiting(answer_minutes=minutes))
    assert until is None or now + LEAST <= until <= start - READY
