"""What `run` serves says the same as `attitre status`, from the store alone, and names nobody."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from schedule import Scheduler
from sqlalchemy import update

from adapters.web.metrics import Requests, exposition
from adapters.web.office import Present, Ring, Unavailable
from config.load import load
from config.settings import Settings
from sync.core.context import World
from sync.store import calendars, messages
from sync.store import tables as t
from sync.store.engine import Unusable
from sync.worker import health
from sync.worker.hints import telling
from sync.worker.loop import Stop, Worker
from sync.worker.web_server import Desk, DeskOfPatients
from tests.office import Office

YAML = """
practice: {key: lilas, name: Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@l.example}
dentists:
  martin: {name: Dr Claire Martin, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/m/"}]}
  bernard: {name: Dr Paul Bernard, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/b/"}]}
motifs: [{label: Détartrage, minutes: 30}]
page: {public_url: "https://rdv.lilas.example"}
"""
STATES = ("pending", "pending", "failed", "uncertain")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "attitre.yaml").write_text(YAML)
    found, _ = load([tmp_path / "attitre.yaml"], {})
    assert found is not None
    return found


@pytest.fixture
def desk(office: Office, settings: Settings) -> Iterator[Desk]:
    worker = Worker(office.world, 60, Stop(), Scheduler())
    with telling(worker) as hints:
        yield Desk(settings, worker, hints)


def numbers(desk: Desk) -> list[str]:
    """The lines that Prometheus reads."""
    return [line for line in exposition(Present((desk,)), Requests()).decode().splitlines() if not line.startswith("#")]


def change(office: Office, calendar: str, **values: object) -> None:
    with office.world.store.write() as tx:
        calendars.change(tx, calendar, **values)


def states(office: Office, settings: Settings) -> dict[str, str]:
    with office.world.store.read() as tx:
        return {one.dentist: one.state for one in health.all_health(office.world, tx, settings)}


def test_all_is_well_after_a_pass_and_no_more_when_nobody_reads(office: Office, settings: Settings, desk: Desk) -> None:
    assert desk.healthy()
    office.turned += timedelta(minutes=11)
    assert not desk.healthy()
    assert set(states(office, settings).values()) == {"stale"}


class Closed(Worker):
    """A practice's rounds whose store cannot be opened."""

    @property
    def glance(self) -> World:
        raise Unusable("La base est partie.")


def test_a_practice_that_cannot_be_opened_is_unavailable(office: Office, settings: Settings) -> None:
    worker = Closed(office.world, 60, Stop(), Scheduler())
    with telling(worker) as hints:
        desk = DeskOfPatients(settings, worker, hints)
        with pytest.raises(Unavailable):
            desk.look()
        with pytest.raises(Unavailable):
            assert desk.seal


def test_a_calendar_that_is_announced_may_be_older(office: Office, desk: Desk) -> None:
    for calendar in ("memory:martin", "memory:bernard"):
        change(office, calendar, pushed_until=office.now + timedelta(days=1))
    office.turned += timedelta(minutes=15)
    assert desk.healthy()
    office.turned += timedelta(minutes=11)
    assert not desk.healthy()


def test_a_configured_calendar_that_no_pass_has_seen_is_not_well(office: Office, settings: Settings) -> None:
    """The YAML names two; the store knows one."""
    change(office, "memory:bernard", state="suspended")
    assert states(office, settings) == {"martin": "ok", "bernard": "stale"}


def test_one_that_fails_is_counted_and_its_delay_grows(office: Office, desk: Desk) -> None:
    change(office, "memory:bernard", fail_count=3, reason="DUPONT Marie")
    change(office, "memory:martin", held_at=office.now)
    office.turned += timedelta(minutes=2)
    assert not desk.healthy()
    said = numbers(desk)
    assert 'attitre_calendars{practice="lilas",state="failing"} 1.0' in said
    assert 'attitre_calendars{practice="lilas",state="held"} 1.0' in said
    assert 'attitre_calendars{practice="lilas",state="ok"} 0.0' in said
    assert 'attitre_calendar_lag_seconds{dentist="bernard",practice="lilas"} 120.0' in said


def test_l8_the_numbers_name_nobody(office: Office, desk: Desk) -> None:
    office.she_books("1")
    office.passes()
    office.passes(later=timedelta(minutes=2))
    said = "\n".join(numbers(desk))
    assert 'attitre_calendars{practice="lilas",state="ok"} 2.0' in said
    for word in ("DUPONT", "Marie", "612345678", "example", "tartrage", "Dr ", "memory:", "Lilas"):
        assert word not in said


def test_messages_are_counted_by_state_and_those_tried_before_apart(office: Office, desk: Desk) -> None:
    for number in range(4):
        office.she_books(str(number), day=7 + number)
    office.passes()
    with office.world.store.write() as tx:
        sent = messages.counts(tx)["sent"]
        rows = [row.id for row in messages.with_state(tx, messages.SENT, zone=office.world.practice.zone)]
        assert sent == len(rows) == 8
        for ident, state, attempts in zip(rows, STATES, (0, 2, 1, 1), strict=False):
            row = update(t.message).where(t.message.c.id == ident).values(state=state, attempts=attempts)
            tx.connection.execute(row)
    said = numbers(desk)
    for state in ("pending", "retry", "failed", "uncertain"):
        assert f'attitre_outbox_messages{{practice="lilas",state="{state}"}} 1.0' in said


def test_passes_are_counted_done_and_failed(
    office: Office, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(office.world, 60, Stop(), Scheduler())
    done: list[str] = []
    worker.chores.append(lambda: done.append("chore"))
    worker.turn()
    monkeypatch.setattr("sync.worker.loop.one_round", lambda *_: 1 / 0)
    worker.turn()
    with telling(worker) as hints:
        said = numbers(Desk(settings, worker, hints))
    assert 'attitre_passes_total{practice="lilas",result="done"} 1.0' in said
    assert 'attitre_passes_total{practice="lilas",result="failed"} 1.0' in said
    assert done == ["chore"] * 2  # a round that fails keeps nothing else from its turn


def test_a_store_that_fails_is_said_to_be_unavailable(office: Office, desk: Desk) -> None:
    with closing(sqlite3.connect(str(office.world.store.file))) as other:
        for table in ("calendar", "message", "subscription"):
            other.execute(f"alter table {table} rename to {table}_away")
    for ask in (desk.healthy, desk.measures, lambda: desk.rung(Ring("c", "s"))):
        with pytest.raises(Unavailable):
            ask()


def test_l9_asking_writes_nothing(office: Office, desk: Desk) -> None:
    def everything() -> list[str]:
        with closing(sqlite3.connect(str(office.world.store.file))) as other:
            return [*other.iterdump()]

    before = everything()
    desk.healthy()
    list(desk.measures())
    desk.rung(Ring("c", "s"))
    assert everything() == before
