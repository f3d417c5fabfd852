"""One event under two addresses of a calendar is one appointment: renames in two steps, copies, careless servers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.office import COMPLETE, MORNING, Office, ics

MINUTE = timedelta(minutes=1)
DUPLICATE = "En double"


def copied(office: Office, ref: str = "b.ics", *, of: str = "a.ics") -> None:
    """The server puts the same bytes under another name."""
    body = office.calendars["martin"].get(of)
    assert body is not None
    office.calendars["martin"].put(ref, body.payload)


def moved(office: Office, ref: str, hour: int, uid: str = "a") -> None:
    start = (MORNING + timedelta(days=7)).replace(hour=hour)
    office.calendars["martin"].put(ref, ics(uid, "DUPONT Marie – détartrage", start, 30, COMPLETE))


def passes(office: Office, times: int = 4) -> None:
    for _ in range(times):
        office.passes(later=MINUTE)


def told(office: Office) -> list[str]:
    return [kind for kind in ("confirmation", "modification", "cancellation") for _ in office.told(kind)]


def shown(office: Office, ref: str) -> str:
    body = office.calendars["martin"].get(ref)
    assert body is not None
    part = office.calendars["martin"].read(ref, body.payload, office.world.window(office.now)).annotation
    return part.mark + "\n".join(part.lines)


@pytest.fixture
def booked(office: Office) -> Office:
    office.she_books("a")
    passes(office)
    assert told(office) == ["confirmation"]
    return office


def test_a_copy_under_a_second_name_is_no_second_appointment(booked: Office) -> None:
    copied(booked)
    passes(booked)
    assert told(booked) == ["confirmation"]
    assert DUPLICATE in shown(booked, "b.ics")
    assert shown(booked, "a.ics").startswith("✓")
    assert DUPLICATE not in shown(booked, "a.ics")


def test_two_that_appear_in_one_pass_are_one_appointment(office: Office) -> None:
    office.she_books("a")
    copied(office)
    passes(office)
    assert told(office) == ["confirmation"]
    assert [DUPLICATE in shown(office, ref) for ref in ("a.ics", "b.ics")].count(True) == 1


def test_two_that_stood_there_before_the_first_pass_are_one(new_office: Office) -> None:
    office = new_office
    office.she_books("a")
    copied(office)
    passes(office)
    assert told(office) == []
    office.calendars["martin"].delete("a.ics")
    passes(office)
    assert told(office) == []
    office.calendars["martin"].delete("b.ics")
    passes(office)
    assert told(office) == ["cancellation"]


def rename_new_first(office: Office) -> None:
    copied(office)
    passes(office, 1)
    office.calendars["martin"].delete("a.ics")


def rename_old_first(office: Office) -> None:
    body = office.calendars["martin"].get("a.ics")
    assert body is not None
    office.calendars["martin"].delete("a.ics")
    office.calendars["martin"].put("b.ics", body.payload)


def rename_at_once(office: Office) -> None:
    copied(office)
    office.calendars["martin"].delete("a.ics")


@pytest.mark.parametrize("rename", [rename_new_first, rename_old_first, rename_at_once])
def test_a_rename_by_the_server_tells_nobody_and_leaves_one(booked: Office, rename: Callable[[Office], None]) -> None:
    rename(booked)
    passes(booked)
    assert told(booked) == ["confirmation"]
    assert shown(booked, "b.ics").startswith("✓")
    moved(booked, "b.ics", 15)
    passes(booked)
    assert told(booked) == ["confirmation", "modification"]
    booked.calendars["martin"].delete("b.ics")
    passes(booked)
    assert told(booked) == ["confirmation", "modification", "cancellation"]


def test_a_rename_back_and_forth_tells_nobody(booked: Office) -> None:
    for old, new in (("a.ics", "b.ics"), ("b.ics", "a.ics"), ("a.ics", "c.ics")):
        copied(booked, new, of=old)
        passes(booked, 1)
        booked.calendars["martin"].delete(old)
        passes(booked)
    assert told(booked) == ["confirmation"]


def test_a_rename_of_fifteen_by_the_server_is_no_catastrophe(office: Office) -> None:
    for number in range(15):
        text = COMPLETE.replace("12/05/1981", f"{number % 28 + 1:02d}/05/1981").replace("56 78", f"56 {number + 10}")
        start = (MORNING + timedelta(days=7 + number // 10)).replace(hour=9 + number % 10)
        office.calendars["martin"].put(f"{number}.ics", ics(f"u{number}", "DUPONT Marie – détartrage", start, 30, text))
    passes(office)
    before = told(office)
    for number in range(15):
        copied(office, f"new-{number}.ics", of=f"{number}.ics")
    passes(office, 1)
    for number in range(15):
        office.calendars["martin"].delete(f"{number}.ics")
    passes(office)
    assert told(office) == before
    assert not [subject for subject in office.to_practice() if "retenues" in subject]


def test_the_duplicate_deleted_tells_nobody(booked: Office) -> None:
    copied(booked)
    passes(booked)
    booked.calendars["martin"].delete("b.ics")
    passes(booked)
    assert told(booked) == ["confirmation"]
    assert shown(booked, "a.ics").startswith("✓")


def test_both_deleted_are_one_cancellation(booked: Office) -> None:
    copied(booked)
    passes(booked)
    booked.calendars["martin"].delete("a.ics")
    booked.calendars["martin"].delete("b.ics")
    passes(booked)
    assert told(booked) == ["confirmation", "cancellation"]


@pytest.mark.parametrize("dragged", ["a.ics", "b.ics"])
def test_of_two_that_differ_the_one_changed_last_counts_and_the_other_says_so(booked: Office, dragged: str) -> None:
    copied(booked)
    passes(booked)
    moved(booked, dragged, 15)
    passes(booked)
    assert told(booked) == ["confirmation", "modification"]
    other = {"a.ics": "b.ics", "b.ics": "a.ics"}[dragged]
    assert "15 h" in shown(booked, other)
    assert DUPLICATE in shown(booked, other)
    assert shown(booked, dragged).startswith("✓")
    moved(booked, other, 16)
    passes(booked)
    assert told(booked) == ["confirmation", "modification", "modification"]
    assert DUPLICATE in shown(booked, dragged)


def test_a_copy_of_the_one_that_does_not_count_is_no_second_appointment(booked: Office) -> None:
    copied(booked)
    passes(booked)
    moved(booked, "a.ics", 15)
    passes(booked)
    copied(booked, "c.ics", of="b.ics")
    passes(booked)
    assert told(booked) == ["confirmation", "modification"]


@pytest.mark.parametrize("copy", ["0.ics", "b.ics"])  # judged before the other, and after it
def test_dragged_and_copied_at_once_it_is_told_once(booked: Office, copy: str) -> None:
    moved(booked, "a.ics", 15)
    copied(booked, copy)
    passes(booked)
    assert told(booked) == ["confirmation", "modification"]


def test_where_the_one_that_counts_goes_the_other_hour_is_told(booked: Office) -> None:
    copied(booked)
    passes(booked)
    moved(booked, "b.ics", 15)
    passes(booked)
    booked.calendars["martin"].delete("b.ics")
    passes(booked)
    assert told(booked) == ["confirmation", "modification", "modification"]
    assert shown(booked, "a.ics").startswith("✓")


def test_a_series_under_two_names_is_told_once(office: Office) -> None:
    start = (MORNING + timedelta(days=7)).replace(hour=10)
    body = ics("s", "DUPONT Marie – détartrage", start, 30, COMPLETE, "RRULE:FREQ=WEEKLY;COUNT=3")
    office.calendars["martin"].put("a.ics", body)
    passes(office)
    before = told(office)
    office.calendars["martin"].put("b.ics", body)
    passes(office)
    assert told(office) == before
    office.calendars["martin"].delete("a.ics")
    passes(office)
    assert told(office) == before
    assert DUPLICATE not in shown(office, "b.ics")


def test_of_two_series_that_differ_in_one_visit_the_one_changed_last_counts(office: Office) -> None:
    start, calendar = (MORNING + timedelta(days=7)).replace(hour=10), office.calendars["martin"]
    body = ics("s", "DUPONT Marie – détartrage", start, 30, COMPLETE, "RRULE:FREQ=WEEKLY;COUNT=3")
    calendar.put("a.ics", body)
    calendar.put("b.ics", body)
    passes(office)
    before = told(office)
    calendar.put("b.ics", with_the_second_moved(body, start))
    passes(office)
    assert told(office) == [*before, "modification"]
    calendar.put("a.ics", body.replace(b"Suivi", b"Suivi, doux"))
    passes(office)
    calendar.put("a.ics", body.replace(b"Adresse", b"Annul\xc3\xa9\\nAdresse"))
    passes(office)
    assert [kind for kind in told(office) if kind == "confirmation"] == before


def with_the_second_moved(body: bytes, start: datetime) -> bytes:
    """As a client writes it: an exception beside the rule."""
    second = start + timedelta(weeks=1)
    alone = ics("s", "DUPONT Marie – détartrage", second + timedelta(hours=3), 30, COMPLETE).decode()
    alone = alone[alone.index("BEGIN:VEVENT") : alone.index("END:VCALENDAR")]
    name = f"RECURRENCE-ID:{second.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\nSUMMARY"
    return body.replace(b"END:VCALENDAR", alone.replace("SUMMARY", name, 1).encode() + b"END:VCALENDAR")


def test_an_incomplete_one_that_is_completed_in_its_copy_is_confirmed_once(office: Office) -> None:
    office.she_books("a", text="Nouveau patient")
    passes(office)
    copied(office)
    passes(office)
    moved(office, "b.ics", 10)
    passes(office)
    assert told(office) == ["confirmation"]


def test_a_hundred_passes_over_two_names_write_and_tell_nothing(booked: Office) -> None:
    copied(booked)
    passes(booked)
    writes, before = booked.calendars["martin"].writes, told(booked)
    passes(booked, 20)
    assert (booked.calendars["martin"].writes, told(booked)) == (writes, before)


def test_another_event_at_the_same_hour_is_still_a_conflict(booked: Office) -> None:
    moved(booked, "b.ics", 10, uid="other")
    passes(booked)
    assert "déjà" in shown(booked, "b.ics")
