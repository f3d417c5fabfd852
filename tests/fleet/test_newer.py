"""A process that still runs when a newer version has migrated the store takes nothing more, and stores only what
gateways say to the calls under way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rules.model import Channel
from sync.core.log import log
from sync.store import keyvalue
from sync.store.engine import Outdated, Store
from sync.store.metadata import HEAD
from sync.store.waking import Waking
from tests.backups import superuser_at
from tests.fleet.street import SHORT, Street
from tests.fleet.test_leases import office_on
from tests.fleet.test_under_way import Home
from tests.working import until


@contextmanager
def migrated(store: Store) -> Iterator[None]:
    """A newer version's first process has begun; afterwards all is as it was."""
    engine = superuser_at(store.url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text("update alembic_version set version_num = :head"), {"head": HEAD})
        engine.dispose()


def test_i07_under_a_lease_that_began_before_nothing_is_stored_and_none_is_taken(store: Store) -> None:
    leases = store.leases()
    leases.know(["lilas", "roses"])
    store.leased(leases.claim(["lilas"], 1, due=False)["lilas"].fence)
    with store.write() as tx:
        keyvalue.put(tx, "who", "before")
    with migrated(store):
        for write in (store.write, Waking(store).write):
            with pytest.raises(Outdated, match="version plus récente"), write() as tx:
                keyvalue.put(tx, "who", "too late")
        with pytest.raises(Outdated):
            store.still_ours()
        assert leases.claim(["roses"], 1) == leases.claim(["roses"], 1, due=False) == {}
        with pytest.raises(Outdated):
            store.jobs().beat(leases.holder, "an older one")
    with store.read() as tx:
        assert keyvalue.get(tx, "who") == "before"


def fences(store: Store) -> list[int]:
    with store.read() as tx:
        return list(tx.connection.execute(text("select fence from lease order by practice")).scalars())


def test_i07_a_process_at_work_says_so_in_one_sentence_and_leaves_the_practices_to_the_newer_ones(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []

    def noted(event: str, **words: Any) -> None:
        said.append((event, str(words.get("reason"))))

    for how in ("warning", "error"):
        monkeypatch.setattr(log, how, noted)
    street = Street(tmp_path / "practices", store, 6)
    with street.machine() as machine:
        until(lambda: len(street.homes.asked) == 6, 60)
        said.clear()
        with migrated(store):
            until(lambda: machine.fleet.outdated, 10)
            assert machine.crew._shared is not None
            assert machine.crew._shared.outdated
            assert {machine.crew._runs(one) for one in machine.crew.members} == {None}  # its doors are shut
            time.sleep(0.5)  # what was under way has ended
            before, asked = fences(store), street.homes.counts()
            time.sleep(2)
            assert fences(store) == before
            assert street.homes.counts() == asked
            [(event, reason)] = said
            assert event == "database newer"
            assert "mettez attitre à jour" in reason
            machine.ends()


def test_l4_what_a_gateway_says_after_a_newer_version_came_is_still_stored(store: Store, tmp_path: Path) -> None:
    one = Home(store, tmp_path, office_on(store, tmp_path), Channel.EMAIL, Channel.SMS)
    one.calls()
    until(lambda: one.waits_for == 2, 20)
    with migrated(store):
        until(lambda: one.machine.fleet.outdated, 10)
        one.gateways[Channel.EMAIL].may.set()
        until(lambda: one.waits_for == 1, 20)
        time.sleep(SHORT.leased + 1)  # a lease that nobody renews has ended
        assert one.held
        one.gateways[Channel.SMS].may.set()
        until(lambda: not one.held, 20)
        until(lambda: not one.machine.fleet._heart.is_alive(), 10)
        with store.read() as tx:
            states = tx.connection.execute(text("select channel, state from message where practice = 'lilas'")).all()
        assert set(states) == {("email", "sent"), ("sms", "sent")}
        one.machine.ends()
