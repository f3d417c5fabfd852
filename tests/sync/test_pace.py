"""When each calendar is read: its pace, hints, waits (docs/design.md#pace)."""

import threading
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from msgspec.structs import replace
from schedule import Scheduler

from adapters.base import WHOLE, LoginRefused, TryLater
from sync.store import calendars
from sync.store.engine import StoreProblem, Unusable
from sync.worker.loop import Stop, Worker, run
from tests.crew import crew_of
from tests.office import Office
from tests.working import Working, row_of, until


def test_a_hint_is_due_until_the_calendar_was_read_and_one_that_comes_meanwhile_stands(office: Office) -> None:
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now)
    assert row_of(office).due_at == office.now
    office.passes(later=timedelta(seconds=5))
    assert row_of(office).due_at is None
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now + timedelta(seconds=1))
        calendars.were_read(tx, ["memory:martin"], office.now)
    assert row_of(office).due_at == office.now + timedelta(seconds=1)


def test_a_wake_from_another_thread_brings_the_next_pass_forward(office: Office, tmp_path: Path) -> None:
    stop = Stop()
    crew = crew_of(tmp_path / "crew", [office.world], stop, every=3600)
    done = threading.Thread(target=run, args=(crew, stop), daemon=True)
    done.start()
    asked = office.calendars["martin"].calls
    until(lambda: asked["changes"] == 2)
    with office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", office.now)
    crew.workers[0].wake()
    until(lambda: asked["changes"] == 3)
    stop(15)
    done.join(10)
    assert not done.is_alive()


def test_a_round_comes_after_ten_minutes_whatever_the_dues_say(office: Office) -> None:
    ticker = Scheduler()
    worker = Worker(office.world, 3600, Stop(), ticker)
    worker.due += 3600
    worker.turn_if_due()
    ticker.run_pending()
    assert worker.passes["done"] == 0
    with time_machine.travel(datetime.now().astimezone() + timedelta(minutes=10, seconds=1)):
        ticker.run_pending()
    assert worker.passes["done"] == 1


# --- rounds, by a clock that tests turn -----------------------------------------------------------------------------


@pytest.fixture
def working(office: Office) -> Working:
    return Working(office)


def test_an_idle_calendar_is_asked_once_a_minute(working: Working) -> None:
    assert working.rounds(301) == {"martin": [0, 60, 120, 180, 240, 300], "bernard": [0, 60, 120, 180, 240, 300]}


def test_where_she_books_it_is_asked_every_fifteen_seconds_and_the_other_goes_on_as_before(working: Working) -> None:
    working.rounds(1)
    working.office.she_books("e1")
    asked = working.rounds(1200)
    first = asked["martin"][0]
    waits = [round(later - one, 1) for one, later in pairwise(asked["martin"])]
    assert first == 59
    assert waits[:60] == [15] * 60
    assert waits[60:] == sorted(waits[60:])
    assert waits[-1] == 60
    assert [round(later - one) for one, later in pairwise(asked["bernard"])] == [60] * 19


def test_outside_hours_it_is_asked_every_ten_minutes(office: Office) -> None:
    closed = tuple(replace(one, hours={0: ((time(9), time(12)),)}) for one in office.world.practice.dentists)
    office.world = replace(office.world, practice=replace(office.world.practice, dentists=closed))
    assert Working(office).rounds(1201)["martin"] == [0, 600, 1200]  # a Tuesday


def test_a_calendar_that_is_listed_whole_is_asked_every_five_minutes(working: Working) -> None:
    working.rounds(1)
    with working.office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", doubted_at=working.office.now, doubt="…")
        calendars.save_cursor(tx, "memory:martin", WHOLE)
    assert working.rounds(900)["martin"] == [299, 599, 899]


