"""A wrong clock, a backup put back, keys: the same stories as on a file, on a real PostgreSQL (hard case C14, laws L4,
L7)."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import replace
from sqlalchemy import create_engine, inspect, text

from sync.store import engine, messages, tables
from sync.store.engine import HEAD, Store
from tests.backups import new_database
from tests.office import PARIS, PRACTICE, Office, make_office
from tests.sync.test_clock import (
    test_a_cancellation_is_told_once,
    test_a_change_that_waited_is_told_once,
    test_a_confirmation_that_waited_through_a_wrong_pass_goes_once,
    test_a_reminder_that_a_wrong_clock_sent_a_year_early_goes_again_at_its_hour,
    test_a_reminder_that_was_given_up_by_a_wrong_clock_goes,
    test_a_series_of_which_one_visit_is_dragged_meanwhile_is_told_of_that_one_only,
    test_no_moment_that_was_done_lies_ahead_once_the_clock_is_right,
)
from tests.sync.test_generations import (
    test_a_reminder_that_went_before_the_generation_changed_does_not_go_again,
    test_adopting_a_calendar_begins_a_generation,
    test_after_a_backup_was_put_back_no_key_is_used_a_second_time,
)
from tests.sync.test_older_store import (
    test_an_older_store_asks_and_tells_nothing,
    test_answered_with_restored_nothing_is_told_again_and_all_goes_on,
    test_answered_with_tell_all_what_waits_goes,
    test_reminders_of_other_appointments_go,
    test_restored_at_once_is_not_asked,
)

__all__ = [
    "test_a_cancellation_is_told_once",
    "test_a_change_that_waited_is_told_once",
    "test_a_confirmation_that_waited_through_a_wrong_pass_goes_once",
    "test_a_reminder_that_a_wrong_clock_sent_a_year_early_goes_again_at_its_hour",
    "test_a_reminder_that_was_given_up_by_a_wrong_clock_goes",
    "test_a_reminder_that_went_before_the_generation_changed_does_not_go_again",
    "test_a_series_of_which_one_visit_is_dragged_meanwhile_is_told_of_that_one_only",
    "test_adopting_a_calendar_begins_a_generation",
    "test_after_a_backup_was_put_back_no_key_is_used_a_second_time",
    "test_an_older_store_asks_and_tells_nothing",
    "test_answered_with_restored_nothing_is_told_again_and_all_goes_on",
    "test_answered_with_tell_all_what_waits_goes",
    "test_no_moment_that_was_done_lies_ahead_once_the_clock_is_right",
    "test_reminders_of_other_appointments_go",
    "test_restored_at_once_is_not_asked",
]
_numbers = count(1)


@pytest.fixture
def empty(postgresql: str) -> Iterator[str]:
    """A database of its own."""
    yield new_database(postgresql, f"restored{next(_numbers)}")


@pytest.fixture
def office(empty: str, tmp_path: Path) -> Iterator[Office]:
    """After an empty first pass."""
    found = _office(empty, tmp_path, 0)
    yield found
    found.world.store.close()


@pytest.fixture
def patient_office(empty: str, tmp_path: Path) -> Iterator[Office]:
    """A message waits two minutes for her to be ready."""
    found = _office(empty, tmp_path, 120)
    yield found
    found.world.store.close()


def _office(url: str, folder: Path, settle: int) -> Office:
    policy = replace(PRACTICE.policy, settle_seconds=settle, settle_change_seconds=settle)
    made = make_office(folder, replace(PRACTICE, policy=policy))
    made.world.store.close()
    store = Store(url, PRACTICE.key)
    store.prepare()
    made.world = replace(made.world, store=store)
    made.passes()
    return made


def test_an_older_database_is_brought_to_what_this_version_expects(empty: str) -> None:
    """From before the names in patients' calendars and the messages that a person let go (0011, 0012)."""
    old = create_engine(empty)
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).with_name("migrations")))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        values = (
            "'lilas', 1, 1, 'confirmation', 'sms', 1, 'k', '+33612345678', 'sent', now(), now(), 1, 0, 0, "
            """'{"patient_id": 1, "name": "DUPONT Marie", "dentist": "martin", "start": "2026-12-01T09:00:00+00:00",
            "fold": 0, "minutes": 30, "motif": "", "place": "", "first_visit": false, "will_follow": false}'"""
        )
        names = (
            "practice, id, booking, kind, channel, number, key, recipient, state, due_at, created_at, attempts, "
            "unclear, fence, facts"
        )
        connection.execute(text(f"insert into message ({names}) values ({values})"))
    store = Store(empty, "lilas")
    store.prepare()
    found = inspect(old)
    for table in tables.metadata.sorted_tables:
        assert {one["name"] for one in found.get_columns(table.name)} == set(table.columns.keys())
    assert "ix_message_practice_started_at" in {one["name"] for one in found.get_indexes("message")}
    with store.read() as tx:
        assert tx.connection.execute(text("select version_num from alembic_version")).scalar() == HEAD
        (row,) = messages.with_state(tx, "sent", zone=PARIS)
    assert (row.approved_at, row.facts.start.hour) == (None, 9)
    store.close()
    old.dispose()
