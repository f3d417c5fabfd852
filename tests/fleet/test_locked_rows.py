"""A machine that froze in a transaction of a page keeps the row of one lease locked: the others are held and given back
all the same."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from sync.fleet.seat import Seat
from sync.store import lease
from sync.store import tables as t
from sync.store.engine import Store, Unusable
from sync.store.lease import After, Leases, Return, transaction, wake
from tests.fleet.street import Street, shape
from tests.sync.test_postgresql import waits
from tests.working import until

FOUR = ["lilas", "p1", "p2", "roses"]


@pytest.fixture
def leases(store: Store) -> Leases:
    """Of a process that has the four."""
    leases = store.leases(lasts=600.0)
    leases.know(FOUR)
    return leases


@contextmanager
def locked(store: Store, practice: str) -> Iterator[None]:
    """A page wrote for the practice, and did not commit yet."""
    other = Store(str(store.url), "")
    with transaction(other._engine) as connection:
        wake(connection, practice)
        yield
    other.close()


def ends(store: Store) -> dict[str, datetime]:
    """When each lease that somebody holds ends."""
    with store.read() as tx:
        rows = tx.connection.execute(select(t.lease.c.practice, t.lease.c.until).where(t.lease.c.holder != ""))
        return {row.practice: row.until for row in rows}


def renewed(store: Store, before: dict[str, datetime]) -> list[str]:
    """Those that are held for longer than before."""
    return sorted(practice for practice, end in ends(store).items() if end > before[practice])


def holders(store: Store) -> dict[str, str]:
    with store.read() as tx:
        return {row.practice: row.holder for row in tx.connection.execute(select(t.lease.c.practice, t.lease.c.holder))}


def test_i07_the_others_are_renewed_and_the_locked_one_is_not_lost_but_tried_again(
    store: Store, leases: Leases
) -> None:
    leases.claim(FOUR, 4, due=False)
    before = ends(store)
    with locked(store, "p1"):
        assert leases.renew(FOUR) == {"lilas": True, "p1": False, "p2": True, "roses": True}
        assert renewed(store, before) == ["lilas", "p2", "roses"]
    assert leases.renew(FOUR) == dict.fromkeys(FOUR, True)
    assert renewed(store, before) == FOUR


def test_i07_a_process_that_begins_waits_for_no_locked_row(store: Store, leases: Leases) -> None:
    began = time.monotonic()
    with locked(store, "p1"):
        leases.know([*FOUR, "anis"])
        assert time.monotonic() - began < 29  # other transactions of ours wait 30 s for a row
        assert set(leases.claim([*FOUR, "anis"], 5, due=False)) == {"anis", "lilas", "p2", "roses"}
    assert set(leases.claim(FOUR, 4)) == {"p1"}


def test_i07_one_that_another_took_is_lost_though_its_row_is_locked(store: Store, leases: Leases) -> None:
    leases.claim(FOUR, 4, due=False)
    with transaction(store._engine) as connection:
        connection.execute(text("update lease set until = now() - interval '1 s' where practice = 'p1'"))
    Store(str(store.url), "").leases().claim(["p1"], 1, due=False)
    with locked(store, "p1"):
        assert leases.renew(["p1", "p2"]) == {"p2": True}


def test_i07_the_others_are_given_back_at_once_and_the_locked_one_once_it_can(store: Store, leases: Leases) -> None:
    claims, left = leases.claim(FOUR, 4, due=False), list[str]()
    backs = [Return(key, one.fence, 60.0, more=True, memory={"of": key}) for key, one in claims.items()]
    after = After(lambda _, practices: left.extend(practices))
    with pytest.raises(Unusable, match="occupée"), locked(store, "p1"):
        began = time.monotonic()
        try:
            leases.give_back(backs, after)
        finally:
            assert time.monotonic() - began < 29  # other transactions of ours wait 30 s for a row
            assert sorted(left) == ["lilas", "p2", "roses"]
            assert {key for key, holder in holders(store).items() if holder} == {"p1"}
    leases.give_back([one for one in backs if one.practice == "p1"], after)
    assert sorted(left) == FOUR
    assert leases.claim(["p1"], 1, due=False)["p1"].memory == {"of": "p1"}


def test_i07_a_page_that_commits_in_a_moment_costs_its_practice_nothing(
    store: Store, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_WAITS_SHORTLY", text("set local lock_timeout = '60s'"))  # the moment of a slow machine
    claims, left = leases.claim(FOUR, 4, due=False), list[str]()
    backs = [Return(key, one.fence, 60.0) for key, one in claims.items()]
    page = ExitStack()
    page.enter_context(locked(store, "p1"))

    def commits() -> None:
        with page:
            until(lambda: waits(store), 50)

    committing = threading.Thread(target=commits)
    committing.start()
    leases.give_back(backs, After(lambda _, practices: left.extend(practices)))
    committing.join()
    assert left == ["p1"]  # the page woke it
    assert not any(holders(store).values())


def waits_no_more(seat: Seat) -> bool:
    """Whether its turn is over, and a reading goes on that the turn did not wait for."""
    return seat._worker is not None and any(job.left for job in seat._worker.readers._jobs)


def test_i07_while_one_row_is_locked_a_process_keeps_the_practices_whose_calendars_it_reads(
    store: Store, tmp_path: Path
) -> None:
    street = Street(tmp_path / "practices", store, 4)
    with street.machine(shape(leased=600.0)) as machine:
        until(lambda: len(street.homes.asked) == 4, 60)
        street.homes.gate.clear()
        until(lambda: all(waits_no_more(seat) for seat in machine.seats.values()), 60)
        mine = machine.fleet.leases.holder
        with locked(store, "p0"):
            for _ in range(2):
                before = ends(store)
                until(lambda before=before: renewed(store, before) == ["p1", "p2", "p3"], 60)
        assert {key for key, holder in holders(store).items() if holder == mine} >= {"p1", "p2", "p3"}
        street.homes.gate.set()
        asked = street.homes.counts()
        until(lambda: all(count > asked[path] for path, count in street.homes.counts().items()), 60)
