"""A machine that froze in a transaction of a page keeps the row of one lease locked: the others are held and given back
all the same."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from sync.fleet.seat import Seat
from sync.store import lease
from sync.store import tables as t
from sync.store.engine import Store, Unusable
from sync.store.lease import After, Leases, Return, transaction, wake
from tests.fleet.street import Street
from tests.working import until

FOUR = ["lilas", "p1", "p2", "roses"]


@pytest.fixture
def leases(store: Store) -> Leases:
    """Of a process that has the four."""
    leases = store.leases(lasts=5.0)
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


def left_of(store: Store, practice: str) -> float:
    """Seconds until its lease ends."""
    with store.read() as tx:
        asked = text("select extract(epoch from until - now()) from lease where practice = :it")
        return float(tx.connection.execute(asked, {"it": practice}).scalar() or 0)


def holders(store: Store) -> dict[str, str]:
    with store.read() as tx:
        return {row.practice: row.holder for row in tx.connection.execute(select(t.lease.c.practice, t.lease.c.holder))}


def test_i07_the_others_are_renewed_and_the_locked_one_is_not_lost_but_tried_again(
    store: Store, leases: Leases
) -> None:
    leases.claim(FOUR, 4, due=False)
    time.sleep(1)
    began = time.monotonic()
    with locked(store, "p1"):
        assert leases.renew(FOUR) == {"lilas": True, "p1": False, "p2": True, "roses": True}
        assert time.monotonic() - began < 2
        assert left_of(store, "roses") > 4.5
        assert left_of(store, "p1") < 4.2
    assert leases.renew(FOUR) == dict.fromkeys(FOUR, True)
    assert left_of(store, "p1") > 4.5


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
            assert time.monotonic() - began < lease.LOCKED_AT_MOST_S + 2
            assert sorted(left) == ["lilas", "p2", "roses"]
            assert {key for key, holder in holders(store).items() if holder} == {"p1"}
    leases.give_back([one for one in backs if one.practice == "p1"], after)
    assert sorted(left) == FOUR
    assert leases.claim(["p1"], 1, due=False)["p1"].memory == {"of": "p1"}


def test_i07_a_page_that_commits_in_a_moment_costs_its_practice_nothing(store: Store, leases: Leases) -> None:
    claims, left = leases.claim(FOUR, 4, due=False), list[str]()
    backs = [Return(key, one.fence, 60.0) for key, one in claims.items()]
    held = locked(store, "p1")
    held.__enter__()
    threading.Timer(0.5, held.__exit__, (None, None, None)).start()
    leases.give_back(backs, After(lambda _, practices: left.extend(practices)))
    assert left == ["p1"]  # the page woke it
    assert not any(holders(store).values())


def waits_no_more(seat: Seat) -> bool:
    """Whether its turn is over, and a reading goes on that the turn did not wait for."""
    return seat._worker is not None and any(job.left for job in seat._worker.readers._jobs)


def test_i07_while_one_row_is_locked_a_process_keeps_the_practices_whose_calendars_it_reads(
    store: Store, tmp_path: Path
) -> None:
    street = Street(tmp_path / "practices", store, 4)
    with street.machine() as machine:
        until(lambda: len(street.homes.asked) == 4, 60)
        street.homes.gate.clear()
        until(lambda: all(waits_no_more(seat) for seat in machine.seats.values()), 60)
        mine = machine.fleet.leases.holder
        with locked(store, "p0"):
            end = time.monotonic() + 6
            while time.monotonic() < end:
                time.sleep(0.2)
                assert min(left_of(store, key) for key in ("p1", "p2", "p3")) > 0
        assert {key for key, holder in holders(store).items() if holder == mine} >= {"p1", "p2", "p3"}
        street.homes.gate.set()
        before = street.homes.counts()
        until(lambda: all(count > before[path] for path, count in street.homes.counts().items()), 60)
