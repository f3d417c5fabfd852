"""Batches: what is read by name goes in one question, each part answered for itself; what is written goes one by one.
Counted in requests that left the machine."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.base import NotThere, Resource, TryLater
from adapters.meter import Meter
from demo.googlestandin.faults import Asked
from demo.googlestandin.person import Event
from sync.pull.multiget import multiget
from tests.google.practice import IDS, MINUTE, ROBOT, Practice, at
from tests.office import COMPLETE

Booked = Callable[[int], list[Event]]


@pytest.fixture
def booked(practice: Practice) -> Booked:
    """So many blocks in Dr Martin's calendar, and known to the store."""

    def books(count: int) -> list[Event]:
        made = [practice.martin.books("Réunion", at(1 + number // 20, 8) + MINUTE * number) for number in range(count)]
        practice.passes(later=MINUTE)
        practice.google.log.clear()
        return made

    return books


def sent(practice: Practice, later: timedelta = MINUTE) -> int:
    """Requests that a pass sends."""
    before = practice.access.http.requests
    practice.passes(later=later)
    return practice.access.http.requests - before


def gone(practice: Practice, events: list[Event]) -> list[bool]:
    from sync.store import resources

    with practice.office.world.store.read() as tx:
        rows = [resources.get(tx, f"google:{IDS['martin']}", event.id) for event in events]
    return [row is not None and row.state == "gone" for row in rows]


# --- read together ---------------------------------------------------------------------------------------------------


def test_forty_deletions_are_proved_in_one_question_instead_of_forty(practice: Practice, booked: Booked) -> None:
    events = booked(40)
    for event in events:
        practice.martin.deletes(event)
    assert sent(practice) == 3  # two calendars' lists, and the batch: 42 where each is read by itself
    assert (practice.asked("batch"), practice.asked("events.get")) == (1, 40)
    assert all(gone(practice, events))


def test_one_deletion_needs_no_batch(practice: Practice, booked: Booked) -> None:
    [event] = booked(1)
    practice.martin.deletes(event)
    assert sent(practice) == 3
    assert practice.asked("batch") == 0
    assert gone(practice, [event]) == [True]


def test_a03_what_a_lost_token_hid_is_proved_twice_in_two_questions_instead_of_160(
    practice: Practice, booked: Booked
) -> None:
    """Google forgot the tombstones: each event is unknown to it, and each proof asks besides whether the calendar is
    there."""
    events = booked(40)
    for event in events:
        practice.martin.deletes(event)
    practice.google.expire_sync_tokens()
    practice.google.forget_deleted(IDS["martin"])
    requests = [sent(practice), sent(practice), sent(practice)]
    assert all(gone(practice, events))
    assert practice.asked("batch") == 2
    assert sum(requests) <= 14  # by itself each proof is two: more than 160


def test_each_part_is_counted_as_google_counts_it(practice: Practice, booked: Booked) -> None:
    events = booked(40)
    for event in events:
        practice.martin.deletes(event)
    practice.access.meter = Meter("projet")
    sent(practice)
    assert practice.access.meter.take() == 42
    practice.books()
    practice.passes(later=MINUTE)
    assert practice.access.meter.take() == 3  # two lists and the write


def test_more_than_fifty_go_in_parts(practice: Practice, booked: Booked) -> None:
    events = booked(60)
    found = dict(multiget(practice.calendar("martin"), [event.id for event in events]))
    assert len(found) == 60
    assert all(isinstance(body, Resource) for body in found.values())
    assert (practice.asked("batch"), practice.asked("events.get")) == (2, 60)


def test_read_together_is_what_is_read_singly(practice: Practice, booked: Booked) -> None:
    plain, deleted, twice = booked(3)
    series = practice.martin.books("Réunion", at(3, 15), 30, recurrence=["RRULE:FREQ=DAILY;COUNT=4"])
    moved = practice.martin.instance(series, at(4, 15))
    practice.martin.moves(moved, at(4, 17))
    practice.martin.deletes(deleted)
    practice.martin.deletes(twice)
    practice.google.forget_deleted(IDS["martin"])
    practice.martin.deletes(plain)
    practice.martin.restores(plain)
    calendar = practice.calendar("martin")
    refs = [plain.id, deleted.id, twice.id, series.id, moved.id, "neverwasthere"]
    assert dict(multiget(calendar, refs)) == {ref: calendar.get(ref) for ref in refs}


# --- each for itself -------------------------------------------------------------------------------------------------


def part(number: int) -> Callable[[Asked], bool]:
    """That part of a batch."""
    counted = [0]

    def matches(asked: Asked) -> bool:
        counted[0] += asked.inner
        return asked.inner and counted[0] == number

    return matches


@pytest.mark.parametrize("fault", ["rateLimitExceeded", "backendError", "unavailable", "authError"])
def test_a_part_that_was_refused_is_asked_for_again_and_the_others_count(
    practice: Practice, booked: Booked, fault: str
) -> None:
    events = booked(5)
    for event in events:
        practice.martin.deletes(event)
    practice.google.fail_next(fault, when=part(3))
    practice.passes(later=MINUTE)
    assert all(gone(practice, events))


@pytest.mark.parametrize("fault", ["lostAnswer", "noAnswer", "cutAnswer", "htmlPage", "unavailable"])
def test_l5_a_batch_that_fails_loses_nothing(practice: Practice, booked: Booked, fault: str) -> None:
    events = booked(5)
    for event in events:
        practice.martin.deletes(event)
    practice.google.fail_next(fault, when="batch")
    practice.passes(later=MINUTE)
    practice.passes(later=20 * MINUTE)
    assert all(gone(practice, events))
    assert practice.state().fail_count == 0


def test_a_relay_that_knows_no_batches_is_asked_one_by_one(practice: Practice, booked: Booked) -> None:
    events = booked(5)
    for event in events:
        practice.martin.deletes(event)
    practice.google.fail_next("notFound", times=99, when="batch")
    assert sent(practice) == 8
    assert all(gone(practice, events))


def test_a18_where_the_calendar_is_gone_none_of_its_events_is(practice: Practice, booked: Booked) -> None:
    refs = [event.id for event in booked(5)]
    practice.google.share(IDS["martin"], ROBOT, "none")
    with pytest.raises(NotThere):
        dict(multiget(practice.calendar("martin"), refs))


def test_where_every_part_is_refused_for_being_asked_too_often_the_first_single_one_ends_it(
    practice: Practice, booked: Booked
) -> None:
    refs = [event.id for event in booked(20)]
    practice.google.fail_next("rateLimitExceeded", times=99, when="events.get")
    with pytest.raises(TryLater):
        dict(multiget(practice.calendar("martin"), refs))
    assert practice.asked("events.get") == 21


# --- written one by one ----------------------------------------------------------------------------------------------


def test_l1_twenty_notes_are_twenty_conditional_writes_and_no_reading_before_them(practice: Practice) -> None:
    """There is nothing to read together: what the rules saw carries its version, and Google's answer the next one."""
    practice.passes()
    made = [practice.martin.books("DUPONT Marie – détartrage", at(1 + n, 10), 30, COMPLETE) for n in range(20)]
    practice.google.log.clear()
    practice.passes(later=MINUTE)
    writes = [one.asked for one in practice.google.asked("events.patch")]
    assert len(writes) >= 20
    assert all(one.headers.get("if-match") and not one.inner for one in writes)
    assert (practice.asked("events.get"), practice.asked("batch")) == (0, 0)
    assert all(practice.martin.sees(one).block for one in made)
    practice.google.log.clear()
    practice.passes(later=MINUTE)
    assert practice.asked("events.get") == 0


def test_c15_a_used_up_quota_ends_the_writing_at_its_first_answer(practice: Practice) -> None:
    """In a batch nineteen more would have been refused."""
    for number in range(20):
        practice.martin.books("DUPONT Marie – détartrage", at(1 + number, 10), 30, COMPLETE)
    practice.google.fail_next("quotaExceeded", times=99, when="events.patch")
    practice.google.log.clear()
    practice.passes(later=MINUTE)
    assert practice.asked("events.patch") == 1
