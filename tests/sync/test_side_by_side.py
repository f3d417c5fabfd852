"""The practices of a process take their rounds side by side: one that hangs holds up no other."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.core.context import World
from sync.worker.side_by_side import all_turned
from tests.office import PRACTICE, make_office


@dataclass
class Round:
    """A worker whose round does that."""

    world: World
    does: Callable[[], None]
    is_due: bool = True
    turned: threading.Event = field(default_factory=threading.Event)

    def turn_if_due(self) -> None:
        self.does()
        self.turned.set()


def world(folder: Path, key: str) -> World:
    (folder / key).mkdir()
    return make_office(folder / key, replace(PRACTICE, key=key)).world


def test_e_a_round_that_hangs_lets_the_others_turn(tmp_path: Path) -> None:
    others = [Round(world(tmp_path, key), lambda: None) for key in ("roses", "tilleuls")]
    hangs = Round(world(tmp_path, "lilas"), lambda: waits_for(others))
    all_turned([hangs, *others], threading.Event())
    assert hangs.turned.is_set()


def waits_for(others: list[Round]) -> None:
    assert all(one.turned.wait(20) for one in others)


def test_practices_of_one_sqlite_file_take_turns(tmp_path: Path) -> None:
    shared, here = world(tmp_path, "lilas"), threading.Lock()

    def alone() -> None:
        assert here.acquire(blocking=False)
        here.release()

    rounds = [Round(shared, alone) for _ in range(20)]
    all_turned(rounds, threading.Event())
    assert all(one.turned.is_set() for one in rounds)


def test_only_what_is_due_turns_and_nothing_once_it_is_to_end(tmp_path: Path) -> None:
    stop = threading.Event()
    due, rests = Round(world(tmp_path, "lilas"), stop.set), Round(world(tmp_path, "roses"), lambda: None, is_due=False)
    later = Round(due.world, lambda: None)
    all_turned([due, rests, later], stop)
    assert [one.turned.is_set() for one in (due, rests, later)] == [True, False, False]


def test_a_fault_is_raised_once_the_others_have_turned(tmp_path: Path) -> None:
    def fails() -> None:
        raise ValueError

    fails_here, sound = Round(world(tmp_path, "lilas"), fails), Round(world(tmp_path, "roses"), lambda: None)
    with pytest.raises(ValueError):
        all_turned([fails_here, sound], threading.Event())
    assert sound.turned.is_set()
