"""The benchmark itself: a tiny run measures every row, and a store that is not the calendar ends it."""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from adapters.web import views
from bench import __main__ as bench
from bench import pages, show, worker
from bench.clients import Client, Floor, Ours, configure, on_caldav
from bench.goals import TOO_FEW, Measured, Row, rows
from bench.judging import DENTISTS, big_practice
from bench.measure import FIRST, Cost, Failed
from bench.measure import Table as Measurements
from bench.nightly import Night, a_night
from bench.practice import PATIENTS, morning
from bench.rendered import PARIS
from bench.scenarios import one_pass
from bench.server import Replay
from bench.typed import Typed, typed
from bench.visitors import compared
from bench.worker import Round
from config.load import load
from sync.core.context import World
from sync.outbox.reminders import to_plan
from sync.store import bookings, calendars, intents, messages
from sync.store import tables as t
from sync.store.engine import Tx
from sync.wiring import open_world
from sync.worker import scheduler
from sync.worker.clock import Steps
from sync.worker.loop import Worker
from sync.worker.pipeline import nothing_to_do

pytestmark = pytest.mark.timeout(600)  # half a minute of processor time; how busy the machine is decides nothing
ROOT = Path(__file__).parents[2]
TINY = ("--events", "100", "--runs", "1", "--calendars", "4", "--bookings", "600", "--rounds", "4")
NOT_NOW = ("--no-peers", "--no-servers")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("bench") / "bench.json"
    file.with_suffix(".md").write_text("Before.\n<!-- begin: figures -->\noutdated\n<!-- end: figures -->\nAfter.\n")
    pages = ("--json", str(file), "--page", str(file.with_suffix(".md")), "--svg", str(file.with_suffix(".svg")))
    done = subprocess.run(
        [sys.executable, "-m", "bench", *TINY, *NOT_NOW, *pages], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(file.read_text())
    return told | {"markdown": file.with_suffix(".md").read_text(), "svg": file.with_suffix(".svg").read_text()}


def test_every_row_of_the_yardstick_is_there_with_its_goal(result: dict[str, Any]) -> None:
    assert {row["id"] for row in result["rows"]} == {f"B{number}" for number in range(1, 15)}
    assert all(row["goal"] for row in result["rows"])


def test_a_row_is_measured_or_says_why_it_is_absent(result: dict[str, Any]) -> None:
    absent = {row["absent"] for row in result["rows"] if row["value"] is None}
    assert absent <= {*NOT_NOW, TOO_FEW}
    assert all(row["reached"] in {True, False} for row in result["rows"] if row["value"] is not None)


def test_a_quiet_pass_is_one_question_whatever_the_row(result: dict[str, Any]) -> None:
    counted = {row["what"]: row["value"] for row in result["rows"] if row["what"].endswith("requests")}
    assert counted == {
        "worker, nothing changed, 50: requests": 1,
        "worker, nothing changed, 100: requests": 1,
        "4 idle calendars: requests": 1,
    }


def test_the_page_and_the_picture_show_the_same(result: dict[str, Any]) -> None:
    assert result["markdown"].count("\n| B") == len(result["rows"])
    assert result["markdown"].startswith("Before.\n")
    assert result["markdown"].endswith("\nAfter.\n")
    assert "outdated" not in result["markdown"]
    assert "<svg" in result["svg"]
    assert "attitre" in result["svg"]


@pytest.mark.parametrize(
    ("value", "at_least", "reached"), [(2.2, False, True), (2.21, False, False), (2.2, True, True), (2.19, True, False)]
)
def test_a_goal_is_reached_by_the_figure_that_is_shown(value: float, at_least: bool, reached: bool) -> None:
    assert Row("B1", "", value, 2.2, at_least=at_least).reached is reached


def test_what_fails_loses_its_own_rows_and_the_rest_is_written_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails() -> Measurements:
        raise Failed("« base occupée »")

    parts = [("many", fails), ("worker", lambda: Round(0.002, 0.004, 1, 0, 0, 0.02))]
    monkeypatch.setattr(bench, "_parts", lambda *_: parts)
    options = argparse.Namespace(events=50, calendars=4, no_peers=True, no_servers=True, json=tmp_path / "bench.json")
    shown = {row.what: row for row in rows(bench._measured(options))}
    assert shown["4 idle calendars / one"].failed
    assert shown["worker, nothing changed, 50: CPU"].reached
    told = {row["what"]: row["value"] for row in json.loads(options.json.read_text())["rows"]}
    assert told["worker, nothing changed, 50: CPU"] == 2.0


def test_a_pass_that_does_not_complete_misses_its_goal() -> None:
    assert Row("B11", "", None, 1.3, failed=True).reached is False


@pytest.fixture
def replay() -> Iterator[Replay]:
    replay = Replay(80, date.today())
    threading.Thread(target=replay.serve, daemon=True).start()
    yield replay
    replay.close()


@pytest.mark.parametrize("made", [Ours, Floor])
@pytest.mark.parametrize("google", [False, True], ids=["caldav", "google"])
def test_a_store_that_is_not_the_calendar_ends_the_run(made: Any, google: bool, replay: Replay, tmp_path: Path) -> None:
    client: Client = made(replay, tmp_path, google=google)
    one_pass(client, replay)
    replay.change(1)
    with pytest.raises(Failed, match=r"1 of 8\d events"):
        client.check(replay)


def test_a_pass_that_writes_ends_the_run(replay: Replay, tmp_path: Path) -> None:
    client = Ours(replay, tmp_path)
    one_pass(client, replay)
    replay.writes = 1
    with pytest.raises(Failed, match="1 requests that write"):
        client.check(replay)


@pytest.mark.parametrize(
    ("undone", "seen"),
    [
        ("update resource set backlog_at = '2026-12-01 00:00:00.000000' where ref = :ref", "wait to be judged"),
        ("update resource set dirty_at = '2026-12-01 00:00:00.000000' where ref = :ref", "wait to be judged"),
        ("delete from booking where ref = :ref", "are bookings in the calendar or in the store alone"),
        ("delete from edit where ref = :ref", "were edited, and nothing is to be said of it"),
    ],
)
def test_a_pass_that_judged_not_all_that_it_read_ends_the_run(
    undone: str, seen: str, ours: Ours, replay: Replay
) -> None:
    edited = replay.change_one().split()[0]
    one_pass(ours, replay)
    with closing(sqlite3.connect(ours.place / "attitre.db")) as store, store:
        assert store.execute(undone, {"ref": edited}).rowcount == 1
    with pytest.raises(Failed, match=f"1 events {seen}"):
        ours.check(replay)


# --- a practice at work, not an empty one ----------------------------------------------------------------------------


@pytest.fixture
def ours(replay: Replay, tmp_path: Path) -> Ours:
    """After its first pass."""
    client = Ours(replay, tmp_path)
    one_pass(client, replay)
    client.begin()
    return client


@contextmanager
def world_of(place: Path) -> Iterator[World]:
    settings, _ = load([place / "attitre.yaml"], {})
    assert settings is not None
    with open_world(settings) as world:
        yield world


def test_an_idle_pass_plans_reminders_and_tells_nobody(ours: Ours, replay: Replay) -> None:
    one_pass(ours, replay)
    with world_of(ours.place) as world, world.store.read() as tx:
        looked_at = bookings.unreminded(tx, world.practice, world.now())
        planned, waiting = to_plan(world, tx, world.now()), messages.with_state(tx, messages.PENDING, zone=PARIS)
    assert len(looked_at) == 1
    assert looked_at[0].state is bookings.INVALID
    assert planned == []
    assert len(waiting) == 1


def test_a_reminder_that_would_go_out_ends_the_run(ours: Ours, replay: Replay) -> None:
    with world_of(ours.place) as world, world.store.write() as tx:
        first = bookings.unreminded(tx, world.practice, world.now())[0]
        bookings.change(tx, first.id, state=bookings.VALID)
    with pytest.raises(Failed, match="messages"):
        one_pass(ours, replay)


def test_a_worker_is_measured_in_a_practice_that_imported_its_patients_and_its_store_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []
    real = worker.check_store

    def compare(place: Path, served: Replay) -> None:
        with world_of(place) as world, world.store.read() as tx:
            compared.append(tx.connection.execute(select(func.count()).select_from(t.patient)).scalar_one())
        real(place, served)

    monkeypatch.setattr(worker, "check_store", compare)
    found = worker.a_round(40, 2)
    assert compared == [PATIENTS]
    assert (found.requests, found.parses) == (1, 0)


def test_a_round_that_leaves_a_change_for_later_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, replay: Replay, tmp_path: Path
) -> None:
    now = morning(replay.today, PARIS)
    file = configure(tmp_path, on_caldav(replay.urls), now=now)
    monkeypatch.setattr(scheduler, "HEALTHY_WAIT_S", 0.0)
    replay.latency = 0.3
    with pytest.raises(AssertionError, match="before what changed was stored and judged"):
        worker.main(str(file), replay.root, "2", "0", now.isoformat())


