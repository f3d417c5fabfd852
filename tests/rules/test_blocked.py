"""Minutes that a dentist loses to blocks without a reason (P51): only while they receive, and each minute once."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Dentist, Motif, Practice
from rules.telling.lost_time import lost_minutes

PARIS = ZoneInfo("Europe/Paris")
HOURS = {day: ((time(9), time(12)), (time(14), time(18))) for day in range(5)}
PRACTICE = Practice(
    "lilas", "Lilas", "12 rue", "01", "s@l.fr", PARIS,
    (Dentist("martin", "Dr Martin", "", HOURS), Dentist("bernard", "Dr Bernard", "", HOURS),
     Dentist("petit", "Dr Petit", "")),
    (Motif("Contrôle", 20),), holidays="75",
)  # fmt: skip
MONDAY = date(2026, 11, 23)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


def test_p51_minutes_blocked_without_reason_are_counted_by_dentist_and_week() -> None:
    blocks = [
        ("martin", at(24, 10), at(24, 11)),
        ("martin", at(26, 14), at(26, 14, 45)),
        ("martin", at(30, 9), at(30, 9, 30)),
        ("bernard", at(24, 10), at(24, 10, 20)),
    ]
    assert lost_minutes(blocks, PRACTICE) == {
        ("martin", MONDAY): 105,
        ("martin", date(2026, 11, 30)): 30,
        ("bernard", MONDAY): 20,
    }


def test_p51_nothing_is_lost_while_the_dentist_does_not_receive() -> None:
    lunch, evening, saturday = (at(24, 12), at(24, 14)), (at(24, 18), at(24, 23)), (at(28, 9), at(28, 18))
    assert lost_minutes([("martin", *span) for span in (lunch, evening, saturday)], PRACTICE) == {}
    assert lost_minutes([("martin", at(24, 11, 30), at(24, 14, 30))], PRACTICE) == {("martin", MONDAY): 60}


def test_p51_overlapping_blocks_count_once() -> None:
    blocks = [("martin", at(24, 9), at(24, 11)), ("martin", at(24, 10), at(24, 12)), ("martin", at(24, 10), at(24, 11))]
    assert lost_minutes(blocks, PRACTICE) == {("martin", MONDAY): 180}


def test_p51_a_block_over_days_costs_the_hours_of_each_and_no_public_holiday() -> None:
    assert lost_minutes([("martin", at(23, 0), at(28, 0))], PRACTICE) == {("martin", MONDAY): 5 * 7 * 60}
    armistice = [("martin", at(11, 0), at(12, 0))]  # Wednesday 11 November
    assert lost_minutes(armistice, PRACTICE) == {}


def test_p51_without_declared_hours_every_minute_counts() -> None:
    assert lost_minutes([("petit", at(24, 22), at(25, 1))], PRACTICE) == {("petit", MONDAY): 180}


def test_p51_the_hour_that_the_clocks_skip_is_not_lost() -> None:
    night = [("petit", at(29, 1, month=3), at(29, 4, month=3))]  # 2 h becomes 3 h
    assert lost_minutes(night, PRACTICE) == {("petit", date(2026, 3, 23)): 120}


def test_p51_hours_until_midnight_lose_their_last_minute_too() -> None:
    late = Dentist("nuit", "Dr Nuit", "", {1: ((time(20), time.max),)})
    practice = replace(PRACTICE, dentists=(late,))
    assert lost_minutes([("nuit", at(24, 20), at(25, 2))], practice) == {("nuit", MONDAY): 240}


@pytest.mark.parametrize("block", [("nobody", at(24, 9), at(24, 10)), ("martin", at(24, 10), at(24, 10)),
                                   ("martin", at(24, 11), at(24, 10))])  # fmt: skip
def test_p51_a_stranger_and_a_block_without_length_cost_nothing(block: tuple[str, datetime, datetime]) -> None:
    assert lost_minutes([block], PRACTICE) == {}


spans = st.tuples(st.integers(0, 60 * 24 * 12), st.integers(0, 3000)).map(
    lambda pair: (at(16, 0) + timedelta(minutes=pair[0]), at(16, 0) + timedelta(minutes=sum(pair)))
)


@given(st.lists(spans, max_size=8), spans)
def test_p51_the_order_does_not_matter_and_more_blocks_never_cost_less(
    several: list[tuple[datetime, datetime]], more: tuple[datetime, datetime]
) -> None:
    blocks = [("martin", *span) for span in several]
    lost = lost_minutes(blocks, PRACTICE)
    assert lost == lost_minutes(reversed(blocks), PRACTICE)
    again = lost_minutes([*blocks, *blocks, ("martin", *more)], PRACTICE)
    assert all(again.get(week, 0) >= count for week, count in lost.items())
    assert all(count <= 5 * 7 * 60 for count in again.values())
