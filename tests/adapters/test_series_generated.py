"""Series of every zone and writing, occurrence by occurrence as `recurring-ical-events` has them; and laws of our own.

That library is the judge where it is right. It is not asked what `test_times` holds by section of RFC 5545, and is
wrong or silent about:
- a date as UNTIL of a timed series (it drops the last day), UNTIL in UTC of a floating one (it knows no practice);
- EXDATE by date: a changed visit stays, an extra one written in another zone goes by that zone's day;
- two versions of a visit in two zones, and visits whose numbers are the same in two zones (it takes them for one);
- exact lengths, and ends in another zone, over a change of clocks (it subtracts wall times);
- RECURRENCE-ID by date, EXRULE, stamps behind SEQUENCE (it knows none of them);
- the hour that comes twice or not at all, RDATE in another form than DTSTART, all that follow across zones.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from random import Random
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.calendars.ical.resource import Ics
from tests.adapters.mutations import mutated, written
from tests.corpus import FILES

ZONES = ["UTC", "Pacific/Noumea", "America/New_York", "Australia/Lord_Howe", "Europe/Paris", "America/Guadeloupe", ""]
PRACTICES = [ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Noumea"), ZoneInfo("America/Guadeloupe")]
WINDOW = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

Occurrence = tuple[datetime, datetime]


@dataclass(frozen=True)
class Series:
    """`own` is where it repeats; without a zone it is the practice's clock."""

    practice: ZoneInfo
    zone: str
    first: datetime | date
    minutes: int

    @property
    def own(self) -> tzinfo:
        return ZoneInfo(self.zone) if self.zone else self.practice

    def wall(self, day: int, hour: int | None = None) -> datetime | date:
        """So many days after the first, at its hour or another."""
        at = self.first + timedelta(days=day)
        return at.replace(hour=hour) if hour is not None and isinstance(at, datetime) else at

    def written(self, at: datetime | date, form: str) -> str:
        """Parameters and value: as the series writes its times, in UTC, in New York's time, or as a date."""
        if not isinstance(at, datetime):
            return f";VALUE=DATE:{at:%Y%m%d}"
        if form == "date":
            return f";VALUE=DATE:{at:%Y%m%d}"
        if form == "own" and self.zone != "UTC":
            return f";TZID={self.zone}:{at:%Y%m%dT%H%M%S}" if self.zone else f":{at:%Y%m%dT%H%M%S}"
        there = at.replace(tzinfo=self.own)
        if form == "far":
            return f";TZID=America/New_York:{there.astimezone(ZoneInfo('America/New_York')):%Y%m%dT%H%M%S}"
        return f":{there.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@st.composite
def series(draw: st.DrawFn) -> Series:
    zone, day = draw(st.sampled_from([*ZONES, "days"])), draw(st.dates(date(2026, 10, 1), date(2027, 6, 1)))
    practice = draw(st.sampled_from(PRACTICES))
    if zone == "days":
        return Series(practice, "", day, 1440 * draw(st.integers(1, 3)))
    hour, minute = draw(st.integers(6, 20)), draw(st.sampled_from([0, 15, 30]))  # by day: clocks change at night
    return Series(practice, zone, datetime(day.year, day.month, day.day, hour, minute), draw(st.integers(0, 180)))


_DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
_by_days = st.lists(st.sampled_from(_DAYS), min_size=1, max_size=3, unique=True).map(",".join)
_numbered = st.builds("{}{}".format, st.sampled_from([1, 2, 5, -1, -2]), st.sampled_from(_DAYS))
_month_days = st.lists(st.sampled_from([1, 5, 28, 29, 30, 31, -1, -5]), min_size=1, max_size=3, unique=True)


