"""The planning table, cell by cell, in the practice's language."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Facts, MessageKind, Practice
from rules.telling.planning import (
    TABLE,
    Column,
    Knowledge,
    Row,
    Situation,
    differs,
    elsewhere,
    plan,
    reminder_due,
    same_patient,
    still_says_it,
)
from rules.telling.reminder_hour import reminder_at

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=PARIS)
PLACE = "12 rue des Lilas, 75020 Paris"
MARIE = Facts(1, "DUPONT Marie", "martin", datetime(2026, 12, 1, 9, 30, tzinfo=PARIS), 30, "Détartrage", PLACE)
MOVED = replace(MARIE, start=datetime(2026, 12, 2, 14, 0, tzinfo=PARIS))
PAUL = replace(MARIE, patient_id=2, name="DURAND Paul")
PRACTICE = Practice("lilas", "Lilas", PLACE, "01 43 00 00 00", "s@lilas.example", PARIS, (), ())


def known(row: Row, facts: Facts = MARIE) -> Knowledge:
    return Knowledge(row, None if row is Row.NEVER else facts, "+33612345678", NOW - timedelta(days=3))


def test_every_cell_has_an_action_and_a_reason() -> None:
    for row in Row:
        for column in Column:
            changes = (True,) if row is Row.NEVER else (True, False)
            assert all(TABLE[(row, column, changed)].reason for changed in changes)


def test_p18_a_validated_booking_nobody_heard_of_is_confirmed() -> None:
    assert plan(known(Row.NEVER), Situation(MARIE, valid=True), NOW).kind is MessageKind.CONFIRMATION


def test_p34_an_incomplete_booking_tells_nobody_anything() -> None:
    assert plan(known(Row.NEVER), Situation(MARIE, valid=False), NOW).kind is None


@pytest.mark.parametrize("row", [Row.TOLD, Row.IN_FLIGHT, Row.BASELINE])
def test_p42_a_moved_booking_is_told_once_as_a_modification(row: Row) -> None:
    assert plan(known(row), Situation(MOVED, valid=True), NOW).kind is MessageKind.MODIFICATION


@pytest.mark.parametrize("row", [Row.TOLD, Row.IN_FLIGHT, Row.BASELINE])
def test_p42_dragged_and_dragged_back_sends_nothing(row: Row) -> None:
    assert plan(known(row), Situation(MARIE, valid=True), NOW).kind is None


def test_p42_a_comment_or_a_length_does_not_concern_the_patient() -> None:
    assert not differs(MARIE, replace(MARIE, minutes=45, first_visit=True))


@pytest.mark.parametrize("change", [{"dentist": "bernard"}, {"motif": "Contrôle"}, {"place": "ailleurs"}])
def test_p42_dentist_motif_and_place_concern_the_patient(change: dict[str, str]) -> None:
    assert differs(MARIE, replace(MARIE, **change))


@pytest.mark.parametrize("row", [Row.TOLD, Row.IN_FLIGHT, Row.BASELINE])
@pytest.mark.parametrize("valid", [True, False])
def test_p43_a_told_booking_that_vanished_is_always_cancelled(row: Row, valid: bool) -> None:
    cell = plan(known(row), Situation(MOVED, valid=valid, vanished=True), NOW)
    assert cell.kind is MessageKind.CANCELLATION


def test_p43_the_brake_holds_and_alerts() -> None:
    cell = plan(known(Row.TOLD), Situation(MARIE, valid=True, vanished=True, held=True), NOW)
    assert cell.kind is None
    assert cell.alert


def test_p43_nobody_is_told_of_the_end_of_what_they_never_heard_of() -> None:
    assert plan(known(Row.NEVER), Situation(MARIE, valid=True, vanished=True), NOW).kind is None


@pytest.mark.parametrize("row", [Row.TOLD, Row.IN_FLIGHT, Row.BASELINE])
def test_moved_into_an_error_the_patient_keeps_the_old_and_the_practice_is_alerted(row: Row) -> None:
    cell = plan(known(row), Situation(MOVED, valid=False), NOW)
    assert (cell.kind, cell.alert, cell.remind) == (None, True, False)


@pytest.mark.parametrize("row", [Row.TOLD, Row.IN_FLIGHT, Row.BASELINE])
def test_another_patient_in_the_event_cancels_the_first_and_confirms_the_second(row: Row) -> None:
    now_is = Situation(PAUL, valid=True)
    assert plan(known(row), now_is, NOW).kind is MessageKind.CANCELLATION
    assert plan(known(Row.NEVER), now_is, NOW).kind is MessageKind.CONFIRMATION


@pytest.mark.parametrize("row", [Row.TOLD, Row.IN_FLIGHT, Row.BASELINE, Row.UNCLEAR])
def test_p43_while_it_is_asked_who_is_meant_nobody_is_cancelled(row: Row) -> None:
    who = replace(MARIE, patient_id=0, name="DUPONT")
    assert plan(known(row), Situation(who, valid=False, whose_unclear=True), NOW).kind is None
    gone = Situation(who, valid=False, vanished=True, whose_unclear=True)
    assert plan(known(row), gone, NOW).kind is MessageKind.CANCELLATION


@pytest.mark.parametrize("row", list(Row))
def test_the_past_is_never_told(row: Row) -> None:
    past = replace(MARIE, start=NOW - timedelta(hours=1))
    assert plan(known(row, past), Situation(past, valid=True, vanished=True), NOW).kind is None


def test_a_past_appointment_dragged_to_next_week_is_a_new_one() -> None:
    past = replace(MARIE, start=NOW - timedelta(days=1))
    assert plan(known(Row.TOLD, past), Situation(MARIE, valid=True), NOW).kind is MessageKind.CONFIRMATION


def test_a_corrected_spelling_of_an_unrecorded_patient_is_the_same_person() -> None:
    before = replace(MARIE, patient_id=0, name="DUPOND Marie")
    assert same_patient(before, MARIE)
    assert not same_patient(before, PAUL)


def test_twins_with_records_of_their_own_are_two_people() -> None:
    assert not same_patient(replace(MARIE, name="DUPONT Mario"), replace(MARIE, patient_id=9))


# --- what may have arrived -------------------------------------------------------------------------------------------


def unsure(row: Row, *, before: Facts | None = None) -> Knowledge:
    return replace(known(row), sure=False, before=before)


@pytest.mark.parametrize(
    ("before", "kind"),
    [(None, MessageKind.CONFIRMATION), (MARIE, MessageKind.CONFIRMATION), (MOVED, MessageKind.MODIFICATION)],
)
def test_l4_unclear_and_still_true_the_present_state_is_told_once(before: Facts | None, kind: MessageKind) -> None:
    cell = plan(unsure(Row.UNCLEAR, before=before), Situation(MARIE, valid=True), NOW)
    assert (cell.kind, cell.again, cell.remind) == (kind, True, False)


def test_l4_unclear_and_changed_the_change_is_told() -> None:
    assert plan(unsure(Row.UNCLEAR), Situation(MOVED, valid=True), NOW).kind is MessageKind.MODIFICATION


def test_l4_an_unclear_cancellation_of_what_stands_again_is_followed_by_a_confirmation() -> None:
    for there in (MARIE, MOVED):
        cell = plan(unsure(Row.UNCLEAR_END), Situation(there, valid=True), NOW)
        assert (cell.kind, cell.again) == (MessageKind.CONFIRMATION, False)


def test_l4_an_unclear_cancellation_is_told_again_where_it_is_true() -> None:
    for now_is in (Situation(MARIE, valid=True, vanished=True), Situation(PAUL, valid=True)):
        cell = plan(unsure(Row.UNCLEAR_END), now_is, NOW)
        assert (cell.kind, cell.again) == (MessageKind.CANCELLATION, True)


def test_l3_what_is_unclear_waits_while_the_event_is_to_be_corrected_or_held() -> None:
    for row in (Row.UNCLEAR, Row.UNCLEAR_END):
        assert plan(unsure(row), Situation(MARIE, valid=False), NOW).kind is None
        assert plan(unsure(row), Situation(MARIE, valid=True, vanished=True, held=True), NOW).kind is None


@pytest.mark.parametrize(
    ("kind", "now_is", "true"),
    [
        (MessageKind.CONFIRMATION, Situation(MARIE, valid=True), True),
        (MessageKind.MODIFICATION, Situation(MARIE, valid=True), True),
        (MessageKind.CONFIRMATION, Situation(MOVED, valid=True), False),
        (MessageKind.CONFIRMATION, Situation(MARIE, valid=False), False),
        (MessageKind.CONFIRMATION, Situation(MARIE, valid=True, vanished=True), False),
        (MessageKind.CONFIRMATION, Situation(PAUL, valid=True), False),
        (MessageKind.CANCELLATION, Situation(MARIE, valid=True), False),
        (MessageKind.CANCELLATION, Situation(MARIE, valid=True, vanished=True), True),
        (MessageKind.CANCELLATION, Situation(MARIE, valid=True, vanished=True, held=True), False),
        (MessageKind.CANCELLATION, Situation(PAUL, valid=True), True),
    ],
)
def test_l4_what_may_have_left_goes_again_only_while_it_is_true(
    kind: MessageKind, now_is: Situation, true: bool
) -> None:
    assert still_says_it(kind, MARIE, now_is, NOW) is true


def test_l4_an_unclear_message_to_an_address_that_was_corrected_says_nothing_to_the_new_one() -> None:
    stands = Situation(MARIE, valid=True)
    assert elsewhere(unsure(Row.IN_FLIGHT), stands, "+33699999999").row is Row.UNCLEAR
    assert elsewhere(unsure(Row.IN_FLIGHT), stands, "+33612345678").row is Row.IN_FLIGHT
    assert elsewhere(known(Row.TOLD), stands, "+33699999999").row is Row.TOLD


# --- reminders -------------------------------------------------------------------------------------------------------


def remind(at: datetime, *, told: datetime, row: Row = Row.TOLD, valid: bool = True, facts: Facts = MARIE) -> bool:
    knowledge = Knowledge(row, facts, "+33612345678", told)
    return reminder_due(knowledge, plan(knowledge, Situation(facts, valid=valid), at), PRACTICE, at)


def test_p41_the_reminder_goes_24_hours_before_and_not_earlier() -> None:
    due = datetime(2026, 11, 30, 9, 30, tzinfo=PARIS)
    assert remind(due, told=NOW)
    assert not remind(due - timedelta(minutes=1), told=NOW)


def test_p41_f09_over_the_change_of_hour_the_wall_clock_counts() -> None:
    monday = datetime(2026, 10, 25, 9, 0, tzinfo=PARIS)
    before = reminder_at(monday, 24, PRACTICE)
    assert (before.day, before.hour) == (24, 9)
    assert monday.timestamp() - before.timestamp() == 25 * 3600


def test_p41_booked_less_than_a_day_ahead_the_confirmation_was_the_reminder() -> None:
    late = datetime(2026, 11, 30, 15, 0, tzinfo=PARIS)
    assert not remind(datetime(2026, 11, 30, 16, 0, tzinfo=PARIS), told=late)


def test_h05_late_but_useful_is_sent_too_late_is_not() -> None:
    assert remind(datetime(2026, 12, 1, 4, 30, tzinfo=PARIS), told=NOW)
    assert not remind(datetime(2026, 12, 1, 8, 30, tzinfo=PARIS), told=NOW)


def test_l3_a_told_booking_in_error_is_not_reminded_a_baseline_one_is() -> None:
    due = datetime(2026, 11, 30, 10, 0, tzinfo=PARIS)
    assert not remind(due, told=NOW, valid=False)
    assert remind(due, told=NOW, valid=False, row=Row.BASELINE)


facts = st.builds(
    Facts,
    patient_id=st.integers(0, 2),
    name=st.sampled_from(["DUPONT Marie", "DURAND Paul"]),
    dentist=st.sampled_from(["martin", "bernard"]),
    start=st.datetimes(datetime(2026, 11, 20), datetime(2026, 12, 9), timezones=st.just(PARIS)),
    minutes=st.just(30),
    motif=st.sampled_from([None, "Détartrage"]),
    place=st.just(PLACE),
)


@given(told=facts, current=facts, valid=st.booleans(), vanished=st.booleans(), row=st.sampled_from(list(Row)))
def test_l3_while_an_error_stands_only_a_cancellation_may_go(
    told: Facts, current: Facts, valid: bool, vanished: bool, row: Row
) -> None:
    kind = plan(known(row, told), Situation(current, valid=valid, vanished=vanished), NOW).kind
    assert valid or kind in (None, MessageKind.CANCELLATION)


@given(current=facts)
def test_l2_once_told_the_same_facts_want_nothing_more(current: Facts) -> None:
    assert plan(known(Row.TOLD, current), Situation(current, valid=True), NOW).kind is None
