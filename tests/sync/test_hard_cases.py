"""Hard cases of synchronising, through the whole engine (docs/hard-cases.md)."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Conflict, Page, TryLater, Unknown
from sync.store import calendars, keyvalue, resources
from sync.worker.one_pass import one_pass

if TYPE_CHECKING:
    from tests.sync.conftest import Office

MINUTE = timedelta(seconds=61)


def fill(office: "Office", count: int) -> None:
    for number in range(count):
        office.she_books(f"e{number}", day=7 + number)
    office.passes()


def test_a02_a_crash_between_two_pages_keeps_the_old_cursor_and_repeats(office: "Office") -> None:
    calendar = office.calendars["martin"]
    for number in range(3):
        office.she_books(f"e{number}", day=7 + number)
    pages = calendar.changes

    def cut(*args: object) -> object:
        page = next(iter(pages(*args)))  # type: ignore[arg-type]
        yield Page(page.resources[:1])
        raise TryLater("coupé")

    calendar.changes = cut  # type: ignore[method-assign, assignment]
    office.passes()
    calendar.changes = pages  # type: ignore[method-assign]
    office.passes()
    assert [office.block(f"e{number}")[:1] for number in range(3)] == ["✓", "✓", "✓"]
    assert office.told("confirmation") == ["sent"] * 3


def test_a17_l7_a_first_pass_over_a_full_calendar_tells_and_writes_nothing(new_office: "Office") -> None:
    for number in range(700):
        new_office.she_books(f"e{number}", day=number % 300 + 2, hour=8 + number % 10)
    new_office.passes()
    new_office.passes()
    assert (new_office.sms.sent, new_office.calendars["martin"].writes) == ([], 0)


def test_a18_an_unshared_calendar_is_no_cancellation(office: "Office") -> None:
    from adapters.base import NotThere

    fill(office, 3)
    office.calendars["martin"].fail_next(NotThere("L'agenda n'existe plus."), times=9)
    report = office.passes(later=MINUTE)
    office.passes(later=MINUTE)
    assert report.unreachable == ("memory:martin",)
    assert office.told("cancellation") == []
    assert office.to_practice() == ["attitre : agenda « Dr Claire Martin » non lu"]


def test_b06_missing_from_a_listing_is_not_gone_until_read_twice_a_minute_apart(office: "Office") -> None:
    fill(office, 1)
    calendar = office.calendars["martin"]
    calendar.delete("e0.ics")
    calendar.expire_tokens()  # so that only a listing lacks it
    office.passes()
    assert office.told("cancellation") == []
    office.passes(later=timedelta(seconds=30))
    assert office.told("cancellation") == []
    office.passes(later=MINUTE)
    assert office.told("cancellation") == ["sent"]


def listing(office: "Office", refs: "list[str]") -> None:
    """The next answer is a listing that shows only these."""
    calendar = office.calendars["martin"]
    pages, calls = calendar.changes, []

    def capped(cursor: object, known: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            calendar.changes = pages  # type: ignore[method-assign]
            yield from pages(cursor, known)  # type: ignore[arg-type]
            return
        held = known.whole()  # type: ignore[attr-defined]
        yield Page(absent=tuple(ref for ref in held if ref not in refs), full=True)

    calendar.changes = capped  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("shown", [0, 9])
def test_b09_b10_a_capped_or_empty_listing_cancels_nobody(office: "Office", shown: int) -> None:
    fill(office, 12)
    listing(office, [f"e{number}.ics" for number in range(shown)])
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.told("cancellation") == []
    with office.world.store.read() as tx:
        assert resources.suspects(tx, "memory:martin") == []


def test_c07_an_answer_lost_after_the_write_costs_no_second_write(office: "Office") -> None:
    office.she_books("e0", text="Nouveau patient")
    office.calendars["martin"].lose_answer_of_next_write()
    office.passes()
    office.passes(later=MINUTE)
    assert office.block("e0").startswith("⚠")
    assert office.calendars["martin"].writes == 1


def test_c05_c16_a_faster_edit_of_hers_stands_and_gets_its_own_answer(office: "Office") -> None:
    office.she_books("e0", text="Nouveau patient")
    office.calendars["martin"].fail_next(Conflict())
    office.passes()
    office.she_books("e0")
    office.passes()
    assert office.block("e0").startswith("✓")
    assert "06 12 34 56 78" in office.event("e0").description


def test_c20_a_server_that_always_says_conflict_is_not_asked_for_ever(office: "Office") -> None:
    office.she_books("e0", text="Nouveau patient")
    office.calendars["martin"].fail_next(Conflict(), times=50)
    for _ in range(12):
        office.passes(later=MINUTE)
    assert office.calendars["martin"].calls["apply"] <= 4


def test_c20_conflicts_with_writes_between_them_are_not_in_a_row(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.sync.conftest import ics

    office.she_books("e0")
    office.passes()
    calendar = office.calendars["martin"]
    apply, met = calendar.apply, []

    def loses_one(ref: str, *of_it: Any) -> Any:
        if ref != "e0.ics" or len(met) > week:
            return apply(ref, *of_it)
        met.append(ref)
        return Conflict()

    monkeypatch.setattr(calendar, "apply", loses_one)
    for week in range(4):  # another patient comes into its time, or leaves it: what is said in the event changes
        before = office.block("e0")
        if week % 2:
            calendar.delete("other.ics")
        else:
            start = office.event("e0").start
            calendar.put("other.ics", ics("other", "MOREAU Luc – détartrage", start, 30, "Nouveau patient"))
        for _ in range(3):
            office.passes(later=MINUTE)
        assert (len(met), office.block("e0") != before) == (week + 1, True)


def test_d02_a_hundred_passes_over_a_stable_calendar_write_and_tell_nothing(office: "Office") -> None:
    fill(office, 4)
    office.passes()
    writes, told = office.calendars["martin"].writes, len(office.sms.sent)
    for _ in range(100):
        office.passes(later=MINUTE)
    assert (office.calendars["martin"].writes, len(office.sms.sent)) == (writes, told)


def test_d08_our_block_taken_out_comes_back_once_then_she_is_respected(office: "Office") -> None:
    fill(office, 1)
    calendar = office.calendars["martin"]
    for expected in (1, 0, 0):
        writes = calendar.writes
        office.she_books("e0")
        office.passes(later=MINUTE)
        assert calendar.writes - writes == expected


def test_f10_a_clock_set_back_or_forward_tells_nothing_twice(office: "Office") -> None:
    fill(office, 1)
    for jump in (timedelta(hours=-1), timedelta(days=1), timedelta(hours=-23)):
        office.passes(later=jump)
    assert len(office.sms.sent) == 1


def test_g08_an_edit_that_is_a_new_uid_and_a_delete_is_one_modification(office: "Office") -> None:
    fill(office, 1)
    office.calendars["martin"].delete("e0.ics")
    office.she_books("other", day=9)
    office.passes(later=MINUTE)
    assert (office.told("modification"), office.told("cancellation")) == (["sent"], [])


def test_i08_l10_one_calendar_down_the_other_goes_on(office: "Office") -> None:
    office.calendars["martin"].fail_next(TryLater("pas joignable"), times=5)
    office.she_books("b", dentist="bernard")
    report = office.passes()
    assert report.unreachable == ("memory:martin",)
    assert office.block("b", "bernard").startswith("✓")


def test_what_a_server_asked_to_wait_holds_over_restarts(office: "Office") -> None:
    office.calendars["martin"].fail_next(TryLater("trop de demandes", retry_after=300))
    office.passes()
    asked = office.calendars["martin"].calls["changes"]
    office.passes(later=timedelta(seconds=200))
    assert office.calendars["martin"].calls["changes"] == asked
    office.passes(later=timedelta(seconds=200))
    assert office.calendars["martin"].calls["changes"] == asked + 1


def test_a_calendar_that_left_the_configuration_is_suspended_not_cancelled(office: "Office") -> None:
    from msgspec.structs import replace

    fill(office, 2)
    world = replace(
        office.world, sources=office.world.sources[1:], practice=replace(office.world.practice, name="Lilas")
    )
    office.world = world
    office.passes(later=MINUTE)
    with world.store.read() as tx:
        row = calendars.get(tx, "memory:martin")
    assert row is not None
    assert row.state == "suspended"
    assert office.told("cancellation") == []


def test_the_journal_holds_ids_and_rules_only(office: "Office") -> None:
    fill(office, 2)
    from sqlalchemy import select

    from sync.store import tables

    with office.world.store.read() as tx:
        keyvalue.get(tx, "secret")
        kept = [" ".join(map(str, row)) for row in tx.connection.execute(select(tables.journal))]
    assert kept
    assert not any(word in line for line in kept for word in ("DUPONT", "Marie", "612345678", "Détartrage", "example"))


def test_c08_an_answer_lost_before_the_write_costs_one_more(office: "Office") -> None:
    office.she_books("e0", text="Nouveau patient")
    office.calendars["martin"].fail_next(Unknown())
    office.passes()
    assert office.block("e0") == ""
    office.passes(later=MINUTE)
    assert office.block("e0").startswith("⚠")


def test_d06_a_detached_occurrence_that_copied_our_block_is_judged_for_itself(office: "Office") -> None:
    """A client that detaches one occurrence of a series copies the text, our block included."""
    office.she_books("e0")
    hers = office.event("e0").description
    office.passes()
    stored = office.calendars["martin"].get("e0.ics")
    assert stored is not None
    inner = stored.payload.decode().partition("BEGIN:VEVENT")[2].partition("END:VEVENT")[0]
    day = f"{office.now + timedelta(days=14):%Y%m%d}"
    copy = inner.replace(f"{office.now + timedelta(days=7):%Y%m%d}", day)
    detached = f"BEGIN:VEVENT{copy}RECURRENCE-ID;TZID=Europe/Paris:{day}T100000\r\nEND:VEVENT\r\nEND:VCALENDAR"
    series = stored.payload.decode().replace("SUMMARY:", "RRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY:", 1)
    office.calendars["martin"].put("e0.ics", series.replace("END:VCALENDAR", detached).encode())
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"] * 3
    assert office.event("e0").description == hers


def test_h04_moved_after_the_reminder_went_is_told_and_reminded_for_the_new_day(office: "Office") -> None:
    office.she_books("e0", day=7)
    office.passes()
    office.passes(later=timedelta(days=6, hours=2))
    assert office.told("reminder") == ["sent"]
    office.she_books("e0", day=12)
    office.passes(later=MINUTE)
    assert office.told("modification") == ["sent"]
    office.passes(later=timedelta(days=5))
    assert office.told("reminder") == ["sent", "sent"]


def test_d04_what_we_know_of_an_event_is_not_kept_in_the_event(office: "Office") -> None:
    """A client that drops every property it does not know, our block included, costs one rewrite and no message."""
    fill(office, 1)
    writes = office.calendars["martin"].writes
    office.she_books("e0")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.calendars["martin"].writes == writes + 1
    assert office.told("confirmation") == ["sent"]


def test_h09_l7_a_backup_put_back_tells_nobody_a_second_time(office: "Office", tmp_path: Path) -> None:
    """Two bookings after the backup, one moved, one deleted: all were told before the disk died."""
    fill(office, 3)
    backup = tmp_path / "backup.db"
    raw = sqlite3.connect(office.world.store.file)  # type: ignore[arg-type]
    raw.execute("vacuum into ?", (str(backup),))
    raw.close()
    office.she_books("new", day=20)
    office.she_books("e0", day=15)
    office.calendars["martin"].delete("e1.ics")
    office.passes(later=MINUTE)
    told = len(office.sms.sent)
    office.world.store.close()
    shutil.copy(backup, office.world.store.file)  # type: ignore[arg-type]
    for leftover in ("-wal", "-shm"):
        Path(f"{office.world.store.file}{leftover}").unlink(missing_ok=True)
    one_pass(office.world, restored=True)
    for _ in range(3):
        office.passes(later=MINUTE)
    assert len(office.sms.sent) == told
    office.she_books("new", day=21)
    office.passes(later=MINUTE)
    assert len(office.sms.sent) == told + 1


def test_l10_a_malformed_event_is_said_by_mail_and_the_others_go_on(office: "Office") -> None:
    office.calendars["martin"].put("broken.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\n\xff\xfe\x00 garbage")
    office.she_books("e0")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.block("e0").startswith("✓")
    assert office.to_practice() == ["attitre : un événement n'a pas pu être lu"]
    assert office.calendars["martin"].get("broken.ics").payload.endswith(b"garbage")  # type: ignore[union-attr]


def test_p23_l3_an_agreement_copied_with_the_event_counts_for_nothing(office: "Office") -> None:
    known, agreed = "Né(e) le : 12/05/1981", "\nAccord patient : oui (tél. 12/05)"
    office.she_books("own", dentist="bernard")
    office.passes()
    office.she_books("a", day=9, text=known + agreed)
    office.passes(later=MINUTE)
    stored = office.calendars["martin"].get("a.ics")
    assert stored is not None
    assert office.block("a").startswith("✓")
    day, later = (f"{office.now + timedelta(days=n):%Y%m%d}".encode() for n in (9, 16))
    office.calendars["martin"].put("b.ics", stored.payload.replace(b"UID:a", b"UID:b").replace(day, later))
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.block("b").startswith("⚠")
    assert "copié d'un autre rendez-vous" in office.block("b")
    assert office.told("confirmation") == ["sent"] * 2
    now = office.calendars["martin"].get("b.ics")
    assert now is not None
    office.calendars["martin"].put("b.ics", now.payload.replace(b"12/05)", b"24/11)"))
    office.passes(later=MINUTE)
    assert office.block("b").startswith("✓")
    assert office.told("confirmation") == ["sent"] * 3
