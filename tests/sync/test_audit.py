"""The audit's eyes and its silence (docs/design.md#the-command, `audit`): what it counts, when it judges, what it
leaves alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import NOTHING_KNOWN, Conflict, Edit, Refused, TryLater
from rules.model import AddEvent, Annotation, Channel, Dentist, Patient
from sync.rehearsal.audit import Audit, Silent, audit, elsewhere, without_mobile
from sync.rehearsal.dry_run import Intentions
from sync.rehearsal.scratch_store import Notebook, notebook
from sync.store import patients
from sync.store.engine import Store
from tests.sync.conftest import COMPLETE, MORNING, PARIS, PRACTICE, Office, ics

HOURS = {day: ((time(9), time(12)), (time(14), time(18))) for day in range(5)}


def audited(office: Office, past: int = 30, coming: int = 30) -> Audit:
    midnight = office.now.replace(hour=0)
    since, until = midnight - timedelta(days=past), midnight + timedelta(days=coming + 1)
    with notebook(office.world.store, since) as notes:
        return audit(replace(office.world, store=notes.store), notes, since, until)


def made(moment: datetime) -> str:
    return f"CREATED:{moment.astimezone(PARIS) - timedelta(hours=1):%Y%m%dT%H%M%SZ}"


def knows(office: Office, *people: Patient) -> None:
    with office.world.store.write() as tx:
        for patient in people:
            patients.save(tx, patient, office.now, "import")


def durand(dentist: str = "martin") -> Patient:
    details = {"mobile": "+33612345702", "email": "h@example.org", "address": "8 rue Verte, 75020 Paris"}
    return Patient("DURAND", "Hélène", birth_date=date(1968, 7, 3), dentist=dentist, **details)  # type: ignore[arg-type]


def books(office: Office, title: str, start: datetime, *, by: str = "martin", text: str = "", extra: str = "") -> None:
    uid = f"{title} {start:%d%H%M}".replace(" ", "-")
    office.calendars[by].put(f"{uid}.ics", ics(uid, title, start, 20, text, extra))


def rules(found: Audit) -> dict[str, int]:
    return {rule: count for (rule, _), count in found.counts().items()}


@contextmanager
def nothing_happens(office: Office) -> Iterator[None]:
    """Neither calendars nor gateways nor the store's bytes change."""
    file = office.world.store.file
    assert file is not None

    def state() -> object:
        held = {key: list(calendar.changes(None, NOTHING_KNOWN)) for key, calendar in office.calendars.items()}
        beside = {one.name: one.read_bytes() for one in file.parent.glob("lilas.db*") if not one.name.endswith("-shm")}
        return held, beside, office.sms.attempts, office.email.attempts

    before = state()
    yield
    assert state() == before


def test_past_events_are_judged_as_on_the_day_when_they_were_made(new_office: Office) -> None:
    knows(new_office, durand())
    start = MORNING - timedelta(days=10)
    books(new_office, "DURAND Hélène – contrôle", start, extra=made(start - timedelta(days=5)))
    with nothing_happens(new_office):
        found = audited(new_office)
    assert [(case.title, case.wrong) for case in found.bookings] == [("DURAND Hélène – Contrôle", False)]
    assert "date-past" not in rules(found)
    assert found.messages.confirmations == {Channel.SMS: 1, Channel.EMAIL: 1}
    assert found.messages.reminders == {Channel.SMS: 1, Channel.EMAIL: 1}


def test_p48_an_absence_typed_into_a_past_event_is_not_too_early(new_office: Office) -> None:
    knows(new_office, durand())
    start = MORNING - timedelta(days=10)
    books(new_office, "DURAND Hélène – contrôle", start, text="Absent", extra=made(start - timedelta(days=5)))
    found = audited(new_office)
    assert "absence-early" not in rules(found)
    assert [case.wrong for case in found.bookings] == [False]


def test_p41_made_on_the_eve_the_confirmation_is_the_reminder(new_office: Office) -> None:
    knows(new_office, durand())
    start = MORNING + timedelta(days=2)
    books(new_office, "DURAND Hélène – contrôle", start, extra=made(start - timedelta(hours=20)))
    found = audited(new_office)
    assert (found.messages.confirmations[Channel.SMS], found.messages.reminders[Channel.SMS]) == (1, 0)
    assert found.messages.segments == 1


