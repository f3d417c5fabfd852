"""The states in the tables are the strings that every earlier version wrote."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

import pytest
from sqlalchemy import text

from rules.model import Outcome, OutcomeKind
from sync.store import calendars, states
from sync.store.codec import outcome_from_json, outcome_to_json
from sync.store.engine import Store

STORED = {
    states.CalendarState: "active suspended",
    states.ResourceState: "present suspect gone",
    states.BookingState: "valid invalid vanished",
    states.AttendanceState: "honoured excused unexcused undecided",
    states.MessageState: "pending claimed sent failed uncertain suppressed dropped superseded held",
    states.TellingState: "baseline flight told failed uncertain unclear",
    states.IntentState: "wanted flight done changed call taken arrived",
}


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_a_state_is_stored_as_ever(kind: type[StrEnum]) -> None:
    assert [str(one) for one in kind] == STORED[kind].split()
    assert json.dumps(list(kind)) == json.dumps(STORED[kind].split())


def test_sqlite_holds_plain_text_and_gives_the_state_back(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/attitre.db", "cabinet")
    store.prepare()
    with store.write() as tx:
        calendars.ensure(tx, "agenda", "Dr Roy")
    with store.read() as tx:
        raw = tx.connection.execute(text("select state, typeof(state) from calendar")).one()
        assert (type(raw[0]), *raw) == (str, "active", "text")
        assert calendars.every(tx)[0].state is states.CalendarState.ACTIVE
    store.close()


def test_an_outcome_is_stored_as_ever() -> None:
    kept = {"kind": "excused", "minutes": None, "at": None, "notified": None, "urgent": False, "by_patient": None}
    outcome = Outcome(OutcomeKind.EXCUSED)
    assert json.dumps(outcome_to_json(outcome)) == json.dumps(kept | {"doubt": "", "called_off": False})
    found = outcome_from_json(kept)
    assert found == outcome
    assert found is not None and found.kind is OutcomeKind.EXCUSED
