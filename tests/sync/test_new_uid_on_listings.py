"""A client that gives each edit a new UID, on a server that only lists; events without a UID; reminders come back."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Known, TryLater
from adapters.calendars.memory import MemoryCalendar
from sync.evaluate import occurrence
from sync.store import calendars
from tests.office import COMPLETE, MORNING, Office, ics

MINUTE = timedelta(seconds=61)


@pytest.fixture
def listing(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Its calendars know no tokens: each answer is the whole listing, and nobody says what was deleted."""
    real = MemoryCalendar.changes

    def changes(self: MemoryCalendar, _cursor: Any, known: Known) -> Any:
        return real(self, None, known)

    monkeypatch.setattr(MemoryCalendar, "changes", changes)
    return office


@pytest.mark.parametrize("apart", [False, True])
def test_deleted_and_made_anew_with_another_uid_is_one_modification(listing: Office, apart: bool) -> None:
    """The new event is seen at once, the old one is proven gone a minute later."""
    listing.she_books("old")
    listing.passes(later=MINUTE)
    assert listing.told("confirmation") == ["sent"]
    listing.calendars["martin"].delete("old.ics")
    if apart:
        listing.passes(later=timedelta(seconds=10))
    listing.she_books("new", day=9, text="Né(e) le : 12/05/1981")
    listing.passes(later=timedelta(seconds=10))
    assert listing.told("confirmation") == ["sent", "pending"]
    for _ in range(4):
        listing.passes(later=MINUTE)
    assert listing.told("confirmation") == ["sent"]
    assert listing.told("modification") == ["sent"]
    assert listing.told("cancellation") == []


def test_what_is_missing_and_never_decided_holds_up_half_an_hour_at_most(
    listing: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing.she_books("old")
    listing.passes(later=MINUTE)
    listing.calendars["martin"].delete("old.ics")
    monkeypatch.setattr("sync.pull.mirror._confirm_absences", lambda *_: 0)
    listing.she_books("new", day=9, dentist="martin", text="Né(e) le : 12/05/1981")
    listing.passes(later=MINUTE)
    assert listing.told("confirmation") == ["sent", "pending"]
    listing.passes(later=timedelta(minutes=31))
    assert listing.told("confirmation") == ["sent", "sent"]


def test_two_events_without_uid_are_two_appointments(office: Office) -> None:
    luc = COMPLETE.replace("12/05/1981", "03/04/1975").replace("06 12 34 56 78", "06 98 76 54 32")
    people = {"martin": ("DUPONT Marie", COMPLETE), "bernard": ("PETIT Luc", luc.replace("marie@", "luc@"))}
    start = (MORNING + timedelta(days=7)).replace(hour=10)
    for number, (dentist, (name, text)) in enumerate(people.items(), start=1):
        body = ics("x", f"{name} – détartrage", start, 30, text).replace(b"UID:x\r\n", b"")
        office.calendars[dentist].put(f"{number}.ics", body)
        office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent", "sent"]
    office.calendars["martin"].delete("1.ics")
    for _ in range(3):
        office.passes(later=MINUTE)
    with office.world.store.read() as tx:
        assert all(row.fail_count == 0 for row in calendars.every(tx))
    assert office.told("confirmation") == ["sent", "sent"]
    assert office.told("cancellation") == ["sent"]
    assert office.told("modification") == []


@pytest.mark.parametrize("why", ["the gateway is busy", "the calendar fails"])
def test_a_reminder_whose_event_was_invalid_for_a_moment_goes_once_it_is_valid(office: Office, why: str) -> None:
    office.she_books("e0", day=7)
    office.passes()
    if why == "the gateway is busy":
        office.sms.fail(TryLater("occupé"))
    else:
        office.calendars["martin"].fail_next(TryLater("occupé"))
    office.passes(later=timedelta(days=6, hours=2))
    assert office.told("reminder") == ["pending"]
    office.she_books("e0", day=7, text="Né(e) le : 31/02/1981")
    office.passes(later=timedelta(hours=2))
    assert "sent" not in office.told("reminder")
    office.she_books("e0", day=7)
    office.passes(later=timedelta(hours=1))
    assert office.told("reminder") == ["sent"]
    office.passes(later=timedelta(hours=1))
    assert office.told("reminder") == ["sent"]


def test_a_message_is_not_told_while_its_event_cannot_be_judged(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the gateway when she changes the event once more, and attitre fails at that."""
    office.she_books("e0")
    office.sms.fail(TryLater("occupé"))
    office.passes()
    assert office.told("confirmation") == ["pending"]
    assess = occurrence.assess
    with monkeypatch.context() as for_now:

        def fails(*_: Any) -> Any:
            raise KeyError

        for_now.setattr(occurrence, "assess", fails)
        office.she_books("e0", day=9)
        office.passes(later=timedelta(minutes=10))
        assert office.told("confirmation") == ["pending"]
    assert occurrence.assess is assess
    office.passes(later=timedelta(minutes=10))
    office.passes(later=timedelta(minutes=10))
    assert office.told("confirmation") == ["sent"]
    (told,) = [one for one in office.sms.sent if ":confirmation:" in one.key]
    assert "3 décembre" in told.text
