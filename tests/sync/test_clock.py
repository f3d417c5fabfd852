"""The computer's clock is wrong for a while, or is put back: patients are told right, and nothing stands still."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from adapters.base import TryLater
from sync.store import moments, tables
from sync.store.utc import UtcDateTime
from sync.worker.clock import Steps
from sync.worker.one_pass import one_pass
from tests.office import COMPLETE, PRACTICE, Office, make_office
from tests.working import Working

YEAR, MINUTE = timedelta(days=365), timedelta(minutes=1)
DONE = (*moments.WORKING, *moments.HISTORY)
PLANNED = (*moments.AT_ONCE, tables.message.c.due_at, tables.edit.c.due_at, tables.gap.c.look_at)
NOT_OURS = (  # when an appointment is, what a server said of its own time, and history that is only read
    tables.resource.c.backlog_at, tables.resource.c.over_at, tables.lease.c.until, tables.lease.c.due_at,
    tables.process.c.begun_at, tables.process.c.seen_at,
    tables.calendar.c.pushed_until, tables.subscription.c.expires_at, tables.occurrence.c.start,
    tables.occurrence.c.end, tables.booking.c.start, tables.booking.c.end, tables.edit.c.end,
    tables.patient_history.c.at, tables.journal.c.at, tables.intent.c.start, tables.slot_hold.c.at,
    tables.intent.c.old_start, tables.intent.c.old_end,
    tables.agreement.c.start, tables.rescue.c.start,
    tables.waiting.c.held, tables.gap.c.start, tables.gap.c.end, tables.offer.c.start,
    tables.offer.c.end, tables.offer.c.until,
)  # fmt: skip


@pytest.fixture
def patient_office(tmp_path: Path) -> Office:
    """After its first pass; a message waits two minutes for her to be ready."""
    policy = replace(PRACTICE.policy, settle_seconds=120, settle_change_seconds=120)
    office = make_office(tmp_path, replace(PRACTICE, policy=policy))
    office.passes()
    return office


def wrong(office: Office, by: timedelta = YEAR) -> None:
    """One pass by a clock that is wrong, then the clock is right again."""
    office.turned += by
    one_pass(office.world)
    office.turned -= by


def quiet(office: Office, minutes: int = 12) -> None:
    for _ in range(minutes // 3):
        office.passes(later=timedelta(minutes=3))


def sms(office: Office) -> list[str]:
    return [one.text for one in office.sms.sent]


def test_a_confirmation_that_waited_through_a_wrong_pass_goes_once(patient_office: Office) -> None:
    office = patient_office
    office.she_books("a")
    office.passes()
    wrong(office)
    quiet(office)
    assert office.told("confirmation") == ["sent"]
    assert office.block("a").startswith("✓")


def test_what_she_booked_while_the_clock_was_wrong_is_confirmed_and_is_not_called_past(office: Office) -> None:
    office.she_books("a")
    wrong(office)
    quiet(office)
    assert office.told("confirmation") == ["sent"]
    assert "passé" not in office.block("a")


def test_a_change_that_waited_is_told_once(patient_office: Office) -> None:
    office = patient_office
    office.she_books("a")
    quiet(office)
    office.she_books("a", hour=15)
    office.passes()
    wrong(office)
    quiet(office)
    assert (office.told("confirmation"), office.told("modification")) == (["sent"], ["sent"])
    assert "15 h" in sms(office)[-1].replace("15h", "15 h")


@pytest.mark.parametrize("seen", ["before", "meanwhile"])
def test_a_cancellation_is_told_once(patient_office: Office, seen: str) -> None:
    office = patient_office
    office.she_books("a")
    quiet(office)
    office.calendars["martin"].delete("a.ics")
    if seen == "before":
        office.passes()
    wrong(office)
    quiet(office)
    assert office.told("cancellation") == ["sent"]


def test_nothing_is_told_twice_where_nothing_changed(office: Office) -> None:
    office.she_books("a")
    quiet(office)
    before = list(office.sms.sent)
    wrong(office)
    quiet(office)
    assert office.sms.sent == before


@pytest.mark.parametrize("order", list(permutations(["books", "drags", "wrong"])))
def test_whatever_comes_first_the_last_word_is_the_truth(patient_office: Office, order: tuple[str, ...]) -> None:
    office = patient_office
    hour = 10
    done: dict[str, Callable[[], object]] = {"wrong": lambda: wrong(office)}
    done["books"] = done["drags"] = lambda: office.she_books("a", hour=hour)
    for step in order:
        hour = 15 if step == "drags" else hour
        done[step]()
        office.passes(later=MINUTE)
    quiet(office)
    facts = [one.facts.start.hour for one in _messages(office) if one.state == "sent" and one.channel == "sms"]
    assert facts[-1] == hour
    assert len(set(facts)) == len(facts)


def _messages(office: Office) -> list[object]:
    from sync.store import messages

    with office.world.store.read() as tx:
        return messages.with_state(tx, "sent", "pending", zone=PRACTICE.zone)  # type: ignore[return-value]


def test_the_reminder_goes_at_its_hour_once(office: Office) -> None:
    office.she_books("a", day=3)
    quiet(office)
    wrong(office)
    office.passes(later=timedelta(days=2, hours=2))
    quiet(office)
    assert office.told("reminder") == ["sent"]


def test_a_reminder_that_was_given_up_by_a_wrong_clock_goes(office: Office) -> None:
    office.she_books("a", day=3)
    quiet(office)
    office.sms.fail(TryLater("plus tard"))
    office.passes(later=timedelta(days=2, hours=2))
    wrong(office)
    quiet(office, 60)
    assert office.told("reminder") == ["sent"]


def test_a_reminder_that_a_wrong_clock_sent_a_year_early_goes_again_at_its_hour(office: Office) -> None:
    office.she_books("a", day=366)
    quiet(office)
    wrong(office, timedelta(days=365, hours=2))
    assert office.told("reminder") == ["sent"]
    quiet(office)
    assert office.told("reminder") == ["sent"]
    office.passes(later=timedelta(days=365, hours=1))
    quiet(office)
    assert office.told("reminder") == ["sent", "sent"]
    assert len({one.key for one in office.sms.sent}) == len(office.sms.sent)


def test_a_series_of_which_one_visit_is_dragged_meanwhile_is_told_of_that_one_only(office: Office) -> None:
    office.she_books("a")
    body = office.calendars["martin"].get("a.ics")
    assert body is not None
    series = body.payload.replace(b"SUMMARY", b"RRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY")
    office.calendars["martin"].put("a.ics", series)
    quiet(office)
    before = len(office.sms.sent)
    wrong(office)
    quiet(office)
    assert len(office.sms.sent) == before
    with office.world.store.read() as tx:
        states = tx.connection.execute(select(tables.booking.c.state)).scalars().all()
    assert set(states) == {"valid"}


def test_no_moment_that_was_done_lies_ahead_once_the_clock_is_right(office: Office) -> None:
    office.she_books("a")
    quiet(office)
    office.she_books("b", day=8, text=COMPLETE.replace("56 78", "56 79"))
    office.turned += YEAR
    office.calendars["bernard"].fail_next(TryLater("plus tard", retry_after=3000))
    one_pass(office.world)
    office.turned -= YEAR
    office.passes()
    with office.world.store.read() as tx:
        for column in (*DONE, *PLANNED):
            latest = tx.connection.execute(select(func.max(column))).scalar()
            assert latest is None or latest <= office.now + timedelta(hours=1), column


def test_every_moment_of_the_tables_is_of_one_kind() -> None:
    known = [*DONE, *PLANNED, *NOT_OURS]
    every = [
        column
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, UtcDateTime)
    ]
    assert {str(one) for one in every} == {str(one) for one in known}
    assert len(known) == len(every)


def test_the_practice_is_told_once_that_the_clock_went_back(office: Office) -> None:
    wrong(office, timedelta(hours=17))
    quiet(office)
    assert [one for one in office.to_practice() if "horloge" in one] == ["attitre : l'horloge a reculé d'environ 17 h"]


def test_a_clock_that_is_put_right_by_seconds_is_nobodys_concern(office: Office) -> None:
    wrong(office, timedelta(seconds=90))
    quiet(office)
    assert office.to_practice() == []


def test_the_digest_comes_the_next_day(office: Office) -> None:
    office.she_books("a", text="Nouveau patient")
    office.passes(later=timedelta(days=1))
    wrong(office)
    before = len(office.to_practice())
    office.passes(later=timedelta(days=1))
    assert len([one for one in office.to_practice()[before:] if "horloge" not in one]) == 1


# --- the worker ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", [timedelta(minutes=1), timedelta(hours=17), YEAR])
def test_after_the_clock_went_back_each_calendar_is_read_as_before(office: Office, back: timedelta) -> None:
    working = Working(office)
    working.rounds(301)
    office.turned -= back
    asked = working.rounds(301)
    for calendar in ("martin", "bernard"):
        assert len(asked[calendar]) >= 5
        assert asked[calendar][0] <= 60


@pytest.mark.parametrize("back", [timedelta(hours=17), YEAR])
def test_what_a_server_asked_for_by_the_old_clock_does_not_blind(office: Office, back: timedelta) -> None:
    working = Working(office)
    office.calendars["martin"].fail_next(TryLater("plus tard", retry_after=3000))
    working.rounds(120)
    office.turned -= back
    assert working.rounds(121)["martin"][0] <= 60


@pytest.mark.parametrize("step", [-YEAR, -timedelta(hours=17), timedelta(hours=17), YEAR])
def test_a_step_of_the_clock_neither_blinds_nor_floods_the_pace_of_a_process(office: Office, step: timedelta) -> None:
    passed = [0.0]
    office.world = replace(office.world, steady=lambda: passed[0])
    worker = Working(office)
    addresses = [source.address for source in office.world.sources]
    worker.once()
    office.turned += timedelta(seconds=20)
    passed[0] += 20
    for address in addresses:
        assert worker.readers.last_read(address) == office.now - timedelta(seconds=20)
    before = [worker.readers.due(one, worker.rows()[one], office.now) - office.now for one in addresses]
    office.turned += step
    rows = {one: replace(row, last_success=None, last_attempt=None) for one, row in worker.rows().items()}
    after = [worker.readers.due(one, rows[one], office.now) - office.now for one in addresses]
    assert [round(one.total_seconds()) for one in after] == [round(one.total_seconds()) for one in before]


def test_what_she_books_after_the_clock_went_back_is_told_in_time(office: Office) -> None:
    working = Working(office)
    working.rounds(120)
    office.turned -= timedelta(hours=17)
    office.she_books("a")
    working.rounds(180)
    assert office.told("confirmation") == ["sent"]


def test_the_worker_notices_that_the_clock_was_put_forward_and_tells_it_once(office: Office) -> None:
    steady = [0.0]
    steps = Steps(lambda: steady[0])
    assert steps.look(office.world) is None
    steady[0] += 60
    office.turned += MINUTE
    assert steps.look(office.world) is None
    office.turned += timedelta(hours=5)
    assert steps.look(office.world) == timedelta(hours=5)
    assert steps.look(office.world) is None
    office.passes()
    assert office.to_practice() == ["attitre : l'horloge a avancé d'environ 5 h"]


def test_a_clock_that_was_wrong_for_long_and_is_put_back_leaves_history_as_it_was(office: Office) -> None:
    office.she_books("a", day=20)
    quiet(office)
    for _ in range(3):
        office.she_books("a", day=20, hour=11 + _)
        office.passes(later=timedelta(days=1))
    with office.world.store.read() as tx:
        before = tx.connection.execute(select(tables.message.c.done_at)).scalars().all()
    office.turned -= timedelta(days=4)
    office.passes()
    with office.world.store.read() as tx:
        assert tx.connection.execute(select(tables.message.c.done_at)).scalars().all()[: len(before)] == before
