"""Series without end: what comes into view as the months go by takes its time, is reminded, and is news to nobody."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desk import MARIE, Desk, make_desk

LUC = replace(MARIE, given_name="Luc", family_name="Moreau", mobile="+33612000000", email="luc@example.org")
WEEKLY = "RRULE:FREQ=WEEKLY"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[MARIE, LUC])


def months_later(desk: Desk, months: int) -> None:
    for _ in range(months):
        desk.waits(days=30)


def test_p10_e01_a_weekly_meeting_still_keeps_its_time_after_fourteen_months(desk: Desk) -> None:
    desk.books("Réunion d'équipe", at="01/12 10:00", extra=WEEKLY)
    months_later(desk, 14)
    event = desk.books("DUPONT Marie – contrôle", at="01/02/2028 10:00", minutes=20)
    assert event.wrong == ["✗ Ce créneau est déjà pris : Réunion d'équipe (10 h – 10 h 30)."]


def test_p10_a_series_that_begins_beyond_the_view_is_found_when_it_comes(desk: Desk) -> None:
    desk.books("Réunion d'équipe", at="07/03/2028 10:00", extra=WEEKLY)
    months_later(desk, 6)
    event = desk.books("DUPONT Marie – contrôle", at="14/03/2028 10:00", minutes=20)
    assert event.wrong == ["✗ Ce créneau est déjà pris : Réunion d'équipe (10 h – 10 h 30)."]


def test_l7_p41_a_visit_that_comes_into_view_is_reminded_and_never_confirmed_anew(desk: Desk) -> None:
    desk.books("MOREAU Luc – contrôle", at="01/12 10:00", minutes=20, extra="RRULE:FREQ=MONTHLY;BYMONTHDAY=1")
    said = len(desk.sms(LUC.mobile))
    months_later(desk, 14)  # 18 January 2028, nine o'clock
    desk.books("MOREAU Luc – détartrage", at="19/01/2028 14:00")  # the same patient: the series is judged again
    confirmed = [text for text in desk.sms(LUC.mobile)[said:] if "confirm" in text]
    assert len(confirmed) == 1
    desk.waits(days=13, hours=2)  # the last day of January, after ten
    assert any("mardi 1er février" in text for text in desk.sms(LUC.mobile)[said:])


def test_l2_a_series_in_view_costs_no_write_however_long_it_stands(desk: Desk) -> None:
    desk.books("Bloqué", at="01/12 10:00", extra=WEEKLY)
    writes = desk.office.calendars["martin"].writes
    months_later(desk, 14)
    assert desk.office.calendars["martin"].writes == writes
