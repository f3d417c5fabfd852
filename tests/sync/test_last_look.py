"""One look at many practices, some of whose stores are away."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from adapters.web.office import Present, Unavailable
from sync.worker import last_look
from sync.worker.last_look import AsSeen, Look, Seen
from tests.working import until


class Desk:
    """A practice whose store is at `address`; `look` is what looking at it does."""

    may_ring = rung = staticmethod(lambda *_: False)
    of_the_process = staticmethod(lambda: ())

    def __init__(self, key: str, address: str, looks: Callable[[], Seen] = lambda: Seen(well=True)) -> None:
        self.key, self.address, self.looks = key, address, looks

    def look(self) -> Seen:
        return self.looks()

    def fault(self, error: Exception) -> None:
        raise error


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    monkeypatch.setattr(last_look, "WAITED_S", 0.1)
    monkeypatch.setattr(last_look, "STUCK_S", 0.2)
    one = Look(lambda _: None)
    yield one
    one.end()


def well(office: AsSeen) -> bool:
    try:
        return office.healthy()
    except Unavailable:
        return False


def unwell(now: Present) -> list[str]:
    return [one.key for one in now.offices if isinstance(one, AsSeen) and not well(one)]


def away() -> Seen:
    raise Unavailable


def test_a_store_that_is_waited_for_takes_no_practice_of_another_store_away(look: Look) -> None:
    gate = threading.Event()
    gate.set()

    def waits() -> Seen:
        if gate.wait(10):
            return Seen(well=True)
        raise Unavailable

    desks = [Desk("lilas", "near"), Desk("roses", "far", waits), Desk("iris", "near"), Desk("anis", "far")]
    now = Present(tuple(AsSeen(one, look) for one in desks))
    until(lambda: len(look.looked(now).offices) == 4, 5)
    assert unwell(now) == []
    look._rests_until = 0.0
    gate.clear()
    look.looked(now)
    until(lambda: unwell(now) == ["roses", "anis"], 5)
    gate.set()
    until(lambda: unwell(now) == [], 5)


def test_at_a_start_those_behind_another_store_are_starting_while_one_is_waited_for(look: Look) -> None:
    gate = threading.Event()
    desks = [Desk("roses", "far", lambda: Seen(well=gate.wait(10))), Desk("iris", "near"), Desk("anis", "far")]
    now = Present(tuple(AsSeen(one, look) for one in desks))
    until(lambda: look.looked(now).starting == ("iris",), 5)
    assert unwell(look.looked(now)) == ["roses", "anis"]
    gate.set()


def test_one_slow_practice_takes_no_other_away_and_two_take_those_behind_them(look: Look) -> None:
    for silent, expected in ((["p1"], ["p1"]), (["p1", "p2"], ["p1", "p2", "p3"])):
        desks = [Desk(f"p{n}", "near", away if f"p{n}" in silent else lambda: Seen(well=True)) for n in range(4)]
        now = Present(tuple(AsSeen(one, look) for one in desks))
        look._rests_until = 0.0
        until(lambda now=now: len(look.looked(now).offices) == 4, 5)
        assert unwell(now) == expected


def test_a_practice_that_failed_before_one_that_is_well_makes_nobody_wait_longer(look: Look) -> None:
    gate, ended = threading.Event(), list[float]()

    def well() -> Seen:
        ended.append(time.monotonic())
        return Seen(well=True)

    def waits() -> Seen:
        gate.wait(30)
        return Seen(well=True)

    ways = {"p0": away, "p1": well, "p2": waits}
    now = Present(tuple(AsSeen(Desk(key, "near", way), look) for key, way in ways.items()))
    look.looked(now)
    until(lambda: look._waits[1] >= ended[0], 5)
    gate.set()


def test_a_look_that_failed_is_followed_by_a_rest_as_long(look: Look) -> None:
    begun: list[float] = []

    def slow() -> Seen:
        begun.append(time.monotonic())
        time.sleep(0.5)
        raise Unavailable

    now = Present((AsSeen(Desk("roses", "far", slow), look),))
    until(lambda: look.looked(now) is not None and len(begun) == 2, 10)
    assert begun[1] - begun[0] > 0.9
