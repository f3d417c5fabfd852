"""What an event says: times in every form that clients write them, and the same as the full parser reads."""

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendars.ical.contentlines import escape, folded
from adapters.calendars.ical.resource import Ics
from rules.model import Status
from tests.corpus import FILES

PARIS = ZoneInfo("Europe/Paris")
ICS = Ics(PARIS, b"secret", "https://dav.example/martin/")
WINDOW = (datetime(2026, 10, 1, tzinfo=PARIS), datetime(2027, 12, 1, tzinfo=PARIS))


def ics(*lines: str, before: str = "") -> bytes:
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            *before.split(),
            "BEGIN:VEVENT",
            "UID:u1",
            *lines,
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        )
    ).encode()


def read(*lines: str, before: str = ""):
    reading = ICS.read("a.ics", ics(*lines, before=before), WINDOW)
    assert reading.problem == ""
    return reading.events[0]


def start(line: str, before: str = ""):
    return read(line, before=before).start.astimezone(PARIS)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def test_an_ordinary_event_is_read_in_full():
    event = read("DTSTART;TZID=Europe/Paris:20270111T100000", "DTEND;TZID=Europe/Paris:20270111T103000",
                 "summary:DUPONT\\, Marie",
                 "DESCRIPTION:née le 3/4/1980\\nmarie", " @example.fr", "STATUS:TENTATIVE", "TRANSP:TRANSPARENT",
                 "CLASS:PRIVATE",
                 "CATEGORIES:Soin,À voir", "LAST-MODIFIED:20261122T181130Z")  # fmt: skip
    assert (event.title, event.description) == ("DUPONT, Marie", "née le 3/4/1980\nmarie@example.fr")
    assert (event.start, event.minutes, event.status) == (at("2027-01-11T10:00"), 30, Status.TENTATIVE)
    assert (event.transparent, event.private, event.categories) == (True, True, ("Soin", "À voir"))
    assert event.modified == datetime.fromisoformat("2026-11-22T18:11:30Z")


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Paris", "Romance Standard Time", '"(UTC+01:00) Paris"',
        '"(UTC+01:00) Brussels, Copenhagen, Madrid, Paris"',
        "/mozilla.org/20050126_1/Europe/Paris", "/freeassociation.sourceforge.net/Tzfile/Europe/Paris",
    ],
)  # fmt: skip
def test_f03_every_name_of_our_zone_is_our_zone(name):
    event = read(f"DTSTART;TZID={name}:20270111T100000")
    assert event.start == at("2027-01-11T10:00")
    assert "zone-unknown" not in event.flags


def test_f03_an_unknown_zone_is_the_practices_with_a_flag():
    event = read("DTSTART;TZID=Customized Time Zone:20270711T100000")
    assert event.start == at("2027-07-11T10:00")
    assert "zone-unknown" in event.flags


ZONE = ("BEGIN:VTIMEZONE TZID:{name} BEGIN:STANDARD DTSTART:19700101T000000 TZOFFSETFROM:{offset} TZOFFSETTO:{offset} "
        "END:STANDARD END:VTIMEZONE")  # fmt: skip


def test_f03_a_zone_of_the_files_own_is_used():
    zone = ZONE.format(name="Custom", offset="-0500")
    assert start("DTSTART;TZID=Custom:20270111T040000", zone) == at("2027-01-11T10:00")


def test_f06_the_iana_name_wins_over_a_contradicting_definition():
    zone = ZONE.format(name="Europe/Paris", offset="-0500")
    assert start("DTSTART;TZID=Europe/Paris:20270111T100000", zone) == at("2027-01-11T10:00")


def test_a_zone_definition_that_no_parser_takes_does_not_lose_the_event():
    zone = ZONE.format(name="Europe/Paris", offset="+5328")
    assert start("DTSTART;TZID=Europe/Paris:20270111T100000", zone) == at("2027-01-11T10:00")


def test_f02_a_time_that_does_not_exist_moves_forward():
    event = read("DTSTART;TZID=Europe/Paris:20270328T023000")
    assert event.start == at("2027-03-28T03:30")
    assert "nonexistent-time" in event.flags


def test_f02_of_a_time_that_comes_twice_the_first_is_meant():
    assert read("DTSTART;TZID=Europe/Paris:20261025T023000").start.utcoffset() == timedelta(hours=2)


def test_f04_a_floating_time_is_the_practices_whatever_the_host(monkeypatch):
    monkeypatch.setitem(os.environ, "TZ", "America/Los_Angeles")
    time.tzset()
    try:
        assert read("DTSTART:20270111T100000").start == at("2027-01-11T10:00")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "end", ["DTEND;VALUE=DATE:20270112", "DTEND;VALUE=DATE:20270111", "DURATION:P1D", "X-NO-END:1"]
)
def test_f05_an_all_day_event_is_exactly_that_day(end):
    event = read("DTSTART;VALUE=DATE:20270111", end)
    assert (event.all_day, event.start, event.end) == (True, at("2027-01-11"), at("2027-01-12"))


@pytest.mark.parametrize(
    ("line", "end", "flag"),
    [
        ("DTEND;TZID=Europe/Paris:20270111T093000", "2027-01-11T09:30", "end-before-start"),
        ("DTEND;TZID=Europe/Paris:20270111T100000", "2027-01-11T10:00", "zero-length"),
        ("X-NO-END:1", "2027-01-11T10:00", "no-end"),
        ("DURATION:PT1H30M", "2027-01-11T11:30", ""),
        ("DURATION:P1DT2H", "2027-01-12T12:00", ""),
    ],
)
def test_f08_odd_ends_are_flagged_and_never_swapped(line, end, flag):
    event = read("DTSTART;TZID=Europe/Paris:20270111T100000", line)
    assert (event.start, event.end) == (at("2027-01-11T10:00"), at(end))
    assert event.flags == ({flag} if flag else set())


