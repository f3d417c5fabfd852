"""How often a series comes, in words (ruling 17)."""

from datetime import date, datetime, timedelta

import pytest

from rules.telling.rhythm import rhythm

TUESDAY = datetime(2027, 3, 9, 9, 30)


def days(*numbers: int) -> list[datetime]:
    return [TUESDAY + timedelta(days=number) for number in numbers]


def on(*dates: str) -> list[datetime]:
    return [datetime.fromisoformat(f"2027-{day}T09:30") for day in dates]


@pytest.mark.parametrize(
    ("starts", "words", "next_one"),
    [
        (days(0, 7, 14), "chaque mardi", date(2027, 3, 30)),
        (days(0, 14, 28), "un mardi sur deux", date(2027, 4, 20)),
        (days(0, 21, 42), "toutes les 3 semaines, le mardi", date(2027, 5, 11)),
        (days(0, 2, 7, 9, 14), "chaque mardi et jeudi", date(2027, 3, 25)),
        (days(*range(8)), "chaque jour", date(2027, 3, 17)),
        (on("01-09", "02-09", "03-09", "04-09"), "le 9 de chaque mois", date(2027, 5, 9)),
        (on("01-01", "04-01", "07-01"), "le 1er tous les 3 mois", date(2027, 10, 1)),
        (on("01-12", "02-09", "03-09", "04-13"), "le 2e mardi de chaque mois", date(2027, 5, 11)),
    ],
)
def test_p18_a_rhythm_is_said_as_people_say_it(starts: list[datetime], words: str, next_one: date) -> None:
    found = rhythm(starts)
    assert found is not None
    assert (found.words, found.without, found.next) == (words, (), next_one)


def test_p18_a_date_that_is_left_out_is_named() -> None:
    found = rhythm(days(0, 7, 21, 28, 35))
    assert found is not None
    assert (found.words, found.without) == ("chaque mardi", (date(2027, 3, 23),))


@pytest.mark.parametrize(
    "starts", [days(0, 7), days(0, 3, 4, 9, 20), [*days(0, 7), TUESDAY + timedelta(days=14, hours=1)]]
)
def test_p18_no_rhythm_is_made_up(starts: list[datetime]) -> None:
    assert rhythm(starts) is None
