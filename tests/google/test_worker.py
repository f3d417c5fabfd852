"""The worker on Google calendars, through the whole engine: what patients are told and what stands in the events."""

from __future__ import annotations

from datetime import timedelta
from math import inf

import pytest
from msgspec.structs import replace

from adapters.meter import Meter
from demo.googlestandin.faults import writes
from demo.googlestandin.person import Event
from sync.core.budget import Budget
from sync.store import resources
from sync.worker import health
from tests.google.practice import IDS, MINUTE, ROBOT, Practice, at
from tests.office import COMPLETE


@pytest.fixture
def confirmed(practice: Practice) -> Event:
    event = practice.books()
    practice.passes()
    assert practice.told("confirmation") == ["sent"]
    return event


# --- a booking's life ------------------------------------------------------------------------------------------------


def test_p18_a_booking_is_confirmed_and_its_event_says_so(practice: Practice, confirmed: Event) -> None:
    now = practice.martin.sees(confirmed)
    assert now.title.startswith("✓ DUPONT Marie")
    assert now.hers == COMPLETE
    assert "Dr Claire Martin" in now.block


def test_d01_d02_a_hundred_quiet_passes_ask_once_each_and_write_nothing(practice: Practice, confirmed: Event) -> None:
    practice.passes()
    etag = practice.martin.sees(confirmed).etag
    practice.google.log.clear()
    for _ in range(100):
        practice.passes()
    assert practice.asked("") == practice.asked("events.list") == 200  # two calendars
    assert practice.martin.sees(confirmed).etag == etag
    assert practice.told("confirmation") == ["sent"]


def test_p42_a_moved_booking_is_told_once(practice: Practice, confirmed: Event) -> None:
    practice.martin.moves(confirmed, at(7, 14))
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.told("modification") == ["sent"]


def test_g01_a_deleted_booking_is_cancelled_once_from_what_we_know(practice: Practice, confirmed: Event) -> None:
    practice.martin.deletes(confirmed)
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.told("cancellation") == ["sent"]


def test_g02_a_deletion_undone_before_the_next_pass_is_told_to_nobody(practice: Practice, confirmed: Event) -> None:
    practice.martin.deletes(confirmed)
    practice.martin.restores(confirmed)
    practice.passes()
    assert practice.told("cancellation") == []


def test_g02_restored_after_the_cancellation_was_told_is_a_new_confirmation(
    practice: Practice, confirmed: Event
) -> None:
    practice.martin.deletes(confirmed)
    practice.passes()
    practice.passes(later=MINUTE)
    practice.martin.restores(confirmed)
    practice.passes(later=MINUTE)
    assert practice.told("cancellation") == ["sent"]
    assert practice.told("confirmation") == ["sent", "sent"]


@pytest.mark.parametrize("losing", [False, True])
def test_g03_moved_to_another_dentist_is_one_modification(practice: Practice, confirmed: Event, losing: bool) -> None:
    practice.google.world.switches.moves_lose_properties = losing
    moved = practice.martin.moves_to(confirmed, IDS["bernard"])
    practice.passes()
    assert "pas par Dr Paul Bernard" in practice.bernard.sees(moved).block
    practice.bernard.writes(moved, "Sans préférence", "Accord patient : oui (tél. 24/11)")
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.told("cancellation") == []
    assert len(practice.told("modification")) == 1


def test_d05_a_copy_is_a_booking_of_its_own(practice: Practice, confirmed: Event) -> None:
    copy = practice.martin.copies_to(confirmed, IDS["martin"])
    practice.martin.moves(copy, at(9, 14))
    practice.passes()
    practice.passes(later=MINUTE)
    first, second = practice.martin.sees(confirmed), practice.martin.sees(copy)
    assert (first.hers, second.hers) == (COMPLETE, COMPLETE)
    assert [one.block.count("── attitre ──") for one in (first, second)] == [1, 1]
    assert first.block.splitlines()[-2] != second.block.splitlines()[-2]  # each its own reference
    assert practice.told("confirmation") == ["sent", "sent"]


def test_d09_saved_in_the_web_page_is_written_to_nobody_and_not_rewritten(practice: Practice, confirmed: Event) -> None:
    practice.martin.saves_on_the_web(confirmed)
    etag = practice.martin.sees(confirmed).etag
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.martin.sees(confirmed).etag == etag
    assert practice.told("modification") == []


def test_d08_she_takes_our_part_out_twice_and_is_respected(practice: Practice, confirmed: Event) -> None:
    for _ in range(3):
        practice.martin.edits(confirmed, description=COMPLETE)
        practice.passes()
        practice.passes(later=MINUTE)
    assert practice.martin.sees(confirmed).block == ""
    assert practice.told("confirmation") == ["sent"]


