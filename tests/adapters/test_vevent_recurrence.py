"""Repeated events: right, inside the window only, and never slowly."""

import itertools
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendars.ical.resource import Ics
from rules.model import Status

PARIS = ZoneInfo("Europe/Paris")
ICS = Ics(PARIS, b"secret", "https://dav.example/martin/")


def window(first: str = "2027-01-01", last: str = "2027-12-31"):
    return datetime.fromisoformat(first).replace(tzinfo=PARIS), datetime.fromisoformat(last).replace(tzinfo=PARIS)


def series(*lines: str, start: str = ";TZID=Europe/Paris:20270104T090000", more: str = "") -> bytes:
    head = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        "UID:u1",
        "SUMMARY:Soin",
        f"DTSTART{start}",
        "DURATION:PT30M",
    )
    return "\r\n".join((*head, *lines, "END:VEVENT", *more.split("\n"), "END:VCALENDAR", "")).encode()


def override(recurrence: str, *lines: str) -> str:
    return "\n".join(("BEGIN:VEVENT", "UID:u1", f"RECURRENCE-ID{recurrence}", *lines, "END:VEVENT"))


def read(payload: bytes, within=None):
    return ICS.read("a.ics", payload, within or window())


def starts(payload: bytes, within=None) -> list[str]:
    return [
        f"{event.start:%m-%d %H:%M}" for event in read(payload, within).events if event.status is not Status.CANCELLED
    ]


def test_e01_a_series_older_than_the_window_shows_inside_it():
    payload = series("RRULE:FREQ=WEEKLY;INTERVAL=2", start=";TZID=Europe/Paris:20200106T090000")
    assert starts(payload, window("2027-01-01", "2027-02-01")) == ["01-11 09:00", "01-25 09:00"]


def test_e02_an_exception_moved_into_or_out_of_the_window_is_there_or_not():
    rule = "RRULE:FREQ=WEEKLY;COUNT=4"
    moved = override(";TZID=Europe/Paris:20270111T090000", "DTSTART;TZID=Europe/Paris:20270301T100000")
    assert starts(series(rule, more=moved), window("2027-01-01", "2027-02-01")) == [
        "01-04 09:00",
        "01-18 09:00",
        "01-25 09:00",
    ]
    assert starts(series(rule, more=moved), window("2027-02-15", "2027-04-01")) == ["03-01 10:00"]


def test_e03_an_exception_without_its_master_is_an_event():
    payload = series("RECURRENCE-ID;TZID=Europe/Paris:20270104T080000")
    assert starts(payload) == ["01-04 09:00"]
    assert read(payload).events[0].recurrence == "2027-01-04T07:00:00+00:00"


def test_e04_an_exception_named_in_utc_replaces_and_does_not_double():
    changed = override(":20270111T080000Z", "DTSTART;TZID=Europe/Paris:20270111T140000")
    assert starts(series("RRULE:FREQ=WEEKLY;COUNT=2", more=changed)) == ["01-04 09:00", "01-11 14:00"]


@pytest.mark.parametrize(
    "gone", [";VALUE=DATE:20270111", ":20270111T080000Z", ";TZID=Europe/Paris:20270111T090000", ":20270111T090000"]
)
def test_e05_an_excluded_date_counts_in_every_form(gone):
    assert starts(series("RRULE:FREQ=WEEKLY;COUNT=3", f"EXDATE{gone}")) == ["01-04 09:00", "01-18 09:00"]


def test_e06_a_cancelled_exception_is_a_cancelled_event():
    cancelled = override(
        ";TZID=Europe/Paris:20270111T090000", "DTSTART;TZID=Europe/Paris:20270111T090000", "STATUS:CANCELLED"
    )
    events = read(series("RRULE:FREQ=WEEKLY;COUNT=2", more=cancelled)).events
    assert [event.status for event in events] == [Status.CONFIRMED, Status.CANCELLED]


def test_e09_this_and_following_shifts_what_follows():
    shifted = override(
        ";RANGE=THISANDFUTURE;TZID=Europe/Paris:20270111T090000",
        "DTSTART;TZID=Europe/Paris:20270111T110000",
        "SUMMARY:Plus tard",
    )
    payload = series("RRULE:FREQ=WEEKLY;COUNT=3", more=shifted)
    assert starts(payload) == ["01-04 09:00", "01-11 11:00", "01-18 11:00"]
    assert [event.title for event in read(payload).events] == ["Soin", "Plus tard", "Plus tard"]


HOSTILE = """
FREQ=DAILY;INTERVAL=0
FREQ=SECONDLY
FREQ=MINUTELY
FREQ=HOURLY
FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9
FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3,4;BYSECOND=1,2,3,4
FREQ=BOH
FREQ=DAILY;UNTIL=
FREQ=DAILY;INTERVAL=x
FREQ=DAILY;INTERVAL=999999999999999999999
FREQ=DAILY;BYDAY=XX
FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30
FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3
FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31
FREQ=DAILY;INTERVAL=7;BYDAY=TU
FREQ=MONTHLY;BYSETPOS=300;BYDAY=MO
FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1
FREQ=DAILY;COUNT=1000000
"""


