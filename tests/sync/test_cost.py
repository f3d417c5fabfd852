"""The cost of a pass follows what changed, not what exists: counted, without a clock (docs/benchmark.md B3, B4, B8)."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.clients import Ours
from bench.scenarios import one_pass as one_pass_of
from bench.server import Replay
from config.load import load
from sync.core.context import World, nobody_watches
from sync.store import backlog, calendars, edits, messages, resources
from sync.wiring import open_world
from sync.worker.one_pass import one_pass
from sync.worker.round import one_round
from sync.worker.scheduler import Readers

YAML = """
practice: {{name: Banc, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{calendars}]}}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}, {{label: Douleur, minutes: 20}}]
"""


class Counted:
    """A world over a replayed calendar that was read once."""

    def __init__(self, world: World, replay: Replay) -> None:
        self.world, self.replay = world, replay
        self.statements: list[str] = []

    def passes(self) -> tuple[int, int, list[str]]:
        """One pass: requests, bodies parsed, statements that write."""
        self.replay.requests, parsed = 0, self.world.readings.parsed
        self.statements.clear()
        one_pass(self.world)
        writes = [sql for sql in self.statements if sql.split()[0] in {"INSERT", "UPDATE", "DELETE"}]
        return self.replay.requests, self.world.readings.parsed - parsed, writes


@contextmanager
def opened(replay: Replay, place: Path) -> Iterator[World]:
    """The practice whose calendars are those of the server; a new store in that place."""
    calendars_there = ", ".join(f'{{kind: caldav, url: "{url}"}}' for url in replay.urls)
    (place / "attitre.yaml").write_text(YAML.format(calendars=calendars_there))
    settings, _ = load([place / "attitre.yaml"], {})
    assert settings is not None
    with open_world(settings, clock=lambda: datetime(2026, 11, 24, 8, 0, tzinfo=UTC)) as world:
        yield world


@contextmanager
def listened(counted: Counted) -> Iterator[None]:
    """While this lasts, statements are counted."""

    def count(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        counted.statements.append(sql)

    event.listen(Engine, "before_cursor_execute", count)
    yield
    event.remove(Engine, "before_cursor_execute", count)


@pytest.fixture(params=[60, 600])
def counted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counted]:
    replay = Replay(request.param, date(2026, 11, 24))
    threading.Thread(target=replay.serve, daemon=True).start()
    with opened(replay, tmp_path) as world:
        counted = Counted(world, replay)
        with listened(counted):
            one_pass(world)
            yield counted


def test_b3_nothing_changed_is_one_question_no_parsing_and_nothing_written(counted: Counted) -> None:
    counted.passes()
    requests, parsed, writes = counted.passes()
    assert (requests, parsed) == (1, 0)
    assert writes == []
    assert len(counted.statements) <= 30


def test_b1_the_first_pass_asks_less_than_once_for_ten_events(counted: Counted) -> None:
    assert len(counted.statements) < 150 + len(counted.replay.bodies) // 10


def test_b4_one_change_is_two_questions_and_one_body(counted: Counted) -> None:
    counted.replay.change(1)
    requests, parsed, _ = counted.passes()
    assert (requests, parsed) == (2, 1)


def test_b1_what_is_typed_during_a_first_pass_waits_for_one_slice_of_it_at_most(tmp_path: Path) -> None:
    replay, at_once = Replay(600, date(2026, 11, 24)), 20
    threading.Thread(target=replay.serve, daemon=True).start()
    with opened(replay, tmp_path) as bare:
        world = replace(bare, slice=at_once)
        readers = Readers(world, 60, chance=lambda: 0.5)
        one_round(readers, nobody_watches)
        for number in range(3):
            ref, digest = replay.change_one(after=number).split()
            before, replay.requests = _waiting(world), 0
            readers.forget_moments()  # its calendar is due
            one_round(readers, nobody_watches)
            with world.store.read() as tx:
                row = resources.get(tx, replay.url, ref)
                assert row is not None
                assert (row.raw_hash.hex(), row.dirty_at) == (digest, None)
                assert edits.at(tx, replay.url, ref)
            assert 0 < before - _waiting(world) <= at_once
            assert replay.requests == 2
        assert _waiting(world)
        readers.close()


def _waiting(world: World) -> int:
    with world.store.read() as tx:
        return backlog.size(tx)


def test_a02_a_listing_of_600_comes_in_batches(counted: Counted) -> None:
    with counted.world.store.read() as tx:
        assert len(resources.versions(tx, counted.replay.url)) == len(counted.replay.bodies)


def test_b8_l7_a_lost_token_and_nothing_changed_costs_a_listing_and_tells_nobody(counted: Counted) -> None:
    with counted.world.store.write() as tx:
        calendars.save_cursor(tx, counted.replay.url, None)
    requests, parsed, _ = counted.passes()
    with counted.world.store.read() as tx:
        told = messages.counts(tx)
    assert (requests, parsed) == (1, 0)
    assert not any(told.values())


def test_b8_a_token_that_the_server_forgot_costs_a_listing_too(counted: Counted) -> None:
    counted.replay.lose_tokens()
    requests, parsed, writes = counted.passes()
    assert (requests, parsed) == (2, 0)
    assert {sql.split()[1] for sql in writes if not sql.startswith("INSERT")} <= {"calendar", "counter"}
    with counted.world.store.read() as tx:
        assert not any(messages.counts(tx).values())


def test_b5_twenty_calendars_of_one_account_are_one_question_and_nothing_written(tmp_path: Path) -> None:
    replay = Replay(3, date(2026, 11, 24), calendars=20)
    threading.Thread(target=replay.serve, daemon=True).start()
    with opened(replay, tmp_path) as world:
        one_pass(world)
        counted = Counted(world, replay)
        with listened(counted):
            requests, parsed, writes = counted.passes()
    assert (requests, parsed) == (1, 0)
    assert writes == []


def test_b2_a_process_that_finds_nothing_changed_loads_nothing_that_judges_or_writes(tmp_path: Path) -> None:
    replay = Replay(60, date(2026, 11, 24))
    threading.Thread(target=replay.serve, daemon=True).start()
    with opened(replay, tmp_path) as world:
        one_pass(world)
        one_pass(world)
    subprocess.run(IDLE, cwd=tmp_path, check=True, capture_output=True)  # by today's clock an audit is due first
    loaded = set(subprocess.run(IDLE, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split())
    assert "sync.worker.pipeline" in loaded
    assert loaded & UNNEEDED == set()
    assert len(loaded) < 719


def test_b7_a_process_that_finds_nothing_changed_at_google_loads_nothing_that_judges_or_writes_texts(
    tmp_path: Path,
) -> None:
    replay = Replay(10, date(2026, 11, 24))
    threading.Thread(target=replay.serve, daemon=True).start()
    client = Ours(replay, tmp_path, google=True)
    one_pass_of(client, replay)
    loaded = set(subprocess.run(IDLE, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split())
    assert {"sync.worker.pipeline", "adapters.calendars.google.api"} <= loaded
    assert loaded & UNNEEDED == set()


UNNEEDED = {
    "sync.evaluate.evaluate", "sync.worker.daily_digest", "rules.entry.reading", "rules.checks.assess",
    "rules.telling.event_block", "babel.dates", "alembic", "structlog",
    "rich", "phonenumbers", "icalendar", "sqlalchemy.dialects.postgresql", "smtplib", "sync.outbox.reminders",
}  # fmt: skip


IDLE = [
    sys.executable,
    "-c",
    "import sys\nfrom sync.cli import loaded\nloaded(['sync'])(['sync', '-c', 'attitre.yaml'], standalone_mode=False)\n"
    "print(*sys.modules)",
]


def test_b5_a_round_of_the_worker_costs_no_more_than_a_pass(tmp_path: Path) -> None:
    replay = Replay(3, date(2026, 11, 24), calendars=20)
    threading.Thread(target=replay.serve, daemon=True).start()
    with opened(replay, tmp_path) as world:
        one_pass(world)
        readers = Readers(world, 60)
        one_round(readers, nobody_watches)
        counted = Counted(world, replay)
        with listened(counted):
            replay.requests = 0
            one_round(Readers(world, 60), nobody_watches)
            first, asked = list(counted.statements), replay.requests
            counted.statements.clear()
            one_round(readers, nobody_watches)  # nothing is due: the clock stands
    assert asked == 1
    assert [sql for sql in first if sql.startswith("UPDATE")] == []  # the store was told within the minute
    assert len(first) <= 23, len(first)
    assert replay.requests == 1
    assert len(counted.statements) <= 17  # one of them: what patients asked for on their pages
