"""The first pass and a changed configuration in slices: what she edits now is answered first, nobody is told anything
before all is known (docs/design.md#slices)."""

from collections.abc import Callable, Iterator
from datetime import time, timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.engine import Engine

from rules.model import Practice, Severity
from sync.core.context import Source, nobody_watches
from sync.plan.event_faults import faulty_ones
from sync.report.explain import explain
from sync.report.lookup import find
from sync.store import backlog, bookings, calendars, resources
from sync.store import tables as t
from sync.worker.one_pass import check_configuration
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.office import COMPLETE, MORNING, PARIS, PRACTICE, Office, ics, make_office

SOON = timedelta(seconds=20)
SETTLES = replace(PRACTICE, policy=replace(PRACTICE.policy, settle_seconds=60))


class Running:
    """`attitre run` over an office whose slices are small."""

    def __init__(self, office: Office, occurrences: int) -> None:
        self.office = office
        office.world = replace(office.world, slice=occurrences)
        self.readers = Readers(office.world, 60, chance=lambda: 0.5)

    def round(self, later: timedelta = SOON) -> None:
        """Time goes on, then one round, which reads every calendar."""
        self.office.turned += later
        self.readers.forget_moments()
        one_round(self.readers, nobody_watches)

    def until_all_is_known(self) -> int:
        """Rounds until nothing waits; returns how many."""
        for count in range(100):
            if not self.waiting():
                self.round()
                return count
            self.round()
        raise AssertionError("the backlog does not end")

    def waiting(self) -> list[str]:
        """What waits, in its order."""
        with self.office.world.store.read() as tx:
            return [ref for _, ref in backlog.nearest(tx, 1000).places]

    def told(self) -> list[str]:
        return [message.text for message in self.office.sms.sent]


def patient(number: int) -> str:
    born, mobile = f"{number + 1:02}/05/1981", f"06 12 34 56 {number:02}"
    text = COMPLETE.replace("12/05/1981", born).replace("06 12 34 56 78", mobile)
    return text.replace("marie@", f"p{number}@")


NAMES = ("DUPONT Marie", "MOREAU Luc", "LEROY Anne", "ROUX Paul", "BLANC Zoé", "FAURE Jean")