def test_p41_two_of_one_family_on_one_day_are_reminded_once(new_office: Office) -> None:
    knows(new_office, durand(), replace(durand(), given_name="Paul", birth_date=date(1998, 2, 3)))
    start = MORNING + timedelta(days=7)
    books(new_office, "DURAND Hélène – contrôle", start, extra=made(start - timedelta(days=5)))
    books(new_office, "DURAND Paul – contrôle", start + timedelta(hours=1), extra=made(start - timedelta(days=5)))
    found = audited(new_office)
    assert (found.messages.confirmations[Channel.SMS], found.messages.reminders[Channel.SMS]) == (2, 1)


def test_past_visits_add_up_and_say_follow_up(new_office: Office) -> None:
    knows(new_office, durand())
    for days in (-20, 6):
        start = MORNING + timedelta(days=days)
        books(new_office, "DURAND Hélène – contrôle", start, text="Suivi", extra=made(start - timedelta(days=25)))
    assert rules(audited(new_office)) == {"visit-contradiction": 1}, "only the first of the two has no visit before it"


def test_p10_two_at_one_time_are_judged_as_bookings_and_the_later_gives_way(new_office: Office) -> None:
    knows(new_office, durand(), replace(durand(), family_name="LEROY", given_name="Jean", birth_date=date(1975, 11, 5)))
    for days in (-7, 7):
        start = MORNING + timedelta(days=days)
        books(new_office, "DURAND Hélène – contrôle", start, extra=made(start - timedelta(days=3)))
        books(new_office, "LEROY Jean – contrôle", start, extra=made(start - timedelta(days=2)))
    found = audited(new_office)
    assert rules(found) == {"conflict": 2, "conflict-later": 2} | {
        rule: count for rule, count in rules(found).items() if rule == "motif-twice"
    }
    assert [case.title for case in found.to_correct] == ["LEROY Jean – Contrôle"] * 2


def test_p23_p30_other_dentist_and_missing_mobile_are_counted(new_office: Office) -> None:
    knows(new_office, durand("bernard"), replace(durand(), family_name="LEROY", mobile=None, email="l@example.org"))
    start = MORNING + timedelta(days=5)
    books(new_office, "DURAND Hélène – contrôle", start)
    books(new_office, "LEROY Hélène – contrôle", start + timedelta(hours=1))
    found = audited(new_office)
    assert (elsewhere(found.of("martin")), without_mobile(found.of("martin"))) == (1, 1)
    assert elsewhere(found.of("bernard")) == 0


def test_p51_a_series_without_motif_is_asked_once_and_costs_each_week(new_office: Office) -> None:
    practice = replace(PRACTICE, dentists=(Dentist("martin", "Dr Martin", "", HOURS), *PRACTICE.dentists[1:]))
    new_office.world = replace(new_office.world, practice=practice)
    books(new_office, "Bloqué", MORNING - timedelta(days=7), extra="RRULE:FREQ=WEEKLY;COUNT=3")
    books(new_office, "Réunion", MORNING + timedelta(hours=2))
    found = audited(new_office)
    assert [(case.title, case.times) for case in found.blocks] == [("Bloqué", 3)]
    monday = date(2026, 11, 16)
    assert found.lost == {("martin", monday + timedelta(weeks=week)): 20 for week in range(3)}


def test_what_lies_outside_the_span_is_not_reported(new_office: Office) -> None:
    for days in (-40, -31, 31, 60):
        books(new_office, "Bloqué", MORNING + timedelta(days=days))
    assert audited(new_office).blocks == ()
    assert len(audited(new_office, past=45, coming=90).blocks) == 4


def test_an_event_that_cannot_be_read_is_named_and_the_others_counted(new_office: Office) -> None:
    new_office.calendars["martin"].put("abime.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n")
    books(new_office, "Bloqué", MORNING + timedelta(days=1))
    found = audited(new_office)
    assert [(place.dentist, place.ref) for place in found.unreadable] == [("martin", "abime.ics")]
    assert rules(found) == {"block-without-motif": 1, "event-unreadable": 1}