def test_beside_a_push_channel_it_is_asked_every_ten_minutes_and_when_a_hint_comes(working: Working) -> None:
    working.rounds(1)
    with working.office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", pushed_until=working.office.now + timedelta(hours=1))
    assert working.rounds(300) == {"bernard": [59, 119, 179, 239, 299]}
    with working.office.world.store.write() as tx:
        calendars.due_now(tx, "memory:martin", working.office.now)
    assert working.rounds(900)["martin"] == [0, 599]  # with the other, whose minute it is
    assert row_of(working.office).due_at is None


def test_a_failing_calendar_is_left_alone_longer_each_time_and_recovers(working: Working) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(TryLater("pas joignable"), times=8)
    asked = working.rounds(900)
    assert asked["martin"][:9] == [59, 60, 62, 66, 74, 90, 122, 186, 314]
    assert asked["bernard"][:3] == [59, 119, 179]
    assert (row_of(working.office).fail_count, row_of(working.office).due_at) == (0, None)


def test_i03_a_wait_that_was_too_short_is_doubled_and_holds_for_the_worker_too(working: Working) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(TryLater("trop de demandes", retry_after=30), times=4)
    assert working.rounds(600)["martin"][:5] == [59, 89, 149, 269, 509]


@pytest.mark.parametrize(("asked", "told"), [(3600, 1), (120, 0)])
def test_i03_a_long_wait_is_told_at_once_for_nothing_is_read_meanwhile(working: Working, asked: int, told: int) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(TryLater("trop de demandes", retry_after=asked))
    working.rounds(100)
    assert len(working.office.to_practice()) == told


def test_i02_a_refused_login_is_told_once_after_three_tries_over_ten_minutes_then_tried_hourly(
    working: Working,
) -> None:
    working.rounds(1)
    working.office.calendars["martin"].fail_next(LoginRefused("Google ne reconnaît plus l'autorisation."), times=6)
    asked = working.rounds(3600 * 3)["martin"]
    assert asked[:4] == [59, 119, 419, 719]
    assert [later - one for one, later in pairwise(asked[3:6])] == [3600, 3600]
    (told,) = [one for one in working.office.email.sent if "non lu" in one.subject]
    assert "L'accès est à redonner" in told.text
    working.rounds(3600 * 2)  # given anew meanwhile: nobody restarted anything
    assert (row_of(working.office).fail_count, row_of(working.office).refused) == (0, 0)
    assert len([one for one in working.office.email.sent if "non lu" in one.subject]) == 1


def test_i02_a_server_that_is_away_is_not_blamed_on_the_login(working: Working) -> None:
    working.rounds(1)
    calendar = working.office.calendars["martin"]
    calendar.fail_next(LoginRefused("refusé"))
    calendar.fail_next(TryLater("pas joignable"), times=15)
    working.rounds(3600)
    told = [one.text for one in working.office.email.sent if "non lu" in one.subject]
    assert len(told) == 1
    assert "L'accès est à redonner" not in told[0]


def test_i02_our_own_store_is_not_blamed_on_the_calendar(working: Working, monkeypatch: pytest.MonkeyPatch) -> None:
    working.rounds(1)

    def full(*_: object) -> None:
        raise Unusable("Le disque est plein.")

    working.office.she_books("e1")
    working.office.turned += timedelta(minutes=1)
    with monkeypatch.context() as patch, pytest.raises(StoreProblem):
        patch.setattr("sync.pull.mirror.resources.add_all", full)
        working.once()
    assert row_of(working.office).fail_count == 0


def test_a_pass_by_hand_reads_what_the_worker_leaves_alone_for_now(working: Working) -> None:
    working.rounds(1)
    office = working.office
    office.calendars["martin"].fail_next(TryLater("pas joignable"), times=6)
    working.rounds(120)
    waits = row_of(office).due_at
    assert waits is not None
    assert waits > office.now
    office.passes()
    assert row_of(office).fail_count == 0


def test_the_nightly_audit_is_done_beside_the_rounds(working: Working) -> None:
    working.rounds(1)
    office = working.office
    office.turned += timedelta(hours=20)  # five in the morning
    working.once()
    assert all(row.audited_at == office.now for row in working.rows().values())
