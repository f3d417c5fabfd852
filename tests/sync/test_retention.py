"""What was kept long enough is deleted at night, and nothing that anybody still needs."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine

from adapters.web.patients import What
from rules.model import Channel
from sync.core.context import Purged, Retention
from sync.plan import older_store
from sync.store import bookings, journal, links, offers, purging, resources, told
from sync.store import tables as t
from sync.store.engine import Store
from sync.store.states import OfferState
from sync.worker import nightly, retention
from tests.at_the_page import Patient as AtThePage
from tests.backups import backed_up, put_back
from tests.desk import LUC, MARIE, Desk, make_desk, moment
from tests.office import PARIS, Office
from tests.procedure.waiting import OFFERING, phone_of

DAY = timedelta(days=1)
KEPT = Retention(messages_days=90, journal_days=90)
OF_PATIENTS = (t.message, t.wish, t.intent, t.link, t.offer, t.gap, t.waiting, t.agreement, t.rescue)
BY_AGE = re.compile(r"SEARCH \S+ USING (COVERING )?INDEX ix_\S+ \(practice=\? AND")
FOR_GOOD = (t.booking, t.telling, t.patient, t.resource, t.occurrence)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return made(tmp_path)


def made(folder: Path) -> Desk:
    desk = make_desk(folder, OFFERING, [MARIE, LUC])
    desk.office.world = replace(desk.office.world, retention=KEPT)
    return desk


def counted(desk: Desk, *tables: object) -> Counter[str]:
    """table → its rows."""
    with desk.office.world.store.read() as tx:
        rows = {one.name: tx.connection.execute(select(func.count()).select_from(one)).scalar() for one in tables}  # type: ignore[attr-defined, call-overload]
    return +Counter({name: int(count or 0) for name, count in rows.items()})


def nights(desk: Desk, number: int) -> None:
    """So many nights, in which nobody does anything: of the worker's work, only what it does about old rows."""
    for _ in range(number):
        desk.office.turned += DAY
        nightly.forget(desk.office.world)
    desk.waits(minutes=1)


def autumn(desk: Desk) -> None:
    """Marie Dupont waits and is moved to a freed slot by its offer; Luc Moreau wants to be called."""
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    freed = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.books("MOREAU Luc – contrôle", at="02/12 10:00", minutes=20)
    desk.waits(minutes=1)
    freed.deletes()
    desk.waits(minutes=1)
    phone_of(desk, MARIE).presses(What.ACCEPT)
    AtThePage(desk, next(text for text in desk.sms(LUC.mobile) if "2 décembre" in text)).does(What.CALL)
    for _ in range(3):
        desk.waits(minutes=1)
    for _ in range(6):
        desk.waits(days=4)


# --- what goes -------------------------------------------------------------------------------------------------------


def test_after_its_days_all_about_an_appointment_goes_and_the_appointment_stays(desk: Desk) -> None:
    autumn(desk)
    before = counted(desk, *FOR_GOOD)
    had = counted(desk, *OF_PATIENTS)
    assert counted(desk, t.journal)
    assert {"message", "wish", "intent", "link", "offer", "gap", "waiting"} <= had.keys()
    nights(desk, 64)
    assert counted(desk, *OF_PATIENTS) == had
    nights(desk, 30)
    assert not counted(desk, *OF_PATIENTS)
    assert counted(desk, *FOR_GOOD) == before
    assert not counted(desk, t.journal)


