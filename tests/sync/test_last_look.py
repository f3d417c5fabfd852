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
    until(lambda: look._waits is not None and look._waits[1] >= ended[0], 5)
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


class Away:
    """A store of many practices that is away for a while. `asked`: the practices that were looked at, in order."""

    def __init__(self, practices: int, costs: float = 0.0) -> None:
        self.away, self.ill, self.asked, self._costs = False, set[str](), list[str](), costs
        self.keys = [f"p{number}" for number in range(practices)]

    def desk(self, key: str) -> Desk:
        def looks() -> Seen:
            self.asked.append(key)
            time.sleep(self._costs)
            if self.away:
                raise Unavailable
            return Seen(well=key not in self.ill)

        return Desk(key, "near", looks)

    def present(self, look: Look) -> Present:
        return Present(tuple(AsSeen(self.desk(key), look) for key in self.keys))


@pytest.mark.parametrize("trouble", ["away", "late"])
def test_what_is_over_is_seen_at_once_however_long_a_look_at_all_of_them_took(look: Look, trouble: str) -> None:
    store = Away(100, costs=0.02)
    store.away, store.ill = trouble == "away", set(store.keys if trouble == "late" else ())
    now = store.present(look)
    until(lambda: not look.looked(now).starting and len(unwell(now)) == 100, 20)
    store.away, store.ill = False, set()
    until(lambda: len(unwell(look.looked(now))) < 100, 5)  # one of them is enough for `/healthz`
    until(lambda: unwell(look.looked(now)) == [], 10)


def test_those_that_were_not_well_are_looked_at_first_and_take_no_more_than_every_other_turn(
    look: Look,
) -> None:
    store = Away(60)
    store.ill = set(store.keys[40:])
    now = store.present(look)
    look.looked(now)
    until(lambda: not look.looked(now).starting and look._calm.is_set(), 10)
    store.asked.clear()
    store.ill.clear()
    look.looked(now)
    until(lambda: unwell(now) == [], 10)
    assert set(store.asked[:40]) == {*store.keys[:20], *store.keys[40:]}


def test_looks_at_thousands_take_a_tenth_of_a_core_and_whoever_asks_is_answered_meanwhile(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_look, "STUCK_S", 60.0)
    store = Away(50)

    def works() -> Seen:
        ends = time.thread_time() + 0.05
        while time.thread_time() < ends:
            pass
        return Seen(well=True)

    desks = [Desk(key, "near", works) for key in store.keys]
    now = Present(tuple(AsSeen(one, look) for one in desks))
    until(lambda: not look.looked(now).starting, 60)  # nobody rests before something is known of each
    first = {one.key: one.last.at for one in now.offices if isinstance(one, AsSeen) and one.last}
    began = time.monotonic()
    for _ in range(20):
        look.looked(now)
    again = [one for one in now.offices if isinstance(one, AsSeen) and one.looked_at > first[one.key]]
    assert len(again) <= 3 + (time.monotonic() - began) / 0.5
    ages = [one.value for each in now.offices for one in each.measures() if one.name == "attitre_look_age_seconds"]
    assert len(ages) == 50
    assert max(ages) >= time.monotonic() - began
