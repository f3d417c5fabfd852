"""A visit is moved by making a new event and deleting the old one, in either order: whatever becomes of the new one,
the patient's last word is the truth (hard cases G03, G08, P42, P43)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from adapters.base import Uncertain
from rules.model import Channel
from sync.store import messages
from tests.office import COMPLETE, MORNING, PARIS, Office, ics

SLIP = COMPLETE.replace("06 12 34 56 78", "06 12 34")  # a mobile on which nobody is reached
MINUTE = timedelta(minutes=1)
Order = Callable[[Office, Callable[[], None]], None]


@pytest.fixture
def told(office: Office) -> Office:
    """Of a visit on the first of December, at ten o'clock."""
    policy = replace(office.world.practice.policy, settle_seconds=90, settle_change_seconds=180)
    office.world = replace(office.world, practice=replace(office.world.practice, policy=policy))
    office.she_books("old")
    waits(office, 4)
    assert words(office) == ["confirmation 01/12 10:00"]
    return office


def waits(office: Office, minutes: int) -> None:
    for _ in range(minutes):
        office.passes(later=MINUTE)


def words(office: Office) -> list[str]:
    """What the patient was told by SMS, in order."""
    with office.world.store.read() as tx:
        rows = [row for row in messages.with_state(tx, "sent", zone=PARIS) if row.channel is Channel.SMS]
    return [f"{row.kind} {row.facts.start:%d/%m %H:%M}" for row in sorted(rows, key=lambda row: (row.done_at, row.id))]


def old_first(office: Office, book: Callable[[], None]) -> None:
    office.calendars["martin"].delete("old.ics")
    waits(office, 1)
    book()


def new_first(office: Office, book: Callable[[], None]) -> None:
    book()
    waits(office, 1)
    office.calendars["martin"].delete("old.ics")


def at_once(office: Office, book: Callable[[], None]) -> None:
    book()
    office.calendars["martin"].delete("old.ics")


any_order = pytest.mark.parametrize("order", [old_first, new_first, at_once])


@any_order
def test_made_anew_and_complete_it_is_one_change(told: Office, order: Order) -> None:
    order(told, lambda: told.she_books("new", day=9))
    waits(told, 8)
    assert words(told) == ["confirmation 01/12 10:00", "modification 03/12 10:00"]


@any_order
def test_an_hour_that_is_off_is_told_where_the_new_event_stays_incomplete(told: Office, order: Order) -> None:
    order(told, lambda: told.she_books("new", day=40, text=SLIP))
    waits(told, 4)
    assert words(told) == ["confirmation 01/12 10:00", "cancellation 01/12 10:00"]
    told.she_books("new", day=40)
    waits(told, 4)
    assert words(told)[2:] == ["confirmation 03/01 10:00"]


@any_order
def test_completed_before_the_cancellation_left_it_is_one_change(told: Office, order: Order) -> None:
    order(told, lambda: told.she_books("new", day=9, text=SLIP))
    waits(told, 1)
    told.she_books("new", day=9)
    waits(told, 8)
    assert words(told) == ["confirmation 01/12 10:00", "modification 03/12 10:00"]


@any_order
def test_a_slip_in_an_event_that_stands_at_its_hour_cancels_nothing(told: Office, order: Order) -> None:
    """A client that gives each edit a new UID."""
    order(told, lambda: told.she_books("new", text=SLIP))
    waits(told, 8)
    told.she_books("new")
    waits(told, 8)
    assert words(told) == ["confirmation 01/12 10:00"]


@any_order
def test_moved_by_less_than_its_length_it_is_one_change(told: Office, order: Order) -> None:
    """While both stand, the new one is in the way of the old one."""

    def book() -> None:
        start = (MORNING + timedelta(days=7)).replace(hour=10, minute=15)
        told.calendars["martin"].put("new.ics", ics("new", "DUPONT Marie – détartrage", start, 30, COMPLETE))

    order(told, book)
    waits(told, 8)
    assert words(told) == ["confirmation 01/12 10:00", "modification 01/12 10:15"]


@any_order
def test_an_agreement_goes_with_an_event_made_anew(told: Office, order: Order) -> None:
    """It was given for this visit, and our part came with the copy: it is not asked for again."""
    told.calendars["bernard"].put("old.ics", agreed("old-2", hour=15))
    waits(told, 4)
    assert words(told)[1:] == ["confirmation 01/12 15:00"]
    body = told.calendars["bernard"].get("old.ics")
    assert body is not None
    there = body.payload.replace(b"UID:old-2", b"UID:new").replace(b"T15", b"T17")
    told.calendars["martin"], martin = told.calendars["bernard"], told.calendars["martin"]
    order(told, lambda: told.calendars["martin"].put("new.ics", there))
    waits(told, 8)
    told.calendars["martin"] = martin
    assert words(told)[2:] == ["modification 01/12 17:00"]


@pytest.mark.parametrize("answer", ["taken", "lost", "none"])
def test_the_new_hour_was_told_before_the_old_event_went(told: Office, answer: str) -> None:
    told.world = replace(told.world, on_uncertain={Channel.SMS: "retry", Channel.EMAIL: "retry"})
    if answer != "taken":
        told.sms.fail(Uncertain("La réponse s'est perdue."), taken=answer == "lost")
    told.she_books("new", day=9)
    waits(told, 3)
    told.calendars["martin"].delete("old.ics")
    waits(told, 40)
    assert words(told)[1:] == ["confirmation 03/12 10:00", "cancellation 01/12 10:00"]


def agreed(uid: str, hour: int) -> bytes:
    start = (MORNING + timedelta(days=7)).replace(hour=hour)
    return ics(uid, "DUPONT Marie – détartrage", start, 30, f"{COMPLETE}\nAccord patient : oui (vu au cabinet)")