def test_what_is_to_come_keeps_everything(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12/2027 10:00")
    AtThePage(desk, desk.sms(MARIE.mobile)[-1]).does(What.CALL)
    desk.waits(minutes=1)
    had = counted(desk, *OF_PATIENTS)
    nights(desk, 120)
    assert not had - counted(desk, *OF_PATIENTS)


def test_by_default_three_years_are_kept(desk: Desk) -> None:
    assert Retention() == Retention(1095, 1095)


def test_it_is_done_in_slices_and_the_next_round_goes_on(desk: Desk) -> None:
    office, lines = desk.office, purging.SLICE * (retention.FULL_SLICES + 2)
    nights(desk, 1)
    long_ago = office.now - 200 * DAY
    with office.world.store.write() as tx:
        for _ in range(lines):
            journal.log(tx, long_ago, "booked")
    office.turned += DAY
    done = [nightly.forget(office.world) for _ in range(3)]
    assert done == [purging.SLICE * retention.FULL_SLICES, 2 * purging.SLICE, 0]


# --- what stays ------------------------------------------------------------------------------------------------------


def everything_again(desk: Desk) -> None:
    """Every event is evaluated again, as after a change of the program."""
    with desk.office.world.store.write() as tx:
        found = [(row.calendar, row.ref) for row in resources.present(tx)]
        resources.mark_dirty(tx, found, desk.office.now)
    for _ in range(3):
        desk.waits(minutes=1)


def texts(desk: Desk) -> dict[str, dict[str, bytes]]:
    """What stands in the calendars."""
    return {name: {r: b.payload for r, b in one._held.items()} for name, one in desk.office.calendars.items()}


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=4, unique=True), st.integers(80, 220))
def test_l2_after_any_night_nothing_is_told_again_and_no_event_changes(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], past: int
) -> None:
    desk = made(tmp_path_factory.mktemp("kept"))
    for number, day in enumerate(days):
        at = desk.office.now + day * DAY
        who = "DUPONT Marie" if number % 2 else "MOREAU Luc"
        desk.books(f"{who} – contrôle", at=f"{at:%d/%m/%Y} {9 + number}:00", minutes=20)
    desk.waits(minutes=1)
    desk.waits(days=past)  # the worker was off: by its own clock hardly a night has passed
    everything_again(desk)
    told, stood = len(desk.sms()), texts(desk)
    with desk.office.world.store.write() as tx:
        for statement, moment in purging.slices(desk.office.now - 90 * DAY, desk.office.now - 90 * DAY):
            purging.purge(tx, statement, moment)
    everything_again(desk)
    assert len(desk.sms()) == told
    assert texts(desk) == stood


