"""A practice leaves, or its process ends, while its store is just being opened and does not answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.folder import Folder
from config.settings import Settings
from sync.core.context import World
from sync.store.engine import Store
from sync.store.problems import Departed
from sync.worker.crew import Crew
from sync.worker.loop import Stop
from sync.worker.member import Member
from tests.crew import write
from tests.office import Office


class Silent:
    """Opens a practice's world, once the store answers. `given_back`: the world was closed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.asked, self.answers, self.given_back = threading.Event(), threading.Event(), threading.Event()

    @contextmanager
    def __call__(self, _settings: Settings, *, store: Store) -> Iterator[World]:
        self.asked.set()
        assert self.answers.wait(60)
        yield self._world
        store.close()
        self.given_back.set()


@pytest.fixture
def silent(office: Office) -> Silent:
    return Silent(office.world)


@pytest.fixture
def crew(silent: Silent, tmp_path: Path) -> Crew:
    folder = tmp_path / "practices"
    folder.mkdir()
    write(folder, "lilas")
    found = Folder([folder], {})
    return Crew(found, found.read(), Stop(), silent)


def opened_beside(member: Member) -> tuple[threading.Thread, list[type[Exception]]]:
    """As a page does that somebody asked for."""
    raised: list[type[Exception]] = []

    def opens() -> None:
        try:
            member.open()
        except Departed as problem:
            raised.append(type(problem))

    thread = threading.Thread(target=opens)
    thread.start()
    return thread, raised


def ends_beside(crew: Crew) -> threading.Thread:
    thread = threading.Thread(target=crew.close, daemon=True)
    thread.start()
    return thread


def test_l10_a_process_ends_without_waiting_for_a_store_that_does_not_answer_while_it_is_opened(
    crew: Crew, silent: Silent
) -> None:
    [member] = crew.members
    opening, raised = opened_beside(member)
    assert silent.asked.wait(30)
    ending = ends_beside(crew)
    ending.join(30)
    ended = not ending.is_alive()
    silent.answers.set()
    opening.join(30)
    assert ended
    assert silent.given_back.is_set()
    assert raised == [Departed]
    with pytest.raises(Departed):
        member.open()


def test_a_practice_at_rest_is_not_closed_under_whoever_opens_it(crew: Crew, silent: Silent) -> None:
    [member] = crew.members
    opening, raised = opened_beside(member)
    assert silent.asked.wait(30)
    member.rest()
    silent.answers.set()
    opening.join(30)
    assert raised == []
    assert member.world is not None
    member.rest()
    assert silent.given_back.is_set()
    crew.close()
