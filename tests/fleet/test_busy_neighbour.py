"""Commands about a folder of practices on one PostgreSQL, while one of them is busy."""

import pytest

from sync.store import apart
from sync.store.engine import Store
from tests.sync.test_cli_commands import Shelf, attitre, shelves
from tests.sync.test_cli_many import written

__all__ = ["shelves"]


@pytest.mark.parametrize("words", [("sync",), ("check", "--connect")])
def test_l10_a_practice_that_somebody_is_busy_with_keeps_no_other_one_of_its_server(
    store: Store, shelves: dict[str, Shelf], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(apart, "PATIENCE", "set lock_timeout = '0.3s'")
    address = store.url.render_as_string(hide_password=False)
    folder, iris = written(address), Store(address, "iris")
    with iris.write():
        done = attitre(*words, "-c", str(folder))
    iris.close()
    assert done.exit_code == 1
    assert (done.stdout + done.stderr).count("La base est occupée") == 1
    for key in ("lilas", "roses"):
        assert f"Cabinet {key} :\n{'  ✓ base' if words[0] == 'check' else '0 événement vérifié'}" in done.stdout
