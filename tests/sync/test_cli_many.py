"""Commands about a folder of practices: what is wrong with one of them, or with its store, is its own (law L10)."""

import socket
from pathlib import Path
from typing import Any

import pytest

from sync.core.context import World
from sync.store import keyvalue
from sync.store.engine import NotStored, Overtaken, Store, StoreProblem
from sync.worker import one_pass
from tests.sync.test_cli_commands import YAML, Shelf, ask, attitre, shelves

__all__ = ["shelves"]
KEYS = ("iris", "lilas", "roses")


def written(store: str) -> Path:
    """A folder of three practices; `store`: theirs, with `{key}` where each has its own."""
    folder = Path("many")
    folder.mkdir()
    for key in KEYS:
        text = YAML.replace("practice: {name: Cabinet des Lilas", f"practice: {{key: {key}, name: Cabinet {key}")
        text = text.replace("/cabinet/", f"/{key}/") + f"store: {store.format(key=key)}\n"
        (folder / f"{key}.yaml").write_text(text, encoding="utf-8")
    return folder


def fails(monkeypatch: pytest.MonkeyPatch, key: str, problem: Exception) -> None:
    """That practice's pass ends so."""
    really = one_pass.one_pass

    def passed(world: World, *words: Any, **named: Any) -> one_pass.PassReport:
        if world.practice.key == key:
            raise problem
        return really(world, *words, **named)

    monkeypatch.setattr(one_pass, "one_pass", passed)


def spoilt(folder: Path) -> None:
    """The file of the practice in the middle is no database any more."""
    (folder / "lilas.db").write_bytes(b"x" * 9000)


@pytest.mark.parametrize("option", [(), ("--restored",)])
def test_l10_a_practice_whose_store_cannot_be_opened_has_no_pass_and_the_others_have(
    shelves: dict[str, Shelf], option: tuple[str, ...]
) -> None:
    folder = written("sqlite:///{key}.db")
    spoilt(folder)
    done = attitre("sync", "-c", str(folder), *option)
    assert (done.exit_code, done.stderr) == (
        1, "Cabinet lilas : Le fichier de la base est abîmé : restaurez une sauvegarde.\n"
    )  # fmt: skip
    assert done.stdout.count("vérifié") == 2
    states = {one["key"]: one["state"] for one in ask("status", "-c", str(folder), "--json")["practices"]}
    assert states == {"iris": "ok", "lilas": "suspended", "roses": "ok"}


@pytest.mark.parametrize("problem", [Overtaken(), NotStored("La base a refusé une donnée."), StoreProblem("Non.")])
def test_l10_a_practice_whose_pass_its_store_ends_ends_no_other_ones(
    shelves: dict[str, Shelf], monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    folder = written("sqlite:///{key}.db")
    fails(monkeypatch, "lilas", problem)
    done = attitre("sync", "-c", str(folder))
    assert (done.exit_code, done.stderr) == (1, f"Cabinet lilas : {problem}\n")
    assert done.stdout.count("vérifié") == 2
    alone = attitre("sync", "-c", str(folder / "lilas.yaml"))
    assert (alone.exit_code, alone.stderr) == (1, f"{problem}\n")


def test_l10_a_check_tries_the_practices_behind_one_whose_store_cannot_be_opened(shelves: dict[str, Shelf]) -> None:
    folder = written("sqlite:///{key}.db")
    spoilt(folder)
    done = attitre("check", "--connect", "-c", str(folder))
    assert done.exit_code == 1
    assert "Cabinet lilas :\n  ✗ base : Le fichier de la base est abîmé" in done.stdout
    assert done.stdout.count("✓ base") == 2
    assert "Cabinet roses :\n  ✓ base" in done.stdout


@pytest.mark.parametrize("words", [("status",), ("sync",), ("check", "--connect")])
def test_a_server_that_is_silent_is_waited_for_once_not_for_each_practice(
    shelves: dict[str, Shelf], words: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # it takes every connection and says nothing
        address = f"postgresql+psycopg://attitre@127.0.0.1:{server.getsockname()[1]}/attitre?connect_timeout=2"
        done = attitre(*words, "-c", str(written(address)))
        server.setblocking(False)
        with server.accept()[0], pytest.raises(BlockingIOError):
            server.accept()
    assert done.exit_code == 1
    assert (done.stdout + done.stderr).count("La base n'est pas joignable") == 3


@pytest.mark.parametrize("words", [("sync",), ("check",), ("run",), ("explain", "42")])
def test_one_chosen_practice_takes_no_calendar_that_is_another_ones(
    shelves: dict[str, Shelf], words: tuple[str, ...]
) -> None:
    folder = written("sqlite:///{key}.db")
    copy = folder / "roses.yaml"
    copy.write_text(copy.read_text(encoding="utf-8").replace("/roses/", "/iris/"), encoding="utf-8")
    done = attitre(words[0], "-c", str(folder), "--practice", "roses", *words[1:])
    assert done.exit_code == 1
    assert "cet agenda est déjà celui d'un autre cabinet (iris.yaml)" in done.stdout + done.stderr
    assert not (folder / "roses.db").exists()
    assert attitre("sync", "-c", str(folder), "--practice", "iris").exit_code == 0


def test_of_a_practice_whose_store_is_older_than_its_calendars_the_overview_says_what_to_answer(
    shelves: dict[str, Shelf],
) -> None:
    folder = written("sqlite:///{key}.db")
    assert attitre("sync", "-c", str(folder)).exit_code == 0
    store = Store(f"sqlite:///{folder / 'roses.db'}", "roses")
    with store.write() as tx:
        keyvalue.put(tx, keyvalue.OLDER, '{"since": "2026-12-01T09:00:00+00:00", "places": []}')
    store.close()
    said = attitre("status", "-c", str(folder)).stdout
    assert "attitre sync --restored" in " ".join(said.split())
