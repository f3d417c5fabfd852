"""Times of events, by section of RFC 5545: the right value of what other programs read in several ways."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.calendars.ical.resource import Ics
from tests.adapters.said import PARIS, exact, read, shown, starts

NOUMEA = ZoneInfo("Pacific/Noumea")
NIGHT = "DTSTART;TZID=Europe/Paris:20270327T220000"  # the clocks go forward in the night to 28 March 2027


# --- 3.3.10, 3.3.5: an absolute time repeats in UTC ------------------------------------------------------------------

UTC_SERIES = "DTSTART:20270323T083000Z DURATION:PT30M RRULE:FREQ=WEEKLY;COUNT=3"


def test_a_series_in_utc_stays_on_the_clock_of_utc_and_loses_what_is_deleted() -> None:
    assert starts(UTC_SERIES) == ["23/03 09:30", "30/03 10:30", "06/04 10:30"]
    assert starts(f"{UTC_SERIES} EXDATE:20270406T083000Z") == ["23/03 09:30", "30/03 10:30"]


@pytest.mark.parametrize("named", [":20270406T083000Z", ";TZID=Europe/Paris:20270406T103000", ";VALUE=DATE:20270406"])
def test_a_moved_visit_of_a_series_in_utc_is_moved_in_every_writing(named: str) -> None:
    moved = f"RECURRENCE-ID{named} DTSTART:20270407T120000Z DURATION:PT30M"
    assert starts(UTC_SERIES, moved) == ["23/03 09:30", "30/03 10:30", "07/04 14:00"]
    assert read(UTC_SERIES, moved).events[-1].recurrence == "2027-04-06T08:30:00+00:00"


def test_the_day_of_a_series_in_utc_is_the_day_in_utc() -> None:
    """Monday 22:00 in UTC is Tuesday 9:00 in Noumea, and stays so."""
    monday = "DTSTART:20270111T220000Z DURATION:PT30M RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270125T220000Z"
    assert starts(monday, zone=NOUMEA) == ["12/01 09:00", "19/01 09:00", "26/01 09:00"]
    assert starts(f"{monday} EXDATE;VALUE=DATE:20270118", zone=NOUMEA) == ["12/01 09:00", "26/01 09:00"]


@pytest.mark.parametrize("until", ["20270330T083000Z", "20270330", "20270330T083000"])
def test_a_series_in_utc_ends_with_its_last_day_in_utc(until: str) -> None:
    assert starts(f"DTSTART:20270323T083000Z RRULE:FREQ=WEEKLY;UNTIL={until}") == ["23/03 09:30", "30/03 10:30"]


def test_a_written_offset_is_as_absolute() -> None:
    series = "DTSTART:20270323T093000+0100 DURATION:PT30M RRULE:FREQ=WEEKLY;COUNT=2"
    assert starts(series) == ["23/03 09:30", "30/03 10:30"]


def test_a_zone_beside_an_absolute_time_is_where_it_repeats() -> None:
    assert starts("DTSTART;TZID=Europe/Paris:20270323T083000Z RRULE:FREQ=WEEKLY;COUNT=2") == [
        "23/03 09:30",
        "30/03 09:30",
    ]


def test_both_writings_of_utc_mean_the_same() -> None:
    named = UTC_SERIES.replace("DTSTART:20270323T083000Z", "DTSTART;TZID=UTC:20270323T083000")
    assert read(named) == read(UTC_SERIES)
    alone = "DTSTART:20270323T083000Z DURATION:PT30M"
    assert read(alone).semantic == read("DTSTART;TZID=Europe/Paris:20270323T093000 DURATION:PT30M").semantic


WEEKLY = "DTSTART;TZID=Europe/Paris:20270104T090000 DURATION:PT30M RRULE:FREQ=WEEKLY;COUNT=2"
MOVED = "RECURRENCE-ID;TZID=Europe/Paris:20270111T090000 DTSTART;TZID=Europe/Paris:20270111T140000 DURATION:PT30M"


# --- 3.8.4.4, 3.8.5.1: which visit is named --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named", [";VALUE=DATE:20270111", ":20270111T080000Z", ":20270111T090000", ";TZID=America/New_York:20270111T030000"]
)
def test_every_writing_names_the_same_visit(named: str) -> None:
    reading = read(WEEKLY, f"RECURRENCE-ID{named} DTSTART:20270111T130000Z")
    assert [event.recurrence[:16] for event in reading.events] == ["2027-01-04T08:00", "2027-01-11T08:00"]
    assert starts(f"{WEEKLY} EXDATE{named}") == ["04/01 09:00"]


@pytest.mark.parametrize(
    "named", [":20270111T000000Z", ":20270110T230000Z", ":20270111T000000", ";VALUE=DATE:20270111"]
)
def test_a_time_names_the_day_of_a_series_of_days(named: str) -> None:
    days = "DTSTART;VALUE=DATE:20270104 RRULE:FREQ=WEEKLY;COUNT=2"
    assert starts(f"{days} EXDATE{named}") == ["04/01 00:00"]
    assert starts(days, f"RECURRENCE-ID{named} DTSTART;VALUE=DATE:20270112") == ["04/01 00:00", "12/01 00:00"]


def test_a_date_beside_an_extra_visit_names_that_visit() -> None:
    extra = f"{WEEKLY} RDATE;TZID=Europe/Paris:20270106T150000"
    assert starts(extra, "RECURRENCE-ID;VALUE=DATE:20270106 DTSTART:20270107T090000Z") == [
        "04/01 09:00",
        "07/01 10:00",
        "11/01 09:00",
    ]


def test_an_extra_date_is_a_visit_at_the_hour_of_the_series() -> None:
    assert starts(f"{WEEKLY} RDATE;VALUE=DATE:20270106") == ["04/01 09:00", "06/01 09:00", "11/01 09:00"]


def test_a_deleted_visit_stays_deleted_beside_its_old_change() -> None:
    """As Thunderbird shows it."""
    assert starts(f"{WEEKLY} EXDATE:20270111T080000Z", MOVED) == ["04/01 09:00"]


def test_the_sole_visit_can_be_replaced_or_deleted_too() -> None:
    alone = "DTSTART:20270111T080000Z DURATION:PT30M"
    assert starts(alone, MOVED) == ["11/01 14:00"]
    assert starts(f"{alone} EXDATE:20270111T080000Z") == []


def test_a_date_that_cannot_be_read_is_said() -> None:
    for line in ("EXDATE:demain", "RDATE:20271301T000000Z", "EXDATE:20270111T080000Z,x", "RDATE:99990101T000000Z"):
        assert read(f"{WEEKLY} {line}").problem == "event-unreadable"
    assert read(WEEKLY, MOVED.replace("20270111T090000", "demain")).problem == "event-unreadable"
    assert read(f"{WEEKLY} EXDATE: RDATE:").problem == ""


# --- RFC 2445 4.8.5.2: EXRULE ----------------------------------------------------------------------------------------


def test_a_rule_of_exclusion_excludes() -> None:
    weekly = WEEKLY.replace("COUNT=2", "COUNT=4")
    assert starts(f"{weekly} EXRULE:FREQ=WEEKLY;INTERVAL=2") == ["11/01 09:00", "25/01 09:00"]
    assert starts(f"{weekly} EXRULE:FREQ=MONTHLY;BYMONTHDAY=18") == ["04/01 09:00", "11/01 09:00", "25/01 09:00"]
    assert read(f"{weekly} EXRULE:FREQ=WEEKLY").semantic != read(weekly).semantic


def test_a_rule_of_exclusion_that_is_not_believed_is_said() -> None:
    assert read(f"{WEEKLY} EXRULE:FREQ=SECONDLY").problem == "recurrence-refused"


# --- 3.3.6, 3.8.2.2, 3.3.9: how long -------------------------------------------------------------------------------

LENGTHS = {
    "an end in another zone": (
        "DTSTART;TZID=Europe/Paris:20270111T090000 DTEND;TZID=America/New_York:20270111T040000", ["11/01 10:00"]),
    "an end in UTC": ("DTSTART;TZID=Europe/Paris:20270111T090000 DTEND:20270111T083000Z", ["11/01 09:30"]),
    "of a series, an end in another zone": (
        "DTSTART;TZID=Europe/Paris:20270308T090000 DTEND;TZID=America/New_York:20270308T040000 "
        "RRULE:FREQ=WEEKLY;COUNT=3", ["08/03 10:00", "15/03 10:00", "22/03 10:00"]),
    "a day on the wall": (f"{NIGHT} DURATION:P1D", ["28/03 22:00"]),
    "24 exact hours": (f"{NIGHT} DURATION:PT24H", ["28/03 23:00"]),
    "a day and 3 exact hours": (f"{NIGHT} DURATION:P1DT3H", ["29/03 01:00"]),
    "of a series, a day on the wall": (
        f"{NIGHT.replace('27T22', '26T22')} DURATION:P1D RRULE:FREQ=DAILY;COUNT=3",
        ["27/03 22:00", "28/03 22:00", "29/03 22:00"]),
    "of a series, 8 exact hours": (
        f"{NIGHT.replace('27T22', '26T22')} DURATION:PT8H RRULE:FREQ=DAILY;COUNT=2", ["27/03 06:00", "28/03 07:00"]),
    "of a series, a night as the client shows it": (
        "DTSTART;TZID=Europe/Paris:20270326T220000 DTEND;TZID=Europe/Paris:20270327T060000 RRULE:FREQ=DAILY;COUNT=2",
        ["27/03 06:00", "28/03 06:00"]),
    "of a series in UTC, the same exact time": (
        "DTSTART:20270326T210000Z DTEND:20270327T050000Z RRULE:FREQ=DAILY;COUNT=2", ["27/03 06:00", "28/03 07:00"]),
    "a period with its end": (
        f"{NIGHT} DURATION:PT1H EXDATE:20270327T210000Z "
        "RDATE;VALUE=PERIOD;TZID=Europe/Paris:20270328T010000/20270328T040000", ["28/03 04:00"]),
    "a period of 2 exact hours": (
        f"{NIGHT} DURATION:PT1H EXDATE:20270327T210000Z RDATE;VALUE=PERIOD;TZID=Europe/Paris:20270328T010000/PT2H",
        ["28/03 04:00"]),
    "a period in UTC": (
        f"{NIGHT} DURATION:PT1H EXDATE:20270327T210000Z RDATE;VALUE=PERIOD:20270328T000000Z/20270328T020000Z",
        ["28/03 04:00"]),
    "a period back over the hour that comes twice": (
        "DTSTART;TZID=Europe/Paris:20271030T220000 EXDATE:20271030T200000Z "
        "RDATE;VALUE=PERIOD;TZID=Europe/Paris:20271031T010000/20271031T040000", ["31/10 04:00"]),
    "for ever": ("DTSTART:20270111T080000Z DTEND:99991231T235959Z", ["01/01 00:00"]),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(LENGTHS))
def test_it_ends_when_it_says(what: str) -> None:
    event, ends = LENGTHS[what]
    assert [text.partition("–")[2] for text in shown(event)] == ends


# --- 3.3.5: the hour that comes twice, and the one that does not come ------------------------------------------------

FIRST, SECOND = "DTSTART:20271031T001000Z", "DTSTART:20271031T011000Z"  # both 2:10 on the clock


@pytest.mark.parametrize(("start", "begins"), [(FIRST, "31 00:10"), (SECOND, "31 01:10")])
@pytest.mark.parametrize(("more", "minutes"), [("", 0), (" DURATION:PT30M", 30), (" DURATION:PT2H", 120)])
def test_in_the_hour_that_comes_twice_it_lasts_as_long_as_it_says(
    start: str, begins: str, more: str, minutes: int
) -> None:
    reading = read(start + more)
    assert exact(reading) == [(begins, minutes)]
    assert reading.events[0].flags == (frozenset({"no-end"}) if not more else frozenset())


def test_it_may_begin_in_the_first_and_end_in_the_second_of_two_equal_hours() -> None:
    reading = read("DTSTART:20271031T004000Z DTEND:20271031T011000Z")
    assert exact(reading) == [("31 00:40", 30)]
    assert reading.events[0].flags == frozenset()


def test_a_wall_time_that_comes_twice_means_the_first() -> None:
    assert exact(read("DTSTART;TZID=Europe/Paris:20271031T021000 DURATION:PT30M")) == [("31 00:10", 30)]


def test_a_series_in_the_hour_that_does_not_come_is_moved_on_that_day_only() -> None:
    series = "DTSTART;TZID=Europe/Paris:2027032{}T023000 DURATION:PT30M RRULE:FREQ=DAILY;COUNT=3"
    for day in (6, 7, 8):
        reading = read(series.format(day))
        expected = [f"{n}/03 0{3 if n == 28 else 2}:30" for n in range(20 + day, 23 + day)]
        assert [f"{event.start:%d/%m %H:%M}" for event in reading.events] == expected
        assert [event.flags for event in reading.events if event.flags] == [frozenset({"nonexistent-time"})]
        assert {minutes for _, minutes in exact(reading)} == {30}


# --- 3.8.5.3: where a rule ends --------------------------------------------------------------------------------------

RULES = {
    "until a date, the whole last day": (f"{WEEKLY[:-8]};UNTIL=20270111", ["04/01", "11/01"]),
    "until an instant": (f"{WEEKLY[:-8]};UNTIL=20270111T080000Z", ["04/01", "11/01"]),
    "until a second before": (f"{WEEKLY[:-8]};UNTIL=20270111T075959Z", ["04/01"]),
    "until a wall time": (f"{WEEKLY[:-8]};UNTIL=20270111T090000", ["04/01", "11/01"]),
    "until a time before the first": (f"{WEEKLY[:-8]};UNTIL=20261231T080000Z", []),
    "what is excluded counts": (f"{WEEKLY} EXDATE:20270104T080000Z", ["11/01"]),
    "endless, as some write it": (f"{WEEKLY[:-8]};COUNT=-1;UNTIL=20270118", ["04/01", "11/01", "18/01"]),
    "the last working day": (
        "DTSTART;TZID=Europe/Paris:20270129T090000 RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        ["29/01", "26/02", "31/03"]),
    "weeks from Monday": (
        "DTSTART;TZID=Europe/Paris:20270105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        ["05/01", "10/01", "19/01", "24/01"]),
    "weeks from Sunday": (
        "DTSTART;TZID=Europe/Paris:20270105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        ["05/01", "17/01", "19/01", "31/01"]),
    "the 31st": ("DTSTART;TZID=Europe/Paris:20270131T090000 RRULE:FREQ=MONTHLY;COUNT=3", ["31/01", "31/03", "31/05"]),
    "a leap day": ("DTSTART;VALUE=DATE:20240229 RRULE:FREQ=YEARLY", []),
    "of days, until midnight in UTC": (
        "DTSTART;VALUE=DATE:20270104 RRULE:FREQ=DAILY;UNTIL=20270105T000000Z", ["04/01", "05/01"]),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(RULES))
def test_a_rule_gives_these_days(what: str) -> None:
    event, days = RULES[what]
    assert [text[:5] for text in starts(event)] == days


def test_of_days_until_midnight_in_utc_holds_west_of_it_too() -> None:
    west = ZoneInfo("America/Guadeloupe")
    series = "DTSTART;VALUE=DATE:20270104 RRULE:FREQ=DAILY;UNTIL=20270105T000000Z"
    assert starts(series, zone=west) == ["04/01 00:00", "05/01 00:00"]


# --- 3.2.13: this visit and all that follow --------------------------------------------------------------------------


def test_a_change_of_all_that_follow_is_read_in_the_zone_of_the_series() -> None:
    series = "DTSTART;TZID=Europe/Paris:20270315T090000 DURATION:PT30M RRULE:FREQ=WEEKLY;COUNT=4"
    change = "RECURRENCE-ID;RANGE=THISANDFUTURE:20270322T080000Z DTSTART:20270323T100000Z DURATION:PT45M"
    assert shown(series, change) == [
        "15/03 09:00–15/03 09:30",
        "23/03 11:00–23/03 11:45",
        "30/03 11:00–30/03 11:45",
        "06/04 11:00–06/04 11:45",
    ]


def test_what_a_change_moves_into_view_is_there() -> None:
    series = "DTSTART;TZID=Europe/Paris:20261221T090000 DURATION:PT30M RRULE:FREQ=WEEKLY;COUNT=2"
    change = (
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Paris:20261221T090000 DTSTART;TZID=Europe/Paris:20270128T090000"
    )
    assert starts(series, change) == ["28/01 09:00", "04/02 09:00"]


# --- what no calendar holds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [":99991231T235900Z", ":99991231T230000", ";TZID=America/New_York:99991231T230000", ";VALUE=DATE:99991231",
     ":00010101T000000Z", ";VALUE=DATE:00010101", ";TZID=Asia/Tokyo:00010101T000000"],
)  # fmt: skip
@pytest.mark.parametrize("more", ["", " DURATION:P1D", " RRULE:FREQ=YEARLY", " RECURRENCE-ID:99991231T000000Z"])
def test_a_start_beyond_all_dates_is_a_finding_and_hides_nothing(start: str, more: str) -> None:
    odd = f"DTSTART{start}{more}"
    assert (read(odd).events, read(odd).problem) == ((), "event-unreadable")
    beside = read("DTSTART:20270111T080000Z", odd)
    assert ([event.start.day for event in beside.events], beside.problem) == ([11], "event-unreadable")


@pytest.mark.parametrize(
    "more", ["DURATION:P999999999D", "DURATION:-P999999999D", "DTEND:99991231T000000Z", "DURATION:P2900000D"]
)
@pytest.mark.parametrize("rule", ["", " RRULE:FREQ=WEEKLY;COUNT=2"])
def test_no_length_ends_the_reading(more: str, rule: str) -> None:
    reading = read(f"DTSTART:20270111T080000Z {more}{rule}")
    assert reading.events or reading.problem


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\0", b"<html>", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"])
def test_a_body_without_events_is_a_finding(body: bytes) -> None:
    window = datetime(2027, 1, 1, tzinfo=PARIS), datetime(2028, 1, 1, tzinfo=PARIS)
    reading = Ics(PARIS, b"secret", "https://dav.example/martin/").read("a.ics", body, window)
    assert (reading.events, reading.problem) == ((), "event-unreadable")