def test_a_calendar_that_is_down_does_not_hide_the_other(new_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise TryLater("L'agenda n'est pas joignable.")

    monkeypatch.setattr(new_office.calendars["bernard"], "changes", down)
    books(new_office, "Bloqué", MORNING + timedelta(days=1))
    found = audited(new_office)
    assert [(place.dentist, place.reason) for place in found.unread] == [("bernard", "L'agenda n'est pas joignable.")]
    assert len(found.blocks) == 1


def test_audit_after_real_passes_repeats_nothing_and_knows_its_own_patients(office: Office) -> None:
    office.she_books("a")
    office.passes()
    with nothing_happens(office):
        found = audited(office)
    assert (rules(found), len(found.bookings)) == ({}, 1)
    assert not found.bookings[0].wrong


def test_whoever_waits_is_told_how_far_it_is(new_office: Office) -> None:
    for days in (-3, -2, 2, 3, 4):
        books(new_office, "Bloqué", MORNING + timedelta(days=days))
    seen: list[tuple[int, int]] = []
    read: list[str] = []
    with notebook(new_office.world.store, MORNING - timedelta(days=5)) as notes:
        world = replace(new_office.world, store=notes.store)
        span = MORNING - timedelta(days=5), MORNING + timedelta(days=5)
        audit(world, notes, *span, read.append, count=lambda done, total: seen.append((done, total)))
    assert sorted(read) == ["memory:bernard", "memory:martin"]
    assert seen == [(1, 5), (2, 5), (5, 5)]


def test_the_same_calendars_give_the_same_report(office: Office) -> None:
    office.she_books("a")
    office.she_books("b", day=-3, text=COMPLETE.replace("06 12", "01 12"))
    assert audited(office) == audited(office)


def test_a_silent_calendar_refuses_every_writing() -> None:
    calendar = make_calendar()
    assert isinstance(calendar.apply("a.ics", None, Edit(Annotation("⚠ "), b"")), Conflict)
    assert isinstance(calendar.add(AddEvent("x", "u", "t", "", MORNING, MORNING)), Refused)
    assert isinstance(calendar.remove("a.ics", None), Refused)


def make_calendar() -> Silent:
    class Nobody:
        address = "memory:x"

        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"{name} was called")

    return Silent(Nobody(), Intentions())  # type: ignore[arg-type]


# --- its notebook ----------------------------------------------------------------------------------------------------


def test_the_notebook_is_private_and_gone_afterwards(new_office: Office) -> None:
    with notebook(new_office.world.store, MORNING) as notes:
        file = notes.store.file
        assert file is not None
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o077 == 0
    assert not file.parent.exists()


def test_the_notebook_knows_the_patients_of_a_store_at_work(new_office: Office) -> None:
    """A running worker's last commits stand in its log and not yet in its file."""
    store = new_office.world.store
    assert store.file is not None
    with closing(sqlite3.connect(store.file)) as keeper:
        keeper.execute("select 1 from patient").fetchall()
        knows(new_office, durand())
        files = [store.file, store.file.with_name("lilas.db-wal")]
        before = [file.read_bytes() for file in files]
        with notebook(store, MORNING) as notes, notes.store.read() as tx:
            assert [patient.family_name for patient in patients.every(tx)] == ["DURAND"]
            assert notes.known
        assert [file.read_bytes() for file in files] == before


def test_without_a_store_the_notebook_is_empty_and_makes_none(tmp_path: Path) -> None:
    with notebook(Store(f"sqlite:///{tmp_path / 'neuf.db'}", "lilas"), MORNING) as notes:
        assert notes == Notebook(notes.store)
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_another_practice_gives_nobody(new_office: Office) -> None:
    knows(new_office, durand())
    assert new_office.world.store.file is not None
    other = Store(f"sqlite:///{new_office.world.store.file}", "autre")
    with notebook(other, MORNING) as notes:
        assert not notes.known
    other.close()
