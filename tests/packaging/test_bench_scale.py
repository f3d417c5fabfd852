"""The benchmark of many practices: what it would find out, it finds out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import text

from bench.scale.__main__ import write
from bench.scale.bookings import MOST, Shown, entry_of, mobile
from bench.scale.day import Plan, played
from bench.scale.lost import longest_gap
from bench.scale.postgres import Postgres, postgres
from bench.scale.rows import Found, figures, rows
from bench.scale.witness import Witness
from bench.scale.world import around
from rules.entry.reading import Reader
from rules.model import CalendarEvent, Motif
from sync.fleet.shape import Shape
from sync.store import tables as t
from sync.store.engine import Store
from tests.office import PRACTICE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres(tmp_path_factory.mktemp("pg") / "data") as found:
        yield found


def test_whoever_writes_without_the_lease_is_found_out(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAPPNAME", "first")
    first = Store(server.store, "lilas")
    first.prepare()
    witness = Witness(server)
    with first.lock(), first.write() as tx:
        tx.connection.execute(t.calendar.insert().values(practice="lilas", calendar="a", dentist="martin"))
    assert witness.found() == (0, 1)
    monkeypatch.setenv("PGAPPNAME", "second")
    second = Store(server.store, "lilas")
    with second.lock(), second.write() as tx:
        tx.connection.execute(text("update calendar set dentist = 'bernard'"))
    assert witness.found() == (0, 2)
    with first.write() as tx:  # it holds no lease, and so is not asked for one
        tx.connection.execute(text("update calendar set dentist = 'martin'"))
    assert witness.found() == (1, 3)
    witness.close()
    first.close()
    second.close()


def test_a_server_that_was_gone_is_back_with_all_that_was_committed(server: Postgres) -> None:
    server.ask("create table kept (number int)")
    server.ask("insert into kept values (1)")
    before = server.used()
    server.stop()
    server.start()
    assert server.ask("select number from kept") == [(1,)]
    server.restart()
    assert server.used().log >= before.log


def test_a_gap_counts_from_where_it_began_and_while_it_lasts() -> None:
    steady = [(float(moment), "w0") for moment in range(0, 100, 10)]
    assert longest_gap([steady], 0, 0, 95) == 10
    left = [one for one in steady if one[0] < 50]
    assert longest_gap([steady, left], 0, 45, 95) == 55
    assert longest_gap([[]], 20, 45, 95) == 75
    assert longest_gap([[(0.0, "w0"), (40.0, "w0"), (50.0, "w0")]], 0, 45, 55) == 10, "what ended before does not count"


def test_bookings_come_to_light_in_every_calendar_each_with_a_mobile_of_its_own() -> None:
    with around(2, 3) as outside:
        shown = [*outside.show(2), *outside.show(1)]
        assert len({*shown}) == len(shown) == 24
        assert outside.shown == 24
    assert len({mobile(one) for one in range(MOST)}) == MOST


def test_nobody_who_is_booked_has_a_name_or_a_motif_that_is_asked_about() -> None:
    practice = structs.replace(PRACTICE, motifs=tuple(Motif(one, 20) for one in ("Détartrage", "Contrôle", "Douleur")))
    now = datetime(2026, 12, 1, 9, tzinfo=practice.zone)
    reader = Reader(practice, now)
    for one in range(MOST):
        booked = entry_of(one, one, 0, now.date(), now)
        entry = reader.read(CalendarEvent("u", now, now + timedelta(minutes=20), booked.title, booked.text))
        assert (entry.motif, entry.findings) == ("Contrôle", ()), booked.title


def test_what_was_not_measured_is_said_and_reaches_nothing() -> None:
    assert all(row.failed and row.reached is False for row in rows(Found(40)))
    assert list(figures(Found(40))) == []


def test_hidden_bookings_are_in_no_listing() -> None:
    replay = Shown(2, 4, date(2026, 12, 1), 0.0)
    try:
        assert len(replay.members(1)) == 10
        replay.show(2, 2)
        assert len(replay.members(0)) == 12
        assert len(replay.members(1)) == 10
        replay.show(2, 1)
        assert len(replay.members(1)) == 12
        assert b"Nouveau patient" in replay.bodies[f"{replay.members(1).stop - 1}.ics"]
    finally:
        replay._server.server_close()


SMALL = Plan(8, 2, google=0.25, daily=300, shape=Shape(2), hours=2.0)


def test_over_a_day_no_calendar_waits_longer_than_two_intervals(tmp_path: Path) -> None:
    day = played(SMALL)
    found = day.readings
    assert (found.late, found.latest < 2) == (0, True)
    assert found.seen > 100
    assert 50 < found.pushed <= 300
    assert day.rows <= 2 * (2 + 8)
    write(tmp_path / "told.json", Found(40, day=day))
    told = {row["what"]: row for row in json.loads((tmp_path / "told.json").read_text())["rows"]}
    assert told["8 practices, a day by a pretended clock: longest between two readings, in intervals"]["reached"]


def test_practices_that_rest_between_their_turns_lose_no_reading() -> None:
    assert played(replace(SMALL, shape=Shape(2, worlds=3))).readings.late == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_workers_do_more_than_one_a_fourth_takes_part_and_a_killed_one_is_missed_by_nobody(tmp_path: Path) -> None:
    """The benchmark itself, with 24 calendars: they are too few for four workers to be four times as quick."""
    told, parts = tmp_path / "told.json", ("--only", "polls", "--only", "changed")
    asked = [sys.executable, "-m", "bench.scale", "--quick", "--practices", "6", *parts, "--json", str(told)]
    done = subprocess.run(asked, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    two, four, joined, unread = json.loads(told.read_text())["rows"]
    assert two["value"] > 1.5
    assert four["value"] > two["value"]
    assert joined["reached"]
    assert unread["reached"]


def test_too_few_threads_for_the_practices_are_seen() -> None:
    assert played(replace(SMALL, workers=1, shape=Shape(2, concurrency=1), latency=8.0)).readings.late > 0
