"""How a practice is, as each of the processes that share it says: two failed rounds in a row are its trouble, whoever
had them; one that went well ends it, whoever had that."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.fleet.seat import Seat
from sync.fleet.shared import Shared
from sync.fleet.trouble import ServerTrouble
from sync.store.engine import Store, Unusable
from sync.worker.web_server import Desk, Hints
from tests.fleet.street import Street, claimed, seat_in


@pytest.fixture
def two(store: Store, tmp_path: Path) -> Iterator[tuple[Seat, Seat]]:
    """A practice in two processes."""
    street = Street(tmp_path / "practices", store, 1)
    first, second = seat_in(street), seat_in(street)
    store.leases().know(["p0"])
    yield first, second
    first.close()
    second.close()


def turn(seat: Seat, store: Store) -> None:
    leases = store.leases()
    back = seat.work(claimed(seat, leases))
    assert back is not None
    leases.give_back([back])


def well(*seats: Seat) -> list[bool]:
    """What each process says at `/healthz`."""
    return [Desk(seat.member.settings, seat, Hints(seat)).look().well for seat in seats]


def fails(_worker: Shared, _work: Callable[[], object]) -> None:
    raise Unusable("La base est occupée.")


def test_l10_a_process_that_failed_says_so_until_another_went_well(
    store: Store, two: tuple[Seat, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    turn(first, store)
    with monkeypatch.context() as patch:
        patch.setattr(Shared, "_round", fails)
        turn(first, store)
        assert well(first, second) == [True, True]  # one may be an accident
        turn(first, store)
        assert well(first, second) == [False, False]
    turn(second, store)
    assert well(first, second) == [True, True]


def test_where_the_server_takes_nothing_its_practices_are_ill_though_none_of_them_has_rounds(
    store: Store, two: tuple[Seat, Seat]
) -> None:
    """One that is read-only answers all questions of a look, and gives no lease out."""
    first, second = two
    turn(first, store)
    trouble = ServerTrouble()
    first._missed = trouble.is_missed
    trouble.missed(Unusable("La base PostgreSQL est en lecture seule."))
    assert well(first, second) == [True, True]  # one may be an accident
    trouble.missed(Unusable("La base PostgreSQL est en lecture seule."))
    assert well(first, second) == [False, True], "the other process hears of that by its own heartbeat"
    trouble.answered()
    assert well(first, second) == [True, True]


def test_l10_rounds_that_fail_in_one_process_and_then_in_another_are_a_trouble_too(
    store: Store, two: tuple[Seat, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    turn(first, store)
    with monkeypatch.context() as patch:
        patch.setattr(Shared, "_round", fails)
        turn(first, store)
        turn(second, store)
        assert well(first, second) == [False, False]
    turn(first, store)
    assert well(first, second) == [True, True]
