"""The benchmark itself: a tiny run measures every row, and a store that is not the calendar ends it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench.clients import Client, Floor, Ours
from bench.goals import Row, rows
from bench.measure import Failed, Table
from bench.scenarios import one_pass
from bench.server import Replay
from bench.worker import Round

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
    assert absent <= set(NOT_NOW)
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
    def fails() -> Table:
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
    replay = Replay(20, date.today())
    threading.Thread(target=replay.serve, daemon=True).start()
    yield replay
    replay.close()


@pytest.mark.parametrize("made", [Ours, Floor])
@pytest.mark.parametrize("google", [False, True], ids=["caldav", "google"])
def test_a_store_that_is_not_the_calendar_ends_the_run(made: Any, google: bool, replay: Replay, tmp_path: Path) -> None:
    client: Client = made(replay, tmp_path, google=google)
    one_pass(client, replay)
    replay.change(1)
    with pytest.raises(Failed, match=r"1 of 2[01] events"):
        client.check(replay)


def test_a_pass_that_writes_ends_the_run(replay: Replay, tmp_path: Path) -> None:
    client = Ours(replay, tmp_path)
    one_pass(client, replay)
    replay.writes = 1
    with pytest.raises(Failed, match="1 requests that write"):
        client.check(replay)