@st.composite
def rules(draw: st.DrawFn, of: Series) -> str:
    """A rule that gives some dates of a year."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    match frequency:
        case "DAILY":
            parts += draw(st.sampled_from([[], ["BYDAY=MO,TU,TH"], ["BYMONTH=1,3,4,10,11"]]))
        case "WEEKLY":
            parts += draw(st.just([]) | _by_days.map(lambda days: [f"BYDAY={days}"]))
            parts += draw(st.sampled_from([[], ["WKST=SU"], ["WKST=MO"]]))
        case "MONTHLY":
            parts += draw(
                st.just([])
                | _numbered.map(lambda day: [f"BYDAY={day}"])
                | _month_days.map(lambda days: [f"BYMONTHDAY={','.join(map(str, days))}"])
                | st.sampled_from([1, -1, 2]).map(lambda one: ["BYDAY=MO,TU,WE,TH,FR", f"BYSETPOS={one}"])
            )
        case _:
            parts += draw(st.sampled_from([[], ["BYMONTH=2,5,11"], ["BYMONTH=3", "BYDAY=-1SU"]]))
    last = draw(st.sampled_from(["COUNT", "UNTIL", "UNTIL", "never"]))
    if last == "COUNT":
        parts.append(f"COUNT={draw(st.integers(1, 40))}")
    elif last == "UNTIL":
        until = of.wall(draw(st.integers(0, 400)), draw(st.none() | st.integers(6, 20)))
        parts.append(f"UNTIL={of.written(until, 'UTC').rpartition(':')[2]}")
    return ";".join(parts)


@dataclass(frozen=True)
class Case:
    """A payload, and who reads it."""

    practice: ZoneInfo
    payload: bytes


_days_later = st.integers(0, 200)
_forms = st.sampled_from(["own", "UTC"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A series with exceptions, extra dates and changed visits, each in a writing of its own."""
    one = draw(series())
    timed = isinstance(one.first, datetime)
    lines = [f"DTSTART{one.written(one.first, 'own')}", _lasts(draw, one)]
    rule = draw(rules(one))
    lines.append(f"RRULE:{rule}")
    step = 7 if "WEEKLY" in rule else 1
    named = st.integers(0, 25).map(lambda times: times * step)
    changed = draw(st.lists(named, max_size=3))
    for day in draw(st.lists(named, max_size=3)):
        form = draw(st.sampled_from(["own", "UTC", "far"] if day in changed else ["own", "UTC", "far", "date"]))
        lines.append(f"EXDATE{one.written(one.wall(day), form)}")
    dated = any(line.startswith("EXDATE;VALUE=DATE") for line in lines)
    for _ in range(draw(st.integers(0, 2))):
        at = _apart(one.wall(draw(_days_later), draw(st.integers(6, 20))), 7)
        lines.append(f"RDATE{one.written(at, 'own' if dated else draw(_forms))}")
    if timed and not dated and draw(st.booleans()):
        at = one.written(_apart(one.wall(draw(_days_later)), 11), "UTC").removeprefix(":")
        lines.append(f"RDATE;VALUE=PERIOD:{at}/PT{draw(st.integers(1, 180))}M")
    events = ["\r\n".join(("BEGIN:VEVENT", "UID:u1", "SEQUENCE:0", *lines, "END:VEVENT"))]
    form = draw(st.sampled_from(["own", "UTC", "far"]))
    for number, day in enumerate(changed):
        events.append(_changed(draw, one, day, number, form))
    if draw(st.booleans()):
        events.reverse()
    whole = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *events, "END:VCALENDAR", ""))
    return Case(one.practice, whole.encode())


def _apart(at: datetime | date, minute: int) -> datetime | date:
    """At a minute of its own: the library takes the same numbers in two zones for one visit."""
    return at.replace(minute=minute) if isinstance(at, datetime) else at


def _lasts(draw: st.DrawFn, one: Series) -> str:
    """Its end, or its length. Over a night the library subtracts wall times: those are not asked of it."""
    if not isinstance(one.first, datetime):
        return f"DURATION:P{one.minutes // 1440}D"
    if draw(st.booleans()) or not one.minutes:
        return f"DURATION:PT{one.minutes}M"
    return f"DTEND{one.written(one.first + timedelta(minutes=one.minutes), 'own')}"


def _changed(draw: st.DrawFn, one: Series, day: int, number: int, form: str) -> str:
    """A visit at another time, or cancelled; SEQUENCE tells versions of one visit apart."""
    at = one.wall(day)
    moved = one.wall(max(day + draw(st.integers(-2, 2)), 0), draw(st.integers(6, 20)))
    length = "DURATION:P1D" if not isinstance(at, datetime) else f"DURATION:PT{draw(st.integers(1, 90))}M"
    return "\r\n".join(
        (
            "BEGIN:VEVENT",
            "UID:u1",
            f"SEQUENCE:{draw(st.integers(1, 2)) * 10 + number}",
            f"RECURRENCE-ID{one.written(at, form)}",
            f"DTSTART{one.written(moved, draw(_forms))}",
            length,
            "END:VEVENT",
        )
    )