@pytest.mark.parametrize("today", [date(2026, 12, 1), date(2026, 12, 5), date(2026, 12, 6)])
def test_a_worker_s_clock_stands_in_opening_hours(today: date) -> None:
    assert morning(today, PARIS).weekday() < 5


def test_years_that_went_by_leave_what_was_sent_asked_and_written_and_no_work() -> None:
    with big_practice(1000) as (world, _, names), world.store.read() as tx:
        left = {table: _count(tx, table) for table in (t.booking, t.message, *LEFT)}
        sent = messages.with_state(tx, messages.SENT, zone=PARIS)
        assert nothing_to_do(world, tx)
        assert not intents.open_ones(tx)
        whose = tx.connection.execute(select(func.count(t.link.c.patient.distinct()))).scalar_one()
        whom = tx.connection.execute(select(func.count(t.booking.c.dentist.distinct()))).scalar_one()
    assert (left[t.booking], left[t.message], left[t.journal], left[t.link]) == (2000, 2000, 4000, 1000)
    assert {row.number for row in sent} == {0, 1}
    assert all(left[table] for table in LEFT)
    assert (whose, whom) == (len(names), DENTISTS)


def test_a_patient_s_page_is_measured_as_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for name in ("first", "act"):
        real = getattr(views, name)
        monkeypatch.setattr(views, name, lambda *asked, real=real, name=name: (drawn.append(name), real(*asked))[1])
    assert pages.measure(repeats=3, many=100).keys() == {"page", "free times"}
    assert drawn == ["first"] * 3 + ["act"] * 3


