"""A backup is put back, nobody says so: the events themselves show it, and nothing is told until somebody answers."""

from datetime import timedelta
from pathlib import Path

from schedule import Scheduler

from adapters.base import TryLater
from sync.outbox.after_restore import taken_since
from sync.people.by_link import revision
from sync.plan import older_store
from sync.store import bookings, intents
from sync.worker.loop import Stop, Worker
from sync.worker.one_pass import one_pass
from tests.backups import backed_up, put_back
from tests.office import COMPLETE, PARIS, Office

MINUTE = timedelta(minutes=1)
TO_CALL = "attitre : après la sauvegarde, des patients à prévenir ?"
OTHER = COMPLETE.replace("12/05/1981", "03/02/1975").replace("06 12 34 56 78", "06 23 45 67 89")


def asks(office: Office) -> bool:
    with office.world.store.read() as tx:
        return older_store.asks(tx)


def passes(office: Office, times: int = 3) -> None:
    for _ in range(times):
        office.passes(later=MINUTE)


def went_on(office: Office, tmp_path: Path) -> int:
    """A backup, then a new booking, a move and a deletion, all told; then the backup is put back. What was told."""
    office.she_books("kept", day=5)
    office.she_books("moved", day=6, hour=11)
    office.she_books("gone", day=8, hour=12)
    passes(office)
    backup = backed_up(office, tmp_path)
    office.turned += timedelta(hours=1)
    office.she_books("new", day=9, hour=14)
    office.she_books("moved", day=6, hour=15)
    office.calendars["martin"].delete("gone.ics")
    passes(office)
    put_back(office, backup)
    return len(office.sms.sent)


def test_an_older_store_asks_and_tells_nothing(office: Office, tmp_path: Path) -> None:
    told = went_on(office, tmp_path)
    passes(office)
    assert len(office.sms.sent) == told
    assert asks(office)
    assert office.to_practice() == ["attitre : la base est plus ancienne que les agendas"]


def test_what_a_patient_asked_for_before_the_backup_waits_for_the_answer_too(office: Office, tmp_path: Path) -> None:
    """The cancellation was carried out, and she booked the visit anew: an older store asks for it a second time."""
    office.she_books("kept", day=5)
    passes(office)
    with office.world.store.write() as tx:
        [row] = bookings.with_uid(tx, "kept", "", PARIS)
        intents.ask(tx, row.id, revision(row.facts), office.now)
    backup = backed_up(office, tmp_path)
    passes(office)
    assert office.calendars["martin"].get("kept.ics") is None
    office.turned += timedelta(hours=1)
    office.she_books("kept", day=5)
    passes(office)
    put_back(office, backup)
    passes(office)
    assert asks(office)
    assert office.calendars["martin"].get("kept.ics") is not None


def test_while_the_answer_is_awaited_the_worker_sleeps_as_ever(office: Office, tmp_path: Path) -> None:
    """What is due, and waits, wakes nobody."""
    went_on(office, tmp_path)
    worker = Worker(office.world, 60, Stop(), Scheduler())
    worker.turn()  # what it finds changed has it read quicker for three minutes
    for _ in range(3):
        office.turned += timedelta(hours=1)
        worker.turn()
        assert asks(office)
        assert worker.wait() >= 48  # a minute, and what chance takes off


def test_answered_with_restored_nothing_is_told_again_and_all_goes_on(office: Office, tmp_path: Path) -> None:
    told = went_on(office, tmp_path)
    passes(office)
    one_pass(office.world, restored=True)
    passes(office)
    assert len(office.sms.sent) == told
    assert not asks(office)
    office.she_books("later", day=10, hour=9)
    passes(office)
    assert len(office.sms.sent) == told + 1


def test_answered_with_tell_all_what_waits_goes(office: Office, tmp_path: Path) -> None:
    told = went_on(office, tmp_path)
    passes(office)
    one_pass(office.world, tell_all=True)
    passes(office)
    assert len(office.sms.sent) > told
    assert not asks(office)


def test_restored_at_once_is_not_asked(office: Office, tmp_path: Path) -> None:
    told = went_on(office, tmp_path)
    one_pass(office.world, restored=True)
    passes(office)
    assert len(office.sms.sent) == told
    assert not asks(office)
    assert office.to_practice() == []


def test_who_was_booked_after_the_backup_and_not_told_is_named(office: Office, tmp_path: Path) -> None:
    """She books one while nothing works: the other's event shows that its patient was told."""
    office.she_books("kept", day=5)
    passes(office)
    backup = backed_up(office, tmp_path)
    office.she_books("told", day=6, hour=11)
    passes(office)
    office.she_books("untold", day=9, hour=14)
    put_back(office, backup)
    before = len(office.sms.sent)
    one_pass(office.world, restored=True)
    passes(office)
    assert len(office.sms.sent) == before
    with office.world.store.read() as tx:
        [told], [untold] = (bookings.with_uid(tx, uid, "", PARIS) for uid in ("told", "untold"))
    [alert] = [one for one in office.email.sent if one.subject == TO_CALL]
    assert f"n° {untold.id}." in alert.text
    assert f"{told.id}" not in alert.text
    count, unseen = taken_since(office.world, office.now - timedelta(days=1))
    assert count == 4
    assert [row.booking for row in unseen] == [untold.id] * 2, "by SMS and by e-mail"


def test_a_calendar_that_did_not_answer_first_asks_later(office: Office, tmp_path: Path) -> None:
    told = went_on(office, tmp_path)
    office.calendars["martin"].fail_next(TryLater("pas joignable"), times=1)
    passes(office, 4)
    assert asks(office)
    assert len(office.sms.sent) == told


def test_reminders_of_other_appointments_go(office: Office, tmp_path: Path) -> None:
    office.she_books("soon", day=3, text=OTHER)
    passes(office)
    went_on(office, tmp_path)
    passes(office)
    office.passes(later=timedelta(days=2))
    passes(office)
    assert asks(office)
    assert office.told("reminder") == ["sent"]


def test_nothing_is_asked_in_a_practice_that_works(office: Office) -> None:
    for day in (5, 6, 7):
        office.she_books(f"e{day}", day=day, hour=9 + day)
        passes(office)
        office.she_books(f"e{day}", day=day, hour=10 + day)
        passes(office)
    office.calendars["martin"].expire_tokens()
    passes(office)
    assert not asks(office)


def test_an_event_that_becomes_a_series_is_no_newer_store(office: Office) -> None:
    office.she_books("a", day=5)
    office.passes()
    body = office.calendars["martin"].get("a.ics")
    assert body is not None
    office.calendars["martin"].put("a.ics", body.payload.replace(b"SUMMARY:", b"RRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY:"))
    passes(office)
    assert not asks(office)


def test_a_receipt_that_she_edits_or_copies_is_no_newer_store(office: Office) -> None:
    office.she_books("a", day=5)
    passes(office)
    office.turned += timedelta(hours=5)
    passes(office)
    body = office.calendars["martin"].get("a.ics")
    assert body is not None
    assert "envoyé le 24/11".encode() in body.payload
    edited = body.payload.replace("envoyé le 24/11".encode(), "envoyé le 23/11".encode())
    office.calendars["martin"].put("a.ics", edited)
    office.calendars["martin"].put("copy.ics", body.payload.replace(b"UID:a", b"UID:copy"))
    office.calendars["bernard"].put("a.ics", body.payload)
    passes(office)
    assert not asks(office)