@pytest.mark.parametrize("rule", HOSTILE.split())
@pytest.mark.parametrize("since", ["19000101", "20270104"])
def test_e11_no_rule_hangs_the_worker(rule, since):
    payload = series(f"RRULE:{rule}", start=f";TZID=Europe/Paris:{since}T090000")
    began = time.process_time()
    reading = read(payload)
    assert time.process_time() - began < 0.25
    assert len(reading.events) <= 4_000


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY;INTERVAL=0", "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"],
)
def test_e11_a_rule_that_is_not_believed_is_said(rule):
    assert read(series(f"RRULE:{rule}")).problem == "recurrence-refused"


@pytest.mark.parametrize(
    ("rule", "since"),
    [
        ("FREQ=DAILY;COUNT=15000", "19900101"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "20160229"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "19040229"),
        ("FREQ=MONTHLY;BYDAY=5FR", "19700130"),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "19700101"),
    ],
)
def test_e11_l2_a_rule_is_believed_by_its_counts_however_busy_the_machine_is(rule, since, monkeypatch):
    """A clock that decides what is read made an innocent series unreadable on a busy machine."""
    payload = series(f"RRULE:{rule}", start=f";TZID=Europe/Paris:{since}T090000")
    calm = read(payload)
    for clock in ("perf_counter", "monotonic", "process_time", "time"):
        ticks = itertools.count(0, 1000)
        monkeypatch.setattr(time, clock, lambda ticks=ticks: float(next(ticks)))
    assert calm.problem == ""
    assert read(payload) == calm


def test_e11_a_step_that_no_date_bears_is_said():
    assert read(series("RRULE:FREQ=DAILY;INTERVAL=999999999999999999999", start=":20200104T090000")).problem == (
        "recurrence-refused"
    )


def test_e11_a_series_of_one_that_is_excluded_is_no_event():
    reading = read(series("RRULE:FREQ=DAILY;COUNT=1", "EXDATE;TZID=Europe/Paris:20270104T090000"))
    assert (reading.events, reading.problem) == ((), "")


def test_e12_a_daily_rule_since_1996_has_the_right_count():
    payload = series("RRULE:FREQ=DAILY", start=";TZID=Europe/Paris:19960101T090000")
    assert len(starts(payload, window("2027-01-01", "2027-12-31"))) == 364


def test_e13_a_last_day_without_a_time_is_included_and_flagged():
    payload = series("RRULE:FREQ=WEEKLY;UNTIL=20270111")
    assert starts(payload) == ["01-04 09:00", "01-11 09:00"]
    assert "until-date" in read(payload).events[0].flags


def test_e14_an_extra_period_has_its_own_length():
    payload = series("RDATE;VALUE=PERIOD:20270112T080000Z/20270112T093000Z,20270113T080000Z/PT15M")
    assert [(event.start.day, event.minutes) for event in read(payload).events] == [(4, 30), (12, 90), (13, 15)]


def test_f01_a_weekly_time_stays_on_the_wall_over_both_changes_of_clocks():
    payload = series("RRULE:FREQ=WEEKLY")
    assert {text[-5:] for text in starts(payload)} == {"09:00"}


def test_a_repeated_day_of_absence_stays_whole_days():
    payload = series("RRULE:FREQ=WEEKLY;COUNT=2", start=";VALUE=DATE:20270104").replace(b"DURATION:PT30M\r\n", b"")
    assert [(event.recurrence, event.all_day, event.minutes) for event in read(payload).events] == [
        ("2027-01-04", True, 1440),
        ("2027-01-11", True, 1440),
    ]


def test_the_resource_says_whether_it_is_one_event():
    assert read(series()).sole
    assert not read(series("RRULE:FREQ=DAILY;COUNT=2")).sole


rules = st.builds(
    "FREQ={};INTERVAL={}{}{}".format,
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 4),
    st.sampled_from(["", ";COUNT=7", ";UNTIL=20270601T070000Z"]),
    st.sampled_from(["", ";BYDAY=MO,WE", ";BYMONTHDAY=1,15,-1", ";BYMONTH=3,6"]),
)


@settings(max_examples=80, deadline=None)
@given(rules, st.sampled_from(["20240229", "20260101", "20270104"]))
def test_generated_series_are_those_of_another_implementation(rule, since):
    import icalendar
    import recurring_ical_events

    payload = series(f"RRULE:{rule}", start=f";TZID=Europe/Paris:{since}T090000")
    within = window("2027-01-01", "2027-07-01")
    other = recurring_ical_events.of(icalendar.Calendar.from_ical(payload), skip_bad_series=True).between(*within)
    theirs = {event["DTSTART"].dt for event in other}
    reading = read(payload, within)
    never = reading.problem == "recurrence-refused" and len(theirs) <= 1
    assert never or {event.start for event in reading.events} == theirs