LEFT = (
    t.journal, t.link, t.consent, t.agreement, t.patient_history, t.waiting, t.gap, t.offer, t.intent, t.wish, t.notice,
)  # fmt: skip


def _count(tx: Tx, table: Table) -> int:
    return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize(("status", "ended"), [(200, 0), (503, 1)])
def test_visitors_look_at_every_page_and_one_without_an_answer_ends_the_run(status: int, ended: int) -> None:
    looked_at: set[str] = set()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opens = "?" not in self.path
            looked_at.update([] if opens else [self.path])
            self.send_response(303 if opens else status)
            self.send_header("Location", f"./?s={self.path[-1]}")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        visit = [sys.executable, "-m", "bench.visitors", f"http://127.0.0.1:{pages.server_address[1]}", "0.3"]
        done = subprocess.run(visit, cwd=ROOT, input="a\nb\nc\nd\ne", capture_output=True, text=True, check=False)
        pages.shutdown()
    assert done.returncode == ended
    assert len(looked_at) == 5 or ended


def test_a_round_is_never_shorter_beside_visitors_but_the_noise_is_shown() -> None:
    found = Measured(100, 50, 4, 500, 2_000, visited=compared(200, [0.010, 0.012, 0.010, 0.012], [0.008, 0.008]))
    [row] = [row for row in rows(found) if "longer by" in row.what]
    assert show.shown(row) == "0.00 ± 3.00 ms"