def stands(office: Office, number: int, *, day: int, dentist: str = "martin", hour: int = 10) -> None:
    start = (MORNING + timedelta(days=day)).replace(hour=hour)
    body = ics(f"uid-{number}", f"{NAMES[number]} – détartrage", start, 30, patient(number))
    office.calendars[dentist].put(f"{number}.ics", body)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Five appointments stood there, the latest seen first; one slice of one was evaluated."""
    office = make_office(tmp_path)
    for number in range(5):
        stands(office, number, day=20 - number)
    running = Running(office, 1)
    running.round()
    yield running
    running.readers.close()


def test_the_nearest_day_comes_first(running: Running) -> None:
    assert running.waiting() == ["3.ics", "2.ics", "1.ics", "0.ics"]


def test_what_she_types_is_answered_before_the_backlog_and_told_after_it(running: Running) -> None:
    stands(running.office, 5, day=9)
    running.round()
    assert "Détartrage" in running.office.block("5")
    assert len(running.waiting()) == 3
    assert running.told() == []
    running.until_all_is_known()
    [said] = running.told()
    assert "RDV confirmé" in said


def test_explain_says_that_messages_wait_for_the_backlog(running: Running) -> None:
    office = running.office
    running.until_all_is_known()
    changed(running, SETTLES)
    stands(office, 5, day=9)
    running.round()
    changed(running, replace(SETTLES, policy=replace(SETTLES.policy, severities={"address": Severity.INFO})))
    running.round(timedelta(minutes=2))
    with office.world.store.read() as tx:
        [target] = find(office.world, tx, "uid-5")
        reasons = {message.reason for message in explain(office.world, tx, target).messages}
    assert reasons == {"des rendez-vous restent à vérifier : les messages partent ensuite"}
    running.until_all_is_known()
    assert len(running.told()) == 1


def test_explain_says_of_what_is_not_checked_yet_how_many_come_before(running: Running) -> None:
    office = running.office
    with office.world.store.read() as tx:
        told = [explain(office.world, tx, find(office.world, tx, f"uid-{number}")[0]) for number in range(5)]
    assert [(one.state, one.before) for one in told] == [
        ("unchecked", 3), ("unchecked", 2), ("unchecked", 1), ("unchecked", 0), ("valid", None),
    ]  # fmt: skip


def test_l7_nobody_is_told_what_the_first_pass_found(running: Running) -> None:
    running.until_all_is_known()
    assert running.told() == []
    with running.office.world.store.read() as tx:
        assert not any(resources.dirty(tx))
        assert bookings.count_future(tx, "memory:martin", running.office.now) == 5


@pytest.mark.parametrize(
    ("days", "said"),
    [([21], "RDV déplacé au mardi 15 décembre"), ([21, 22], "16 décembre"), ([21, 20], None)],
    ids=["once", "twice", "away and back"],
)
def test_l7_an_appointment_moved_before_it_was_evaluated_is_told_as_moved(
    running: Running, days: list[int], said: str | None
) -> None:
    for day in days:
        stands(running.office, 0, day=day)
        running.round()
    running.until_all_is_known()
    told = running.told()
    assert len(told) == (said is not None)
    assert all(said in one for one in told if said)


def test_an_appointment_deleted_before_it_was_evaluated_is_cancelled(running: Running) -> None:
    running.office.calendars["martin"].delete("0.ics")
    running.until_all_is_known()
    running.round(timedelta(minutes=2))
    running.round(timedelta(minutes=2))
    [said] = running.told()
    assert "annul" in said


def test_g03_an_appointment_dragged_to_the_other_dentist_before_it_was_evaluated_is_one_move(running: Running) -> None:
    running.office.calendars["martin"].delete("0.ics")
    stands(running.office, 0, day=20, dentist="bernard")
    running.until_all_is_known()
    running.round(timedelta(minutes=2))
    running.round(timedelta(minutes=2))
    with running.office.world.store.read() as tx:
        found = bookings.with_uid(tx, "uid-0", "", PARIS)
    assert [(one.calendar, one.baseline) for one in found] == [("memory:bernard", True)]
    assert not any("annul" in said for said in running.told())


def test_an_old_event_dragged_to_a_coming_day_is_answered_before_the_backlog(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    for number in range(5):
        stands(office, number, day=20 - number)
    stands(office, 5, day=-50)
    running = Running(office, 1)
    running.round()
    stands(office, 5, day=9)
    running.round()
    assert "Détartrage" in office.block("5")
    assert len(running.waiting()) == 3
    running.until_all_is_known()
    [said] = running.told()
    assert "RDV confirmé" in said
    running.readers.close()


def test_p43_the_brake_counts_whole_calendars(tmp_path: Path) -> None:
    office = make_office(tmp_path, replace(PRACTICE, policy=replace(PRACTICE.policy, brake_percent=60)))
    for number in range(6):
        stands(office, number, day=10 + number)
    running = Running(office, 1)
    running.round()
    for number in (3, 4, 5):  # three of six: of the one that was evaluated it would be three times as many
        office.calendars["martin"].delete(f"{number}.ics")
    running.until_all_is_known()
    running.round(timedelta(minutes=2))
    with office.world.store.read() as tx:
        assert not any(row.held_at for row in calendars.every(tx))
    running.readers.close()


def test_h02_a_worker_started_anew_goes_on_where_the_other_ended(running: Running) -> None:
    stands(running.office, 0, day=21)
    running.round()
    running.readers.close()
    again = Running(running.office, 2)
    again.until_all_is_known()
    assert len(again.told()) == 1
    again.readers.close()


def test_a_pass_of_sync_evaluates_the_whole_backlog(running: Running) -> None:
    stands(running.office, 5, day=9)
    running.office.passes(later=SOON)
    assert running.waiting() == []
    assert len(running.told()) == 1


def test_one_fault_in_a_slice_stays_one(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, "uid-2")
    for _ in range(6):
        running.round()
    assert running.waiting() == []
    with running.office.world.store.read() as tx:
        assert bookings.count_future(tx, "memory:martin", running.office.now) == 4


def faulty(monkeypatch: pytest.MonkeyPatch, uid: str) -> Callable[[], None]:
    """Evaluating that event fails; call it to mend that."""
    from sync.evaluate import occurrence

    real = occurrence.assess

    def fails(event: object, *rest: object) -> object:
        if getattr(event, "uid", "") == uid:
            raise ValueError
        return real(event, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(occurrence, "assess", fails)
    return partial(monkeypatch.setattr, occurrence, "assess", real)


@pytest.mark.parametrize("rounds_before_the_move", [0, 12])
def test_l7_an_appointment_at_which_we_failed_is_told_as_moved_when_that_is_mended(
    running: Running, monkeypatch: pytest.MonkeyPatch, rounds_before_the_move: int
) -> None:
    mend = faulty(monkeypatch, "uid-2")
    for _ in range(rounds_before_the_move):
        running.round()
    stands(running.office, 2, day=23)
    for _ in range(4):
        running.round()
    mend()
    stands(running.office, 2, day=24)
    running.until_all_is_known()
    running.round()
    [said] = running.told()
    assert "RDV déplacé au vendredi 18 décembre à 10h avec le Dr Martin (avant : samedi 12 décembre" in said


def test_l10_what_failed_before_is_well_again_after_its_turn(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    mend = faulty(monkeypatch, "uid-2")
    for _ in range(12):
        running.round()
    mend()
    changed(running, replace(PRACTICE, policy=replace(PRACTICE.policy, severities={"address": Severity.INFO})))
    running.round()
    running.until_all_is_known()
    with running.office.world.store.read() as tx:
        assert faulty_ones(tx) == {}


def test_l10_a_fault_that_cannot_be_noted_keeps_no_message_back(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.until_all_is_known()
    faulty(monkeypatch, "uid-2")
    for severity in (Severity.INFO, Severity.WARNING):
        practice = replace(PRACTICE, policy=replace(PRACTICE.policy, severities={"address": severity}))
        changed(running, practice)
        for _ in range(12):
            running.round()
    with running.office.world.store.write() as tx:
        tx.connection.execute(t.booking.update().where(t.booking.c.ref == "2.ics").values(facts={}))
    changed(running, PRACTICE)
    running.round()
    stands(running.office, 5, day=9)
    running.until_all_is_known()
    [said] = running.told()
    assert "RDV confirmé" in said


def test_what_she_moves_away_clears_the_preview_of_the_other(running: Running) -> None:
    stands(running.office, 5, day=23)
    stands(running.office, 0, day=23)
    running.round()
    assert "déjà pris" in running.office.block("0")
    stands(running.office, 5, day=24)
    running.round()
    assert "déjà pris" not in running.office.block("0")


def deleted_beside_a_preview(running: Running) -> None:
    """0 shows that its time is taken by 5, which she then deletes."""
    stands(running.office, 5, day=23)
    stands(running.office, 0, day=23)
    running.round()
    assert "déjà pris" in running.office.block("0")
    running.office.calendars["martin"].delete("5.ics")
    running.round()
    assert running.waiting()


def test_what_she_deletes_clears_the_preview_of_the_other(running: Running) -> None:
    deleted_beside_a_preview(running)
    assert "déjà pris" not in running.office.block("0")
    running.until_all_is_known()
    assert "déjà pris" not in running.office.block("0")


def test_p43_what_vanishes_in_a_mass_takes_its_time_in_a_preview_and_costs_none(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    for number in range(5):
        stands(office, number, day=20 + number)
    for number in range(8):
        body = ics(f"m{number}", "DURAND Paul – contrôle", MORNING + timedelta(days=30 + number), 20, COMPLETE)
        office.calendars["martin"].put(f"m{number}.ics", body)
    running = Running(office, 1)
    running.round()
    for number in range(8):  # more than the brake lets pass
        office.calendars["martin"].delete(f"m{number}.ics")
    stands(office, 5, day=30, hour=MORNING.hour)
    emptied: list[object] = []

    def note(_connection: object, _cursor: object, sql: str, parameters: object, _context: object, many: bool) -> None:
        if sql.startswith("DELETE FROM occurrence"):
            emptied.extend(parameters if many and isinstance(parameters, list) else [parameters])

    event.listen(Engine, "before_cursor_execute", note)
    running.round()
    event.remove(Engine, "before_cursor_execute", note)
    assert "déjà pris" in office.block("5")
    assert len(emptied) < 8
    running.readers.close()


def test_what_she_deletes_in_a_held_calendar_still_takes_its_time_in_a_preview(running: Running) -> None:
    with running.office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", held_at=running.office.now)
    deleted_beside_a_preview(running)
    assert "déjà pris" in running.office.block("0")


# --- a changed configuration -----------------------------------------------------------------------------------------


def changed(running: Running, practice: object) -> None:
    running.office.world = replace(running.office.world, practice=practice)  # type: ignore[arg-type]
    running.readers.close()
    running.__init__(running.office, running.office.world.slice)  # type: ignore[misc]


def test_a_changed_severity_is_judged_in_slices(running: Running) -> None:
    running.until_all_is_known()
    changed(running, replace(PRACTICE, policy=replace(PRACTICE.policy, severities={"address": Severity.INFO})))
    running.round()
    assert running.waiting() == ["3.ics", "2.ics", "1.ics", "0.ics"]
    running.until_all_is_known()
    assert running.told() == []


@pytest.mark.parametrize(
    "practice",
    [
        replace(PRACTICE, name="Cabinet du Lac"),
        replace(PRACTICE, policy=replace(PRACTICE.policy, reminder_hours=48, most_per_hour=3, brake_events=9)),
    ],
)
def test_what_changes_no_judgement_has_nothing_judged_again(running: Running, practice: object) -> None:
    running.until_all_is_known()
    changed(running, practice)
    running.round()
    assert running.waiting() == []


def configured(running: Running, *dentists: str) -> None:
    """From now on `attitre run` reads the calendars of these dentists only."""
    office = running.office
    read = tuple(Source(office.calendars[key], key) for key in dentists)  # type: ignore[arg-type]
    office.world = replace(office.world, sources=read)
    running.readers.close()
    running.__init__(office, office.world.slice)  # type: ignore[misc]


def test_l7_a_calendar_taken_out_of_the_configuration_and_put_back_is_told_as_if_it_had_stayed(
    running: Running,
) -> None:
    stands(running.office, 0, day=21)
    running.office.calendars["martin"].delete("1.ics")
    running.round()
    configured(running, "bernard")
    for _ in range(3):
        running.round()
    with running.office.world.store.read() as tx:
        assert not resources.backlog_is_open(tx)
    assert running.told() == []
    configured(running, "martin", "bernard")
    running.round()
    running.until_all_is_known()
    for _ in range(2):
        running.round(timedelta(minutes=2))
    assert sorted("annulé" in said for said in running.told()) == [False, True]
    assert any("RDV déplacé" in said for said in running.told())


def open_on_mondays(dentist: str) -> Practice:
    hours = {0: ((time(9), time(18)),)}
    return replace(
        PRACTICE, dentists=tuple(replace(d, hours=hours) if d.key == dentist else d for d in PRACTICE.dentists)
    )


def test_new_hours_have_the_events_of_that_dentist_judged_again(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    for number, dentist in enumerate(("martin", "bernard", "martin")):
        stands(office, number, day=9 + number, dentist=dentist)
    running = Running(office, 1)
    running.round()
    running.until_all_is_known()
    changed(running, open_on_mondays("bernard"))
    check_configuration(office.world)
    assert running.waiting() == ["1.ics"]
    running.readers.close()
