"""The cost of a pass follows what changed, not what exists: counted, without a clock (BENCHMARK B3, B4, B8)."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.server import Replay
from config.load import load
from sync.passes import one_pass
from sync.store import calendars, messages, resources
from sync.wiring import open_world
from sync.world import World

YAML = """
practice: {{name: Banc, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "{url}"}}]}}
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


@pytest.fixture(params=[60, 600])
def counted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counted]:
    replay = Replay(request.param, date(2026, 11, 24))
    threading.Thread(target=replay.serve, daemon=True).start()
    (tmp_path / "attitre.yaml").write_text(YAML.format(url=replay.url))
    settings, _ = load([tmp_path / "attitre.yaml"], {})
    assert settings is not None
    with open_world(settings, clock=lambda: datetime(2026, 11, 24, 8, 0, tzinfo=UTC)) as world:
        counted = Counted(world, replay)

        def count(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
            counted.statements.append(sql)

        event.listen(Engine, "before_cursor_execute", count)
        one_pass(world)
        yield counted
        event.remove(Engine, "before_cursor_execute", count)


def test_b3_nothing_changed_is_one_question_no_parsing_and_one_line_written(counted: Counted) -> None:
    counted.passes()
    requests, parsed, writes = counted.passes()
    assert (requests, parsed) == (1, 0)
    assert [sql.split()[1] for sql in writes] == ["calendar"]  # when it was last read
    assert len(counted.statements) < 55


def test_b4_one_change_is_two_questions_and_one_body(counted: Counted) -> None:
    counted.replay.change(1)
    requests, parsed, _ = counted.passes()
    assert (requests, parsed) == (2, 1)


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
