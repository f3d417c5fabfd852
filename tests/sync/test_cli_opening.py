"""The support's hours to the second (P1), and the practice's hours that set the worker's pace."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from rules.model import Dentist, Motif, Practice
from sync.core.hours import at_work, open_now, opening_words

PARIS = ZoneInfo("Europe/Paris")
HOURS = {day: ((time(8), time(20)),) for day in range(5)}


@pytest.mark.parametrize(
    ("moment", "opened", "words"),
    [
        (datetime(2026, 11, 27, 19, 59, 59), True, "ouvert jusqu'à 20 h"),
        (datetime(2026, 11, 27, 20, 0, 0), False, "fermé, rouvre lundi à 8 h"),
        (datetime(2026, 11, 24, 7, 0, 0), False, "fermé, rouvre aujourd'hui à 8 h"),
        (datetime(2026, 12, 24, 21, 0, 0), False, "fermé, rouvre lundi à 8 h"),
    ],
)
def test_p1_support_is_open_or_says_when_it_opens_again(moment: datetime, opened: bool, words: str) -> None:
    now = moment.replace(tzinfo=PARIS)
    assert open_now(HOURS, now, "75") is opened
    assert opening_words(HOURS, now, "75") == words


def _practice(*dentists: Dentist) -> Practice:
    return Practice(
        "lilas", "Lilas", "12 rue", "01", "s@l.fr", PARIS, dentists, (Motif("Contrôle", 20),), holidays="75"
    )


@pytest.mark.parametrize(("hour", "working"), [(6, False), (7, True), (13, True), (20, True), (21, False)])
def test_somebody_may_book_from_an_hour_before_to_an_hour_after_opening(hour: int, working: bool) -> None:
    practice = _practice(Dentist("martin", "Dr Martin", "", HOURS))
    assert at_work(practice, datetime(2026, 11, 24, hour, 0, tzinfo=PARIS)) is working


def test_without_declared_hours_somebody_may_always_book() -> None:
    assert at_work(_practice(Dentist("martin", "Dr Martin", "")), datetime(2026, 11, 22, 3, tzinfo=PARIS))
