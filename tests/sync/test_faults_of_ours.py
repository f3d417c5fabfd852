"""What attitre itself fails at: one event, one occurrence, one step. The rest is served, and it is said (law L10)."""

from datetime import timedelta
from typing import Any

import pytest

from rules.model import CalendarEvent
from sync.evaluate import brake, evaluate, occurrence
from sync.store import bookings, resources, troubles
from sync.store.engine import Unusable
from tests.office import COMPLETE, MORNING, PARIS, Office, ics

MINUTE = timedelta(minutes=1)


def fails_at(monkeypatch: pytest.MonkeyPatch, start_day: int, fault: type[Exception] = KeyError) -> None:
    """Judging fails at whatever stands on that day."""
    assess = occurrence.assess
    day = (MORNING + timedelta(days=start_day)).date()

    def sometimes(event: CalendarEvent, *rest: Any) -> Any:
        if event.start.date() == day:
            raise fault
        return assess(event, *rest)

    monkeypatch.setattr(occurrence, "assess", sometimes)


def faults(office: Office, kind: str = troubles.EVENT) -> list[int]:
    with office.world.store.read() as tx:
        return [one.times for one in troubles.every(tx, kind).values()]


def days_booked(office: Office) -> set[int]:
    with office.world.store.read() as tx:
        rows = bookings.between(tx, MORNING, MORNING + timedelta(days=60), PARIS)
    return {(row.start.date() - MORNING.date()).days for row in rows}


@pytest.mark.parametrize("fault", [KeyError, MemoryError, OSError])
def test_an_event_that_cannot_be_judged_is_tried_again_and_said(
    office: Office, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    fails_at(monkeypatch, 6, fault)
    office.she_books("schlecht", day=6)
    office.she_books("visite", day=7)
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    assert faults(office) == [1]
    for _ in range(4):
        office.passes(later=MINUTE)
    assert faults(office) == [3]  # no more, until the audit
    assert office.to_practice() == ["attitre : un événement n'a pas pu être vérifié"]
    assert office.passes(later=MINUTE).evaluated == 0


def test_an_accident_costs_one_pass(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as for_now:
        fails_at(for_now, 6)
        office.she_books("visite", day=6)
        office.passes(later=MINUTE)
    assert office.told("confirmation") == []
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    assert faults(office) == []
    assert office.to_practice() == []


def test_the_nightly_audit_tries_it_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as for_now:
        fails_at(for_now, 9)
        office.she_books("visite", day=9)
        for _ in range(5):
            office.passes(later=MINUTE)
    office.passes(later=timedelta(days=1))
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    assert faults(office) == []


def test_one_occurrence_that_fails_leaves_the_others_of_its_series(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_at(monkeypatch, 14)
    start = (MORNING + timedelta(days=7)).replace(hour=10)
    body = ics("série", "DUPONT Marie – détartrage", start, 30, "", "RRULE:FREQ=WEEKLY;COUNT=4")
    office.calendars["martin"].put("série.ics", body)
    office.passes(later=MINUTE)
    assert days_booked(office) == {7, 21, 28}
    assert faults(office) == [1]


@pytest.mark.parametrize("step", [
    "sync.outbox.reminders.sweep", "sync.people.carry_out.carry_out", "sync.worker.daily_digest.send_digest",
    "sync.annotate.edits.write_back", "sync.evaluate.typed_questions.tidy", "sync.evaluate.own_dentist.settle",
])  # fmt: skip
def test_a_step_that_fails_leaves_the_next_ones_their_turn_and_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def breaks(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as for_now:
        for_now.setattr(step, breaks)
        office.she_books("visite")
        for _ in range(2):
            moved = MORNING + timedelta(days=1, minutes=office.turned.seconds // 60)
            office.calendars["martin"].put("x.ics", ics("x", "Réunion", moved))
            office.passes(later=MINUTE)
        assert office.told("confirmation") == ["sent"]
        assert faults(office, troubles.STEP) == [2]
        office.calendars["martin"].delete("x.ics")
        office.passes(later=MINUTE)
        assert [subject for subject in office.to_practice() if "étape" in subject]
    office.passes(later=MINUTE)
    office.passes(later=MINUTE)
    assert faults(office, troubles.STEP) == []


def test_a_brake_that_fails_holds_its_own_calendar_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.she_books("visite", day=7)
    his = COMPLETE.replace("06 12 34 56 78", "06 98 76 54 32").replace("marie@", "luc@").replace("1981", "1975")
    when = (MORNING + timedelta(days=8)).replace(hour=10)
    office.calendars["bernard"].put("andere.ics", ics("andere", "PETIT Luc – contrôle", when, 20, his))
    for _ in range(2):
        office.passes(later=MINUTE)
    missing = brake._missing

    def sometimes(world: Any, tx: Any, calendar: str, *rest: Any) -> Any:
        if calendar == "memory:martin":
            raise KeyError
        return missing(world, tx, calendar, *rest)

    with monkeypatch.context() as for_now:
        for_now.setattr(brake, "_missing", sometimes)
        office.calendars["martin"].delete("visite.ics")
        office.calendars["bernard"].delete("andere.ics")
        office.passes(later=MINUTE)
        office.passes(later=MINUTE)
        assert len(office.told("cancellation")) == 1
    for _ in range(2):
        office.passes(later=MINUTE)
    assert len(office.told("cancellation")) == 2


def test_the_stores_own_trouble_still_ends_the_pass(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise Unusable("Le disque est plein.")

    monkeypatch.setattr(resources, "settled", full)
    office.she_books("visite")
    with pytest.raises(Unusable):
        office.passes(later=MINUTE)
    assert evaluate.BATCH