def test_l4_an_appointment_dragged_out_of_the_far_past_is_told_once_and_by_a_new_key(desk: Desk) -> None:
    visit = desk.books("DUPONT Marie – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(minutes=1)
    nights(desk, 110)
    assert not counted(desk, t.message)
    keys = {one.key for one in desk.office.sms.sent}
    told_before = len(desk.sms(MARIE.mobile))
    visit.moves(at="20/04/2027 10:00")
    desk.waits(minutes=1)
    assert len(desk.sms(MARIE.mobile)) == told_before + 1
    assert desk.office.sms.sent[-1].key not in keys


def test_l4_the_last_number_of_a_telling_that_never_left_stays(desk: Desk) -> None:
    """`attitre outbox` forgets such a telling; its number was used with a gateway all the same."""
    desk.books("DUPONT Marie – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(minutes=1)
    with desk.office.world.store.write() as tx:
        [row] = bookings.between(tx, *desk.office.world.window(desk.office.now), PARIS)
        told.forget(tx, row.id, Channel.SMS, 1)
        assert told.next_number(tx, row.id, Channel.SMS) == 2
    nights(desk, 110)
    with desk.office.world.store.read() as tx:
        assert told.next_number(tx, row.id, Channel.SMS) == 2


def test_a_link_that_was_revoked_does_not_come_back(desk: Desk) -> None:
    visit = desk.books("DUPONT Marie – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(minutes=1)
    with desk.office.world.store.write() as tx:
        links.revoke(tx, desk.office.now)
    phone = AtThePage(desk, desk.sms(MARIE.mobile)[-1])
    nights(desk, 110)
    visit.moves(at="20/04/2027 10:00")
    desk.waits(minutes=1)
    assert phone.pages.shown(phone.to, phone.secret) is None


def test_absences_count_as_before(desk: Desk) -> None:
    missed = desk.books("DUPONT Marie – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(days=8)
    missed.adds("Absent")
    nights(desk, 120)
    again = desk.books("DUPONT Marie – contrôle", at="20/04/2027 10:00", minutes=20)
    assert "1er décembre" in again.reads.replace("\N{NO-BREAK SPACE}", " ") or "01/12" in again.reads


def test_an_offer_whose_event_still_stands_is_not_forgotten(desk: Desk) -> None:
    autumn(desk)
    with desk.office.world.store.write() as tx:
        [one] = offers.in_states(tx, PARIS, OfferState.DONE)
        offers.note_event(tx, one.id, "still-there.ics")
        for statement, _ in purging.slices(desk.office.now, desk.office.now):
            purging.purge(tx, statement, desk.office.now + 400 * DAY)
        assert offers.get(tx, one.id, PARIS)


# --- the clock and the backup ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [1, 4])
def test_a_clock_that_jumps_ahead_deletes_nothing_of_the_present(desk: Desk, years: int) -> None:
    autumn(desk)
    desk.books("DUPONT Marie – contrôle", at="18/12 10:00", minutes=20)
    desk.waits(minutes=1)
    had = counted(desk, *OF_PATIENTS)
    jump = years * 365 * DAY
    desk.office.turned += jump
    for _ in range(3):
        nightly.forget(desk.office.world)
    assert not had - counted(desk, *OF_PATIENTS)
    desk.office.turned -= jump
    nights(desk, 3)
    assert not had - counted(desk, *OF_PATIENTS)


def test_the_clock_that_was_ahead_does_not_stop_it_either(desk: Desk) -> None:
    autumn(desk)
    desk.office.turned += 400 * DAY
    nightly.forget(desk.office.world)
    desk.office.turned -= 400 * DAY
    nights(desk, 95)
    assert not counted(desk, t.message)


def test_l7_a_store_older_than_the_calendars_deletes_nothing_before_the_answer(desk: Desk, tmp_path: Path) -> None:
    office = desk.office
    autumn(desk)
    nights(desk, 60)
    backup = backed_up(office, tmp_path)
    desk.books("DUPONT Marie – contrôle", at="20/04/2027 10:00", minutes=20)
    desk.waits(minutes=1)
    put_back(office, backup)
    desk.waits(minutes=1)
    office.world = replace(office.world, purged=Purged())
    had = counted(desk, t.message)
    nights(desk, 30)
    assert counted(desk, t.message) == had


def test_an_old_event_out_of_the_bin_is_no_sign_of_a_newer_store(desk: Desk) -> None:
    """On the anniversary of its message: what our block says was sent has no year."""
    office, calendar = desk.office, desk.office.calendars["martin"]
    desk.books("DUPONT Marie – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(minutes=1)
    nights(desk, 110)
    office.turned += moment("24/11/2027 08:30") - office.now
    desk.waits(minutes=1)
    body = calendar.get("e1.ics")
    assert body is not None
    assert "envoyé le 24/11".encode() in body.payload.replace(b"\r\n ", b"")
    calendar.delete("e1.ics")
    desk.waits(minutes=1)
    office.turned += moment("24/11/2027 12:00") - office.now
    calendar.put("e1.ics", body.payload)
    desk.waits(minutes=1)
    with office.world.store.read() as tx:
        assert not older_store.asks(tx)


# --- what it costs ---------------------------------------------------------------------------------------------------


def plans_of(office: Office) -> list[str]:
    """SQLite's plan of each statement."""
    said: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, sql: str, parameters: Any, *_rest: object) -> None:
        if sql.startswith(("DELETE", "UPDATE")):
            said.append((sql, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    with office.world.store.write() as tx:
        for statement, moment in purging.slices(office.now, office.now):
            purging.purge(tx, statement, moment)
        event.remove(Engine, "before_cursor_execute", note)
        ask = tx.connection.exec_driver_sql
        return ["\n".join(row[3] for row in ask(f"EXPLAIN QUERY PLAN {sql}", given)) for sql, given in said]


def test_a_night_with_nothing_to_delete_walks_through_no_table(office: Office) -> None:
    for plan in plans_of(office):
        steps = plan.split("\n")
        assert not [one for one in steps if one.startswith("SCAN")], plan
        [first] = [
            one for one in steps if re.match(r"SEARCH \S+ USING (COVERING )?INDEX ix_\S+ \(practice=\? AND", one)
        ][:1]
        assert first


def test_a_night_that_is_done_asks_the_store_nothing(desk: Desk) -> None:
    nights(desk, 2)
    nightly.forget(desk.office.world)
    assert nightly.forget(replace(desk.office.world, store=None)) == 0


def test_on_postgresql_too(postgresql: str) -> None:
    store = Store(postgresql, "kept")
    store.prepare()
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    with store.write() as tx:
        journal.log(tx, moment, "booked")
    with store.write() as tx:
        done = [purging.purge(tx, one, before) for one, before in purging.slices(moment + DAY, moment + DAY)]
    assert done == [0] * (len(done) - 1) + [1]
    store.close()