def test_a_process_that_answered_an_edit_holds_more_than_one_that_never_judged(result: dict[str, Any]) -> None:
    held = {row["what"]: row["value"] for row in result["rows"] if row["id"] == "B14"}
    assert held["attitre run, after one edit was answered: resident"] > held["attitre run, nothing to do: resident"]


def test_growth_is_a_slope_so_that_what_each_process_does_once_hides_none() -> None:
    """A second and a half of modules, a millisecond for each event, and half of one more from ten thousand on."""
    seconds = {1_000: 2.5, 10_000: 11.5, 50_000: 71.5}
    few, many, most = ({"attitre": {FIRST: Cost(cpu, cpu, 1, 90)}} for cpu in seconds.values())
    found = Measured(10_000, 1_000, 100, 50_000, 200_000, dav=many, less=few, grown=(most, None, None))
    [growth] = [row for row in rows(found) if row.what.startswith("first pass, an event more")]
    assert growth.value == pytest.approx(1.5)
    assert growth.reached is False


def test_a_night_is_the_same_slope() -> None:
    night = {1_000: 0.3, 10_000: 1.2, 50_000: 9.2}
    few = {events: Night(cpu) for events, cpu in night.items() if events < 50_000}
    found = Measured(10_000, 1_000, 100, 50_000, 200_000, nights=few, grown=({}, Night(night[50_000]), None))
    [growth] = [row for row in rows(found) if "a night's audit" in row.what]
    assert growth.value == pytest.approx(2)
    assert growth.reached is False


def test_a_night_audits_the_calendar_and_tells_nobody(replay: Replay, tmp_path: Path) -> None:
    client = Ours(replay, tmp_path)
    one_pass(client, replay)
    assert a_night(client, replay).cpu > 0
    with world_of(tmp_path) as world, world.store.read() as tx:
        assert [row.audited_at is not None for row in calendars.every(tx)] == [True]


def test_quiet_rounds_beside_years_of_history_have_a_row() -> None:
    young, old = Round(0.002, 0.004, 1, 0, 0, 0.02), Round(0.008, 0.009, 1, 0, 0, 0.02)
    found = Measured(10_000, 1_000, 100, 50_000, 200_000, worker=young, worker_small=young, worker_old=old)
    quiet = {
        row.what: row.reached
        for row in rows(found)
        if row.what.startswith("worker, nothing changed") and row.id == "B9"
    }
    assert quiet == {"worker, nothing changed, 200000 / 10000": False, "worker, nothing changed, 10000 / 1000": True}


def test_what_is_measured_of_a_worker_are_its_whole_rounds(
    monkeypatch: pytest.MonkeyPatch, replay: Replay, tmp_path: Path
) -> None:
    taken: list[str] = []
    now = morning(replay.today, PARIS)
    file = configure(tmp_path, on_caldav(replay.urls), now=now)
    for what, where in {"looked": (Steps, "look"), "waited": (Worker, "wait")}.items():
        real = getattr(*where)
        monkeypatch.setattr(*where, lambda *asked, real=real, what=what: (taken.append(what), real(*asked))[1])
    worker.main(str(file), replay.root, "2", "0", now.isoformat())
    assert taken == ["looked", "waited"] * (2 + 2 + 2 + 1)  # to begin with, timed, counted, with a change


def test_an_edit_typed_during_a_first_pass_is_answered_while_that_goes_on() -> None:
    found = typed(900, at_once=10)  # more than one page of a listing
    assert found.edits
    assert found.cpu > 0

    assert found.listing_cpu > 0


def test_what_is_typed_during_the_listing_and_after_it_are_rows_of_their_own() -> None:
    found = Measured(10_000, 1_000, 100, 50_000, 200_000, typed=Typed(2, 1.5, 3.0, 6.0, 11.0))
    waits = [
        (row.what, row.value, row.reached) for row in rows(found) if " on the clock" in row.goal and row.id == "B1"
    ]
    assert waits == [
        ("first pass: an edit typed while the calendar is listed is answered (planned)", 11.0, False),
        ("first pass: an edit typed while the backlog is judged is answered (planned)", 3.0, True),
    ]


def test_of_few_events_nobody_types_before_all_are_judged() -> None:
    assert typed(20).edits == 0
