"""A practice has one turn at a time, however much of what its turns left ends meanwhile; nothing of that is missed."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from sync.store.engine import Store
from sync.worker import scheduler
from tests.fleet.street import Street, shape
from tests.fleet.test_woken import clicks
from tests.working import until


def at_rest(store: Store, practice: str) -> bool:
    """Whether nobody is at the practice, and nobody is asked to be."""
    idle = text(
        "select holder = '' and not exists (select from procrastinate_jobs "
        "where lock = 'practice:' || practice and status in ('todo', 'doing')) from lease where practice = :it"
    )
    with store.read() as tx:
        return bool(tx.connection.execute(idle, {"it": practice}).scalar())


def test_a_calendar_that_answers_after_its_turn_costs_one_turn_more_and_not_two(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = Street(tmp_path / "practices", store, 1, every=600)
    with street.machine(shape(polled=60.0)) as machine:
        until(lambda: machine.seats and machine.seats["p0"].passes["done"], 60)
        until(lambda: at_rest(store, "p0"), 30)
        monkeypatch.setattr(scheduler, "HEALTHY_WAIT_S", 0.2)
        worker, gate = machine.seats["p0"]._worker, threading.Event()
        assert worker is not None
        worker.readers.forget_moments()  # its calendar is due
        before, street.homes.gate = worker.passes["done"], gate
        clicks(street, "p0")
        until(lambda: worker.passes["done"] > before and worker.readers.busy, 30)
        with machine.seats["p0"]._turn:
            pass  # that turn has ended
        gate.set()
        until(lambda: not worker.readers.busy and at_rest(store, "p0"), 30)
        assert worker.passes["done"] == before + 2