def test_with_the_requests_of_the_day_used_up_she_is_answered_and_the_patient_told(practice: Practice) -> None:
    world = practice.office.world
    budget = Budget(1_000, Meter("projet"), world.store)
    budget.meter.count(5_000)
    practice.office.world = replace(world, budgets={source.address: budget for source in world.sources})
    event = practice.books()
    practice.passes()
    assert practice.office.world.stretch(world.sources[0].address) == inf
    assert practice.told("confirmation") == ["sent"]
    assert practice.martin.sees(event).title.startswith("✓ DUPONT Marie")


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a03_an_expired_token_is_silent(practice: Practice, confirmed: Event) -> None:
    practice.passes()
    etag = practice.martin.sees(confirmed).etag
    practice.google.expire_sync_tokens()
    practice.passes(later=MINUTE)
    practice.passes(later=MINUTE)
    assert practice.told("confirmation") == ["sent"]
    assert practice.told("cancellation") == practice.told("modification") == []
    assert practice.martin.sees(confirmed).etag == etag
    assert practice.state().state == "active"


def test_a03_what_was_deleted_while_the_token_was_lost_is_cancelled_all_the_same(
    practice: Practice, confirmed: Event
) -> None:
    practice.martin.deletes(confirmed)
    practice.google.expire_sync_tokens()
    practice.google.forget_deleted(IDS["martin"])
    for _ in range(3):
        practice.passes(later=MINUTE)
    assert practice.told("cancellation") == ["sent"]


def test_a05_a_calendar_that_refuses_every_token_fails_alone_and_recovers(practice: Practice) -> None:
    martins = lambda asked: asked.operation == "events.list" and "martin" in asked.path  # noqa: E731
    practice.google.fail_next("fullSyncRequired", times=2, when=martins)
    event = practice.bernard.books("DUPONT Marie – détartrage", at(8), 30, COMPLETE)
    practice.passes()
    assert practice.state().fail_count == 1
    assert practice.bernard.sees(event).title.startswith("✓")
    practice.passes(later=MINUTE)
    assert practice.state().fail_count == 0


def test_a18_an_unshared_calendar_cancels_nothing(practice: Practice, confirmed: Event) -> None:
    practice.google.share(IDS["martin"], ROBOT, "none")
    for _ in range(3):
        practice.passes(later=MINUTE)
    assert practice.told("cancellation") == []
    assert "partagé" in practice.state().reason
    practice.google.share(IDS["martin"], ROBOT, "writer")
    practice.passes(later=MINUTE)
    assert practice.told("cancellation") == practice.told("modification") == []


def test_a_week_of_nightly_audits_finds_nothing_and_writes_nothing(practice: Practice, confirmed: Event) -> None:
    series = practice.martin.books("Réunion", at(1, 15), 30, recurrence=["RRULE:FREQ=DAILY;COUNT=9"])
    practice.martin.moves(practice.martin.instance(series, at(2, 15)), at(2, 17))
    practice.martin.deletes(practice.martin.books("DURAND Paul", at(3, 17)))
    practice.passes()
    practice.google.log.clear()
    for _ in range(5 * 12):
        practice.passes(later=timedelta(hours=2))
    assert [one for one in practice.google.log if writes(one.asked)] == []
    whole = [one for one in practice.google.asked("events.list") if not one.asked.one("syncToken")]
    assert len(whole) >= 5
    assert practice.told("cancellation") == practice.told("modification") == []
    assert practice.state().cursor.kind == "google"


def test_a_change_that_no_token_told_is_found_by_the_nightly_audit(practice: Practice, confirmed: Event) -> None:
    """Hard case A11: Google's log of changes lost one."""
    practice.passes()
    martins = practice.google.world.calendars[IDS["martin"]]
    practice.martin.moves(confirmed, at(7, 14))
    martins.events[confirmed.id].version = 1  # as if it had been there before the token
    practice.passes(later=MINUTE)
    assert practice.told("modification") == []
    for _ in range(14):
        practice.passes(later=timedelta(hours=2))
    assert practice.told("modification") == ["sent"]


# --- series ----------------------------------------------------------------------------------------------------------


