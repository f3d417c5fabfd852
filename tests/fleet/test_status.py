"""What `attitre status` says of shared practices, and what that asks of PostgreSQL."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from config.load import load
from sync.store.engine import Store
from sync.wiring import open_world
from sync.worker.one_pass import one_pass
from tests.fleet.street import Street
from tests.sync.test_cli_commands import attitre


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """The statements that any PostgreSQL is asked."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def reasons(folder: Path) -> list[str]:
    found = json.loads(attitre("status", "-c", str(folder), "--json").stdout)["practices"]
    return [row["reason"] for one in found for row in one["calendars"]]


def test_while_a_process_works_nobody_is_told_to_start_one(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 2)
    assert reasons(street.folder) == ["Jamais lu. Lancez « attitre sync » ou « attitre run »."] * 2
    jobs = store.jobs()
    jobs.beat("one", "here:1")
    said = "Jamais lu : « attitre run » travaille, et n'y est pas encore arrivé."
    assert reasons(street.folder) == [said] * 2
    jobs.leave("one")


def test_the_texts_of_a_practice_are_read_in_one_statement(store: Store, tmp_path: Path, asked: list[str]) -> None:
    street = Street(tmp_path / "practices", store, 3)
    for key in street.keys:
        settings, _ = load([street.folder / f"{key}.yaml"], {})
        assert settings is not None
        with open_world(settings) as world:
            one_pass(world)
    asked.clear()
    assert attitre("status", "-c", str(street.folder), "--json").exit_code == 0
    for table in ("setting", "calendar"):
        assert sum(one.startswith("SELECT") and f" \nFROM {table} " in one.split("WHERE")[0] for one in asked) == 3