def ours(case: Case) -> list[Occurrence]:
    reading = Ics(case.practice, b"secret", "https://dav.example/martin/").read("a.ics", case.payload, WINDOW)
    assert reading.problem == "", reading.problem
    keys = [(event.uid, event.recurrence) for event in reading.events]
    assert len(set(keys)) == len(keys)
    return inside((event.start.astimezone(UTC), event.end.astimezone(UTC)) for event in reading.events)


_FLOATING = re.compile(rb"^([A-Z-]+):(\d{8}T\d{6})\r$", re.MULTILINE)  # the practice's, which it does not know


def theirs(case: Case) -> list[Occurrence]:
    beside = rb"\1;TZID=" + case.practice.key.encode() + rb":\2"
    calendar = icalendar.Calendar.from_ical(_FLOATING.sub(beside, case.payload))
    wide = WINDOW[0] - timedelta(days=5), WINDOW[1] + timedelta(days=5)
    found = recurring_ical_events.of(calendar).between(*wide)
    return inside((instant(one["DTSTART"].dt, case), instant(one["DTEND"].dt, case)) for one in found)


def instant(at: datetime | date, case: Case) -> datetime:
    """A floating time and a day are the practice's."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    return (at if at.tzinfo else at.replace(tzinfo=case.practice)).astimezone(UTC)


def inside(found) -> list[Occurrence]:
    """What begins inside the window: at its edges each reader has a rule of its own."""
    return sorted(one for one in found if WINDOW[0] + timedelta(days=2) <= one[0] < WINDOW[1] - timedelta(days=2))


@slow
@given(cases())
def test_a_generated_series_is_what_another_implementation_has(case: Case) -> None:
    assert ours(case) == theirs(case), case.payload.decode()


# --- laws of our own -------------------------------------------------------------------------------------------------


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """An object of events that were never meant to stand together: of other clients, broken, with one UID or none."""
    found = [draw(mutated(_real | written())) for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        found.append(draw(cases()).payload)
    text = b"".join(_EVENT.findall(b"\r\n".join(found)))
    uid = draw(st.sampled_from([None, b"UID:u1\r\n", b"UID:u1 (2)\r\n", b""]))
    text = text if uid is None else re.sub(rb"(?im)^UID[:;].*\n", uid, text)
    return b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + text + b"\r\nEND:VCALENDAR\r\n"


_EVENT = re.compile(rb"BEGIN:VEVENT.*?END:VEVENT[^\n]*\n", re.DOTALL | re.IGNORECASE)
_real = st.sampled_from(FILES).map(lambda file: file.read_bytes()[:20_000]) if FILES else st.nothing()


@slow
@given(objects())
def test_l10_no_two_events_of_a_reading_are_the_same_occurrence(payload: bytes) -> None:
    """The store keeps one row for each: two would end the pass of every dentist."""
    for practice in PRACTICES:
        calendar = Ics(practice, b"secret", "https://dav.example/martin/")
        reading = calendar.read("a.ics", payload, WINDOW)
        keys = [(event.uid, event.recurrence) for event in reading.events]
        assert len(set(keys)) == len(keys)
        assert all(event.start.tzinfo is practice and event.end.tzinfo is practice for event in reading.events)
        assert all(1000 <= at.year <= 9000 for event in reading.events for at in (event.start, event.end))


@slow
@given(cases(), st.randoms(use_true_random=False))
def test_l2_the_order_of_the_components_changes_nothing(case: Case, random: Random) -> None:
    """Whatever a server makes of the object: the same events, and nothing to tell anybody."""
    events = _EVENT.findall(case.payload)
    if len({re.search(rb"SEQUENCE:(\d+)", event)[1] for event in events}) < len(events):
        return
    random.shuffle(events)
    shuffled = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + b"".join(events) + b"END:VCALENDAR\r\n"
    calendar = Ics(case.practice, b"secret", "https://dav.example/martin/")
    one, other = (calendar.read("a.ics", payload, WINDOW) for payload in (case.payload, shuffled))
    assert (one.events, one.semantic) == (other.events, other.semantic)
