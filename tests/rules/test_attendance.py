"""How an appointment ended: honoured, excused, not excused, or still to be said (P47, P48, ruling 8)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.checks.attendance import Attendance, Verdict, classify, findings
from rules.model import Outcome, Policy, Severity

PARIS = ZoneInfo("Europe/Paris")
HONOURED, LATE, EXCUSED, UNEXCUSED, UNDECIDED, EARLY = Attendance
POLICY = Policy()


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


START = at(12, 14, 30)


def verdict(outcome: Outcome | None, start: datetime = START, policy: Policy = POLICY, **more: object) -> Verdict:
    found = classify(start, outcome, policy, PARIS, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


# --- notice ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notice", "urgent", "expected"),
    [
        (at(1, 10), False, EXCUSED),
        (at(11, 18), False, EXCUSED),
        (at(11, 23, 59), False, EXCUSED),
        (at(12, 0, 1), False, UNEXCUSED),
        (at(12, 0, 1), True, EXCUSED),
        (at(12, 8), False, UNEXCUSED),
        (at(12, 8), True, EXCUSED),
        (at(12, 11, 59), True, EXCUSED),
        (at(12, 12, 0), True, UNEXCUSED),
        (at(12, 14), True, UNEXCUSED),
        (at(12, 14), False, UNEXCUSED),
        (at(13, 9), True, UNEXCUSED),
    ],
)
@pytest.mark.parametrize("kind", ["absent", "cancelled"])
def test_p47_p48_notice_counts_by_calendar_day_and_the_morning_only_for_an_emergency(
    kind: str, notice: datetime, urgent: bool, expected: Attendance
) -> None:
    outcome = Outcome(kind, notified=notice, urgent=urgent)
    assert verdict(outcome, gone=kind == "cancelled", seen=at(12, 9)).attendance is expected


def test_p47_a_call_at_eight_for_half_past_eight_is_in_the_morning() -> None:
    outcome = Outcome("absent", notified=at(12, 8), urgent=True)
    assert verdict(outcome, at(12, 8, 30)).attendance is EXCUSED


def test_p47_the_day_is_the_practice_s_not_the_world_s() -> None:
    eve = datetime(2026, 3, 11, 22, 59, tzinfo=UTC)  # 23:59 in Paris
    assert verdict(Outcome("absent", notified=eve)).attendance is EXCUSED
    assert verdict(Outcome("absent", notified=eve + timedelta(minutes=1))).attendance is UNEXCUSED
    assert verdict(Outcome("absent", notified=eve), START.astimezone(UTC)).attendance is EXCUSED


@pytest.mark.parametrize(("until", "expected"), [(time(9), UNEXCUSED), (time(9, 1), EXCUSED)])
def test_p47_the_yaml_says_when_the_morning_ends(until: time, expected: Attendance) -> None:
    outcome = Outcome("absent", notified=at(12, 9), urgent=True)
    assert verdict(outcome, policy=replace(POLICY, morning_until=until)).attendance is expected


def test_p47_the_day_without_the_hour_is_asked_for_where_the_hour_decides() -> None:
    same_day, eve = Outcome("absent", notified=at(12, 0)), Outcome("absent", notified=at(11, 0), urgent=True)
    assert verdict(replace(same_day, urgent=True)).attendance is UNDECIDED
    assert verdict(same_day).attendance is UNEXCUSED
    assert verdict(eve) == Verdict(EXCUSED, "prévenu le 11/03, au moins la veille")


# --- late ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("late", minutes=9), HONOURED),
        (Outcome("late", minutes=10), HONOURED),
        (Outcome("late", minutes=11), UNEXCUSED),
        (Outcome("late", minutes=0), HONOURED),
        (Outcome("late", minutes=15, notified=START), LATE),
        (Outcome("late"), UNDECIDED),
        (Outcome("arrived", minutes=15), LATE),
        (Outcome("arrived", at=at(12, 14, 40)), HONOURED),
        (Outcome("arrived", at=at(12, 14, 41)), LATE),
        (Outcome("arrived", at=at(12, 14, 43)), LATE),
        (Outcome("arrived", at=at(12, 14, 20)), HONOURED),
        (Outcome("arrived"), HONOURED),
        (Outcome("honoured"), HONOURED),
        (Outcome("absent"), UNEXCUSED),
    ],
)
def test_p48_ten_minutes_and_no_more(outcome: Outcome, expected: Attendance) -> None:
    assert verdict(outcome).attendance is expected


@pytest.mark.parametrize(("limit", "expected"), [(14, UNEXCUSED), (15, HONOURED)])
def test_p48_the_yaml_says_how_late_is_too_late(limit: int, expected: Attendance) -> None:
    assert verdict(Outcome("late", minutes=15), policy=replace(POLICY, late_minutes=limit)).attendance is expected


@pytest.mark.parametrize(
    ("start", "arrival", "expected"),
    [
        # the night of 29 March 2026: 1:55 is followed by 3:00
        (at(29, 1, 55), at(29, 3, 4), HONOURED),
        (at(29, 1, 55), at(29, 3, 7), LATE),
        # the night of 25 October 2026: 2:55 comes twice
        (at(25, 2, 55, 10), at(25, 2, 5, 10).replace(fold=1), HONOURED),
        (at(25, 2, 55, 10), at(25, 2, 56, 10).replace(fold=1), LATE),
    ],
)
def test_p48_a_change_of_hour_makes_nobody_late(start: datetime, arrival: datetime, expected: Attendance) -> None:
    assert verdict(Outcome("arrived", at=arrival), start).attendance is expected


def test_p47_the_day_before_holds_over_a_change_of_hour() -> None:
    start = at(29, 8, 30)
    assert verdict(None, start, gone=True, seen=datetime(2026, 3, 28, 22, 59, tzinfo=UTC)).attendance is EXCUSED
    assert verdict(None, start, gone=True, seen=datetime(2026, 3, 28, 23, 0, tzinfo=UTC)).attendance is UNEXCUSED


# --- cancelled, deleted, silent --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (at(11, 23, 59), EXCUSED),
        (at(12, 0, 0), UNEXCUSED),
        (at(12, 14, 29), UNEXCUSED),
        (START, UNDECIDED),
        (at(20, 9), UNDECIDED),
        (None, UNDECIDED),
    ],
)
@pytest.mark.parametrize("outcome", [None, Outcome("cancelled"), Outcome("cancelled", by_patient=True)])
def test_p47_p48_without_an_hour_the_moment_it_was_seen_is_the_notice(
    outcome: Outcome | None, seen: datetime | None, expected: Attendance
) -> None:
    assert verdict(outcome, gone=True, seen=seen).attendance is expected


def test_p47_a_typed_hour_counts_more_than_the_moment_it_was_seen() -> None:
    outcome = Outcome("cancelled", notified=at(11, 18), by_patient=True)
    assert verdict(outcome, gone=True, seen=at(13, 9)).attendance is EXCUSED


def test_p47_what_the_practice_cancels_is_no_absence() -> None:
    outcome = Outcome("cancelled", by_patient=False)
    assert classify(START, outcome, POLICY, PARIS, gone=True, seen=at(12, 9)) is None


def test_p48_silence_never_makes_a_patient_absent() -> None:
    assert classify(START, None, POLICY, PARIS) is None


@pytest.mark.parametrize("kind", ["", "dropped", "notified", "?"])
def test_p48_an_unknown_word_is_no_class(kind: str) -> None:
    assert classify(START, Outcome(kind), POLICY, PARIS) is None


@pytest.mark.parametrize("kind", ["contradictory", "absent", "late", "arrived"])
def test_p48_what_is_in_doubt_is_asked_not_decided(kind: str) -> None:
    found = verdict(Outcome(kind, minutes=30, doubt="« Absent » et « Arrivé » sont tapés tous les deux"))
    assert found.attendance is UNDECIDED
    (said,) = findings(found, POLICY)
    assert (said.rule, said.severity) == ("attendance-unclear", Severity.WARNING)
    assert "« Absent » et « Arrivé »" in said.text
    assert "Tapez « Absent excusé »" in said.text


# --- for all -----------------------

NEAR = st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 5), timezones=st.just(PARIS))


@pytest.mark.parametrize("kind", ["absent", "excused", "unexcused"])
def test_p47_before_the_hour_nobody_has_stayed_away(kind: str) -> None:
    start = at(20, 14, 30)
    early = classify(start, Outcome(kind), POLICY, PARIS, typed=at(20, 14, 29))
    assert early is not None
    assert (early.attendance, early.proposals) == (EARLY, ("Annulé par le patient le 20/03 à 14 h 29",))
    (said,) = findings(early, POLICY)
    assert said.severity is Severity.ERROR
    late = classify(start, Outcome(kind), POLICY, PARIS, typed=start)
    assert late is not None
    assert late.attendance is not EARLY


def test_p47_the_notice_that_is_typed_is_kept_in_what_to_type() -> None:
    typed = Outcome("absent", notified=at(19, 18), urgent=True)
    early = classify(at(20, 14, 30), typed, POLICY, PARIS, typed=at(20, 8))
    assert early is not None
    assert early.proposals == ("Annulé par le patient le 19/03 à 18 h, urgence",)


def test_p48_a_delay_said_before_the_hour_was_announced() -> None:
    early = classify(at(20, 14, 30), Outcome("late", minutes=15), POLICY, PARIS, typed=at(20, 14))
    assert early is not None
    assert early.attendance is LATE


@pytest.mark.parametrize("kind", ["cancelled", "arrived", "honoured"])
def test_p47_what_is_called_off_or_came_is_classed_at_any_time(kind: str) -> None:
    early = classify(
        at(20, 14, 30), Outcome(kind), POLICY, PARIS, gone=kind == "cancelled", typed=at(20, 8), seen=at(20, 8)
    )
    assert early == classify(at(20, 14, 30), Outcome(kind), POLICY, PARIS, gone=kind == "cancelled", seen=at(20, 8))


OUTCOMES = st.builds(
    Outcome,
    kind=st.sampled_from(["absent", "late", "arrived", "honoured", "cancelled", "contradictory", ""]),
    minutes=st.none() | st.integers(0, 999),
    at=st.none() | NEAR,
    notified=st.none() | NEAR,
    urgent=st.booleans(),
    by_patient=st.sampled_from([None, True, False]),
    doubt=st.sampled_from(["", "« hier » n'est pas une date"]),
)


@given(OUTCOMES, st.sampled_from([EXCUSED, UNEXCUSED]), NEAR, st.none() | NEAR, st.booleans())
def test_p47_p48_the_class_that_she_types_always_wins(
    outcome: Outcome, typed: Attendance, start: datetime, seen: datetime | None, gone: bool
) -> None:
    outcome = replace(outcome, kind=str(typed))
    assert verdict(outcome, start, gone=gone, seen=seen).attendance is typed


@given(NEAR, NEAR, st.booleans(), st.sampled_from(["absent", "cancelled", "deleted"]))
def test_p47_earlier_notice_never_makes_it_worse(one: datetime, other: datetime, urgent: bool, kind: str) -> None:
    early, late = sorted([one, other], key=lambda moment: moment.astimezone(UTC))
    rank = {EXCUSED: 0, UNEXCUSED: 1, UNDECIDED: 2}
    classes = [_noticed(kind, moment, urgent) for moment in (early, late)]
    asked = [moment for moment in (early, late) if kind != "deleted" and moment.time() == time(0)]
    assert asked or rank[classes[0]] <= rank[classes[1]]


def _noticed(kind: str, moment: datetime, urgent: bool) -> Attendance:
    start = at(20, 14, 30)
    if kind == "deleted":
        return verdict(None, start, gone=True, seen=moment).attendance
    return verdict(Outcome(kind, notified=moment, urgent=urgent), start, gone=kind == "cancelled").attendance


@given(OUTCOMES, NEAR, st.none() | NEAR, st.booleans())
def test_p48_any_outcome_has_one_class_and_one_sentence(
    outcome: Outcome, start: datetime, seen: datetime | None, gone: bool
) -> None:
    found = classify(start, outcome, POLICY, PARIS, gone=gone, seen=seen)
    assert found == classify(start.astimezone(UTC), outcome, POLICY, PARIS, gone=gone, seen=seen)
    if found:
        (said,) = findings(found, POLICY)
        assert found.reason in said.text
