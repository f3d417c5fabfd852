"""The pace of readings as plain arithmetic (docs/design.md#pace)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.core import intervals
from sync.core.intervals import (
    Pace,
    Way,
    Why,
    backoff,
    before_retry,
    interval,
    login_wait,
    next_read,
    reconnect,
    server_wait,
)
from tests.office import MORNING

IN_HOURS, OUTSIDE = Pace(60, at_work=True), Pace(60, at_work=False)


def made(**values: object) -> Pace:
    return Pace(**{"every": 60.0, "at_work": True, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("circumstances", "seconds", "why"),
    [
        (made(), 60, Why.ORDINARY),
        (made(at_work=False), 600, Why.CLOSED),
        (made(every=20.0, at_work=False), 200, Why.CLOSED),
        (made(every=3600.0, at_work=False), 3600, Why.CLOSED),
        (made(way=Way.WHOLE), 300, Why.WHOLE),
        (made(way=Way.WHOLE, at_work=False), 600, Why.CLOSED),
        (made(way=Way.WHOLE, lively_at=MORNING), 300, Why.WHOLE),
        (made(way=Way.FEED), 900, Why.FEED),
        (made(way=Way.FEED, offered=3600.0), 3600, Why.FEED),
        (made(way=Way.FEED, offered=5.0), 300, Why.FEED),
        (made(way=Way.FEED, offered=9e9), 21_600, Why.FEED),
        (made(pushed_until=MORNING + timedelta(seconds=1)), 600, Why.PUSHED),
        (made(pushed_until=MORNING), 60, Why.ORDINARY),
        (made(lively_at=MORNING), 15, Why.LIVELY),
        (made(at_work=False, lively_at=MORNING), 15, Why.LIVELY),
        (made(every=5.0, lively_at=MORNING), 5, Why.ORDINARY),
    ],
)
def test_how_often_a_calendar_is_read(circumstances: Pace, seconds: float, why: Why) -> None:
    assert interval(circumstances, MORNING) == (seconds, why)


@pytest.mark.parametrize("at_work", [True, False])
def test_after_her_change_15_s_for_a_quarter_of_an_hour_at_any_hour_then_half_as_long_again_each_time(
    at_work: bool,
) -> None:
    lively, at, waits = made(lively_at=MORNING, at_work=at_work), MORNING, list[float]()
    while not waits or waits[-1] < 60:
        after, _ = next_read(lively, at)
        waits.append((after - at).total_seconds())
        at = after
    slower = 60.0 if at_work else 75.9375
    assert waits == [*[15.0] * 60, 22.5, 33.75, 50.625, slower]


@given(st.floats(-1, 1), st.booleans(), st.sampled_from(Way), st.floats(1, 600))
def test_jitter_is_a_fifth_and_nothing_but_a_feed_is_slower_than_ten_minutes(
    jitter: float, at_work: bool, way: Way, every: float
) -> None:
    one = Pace(every, at_work, way)
    plain, _ = interval(one, MORNING)
    spread = (next_read(one, MORNING, jitter)[0] - MORNING).total_seconds()
    assert 0.8 * plain - 1e-3 <= spread <= 1.2 * plain + 1e-3
    assert spread <= 600 or way is Way.FEED


@given(st.integers(1, 5000), st.floats(0, 1, exclude_max=True))
def test_backing_off_is_at_most_a_quarter_of_an_hour_and_never_at_once(failures: int, chance: float) -> None:
    assert 1 <= backoff(failures, chance) <= min(900, 2 ** min(failures, 20))
    assert backoff(failures, chance, intervals.WRITES_CAP_S) <= 21_600


@given(st.integers(1, 5000), st.floats(0, 1, exclude_max=True))
def test_what_is_tried_again_waits_a_quarter_of_a_minute_at_least_and_an_hour_at_most(n: int, chance: float) -> None:
    most = min(3600.0, 15 * 2 ** min(n - 1, 20))
    assert 15 <= before_retry(n, lambda: chance).total_seconds() <= most
    assert before_retry(n, lambda: 1.0).total_seconds() == most


def test_i03_what_is_asked_is_never_less_than_our_own_wait_and_doubles_where_it_was_too_short() -> None:
    assert server_wait(30, None, 5) == 30
    assert server_wait(30, None, 200) == 200
    assert server_wait(30, 30, 5) == 60
    assert server_wait(30, 700, 5) == 900
    assert server_wait(7200, 7200, 5) == 7200


def test_i02_three_refusals_over_ten_minutes_call_for_a_person_and_then_an_hour_between_tries() -> None:
    ten = MORNING + timedelta(minutes=10)
    assert not reconnect(3, MORNING, MORNING + timedelta(minutes=9))
    assert not reconnect(2, MORNING, ten)
    assert not reconnect(3, None, ten)
    assert reconnect(3, MORNING, ten)
    assert (login_wait(1, MORNING, MORNING), login_wait(2, MORNING, ten), login_wait(3, MORNING, ten)) == (
        60,
        300,
        3600,
    )
