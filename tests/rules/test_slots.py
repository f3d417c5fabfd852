"""The next free times of a dentist: open, free, soonest first, whatever the clocks do (P9, P11, P24, P25)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.checks.free_slots import STEP, free_slots, is_urgent
from rules.checks.public_holidays import holiday_name
from rules.model import Busy, Dentist, Kind, Motif, Practice, Slot

PARIS = ZoneInfo("Europe/Paris")
DAY = ((time(8, 30), time(12, 30)), (time(14), time(19)))
MARTIN = Dentist("martin", "Dr Claire Martin", "Dentiste", dict.fromkeys(range(5), DAY))
BERNARD = Dentist("bernard", "Dr Paul Bernard", "Dentiste", dict.fromkeys(range(5), DAY))
HOUSE = Practice(
    "lilas", "Lilas", "", "", "", PARIS, (MARTIN, BERNARD),
    (Motif("Détartrage", 30), Motif("Douleur", 20, within_days=2)), holidays="75",
)  # fmt: skip
TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=PARIS)


def taken(*spans: str, kind: Kind = Kind.BOOKING, dentist: str = "martin", label: str = "") -> list[Busy]:
    """`09:00-10:00` of that Tuesday."""
    return [
        Busy(dentist, *(TUESDAY.replace(hour=int(t[:2]), minute=int(t[3:])) for t in span.split("-")), kind, 1, "b",
             label=label)
        for span in spans
    ]  # fmt: skip


def starts(slots: tuple[Slot, ...]) -> list[str]:
    return [f"{slot.start:%d/%m %H:%M}" for slot in slots]


def free(busy: list[Busy], since: datetime = TUESDAY, minutes: int = 30, **more: object) -> list[str]:
    options = {"limit": 3, "days": 3} | more
    return starts(free_slots(MARTIN, minutes, HOUSE, busy, since, **options))  # type: ignore[arg-type]


# --- what is free ----------------------------------------------------------------------------------------------------


def test_p24_the_soonest_come_first_and_step_over_what_is_taken() -> None:
    assert free(taken("09:00-10:00")) == ["24/11 08:30", "24/11 10:00", "24/11 10:30"]


def test_p24_the_next_day_and_the_afternoon_follow_the_morning() -> None:
    assert free(taken("08:30-12:30", "14:00-18:30")) == ["24/11 18:30", "25/11 08:30", "25/11 09:00"]


def test_p24_a_gap_that_is_too_short_is_none() -> None:
    assert free(taken("08:50-09:15", "09:40-12:30"), limit=1) == ["24/11 14:00"]


def test_p24_a_gap_that_fits_exactly_is_one() -> None:
    assert free(taken("08:30-09:00", "09:30-19:00"), limit=1) == ["24/11 09:00"]


def test_p24_a_visit_longer_than_any_opening_is_never_free() -> None:
    assert free([], minutes=6 * 60, days=60) == []


def test_p24_slots_begin_on_the_clock_s_five_minutes() -> None:
    assert free(taken("08:30-09:02"), limit=1) == ["24/11 09:05"]
    assert free([], since=TUESDAY + timedelta(minutes=1, seconds=1), limit=1) == ["24/11 08:35"]


@pytest.mark.parametrize("kind", [Kind.BOOKING, Kind.BLOCK, Kind.PRIVATE, Kind.QUERY])
def test_p10_whatever_keeps_time_is_in_the_way(kind: Kind) -> None:
    assert free(taken("08:30-12:30", kind=kind), limit=1) == ["24/11 14:00"]


def test_p10_another_dentist_s_time_and_what_keeps_none_are_not() -> None:
    busy = [*taken("08:30-19:00", dentist="bernard"), *taken("08:30-19:00", kind=Kind.IGNORED)]
    assert free(busy, limit=1) == ["24/11 08:30"]


def test_p09_a_leave_of_several_days_is_stepped_over() -> None:
    midnight = TUESDAY.replace(hour=0, minute=0)
    leave = Busy("martin", midnight, midnight + timedelta(days=3), Kind.BLOCK, 1, "c", label="Congés", all_day=True)
    assert free([leave], limit=1, days=8) == ["27/11 08:30"]


def test_p09_no_slot_on_a_weekend_or_a_public_holiday() -> None:
    friday = datetime(2026, 12, 25, 8, 0, tzinfo=PARIS)
    assert free([], since=friday, limit=1, days=8) == ["28/12 08:30"]


def test_p09_where_no_hours_are_declared_nothing_is_known_free() -> None:
    nobody = Dentist("martin", "Dr Claire Martin", "Dentiste")
    assert free_slots(nobody, 30, HOUSE, (), TUESDAY, limit=3, days=8) == ()


def test_p11_only_what_begins_before_that_moment() -> None:
    assert free([], until=TUESDAY.replace(hour=9, minute=30)) == ["24/11 08:30", "24/11 09:00"]


# --- places kept for somebody ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "urgent"), [("Libre", False), ("libre", True), ("Urgence réservée", True)])
def test_p11_a_place_kept_free_may_be_taken(label: str, urgent: bool) -> None:
    assert free(taken("08:30-09:30", kind=Kind.PLACEHOLDER, label=label), limit=1, urgent=urgent) == ["24/11 08:30"]


def test_p11_a_place_kept_for_urgencies_is_not_for_what_can_wait() -> None:
    place = taken("08:30-09:30", kind=Kind.PLACEHOLDER, label="Urgence réservée")
    assert free(place, limit=1) == ["24/11 09:30"]


@pytest.mark.parametrize(
    ("motif", "urgent"), [("Douleur", True), ("Détartrage", False), ("Autre", False), (None, False)]
)
def test_p11_urgent_is_what_bears_no_long_wait(motif: str | None, urgent: bool) -> None:
    assert is_urgent(HOUSE, motif) is urgent


# --- the days on which the clocks change ------------------------------------------------------------------------------

NIGHT = Dentist("martin", "Dr Claire Martin", "Garde", {6: ((time(0), time(6)),)})


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 5), (date(2026, 10, 25), 7), (date(2026, 11, 8), 6)])
def test_p24_a_night_of_the_change_has_its_own_length(day: date, hours: int) -> None:
    since = datetime.combine(day, time(0), PARIS)
    slots = free_slots(NIGHT, 60, HOUSE, (), since, limit=20, days=1)
    assert len(slots) == hours
    assert all(slot.end.astimezone(UTC) - slot.start.astimezone(UTC) == timedelta(hours=1) for slot in slots)
    assert all(one.end.astimezone(UTC) == two.start.astimezone(UTC) for one, two in pairwise(slots))


def test_p24_the_hour_that_comes_twice_is_taken_once_each() -> None:
    first = datetime(2026, 10, 25, 2, 0, tzinfo=PARIS)
    busy = [Busy("martin", first, first.replace(hour=3), Kind.BLOCK, 1, "b")]  # both hours between 2 and 3
    since = datetime(2026, 10, 25, 0, 0, tzinfo=PARIS)
    slots = free_slots(NIGHT, 60, HOUSE, busy, since, limit=20, days=1)
    assert [slot.start.hour for slot in slots] == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("day", [date(2026, 3, 27), date(2026, 10, 23)])
def test_p24_over_the_weekend_of_the_change_the_hours_stay_those_of_the_clock(day: date) -> None:
    since = datetime.combine(day, time(18, 45), PARIS)
    assert [slot.start.time() for slot in free_slots(MARTIN, 60, HOUSE, (), since, limit=2, days=4)] == [
        time(8, 30), time(9, 30),
    ]  # fmt: skip


# --- any calendar ----------------------------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(2026, 3, 20), datetime(2027, 1, 5)).map(lambda one: one.replace(tzinfo=PARIS))
SPANS = st.lists(
    st.tuples(st.integers(-600, 20 * 24 * 60), st.integers(1, 3 * 24 * 60), st.sampled_from(["martin", "bernard"])),
    max_size=12,
)


@given(MOMENTS, SPANS, st.integers(1, 240), st.integers(0, 30))
@example(datetime(2026, 10, 23, 18, 0, tzinfo=PARIS), [(0, 90, "martin")], 20, 10)
@example(datetime(2026, 12, 23, 18, 0, tzinfo=PARIS), [], 30, 10)
def test_p09_p10_p24_law_a_free_slot_is_open_free_to_come_and_no_holiday(
    since: datetime, spans: list[tuple[int, int, str]], minutes: int, limit: int
) -> None:
    now = since.astimezone(UTC)
    busy = [
        Busy(who, now + timedelta(minutes=at), now + timedelta(minutes=at + length), Kind.BLOCK, 1, "b")
        for at, length, who in spans
    ]
    slots = free_slots(MARTIN, minutes, HOUSE, busy, since, limit=limit, days=21)
    assert len(slots) <= limit
    for slot in slots:
        start, end = slot.start.astimezone(UTC), slot.end.astimezone(UTC)
        assert start >= now
        assert end - start == timedelta(minutes=minutes)
        assert slot.start.minute % (STEP.seconds // 60) == slot.start.second == slot.start.microsecond == 0
        assert not holiday_name(slot.start.date(), "75")
        assert slot.start.date() == slot.end.date()
        assert slot.start.weekday() < 5
        assert any(opens <= slot.start.time() and slot.end.time() <= closes for opens, closes in DAY)
        assert not any(one.dentist == "martin" and one.start < end and start < one.end for one in busy)
    assert all(one.end.astimezone(UTC) <= two.start.astimezone(UTC) for one, two in pairwise(slots))


@given(MOMENTS, SPANS, st.integers(5, 60))
def test_p24_law_the_first_free_slot_is_the_soonest_there_is(
    since: datetime, spans: list[tuple[int, int, str]], minutes: int
) -> None:
    """Found again by trying each five minutes in turn."""
    now, length = since.astimezone(UTC), timedelta(minutes=minutes)
    busy = [
        Busy("martin", now + timedelta(minutes=at), now + timedelta(minutes=at + lasts), Kind.BOOKING, 1, "b")
        for at, lasts, _ in spans
    ]
    slots = free_slots(MARTIN, minutes, HOUSE, busy, since, limit=1, days=4)
    last = datetime.combine(since.date() + timedelta(days=4), time(0), PARIS).astimezone(UTC)
    at = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    tried = None
    while tried is None and at < last:
        fits = at >= now and _open(at, at + length)
        if fits and not any(one.start < at + length and at < one.end for one in busy):
            tried = at
        at += STEP
    assert [slot.start.astimezone(UTC) for slot in slots] == ([tried] if tried else [])


def _open(start: datetime, end: datetime) -> bool:
    begins, ends = start.astimezone(PARIS), end.astimezone(PARIS)
    if begins.date() != ends.date() or begins.weekday() > 4 or holiday_name(begins.date(), "75"):
        return False
    return any(opens <= begins.time() and ends.time() <= closes for opens, closes in DAY)
