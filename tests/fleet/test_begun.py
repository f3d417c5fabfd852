"""A process begins for a PostgreSQL on a machine that has no more threads for a while."""

import threading
from pathlib import Path

import pytest

from sync.fleet.engine import Engine
from sync.store.engine import Store
from sync.store.jobs import alive
from tests.fleet.street import SHAPE, Machine, Street
from tests.threads import no_thread_left
from tests.working import until


def jobs_without_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Engine.start

    def begins(engine: Engine) -> None:
        with no_thread_left():
            starts(engine)

    monkeypatch.setattr(Engine, "start", begins)


def hearts() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "leases"]


@pytest.mark.parametrize("heart", [True, False])
def test_l10_practices_for_which_there_is_no_thread_end_nothing_and_are_worked_for_once_there_is_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, heart: bool
) -> None:
    street = Street(tmp_path / "practices", store, 1)
    machine = Machine(street.folder, SHAPE)
    with monkeypatch.context() as patch:
        if heart:
            jobs_without_thread(patch)
            machine.crew.look()
        else:
            with no_thread_left():
                machine.crew.look()
    [member] = machine.crew.members
    assert "fil d'exécution" in str(member.problem)
    assert hearts() == []
    with store.read() as tx:
        assert alive(tx) == ()
    machine.thread.start()
    until(lambda: street.read() == {"p0"}, 30)
    assert member.problem is None
    machine.ends()