def test_html_becomes_the_lines_that_she_saw_and_means_the_same():
    plain = ICS.read("a.ics", ics("DTSTART:20270111T100000", "DESCRIPTION:née\\nDUPONT"), WINDOW)
    html = ICS.read("a.ics", ics("DTSTART:20270111T100000", "DESCRIPTION:<p>née</p><p>DUPONT</p>"), WINDOW)
    assert html.events[0].description.split() == ["née", "DUPONT"]
    assert (html.semantic, html.events[0].flags) == (plain.semantic, {"no-end", "html"})


@pytest.mark.parametrize("noise", ["SEQUENCE:9", "PRODID:x", "X-APPLE:1", "DTSTAMP:20270101T000000Z", "COLOR:red",
                                   "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nDESCRIPTION:x\r\nEND:VALARM"])  # fmt: skip
def test_what_no_human_booked_is_no_change(noise):
    known = ICS.read("a.ics", ics("SUMMARY:DUPONT", "DTSTART:20270111T100000"), WINDOW)
    again = ICS.read("a.ics", ics("DTSTART;TZID=Europe/Paris:20270111T100000", noise, "SUMMARY:DUPONT"), WINDOW)
    assert again.semantic == known.semantic


CHANGES = """
SUMMARY:DUPOND
LOCATION:Salle 2
DURATION:PT1H
STATUS:CANCELLED
TRANSP:TRANSPARENT
RRULE:FREQ=DAILY;COUNT=2
ATTENDEE:mailto:a@b.fr
DESCRIPTION:née
"""


@pytest.mark.parametrize("change", CHANGES.strip().splitlines())
def test_what_a_human_changed_is_a_change(change):
    known = ICS.read("a.ics", ics("DTSTART:20270111T100000"), WINDOW)
    assert ICS.read("a.ics", ics("DTSTART:20270111T100000", change), WINDOW).semantic != known.semantic


def test_a_task_is_no_event_and_no_problem():
    reading = ICS.read("a.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", WINDOW)
    assert (reading.events, reading.problem) == ((), "")


def test_an_unparsable_line_does_not_lose_the_event():
    event = read("X-=;;:", "rien du tout", ":", "DTSTART:20270111T100000", "SUMMARY:DUPONT")
    assert (event.title, event.start) == ("DUPONT", at("2027-01-11T10:00"))


def test_an_ordinary_event_costs_neither_the_full_parser_nor_the_expander():
    program = f"""
import sys, datetime, zoneinfo
from adapters.calendars.ical.resource import Ics
zone = zoneinfo.ZoneInfo("Europe/Paris")
now = datetime.datetime.now(zone)
assert Ics(zone, b"s", "a").read("a.ics", {ics("DTSTART;TZID=Europe/Paris:20270111T100000")!r}, (now, now)).events
assert not {{"icalendar", "dateutil", "recurring_ical_events"}} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


# --- held equal to the full parser -----------------------------------------------------------------------------------


def full(payload: bytes):
    """The same event as icalendar reads it: title, text and start; None where it refuses or says something odd."""
    import icalendar

    try:
        events = icalendar.Calendar.from_ical(payload).walk("VEVENT")
        moment = events[0].decoded("DTSTART")
    except (ValueError, KeyError, IndexError, AttributeError):
        return None
    if len(events) != 1 or any(isinstance(events[0].get(name), list) for name in ("SUMMARY", "DESCRIPTION", "DTSTART")):
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, datetime.min.time())
    shown = moment.replace(tzinfo=PARIS) if moment.tzinfo is None else moment
    return str(events[0].get("SUMMARY", "")), str(events[0].get("DESCRIPTION", "")), shown


def differs(payload: bytes, expected) -> bool:
    """Whether we read it differently. Ours alone: marks, HTML, `\\"`, Windows names, and `Z` beside a TZID."""
    event = ICS.read("a.ics", payload, WINDOW).events[0]
    title, text, moment = expected
    if event.start != moment and b"Standard Time" not in payload and b'TZID="' not in payload:
        return True
    texts = (event.title, event.description) != (title, text)
    return texts and "html" not in event.flags and "⚠" not in title and '\\"' not in text


@pytest.mark.skipif(not FILES, reason="the corpus of client files is not here")
def test_real_files_are_read_as_the_full_parser_reads_them():
    seen = 0
    for file in FILES:
        payload = file.read_bytes()
        expected = None if b"RRULE" in payload.rpartition(b"BEGIN:VEVENT")[2] else full(payload)
        if expected is not None and ICS.read("a.ics", payload, WINDOW).events:
            seen += 1
            assert not differs(payload, expected), file.name
    assert seen > 100


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="<&⚠✓"), max_size=80
)


@settings(max_examples=150, deadline=None)
@given(
    words,
    words,
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(["", "Z", "Europe/Paris", "Asia/Tokyo"]),
)
def test_generated_events_are_read_as_the_full_parser_reads_them(title, text, moment, zone):
    tzid = f";TZID={zone}" if "/" in zone else ""
    stamp = f"{moment:%Y%m%dT%H%M%S}{'Z' if zone == 'Z' else ''}"
    lines = (f"SUMMARY:{escape(title)}", f"DESCRIPTION;LANGUAGE=fr:{escape(text)}", f"DTSTART{tzid}:{stamp}")
    payload = ics(*(folded(line, b"\r\n", 0).decode() for line in lines))
    event, expected = ICS.read("a.ics", payload, WINDOW).events[0], full(payload)
    assert (event.title, event.description) == (title, text)
    assert "nonexistent-time" in event.flags or expected == (title, text, event.start)