def test_e07_a_cancelled_instance_of_a_series_is_cancelled_alone(practice: Practice) -> None:
    series = practice.books(recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    practice.passes()
    sent = len(practice.told("confirmation"))
    practice.martin.deletes(practice.martin.instance(series, at(14)))
    practice.passes()
    practice.passes(later=MINUTE)
    assert len(practice.told("cancellation")) == 1
    assert len(practice.told("confirmation")) == sent


def test_e09_this_and_following_at_the_same_times_is_told_to_nobody(practice: Practice) -> None:
    series = practice.books(recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"])
    practice.passes()
    before = practice.told("confirmation")
    instance = practice.martin.instance(series, at(21))
    practice.martin.splits(series, instance, recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    for _ in range(3):
        practice.passes(later=MINUTE)
    assert practice.told("cancellation") == practice.told("modification") == []
    assert practice.told("confirmation") == before


def test_e15_a_deleted_series_cancels_what_was_to_come(practice: Practice) -> None:
    series = practice.books(recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    practice.passes()
    confirmed = len(practice.told("confirmation"))
    practice.martin.deletes(series)
    practice.passes()
    practice.passes(later=MINUTE)
    assert len(practice.told("cancellation")) <= confirmed


# --- limits and rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarting", [False, True])
def test_c15_a_used_up_quota_pauses_writing_for_an_hour_and_loses_no_message(
    practice: Practice, restarting: bool
) -> None:
    practice.google.fail_next("quotaExceeded", when=writes)
    first, second = practice.books(), practice.books("DUPONT Marie – détartrage", day=8)
    practice.passes()
    assert practice.told("confirmation") == ["sent", "sent"]
    third = practice.books("DUPONT Marie – détartrage", day=9)
    for _ in range(5):
        practice.passes(later=timedelta(minutes=10))
        if restarting:
            practice.restarts()
    assert len([one for one in practice.google.log if writes(one.asked)]) == 1
    assert (practice.state().fail_count, practice.told("confirmation")) == (0, ["sent"] * 3)
    practice.restarts()  # the machine's own clock did not go on by an hour
    practice.passes(later=timedelta(minutes=15))
    assert [practice.martin.sees(event).title[0] for event in (first, second, third)] == ["✓", "✓", "✓"]


def test_i03_reading_too_often_waits_as_long_as_google_asks(practice: Practice) -> None:
    practice.google.fail_next("rateLimitExceeded", when="events.list", times=2, retry_after="300")
    practice.passes()
    practice.google.log.clear()
    practice.passes(later=MINUTE)
    assert practice.asked("events.list") == 0
    practice.passes(later=timedelta(minutes=5))
    assert practice.asked("events.list") == 2


def test_a_reader_is_checked_and_its_patients_are_told(practice: Practice) -> None:
    practice.google.share(IDS["martin"], ROBOT, "reader")
    event = practice.books()
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.told("confirmation") == ["sent"]
    assert practice.martin.sees(event).etag == event.etag
    assert [one for one in practice.google.log if writes(one.asked)] == []
    assert "Lecture seule" in (practice.state().read_only or "")


def test_writes_that_google_refuses_are_said_and_patients_are_told(practice: Practice) -> None:
    """The role allows them, the answer does not."""
    practice.google.fail_next("forbidden", when="events.patch", times=9)
    practice.books()
    for _ in range(3):
        practice.passes(later=MINUTE)
    assert practice.told("confirmation") == ["sent"]
    with practice.office.world.store.read() as tx:
        assert len([one for one in health.wrong(tx) if "Chaque écriture y est refusée" in one]) == 1
    assert [one for one in practice.office.to_practice() if "écriture refusée" in one]


def test_busy_times_only_is_one_clear_sentence_and_no_finding(practice: Practice) -> None:
    practice.google.share(IDS["martin"], ROBOT, "freeBusyReader")
    practice.books()
    practice.passes()
    practice.passes(later=MINUTE)
    assert "disponibilité" in practice.state().reason
    assert practice.told("confirmation") == []
    with practice.office.world.store.read() as tx:
        assert resources.versions(tx, f"google:{IDS['martin']}") == {}
    assert len([one for one in practice.office.to_practice() if "non lu" in one]) == 1


@pytest.mark.parametrize("kind", ["birthday", "fromGmail", "workingLocation"])
def test_what_google_adds_by_itself_is_left_alone(practice: Practice, kind: str) -> None:
    event = practice.books(eventType=kind)
    practice.passes()
    assert practice.told("confirmation") == []
    assert practice.martin.sees(event).etag == event.etag


@pytest.mark.parametrize("title", ["Congés", "Absent du bureau", "Absent(e)", "Out of office"])
def test_an_absence_is_a_block_with_its_reason_and_is_never_written_into(practice: Practice, title: str) -> None:
    event = practice.martin.books(title, at(7, 10), 480, eventType="outOfOffice")
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.martin.sees(event).etag == event.etag
    assert practice.office.sms.sent == []


def test_c12_guests_are_never_written_to(practice: Practice) -> None:
    event = practice.books(attendees=[{"email": "a@example.com"}])
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.martin.sees(event).etag == event.etag
    assert practice.google.world.mails == []


def test_g09_many_deletions_are_held_and_the_notice_stands_in_her_calendar(practice: Practice) -> None:
    booked = [practice.books(f"DUPONT Marie {n} – détartrage", day=7 + n) for n in range(12)]
    practice.passes()
    for event in booked:
        practice.martin.deletes(event)
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.told("cancellation") == []
    (notice,) = [one for one in practice.martin.everything() if "retenue" in one.title]
    practice.martin.edits(notice, description=f"non\n{notice.text}")
    practice.passes(later=MINUTE)
    assert practice.told("cancellation") == []
    assert not practice.martin.still_there(notice)


def test_a_question_is_answered_in_the_event(practice: Practice) -> None:
    event = practice.martin.books("? dupont 1981", at(1), 15)
    practice.passes()
    practice.passes(later=MINUTE)
    assert practice.martin.sees(event).block


def test_p8_a_slot_that_is_too_short_gets_its_length(practice: Practice) -> None:
    event = practice.martin.books("DUPONT Marie – détartrage", at(7), 15, COMPLETE)
    practice.passes()
    practice.passes(later=MINUTE)
    now = practice.martin.sees(event).body
    assert now["end"]["dateTime"] == at(7).replace(minute=30).isoformat(timespec="seconds")
