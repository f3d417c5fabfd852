"""Where an event may not be written to, what is to be corrected stands beside it
(docs/design.md#writing-into-her-event: hard cases C04, C10, C11, C12)."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from adapters.base import Conflict, Refused
from rules.model import Kind
from rules.telling.correction_notice import NAME
from sync.core.context import World, nobody_watches
from sync.store import occurrences, resources, tables
from sync.worker import nightly, older_version
from sync.worker.one_pass import at_rest
from sync.worker.round import one_round, read_due
from sync.worker.scheduler import Readers
from tests.office import COMPLETE, MORNING, ics, make_office
from tests.past import fill
from tests.work import quiet_round

if TYPE_CHECKING:
    from tests.sync.conftest import Office

MINUTE = timedelta(seconds=61)
GUESTS = "ATTENDEE:mailto:marie@example.org"
LACKING = "Nouveau patient\nSans préférence"


def books(
    office: "Office", uid: str, *, day: int = 7, hour: int = 10, text: str = LACKING, extra: str = GUESTS
) -> None:
    start = (MORNING + timedelta(days=day)).replace(hour=hour)
    body = ics(uid, "DUPONT Marie – détartrage", start, 30, text, extra)
    office.calendars["martin"].put(f"{uid}.ics", body)


def notes(office: "Office", dentist: str = "martin") -> list[str]:
    """Titles of the notices that stand in the calendar."""
    return [event.title for _, event in found(office, dentist)]


def found(office: "Office", dentist: str = "martin") -> list[tuple[str, object]]:
    calendar = office.calendars[dentist]
    window = office.world.window(office.now)
    refs = [ref for ref in calendar._held if ref.startswith(NAME)]
    return [(ref, calendar.read(ref, calendar._held[ref].payload, window).events[0]) for ref in sorted(refs)]


def text(office: "Office") -> str:
    ((_, event),) = found(office)
    return str(event.description)  # type: ignore[attr-defined]


def test_c12_what_cannot_be_said_in_the_event_is_said_beside_it(office: "Office") -> None:
    books(office, "e0")
    hers = office.calendars["martin"]._held["e0.ics"]
    office.passes()
    assert office.calendars["martin"]._held["e0.ics"] == hers
    assert notes(office) == ["attitre : à corriger (1)"]
    said = text(office)
    assert said.startswith("10 h, DUPONT Marie (rien n'y est écrit : il a des invités")
    assert "✗ Mobile" in said
    ((_, event),) = found(office)
    assert (event.all_day, event.transparent) == (True, True)  # type: ignore[attr-defined]
    assert f"{event.start:%d/%m}" == f"{office.now + timedelta(days=7):%d/%m}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("days", [None, 1], ids=["unknown", "of its old hour"])
@pytest.mark.parametrize("by", ["its first round", "its audit"])
def test_c12_what_an_older_process_wrote_meanwhile_is_said_by_the_new_one(
    office: "Office", monkeypatch: pytest.MonkeyPatch, days: int | None, by: str
) -> None:
    office.passes()
    with monkeypatch.context() as older:
        known = days and office.now - timedelta(days=days)
        older.setattr(occurrences, "over_at", lambda _: known)
        books(office, "e0")
        office.passes()
    assert notes(office) == []
    if by == "its audit":
        office.passes(later=timedelta(days=1))
    else:
        one_round(readers := Readers(office.world, 60), nobody_watches)
        readers.close()
    assert notes(office) == ["attitre : à corriger (1)"]


def test_c12_what_an_older_process_wrote_is_looked_for_once_a_night_not_for_each_calendar(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, nights = list[World](), 3
    monkeypatch.setattr(older_version, "put_right", looked.append)
    office.passes()
    for _ in range(nights):
        office.passes(later=timedelta(days=1))
        office.passes()
    assert len(looked) == nights
    office.turned += timedelta(days=1)
    assert len(office.world.sources) > 1
    for source in office.world.sources:  # as `run` does
        nightly.audit(office.world, [source])
    assert len(looked) == nights + 1


def test_c12_one_notice_a_day_that_follows_and_goes(office: "Office") -> None:
    books(office, "e0", hour=11)
    books(office, "e1", hour=10, text=LACKING + "\nMobile : 01 43 00 00 01")
    books(office, "e2", day=8)
    office.passes()
    assert notes(office) == ["attitre : à corriger (2)", "attitre : à corriger (1)"] or notes(office) == [
        "attitre : à corriger (1)",
        "attitre : à corriger (2)",
    ]
    books(office, "e0", hour=11, text=COMPLETE)
    books(office, "e2", day=8, text=COMPLETE.replace("Marie", "Anne"))
    office.calendars["martin"].delete("e2.ics")
    office.passes(later=MINUTE)
    assert notes(office) == ["attitre : à corriger (1)"]
    office.calendars["martin"].delete("e1.ics")
    office.passes(later=MINUTE)
    office.passes(later=MINUTE)
    assert notes(office) == []


def test_l2_time_alone_rewrites_no_notice(office: "Office") -> None:
    books(office, "e0")
    office.passes()
    writes = office.calendars["martin"].writes
    for _ in range(12):
        office.passes(later=timedelta(hours=18))
    assert office.calendars["martin"].writes == writes
    assert notes(office) == ["attitre : à corriger (1)"]


def test_a_notice_is_no_booking_no_block_and_takes_no_time(office: "Office") -> None:
    books(office, "e0", text=COMPLETE.replace("06 12 34 56 78", "01 43 00 00 01"))
    for _ in range(3):
        office.passes(later=MINUTE)
    ((ref, _),) = found(office)
    with office.world.store.read() as tx:
        kinds = set(
            tx.connection.execute(select(tables.occurrence.c.kind).where(tables.occurrence.c.ref == ref)).scalars()
        )
        booked = set(tx.connection.execute(select(tables.booking.c.ref)).scalars())
    assert kinds == {Kind.IGNORED.value}
    assert booked == {"e0.ics"}
    assert office.sms.sent == []


def test_a_copy_of_a_notice_is_none_either(office: "Office") -> None:
    books(office, "e0", text=COMPLETE.replace("06 12 34 56 78", "01 43 00 00 01"))
    office.passes()
    ((ref, _),) = found(office)
    body = office.calendars["martin"]._held[ref].payload
    office.calendars["martin"].put("copie.ics", body.replace(ref.removesuffix(".ics").encode(), b"copie"))
    for _ in range(2):
        office.passes(later=MINUTE)
    with office.world.store.read() as tx:
        assert set(tx.connection.execute(select(tables.booking.c.ref)).scalars()) == {"e0.ics"}


def test_l1_a_notice_that_she_changed_is_hers(office: "Office") -> None:
    books(office, "e0")
    office.passes()
    ((ref, _),) = found(office)
    calendar = office.calendars["martin"]
    hers = calendar._held[ref].payload.replace(b"SUMMARY:attitre", b"SUMMARY:VU attitre")
    calendar.put(ref, hers)
    office.passes(later=MINUTE)
    assert [one for one, _ in found(office)] == [ref]
    books(office, "e0", text=LACKING + "\nMobile : 06 12 34 56 78")
    office.passes(later=MINUTE)
    assert calendar._held[ref].payload == hers
    assert len(found(office)) == 2
    calendar.delete("e0.ics")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert [one for one, _ in found(office)] == [ref]


def test_a_notice_that_she_deleted_comes_back_with_new_facts_only(office: "Office") -> None:
    books(office, "e0")
    office.passes()
    ((ref, _),) = found(office)
    office.calendars["martin"].delete(ref)
    for _ in range(3):
        office.passes(later=MINUTE)
    assert notes(office) == []
    books(office, "e0", text=LACKING + "\nMobile : 06 12 34 56 78")
    office.passes(later=MINUTE)
    assert notes(office) == ["attitre : à corriger (1)"]


def test_c10_a_text_that_the_server_changes_for_ever_is_left_alone_after_the_second_time(office: "Office") -> None:
    calendar = office.calendars["martin"]
    put = calendar.put

    def mangles(ref: str, payload: bytes) -> str:
        return put(ref, payload.replace("✗ Mobile".encode(), "✗ M0bile".encode()))

    calendar.put = mangles  # type: ignore[method-assign]
    store = calendar._store

    def answers_with_what_was_sent(ref: str, payload: bytes) -> object:
        result = store(ref, payload)
        stored = result.resource  # type: ignore[union-attr]
        return type(result)(type(stored)(ref, stored.version, payload))  # type: ignore[call-arg]

    calendar._store = answers_with_what_was_sent  # type: ignore[method-assign, assignment]
    office.she_books("e0", text=LACKING)
    for _ in range(8):
        office.passes(later=MINUTE)
        calendar.put("e0.ics", calendar._held["e0.ics"].payload)  # the server stamps it anew
    assert calendar.calls["apply"] == 2
    with office.world.store.read() as tx:
        row = resources.get(tx, "memory:martin", "e0.ics")
    assert row is not None
    assert row.unwritable == "notre texte y a été changé deux fois"
    assert notes(office) == ["attitre : à corriger (1)"]


def test_a_calendar_that_takes_no_event_of_ours_is_asked_once(office: "Office") -> None:
    books(office, "e0")
    office.calendars["martin"].fail_next(Refused("Lecture seule."), times=99)
    for _ in range(5):
        office.passes(later=MINUTE)
    assert office.calendars["martin"].calls["add"] == 1


def test_a_block_without_reason_into_which_nothing_can_be_written_is_named_too(office: "Office") -> None:
    start = (MORNING + timedelta(days=7)).replace(hour=15)
    office.calendars["martin"].put("b0.ics", ics("b0", "Bloqué", start, 60, "", GUESTS))
    office.passes()
    assert notes(office) == ["attitre : à corriger (1)"]
    assert "15 h, Bloqué" in text(office)


def test_events_from_before_the_first_pass_have_no_notice(new_office: "Office") -> None:
    books(new_office, "e0")
    for _ in range(2):
        new_office.passes(later=MINUTE)
    assert notes(new_office) == []


def test_killed_after_the_notice_was_added_it_is_known_again(office: "Office", monkeypatch: pytest.MonkeyPatch) -> None:
    books(office, "e0")
    with monkeypatch.context() as patched:
        patched.setattr("sync.annotate.corrections_event._keep", lambda *_: (_ for _ in ()).throw(RuntimeError))
        office.passes()
    books(office, "e0", text=LACKING + "\nMobile : 06 12 34 56 78")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert notes(office) == ["attitre : à corriger (1)"]
    assert "✗ Mobile" not in text(office)


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_b3_a_notice_that_says_what_it_should_leaves_the_practice_at_rest(office: "Office") -> None:
    books(office, "e0")
    assert is_at_work(office)
    for _ in range(2):  # in the second one the notice itself is read
        office.passes(later=MINUTE)
    assert not is_at_work(office)
    office.passes(later=timedelta(days=1))
    assert not is_at_work(office)
    books(office, "e0", text=LACKING + "\nMobile : 06 12 34 56 78")
    for _ in range(2):
        office.passes(later=MINUTE)
    assert "✗ Mobile" not in text(office)
    assert not is_at_work(office)
    office.calendars["martin"].delete("e0.ics")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert notes(office) == []
    assert not is_at_work(office)


def test_b3_a_notice_that_was_not_written_is_still_to_be_shown(office: "Office") -> None:
    books(office, "e0")
    office.calendars["martin"].fail_next(Conflict())
    office.passes()
    assert notes(office) == []
    assert is_at_work(office)
    for _ in range(2):
        office.passes(later=MINUTE)
    assert notes(office) == ["attitre : à corriger (1)"]
    assert not is_at_work(office)


def test_b3_past_events_that_are_not_written_to_cost_a_quiet_round_nothing(
    office: "Office", tmp_path_factory: pytest.TempPathFactory
) -> None:
    old = make_office(tmp_path_factory.mktemp("old"))
    old.passes()
    with old.world.store.write() as tx:
        fill(tx, "memory:martin", 20_000)  # guests in each tenth
    assert quiet_round(old) == quiet_round(office)
    assert not is_at_work(old)
    books(old, "e0")
    for _ in range(2):
        old.passes(later=MINUTE)
    assert notes(old) == ["attitre : à corriger (1)"]
    books(old, "e0", text=LACKING + "\nMobile : 06 12 34 56 78")
    old.passes(later=MINUTE)
    assert "✗ Mobile" not in text(old)
    old.calendars["martin"].delete("e0.ics")
    for _ in range(3):
        old.passes(later=MINUTE)
    assert notes(old) == []
    assert not is_at_work(old)


def test_b3_many_coming_events_that_are_not_written_to_are_read_at_once(
    office: "Office", tmp_path_factory: pytest.TempPathFactory
) -> None:
    few = make_office(tmp_path_factory.mktemp("few"))
    few.passes()
    for one, number in ((few, 1), (office, 8)):
        for n in range(number):
            books(one, f"e{n}", hour=9 + n)
        one.passes()
        one.passes(later=MINUTE)
    assert notes(office) == ["attitre : à corriger (8)"]
    assert quiet_round(office) == quiet_round(few)


def is_at_work(office: "Office") -> bool:
    """Whether a round would take steps: for what the calendar shows now, once that was read."""
    readers = Readers(office.world, 60)
    read_due(readers, nobody_watches)
    readers.close()
    return not at_rest(office.world)
