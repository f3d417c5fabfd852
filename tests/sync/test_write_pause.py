"""Calendars that take no writes for now: every kind of writing heeds it, readings go on (hard case C15,
docs/design.md#pace)."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from adapters import deadline
from adapters.base import OutsideError, TryLater, Unknown
from sync.annotate import write_backoff
from sync.evaluate.brake import hold
from sync.store import calendars, keyvalue
from tests.office import COMPLETE, MORNING, Office, ics

MINUTE, HOUR = timedelta(seconds=61), timedelta(hours=1)
QUOTA = TryLater("Google limite pour l'instant les écritures dans cet agenda.", 3600.0)
Planted = Callable[..., None]


@pytest.fixture
def planted(office: Office, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """`planted(error)`: each write into Dr Martin's calendar raises it, or answers it; `planted(None)`: no more."""
    calendar = office.calendars["martin"]
    works = {name: getattr(calendar, name) for name in ("apply", "add", "own", "remove")}

    def plant(fault: OutsideError | Unknown | None) -> None:
        def fails(*_: Any) -> Unknown:
            calendar.calls["write"] += 1
            if isinstance(fault, OutsideError):
                raise fault
            assert fault is not None
            return fault

        for name, works_well in works.items():
            monkeypatch.setattr(calendar, name, works_well if fault is None else fails)

    return plant


def tries(office: Office) -> int:
    return office.calendars["martin"].calls["write"]


def with_guests(office: Office, uid: str = "g", day: int = 9) -> None:
    start = (MORNING + timedelta(days=day)).replace(hour=15)
    body = ics(uid, "PETIT Jeanne – détartrage", start, 30, "Nouveau patient", "ATTENDEE:mailto:j@example.org")
    office.calendars["martin"].put(f"{uid}.ics", body)


def notes(office: Office, starts: str) -> int:
    held = office.calendars["martin"]._held.values()
    return sum(f"SUMMARY:{starts}".encode() in one.payload for one in held)


def test_c15_a_pause_that_an_edit_met_holds_for_notices_too(office: Office, planted: Planted) -> None:
    planted(QUOTA)
    office.she_books("e1")
    office.passes()
    assert tries(office) == 1
    with_guests(office)
    office.passes(later=MINUTE)
    with office.world.store.write() as tx:
        hold(office.world, tx, "memory:martin", office.now)
    office.calendars["martin"].delete("e1.ics")
    for _ in range(5):
        office.passes(later=timedelta(minutes=10))
    assert tries(office) == 1
    assert office.told("confirmation") == ["sent"]  # messages do not wait for writes
    planted(None)
    office.passes(later=timedelta(minutes=10))
    office.passes(later=MINUTE)
    assert (notes(office, "attitre : à corriger"), notes(office, "attitre : 1 annulation")) == (1, 1)


def test_c15_a_pause_that_a_notice_met_holds_for_edits_too(office: Office, planted: Planted) -> None:
    planted(QUOTA)
    with_guests(office)
    office.passes()
    assert tries(office) == 1
    office.she_books("e1")
    office.passes(later=MINUTE)
    office.passes(later=MINUTE)
    assert tries(office) == 1
    planted(None)
    office.passes(later=HOUR)
    assert office.block("e1").startswith("✓")


@pytest.mark.parametrize("fault", [TryLater("pas joignable"), Unknown()])
def test_writes_that_all_fail_are_tried_ever_more_seldom_and_readings_go_on(
    office: Office, planted: Planted, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_backoff.failed, "__defaults__", (lambda: 0.5,))
    planted(fault)
    office.she_books("e1")
    read = office.calendars["martin"].calls["changes"]
    for _ in range(72):
        office.passes(later=timedelta(minutes=5))
    assert tries(office) <= 15
    assert office.calendars["martin"].calls["changes"] - read >= 72
    planted(None)
    office.calendars["martin"].delete("e1.ics")
    office.she_books("e2", day=8, text=COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972"))
    office.passes(later=timedelta(hours=6))
    office.passes(later=MINUTE)
    assert office.block("e2").startswith("✓")
    with office.world.store.read() as tx:
        assert keyvalue.get(tx, "writes-failed:memory:martin") == "0"


def test_the_wait_is_never_longer_than_six_hours(office: Office) -> None:
    for _ in range(40):
        write_backoff.failed(office.world, "memory:martin", None, lambda: 0.999)
    with office.world.store.read() as tx:
        until = write_backoff.until(tx, "memory:martin", office.now)
        assert calendars.get(tx, "memory:martin").not_before is None  # type: ignore[union-attr]
    assert until is not None
    assert timedelta(hours=5) < until - office.now <= timedelta(hours=6)


def test_one_write_that_fails_does_not_stop_those_of_the_same_calendar(office: Office, planted: Planted) -> None:
    planted(TryLater("pas joignable"))
    office.she_books("e1")
    office.passes()
    planted(None)
    office.she_books("e2", day=8, text=COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972"))
    office.passes()
    assert office.block("e2").startswith("✓")


def test_a_write_that_hangs_is_given_up_by_its_own_deadline(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    calendar = office.calendars["martin"]

    def looks(*_: Any) -> Unknown:
        left.append(deadline.ends() - monotonic())
        return Unknown()

    monkeypatch.setattr(calendar, "apply", looks)
    monkeypatch.setattr(calendar, "add", looks)
    office.she_books("e1")
    with_guests(office)
    office.passes()
    assert len(left) == 2
    assert all(0 < seconds <= write_backoff.ROUND_TRIP_S for seconds in left)
