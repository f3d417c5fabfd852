"""Which of the practices whose files claim one calendar works with it, as their leases say."""

import time
from pathlib import Path

import pytest

from config.folder import Folder
from config.load import Loaded
from sync.cli.practices import all_loaded
from sync.fleet.at_work import at_work
from sync.store.engine import Store
from sync.store.lease import Return
from sync.worker.member import fingerprint_of, mark_of
from tests.fleet.street import Street


@pytest.fixture
def rivals(store: Store, tmp_path: Path) -> list[Loaded]:
    street = Street(tmp_path / "practices", store, 1)
    (street.folder / "p0.yaml").unlink()
    for key in ("anis", "roses"):
        street.write(key, "https://dav.example/roses/")
    return [*Folder([street.folder / "anis.yaml"], {}).read(), *Folder([street.folder / "roses.yaml"], {}).read()]


def works(store: Store, one: Loaded, at: float, *, elsewhere: bool = False) -> None:
    """That practice has a turn, with its calendar or another one."""
    leases, marks = store.leases(), [] if elsewhere else [mark_of(one.claims[1].thing)]
    leases.know([one.key])
    claim = leases.claim([one.key], 1, due=False)[one.key]
    leases.give_back([Return(one.key, claim.fence, 0.0, memory={"calendars": marks, "at": at})])


def test_the_one_that_worked_last_with_it_has_it(store: Store, rivals: list[Loaded]) -> None:
    anis, roses = rivals
    calendar = roses.claims[1].thing
    assert at_work(rivals) == {}
    store.leases().know(["anis", "roses"])
    assert at_work(rivals) == {}
    works(store, roses, 100.0)
    works(store, anis, 200.0, elsewhere=True)
    assert at_work(rivals) == {calendar: roses.file}
    works(store, anis, 300.0)
    assert at_work(rivals) == {calendar: anis.file}
    works(store, roses, 400.0, elsewhere=True)
    assert at_work(rivals) == {calendar: anis.file}


def test_a_first_turn_that_is_under_way_counts(store: Store, rivals: list[Loaded]) -> None:
    leases = store.leases()
    leases.know(["roses"])
    leases.claim(["roses"], 1, due=False)
    assert at_work(rivals) == {rivals[1].claims[1].thing: rivals[1].file}


def test_a_command_gives_a_calendar_to_whom_the_workers_give_it(store: Store, rivals: list[Loaded]) -> None:
    works(store, rivals[1], 100.0)
    found = all_loaded([rivals[1].file.parent])
    assert [(one.key, one.settings is not None) for one in found] == [("anis", False), ("roses", True)]


def test_a_server_that_cannot_be_asked_says_nothing(tmp_path: Path) -> None:
    nowhere = Store("postgresql+psycopg://127.0.0.1:1/none", "")
    street = Street(tmp_path / "practices", nowhere, 1)
    assert at_work(Folder([street.write("roses", "https://dav.example/roses/")], {}).read()) is None


@pytest.fixture
def right(store: Store, tmp_path: Path) -> Path:
    """The file of a practice that was worked for."""
    right = Street(tmp_path / "practices", store, 1).folder / "p0.yaml"
    [loaded] = Folder([right], {}).read()
    assert loaded.settings is not None
    leases = store.leases()
    leases.know(["p0"])
    claim = leases.claim(["p0"], 1, due=False)["p0"]
    file = (fingerprint_of(loaded.settings), right.stat().st_mtime, right.name)
    memory = {"calendars": [mark_of(claim.thing) for claim in loaded.claims[1:]], "at": 100.0, "file": file}
    leases.give_back([Return("p0", claim.fence, 0.0, memory=memory)])
    return right


def sound(folder: Path) -> list[str]:
    """The names of the files that are worked with, in a process that begins now."""
    return [one.file.name for one in Folder([folder], {}, at_work).read() if one.settings is not None]


def test_of_two_files_of_one_key_the_one_that_is_worked_with_has_it(right: Path) -> None:
    """Whatever their names, and though the copy is newer."""
    (right.parent / "a-copy.yaml").write_text(right.read_text().replace("name: ", "name: Faux ", 1))
    found = Folder([right.parent], {}, at_work).read()
    assert {one.file.name: one.settings is not None for one in found} == {"a-copy.yaml": False, "p0.yaml": True}
    assert any("déjà la clé de p0.yaml" in str(problem) for problem in found[0].problems)


def test_an_edited_file_keeps_its_key_beside_its_backup(right: Path) -> None:
    (right.parent / "a-backup.yaml").write_text(right.read_text())
    right.write_text(right.read_text().replace("name: ", "name: Nouveau ", 1))
    assert sound(right.parent) == ["p0.yaml"]


def test_a_renamed_file_keeps_its_key_beside_a_copy_that_is_other(right: Path) -> None:
    (right.parent / "a-copy.yaml").write_text(right.read_text().replace("name: ", "name: Faux ", 1))
    right.rename(right.parent / "z.yaml")
    assert sound(right.parent) == ["z.yaml"]


def test_while_the_server_is_away_none_of_two_files_of_one_key_is_worked_with(right: Path) -> None:
    (right.parent / "a-copy.yaml").write_text(right.read_text().replace("name: ", "name: Faux ", 1))
    away = [True]
    folder = Folder([right.parent], {}, lambda asked: None if away else at_work(asked))
    found = folder.read()
    assert [one.settings for one in found] == [None, None]
    assert any("leur base ne répond pas" in str(problem) for problem in found[0].problems)
    away.clear()
    looked = folder.look(time.time() + 60)
    assert looked is not None
    assert [one.file.name for one in looked if one.settings is not None] == ["p0.yaml"]
