"""Writers of one process wait for each other in their order, and never run out of SQLite's patience by themselves."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from sync.store import keyvalue
from sync.store.engine import Store
from sync.store.queue import WritersQueue, queue_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One that has no patience at all with another writer."""
    store = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    event.listen(store._engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=0") and None)
    store.prepare()
    yield store
    store.close()


def test_eight_readers_that_write_at_once_do_not_fail_by_each_other(store: Store) -> None:
    problems: list[Exception] = []

    def writes(name: str) -> None:
        try:
            for number in range(20):
                with store.write() as tx:
                    keyvalue.put(tx, name, str(number))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=writes, args=(f"reader-{one}",)) for one in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert problems == []


def test_two_stores_of_one_file_share_its_queue(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cabinet.db'}"
    assert Store(url, "lilas")._queue is Store(url, "roses")._queue is not None
    assert queue_of("/one") is not queue_of("/other")


def test_they_are_served_in_the_order_in_which_they_came() -> None:
    queue, served = WritersQueue(), list[int]()

    def waits(number: int) -> None:
        with queue.turn():
            served.append(number)

    threads = [threading.Thread(target=waits, args=(number,)) for number in range(5)]
    with queue.turn():
        for number, one in enumerate(threads, start=1):
            one.start()
            while len(queue) < number:
                threading.Event().wait(0.001)
    for one in threads:
        one.join()
    assert served == [0, 1, 2, 3, 4]


def test_one_that_fails_in_its_turn_hands_it_on() -> None:
    queue = WritersQueue()
    with pytest.raises(ValueError, match="x"), queue.turn():
        raise ValueError("x")
    with queue.turn():
        assert len(queue) == 0
