"""One event that cannot be read or stored is stored apart; all around it is served in the same pass (law L10)."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import Garbled, Reading, Resource
from sync.pull.writer import Writer
from sync.store import resources
from sync.store.resources import ResourceRow
from tests.office import COMPLETE, MORNING, PRACTICE, Office, ics

FAULTS = [ValueError, KeyError, MemoryError, RecursionError, OverflowError]


def stored(office: Office, ref: str) -> ResourceRow:
    with office.world.store.read() as tx:
        row = resources.get(tx, "memory:martin", ref)
    assert row is not None
    return row


def poisoned(office: Office, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    calendar = office.calendars["martin"]
    reads = calendar.read

    def read(ref: str, payload: bytes, window: Any) -> Reading:
        if ref == "poison.ics":
            raise fault
        return reads(ref, payload, window)

    monkeypatch.setattr(calendar, "read", read)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_body_that_no_reader_survives_leaves_the_others_confirmed(
    office: Office, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    poisoned(office, monkeypatch, fault)
    office.she_books("poison", day=6)
    office.she_books("visite")
    office.passes(later=timedelta(minutes=1))
    assert office.told("confirmation") == ["sent"]
    assert stored(office, "poison.ics").problem == "event-unreadable"
    assert office.passes(later=timedelta(minutes=1)).unreachable == ()


def test_what_was_unreadable_by_an_accident_is_read_at_the_next_audit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as for_now:
        poisoned(office, for_now, MemoryError)
        office.she_books("poison")
        office.passes(later=timedelta(minutes=1))
    assert office.told("confirmation") == []
    office.passes(later=timedelta(days=1))
    office.passes(later=timedelta(minutes=1))
    assert office.told("confirmation") == ["sent"]


def test_an_empty_body_is_an_event_that_cannot_be_read_and_no_more(office: Office) -> None:
    office.calendars["martin"].put("leer.ics", b"")
    office.she_books("visite")
    office.passes(later=timedelta(minutes=1))
    assert office.told("confirmation") == ["sent"]
    assert stored(office, "leer.ics").problem == "event-unreadable"
    assert "attitre : un événement n'a pas pu être lu" in office.to_practice()


def test_two_events_of_one_name_are_judged_and_the_mail_says_so(office: Office) -> None:
    start = (MORNING + timedelta(days=6)).replace(hour=11)
    one = ics("twice", "DUPONT Marie – détartrage", start, 30, COMPLETE).split(b"END:VCALENDAR")[0]
    other = ics("twice", "Réunion", start + timedelta(days=1)).split(b"BEGIN:VEVENT", 1)[1]
    office.calendars["martin"].put("twice.ics", one + b"BEGIN:VEVENT" + other)
    office.passes(later=timedelta(minutes=1))
    mail = next(one for one in office.email.sent if one.to == PRACTICE.email)
    assert "deux événements différents y portent le même identifiant" in mail.text
    assert "Aucun patient n'est prévenu" not in mail.text
    assert "abîmé" not in mail.text


@pytest.mark.parametrize("mirrored", [1, 5])
def test_a_body_that_the_store_does_not_take_is_stored_without_its_reading(
    office: Office, monkeypatch: pytest.MonkeyPatch, mirrored: int
) -> None:
    """Two events of one body that the store holds for one: the occurrences' key stands twice."""
    calendar = office.calendars["martin"]
    reads = calendar.read

    def twice(ref: str, payload: bytes, window: Any) -> Reading:
        reading = reads(ref, payload, window)
        return replace(reading, events=reading.events * 2) if ref == "poison.ics" else reading

    monkeypatch.setattr(calendar, "read", twice)
    start = (MORNING + timedelta(days=6)).replace(hour=11)
    calendar.put("poison.ics", ics("poison", "MARTIN Luc – contrôle", start))
    for number in range(mirrored):
        office.she_books(f"visite-{number}", day=7 + number)
    office.passes(later=timedelta(minutes=1))
    assert "sent" in office.told("confirmation")
    assert stored(office, "poison.ics").problem == "event-unreadable"
    report = office.passes(later=timedelta(minutes=1))
    assert (report.unreachable, report.evaluated) == ((), 0)


def test_a_debt_that_is_answered_with_nonsense_stays_a_debt_and_its_calendar_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.she_books("poison", day=6)
    for _ in range(2):
        office.passes(later=timedelta(minutes=1))
    with office.world.store.write() as tx:
        resources.change(tx, "memory:martin", "poison.ics", owed=True, version=None)
    gets = office.calendars["martin"].get

    def get(ref: str) -> Resource | None:
        if ref == "poison.ics":
            raise Garbled("Le serveur a répondu autre chose qu'un événement.")
        return gets(ref)

    monkeypatch.setattr(office.calendars["martin"], "get", get)
    office.she_books("visite", day=8, text="Nouveau patient\nSans préférence\nNé(e) le : 03/03/1990")
    report = office.passes(later=timedelta(minutes=1))
    assert report.unreachable == ()
    assert report.evaluated
    assert stored(office, "poison.ics").owed


def test_a_tombstone_that_is_answered_with_nonsense_is_owed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.she_books("visite")
    office.passes(later=timedelta(minutes=1))
    calendar = office.calendars["martin"]
    with monkeypatch.context() as for_now:
        for_now.setattr(calendar, "get", lambda _ref: (_ for _ in ()).throw(Garbled("Autre chose.")))
        calendar.delete("visite.ics")
        assert office.passes(later=timedelta(minutes=1)).unreachable == ()
    assert office.told("cancellation") == []
    for _ in range(3):
        office.passes(later=timedelta(minutes=2))
    assert office.told("cancellation") == ["sent"]


def test_a_page_whose_transaction_fails_is_stored_in_parts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    fails = [True]
    page = Writer.page

    def once(self: Writer, *parts: Any) -> None:
        page(self, *parts)
        if fails and parts[1]:
            fails.clear()
            raise KeyError

    monkeypatch.setattr(Writer, "page", once)
    for number in range(3):
        office.she_books(f"visite-{number}", day=7 + number)
    report = office.passes(later=timedelta(minutes=1))
    assert not fails
    assert report.unreachable == ()
    assert office.told("confirmation") == ["sent"] * 3
    assert office.passes(later=timedelta(minutes=1)).evaluated == 0
