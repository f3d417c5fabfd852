"""A server that stands still is given up by a clock of ours: its own limits stand still with it."""

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sync.core.log import log
from sync.fleet import engine, fleets
from sync.store import keyvalue, silence
from sync.store.engine import Store, Unusable
from sync.store.waking import Waking
from tests.fleet.freezing import frozen
from tests.fleet.relay import Relay
from tests.fleet.street import Street
from tests.working import until


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an answer, or for a connection."""
    monkeypatch.setattr(silence, "ANSWERS_WITHIN_S", 1.0)
    monkeypatch.setattr(fleets, "ANSWERED_WITHIN_S", 1.0)
    monkeypatch.setattr(engine, "ANSWERED_WITHIN_S", 1.0)
    monkeypatch.setitem(silence.NOTICED, "connect_timeout", 2)


def reads(store: Store) -> None:
    with store.read() as tx:
        keyvalue.get(tx, "before")


def test_i07_whoever_reads_or_writes_is_told_that_the_server_does_not_answer(store: Store) -> None:
    leases = store.leases()
    leases.know(["lilas"])
    with store.write() as tx:
        keyvalue.put(tx, "before", "stored")
    with frozen(store):
        began = time.monotonic()
        for asks in (lambda: reads(store), lambda: store.write().__enter__(), lambda: leases.renew([])):
            with pytest.raises(Unusable, match=r"ne répond plus|n'est pas joignable"):
                asks()
        assert time.monotonic() - began < 20
    with store.write() as tx:  # as soon as it goes on
        assert keyvalue.get(tx, "before") == "stored"


def test_i07_a_statement_that_takes_its_time_is_waited_for(store: Store) -> None:
    with pytest.raises(Unusable, match="ne répond plus"), store.read() as tx:
        tx.connection.execute(text("select pg_sleep(5)"))
    store.within = 30.0
    with store.read() as tx:
        tx.connection.execute(text("select pg_sleep(1.5)"))


def test_a_page_waits_less_for_the_store_than_its_visitor_is_given(store: Store) -> None:
    from adapters.web.door import WHOLE

    within = Waking(store).within
    assert within is not None
    assert within < WHOLE
    assert Waking(store).named("*").within == within


def test_i07_the_heartbeat_says_that_the_server_is_away_and_the_work_goes_on_when_it_is_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def warning(event: str, **_: Any) -> None:
        said.append(event)

    monkeypatch.setattr(log, "warning", warning)
    street = Street(tmp_path / "practices", store, 4)
    with street.machine():
        until(lambda: len(street.homes.asked) == 4, 60)
        with frozen(store):
            until(lambda: "database away" in said, 30)
        before = street.homes.counts()
        until(lambda: all(count > before[path] for path, count in street.homes.counts().items()), 60)
        until(lambda: "database back" in said, 30)
    assert said.count("database away") == 1


def test_i07_a_proxy_that_holds_the_connections_of_a_server_that_moved_costs_no_job_for_long(
    store: Store, tmp_path: Path
) -> None:
    relay = Relay(store.url)
    through = Store(relay.address.render_as_string(hide_password=False), "lilas")
    street = Street(tmp_path / "practices", through, 4)
    with street.machine():
        until(lambda: len(street.homes.asked) == 4, 60)
        for _ in range(2):
            relay.moves()
            before = street.homes.counts()
            until(lambda before=before: all(n > before[path] for path, n in street.homes.counts().items()), 60)
            assert relay.silent
    through.close()
    relay.close()
