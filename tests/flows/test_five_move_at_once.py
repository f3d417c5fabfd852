"""Five patients choose one free time of their page at once, beside a secretary who books it over CalDAV (P45, hard case
G10): never two, never none without a reason, nobody told two things. `make test-long` plays five hundred rounds.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from adapters.base import Edit
from adapters.web.patients import Act, LinkTo, Shown, What
from config.load import load
from demo.secretary import Event
from rules.model import Channel
from rules.telling import page_words
from sync.core.context import World
from sync.people.desk import PagesOfPatients
from sync.store import messages
from sync.wiring import open_world
from sync.worker.one_pass import one_pass
from tests.flows.conftest import NEW

if TYPE_CHECKING:
    from tests.flows.conftest import Practice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
ROUNDS = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 15
PARIS = ZoneInfo("Europe/Paris")
NAMES = ("BLANC Anne", "BRUN Luc", "CARON Zoé", "COLIN Jean", "DAVID Emma")
MOMENTS = ("never", "before the clicks", "during the clicks", "after the clicks", "before the write", "after the write")


@dataclass
class Clock:
    """The worker's, which only the test turns."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Day:
    """The practice, its clock, and five patients with a link each."""

    practice: Practice
    world: World
    clock: Clock
    events: dict[str, Event] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def passes(self, minutes: int = 0) -> None:
        self.clock.now += timedelta(minutes=minutes)
        one_pass(self.world)

    @property
    def pages(self) -> PagesOfPatients:
        return PagesOfPatients(self.world, lambda: None)

    def opens(self) -> None:
        """Each has an appointment, and was told of it with a link."""
        self.passes()
        for place, name in enumerate(NAMES):
            text = NEW.replace("12/05/1981", f"{10 + place}/05/19{50 + place}").replace("56 78", f"56 {10 + place}")
            start = self.practice.at(9 + place // 2, 30 * (place % 2))
            told = text.replace("marie@", f"p{place}@")
            self.events[name] = self.practice.martin.books(f"{name} – détartrage", start, 30, told)
        self.passes()
        self.passes(2)
        for text in self.practice.texts():
            [secret] = re.findall(r"/r/([\w-]{22})", text.text)
            self.links[next(one for place, one in enumerate(NAMES) if text.to.endswith(str(10 + place)))] = secret
        assert set(self.links) == set(NAMES)

    def sees(self, name: str, part: What | None = None, page: int = 0) -> Shown:
        found = self.pages.shown(LinkTo.APPOINTMENT, self.links[name], part, page)
        assert found is not None
        return found

    def where(self) -> dict[str, datetime]:
        """Where each patient's event stands in her calendar now."""
        return {name: starts(self.practice.martin.sees(event)) for name, event in self.events.items()}

    def told(self) -> Counter[str]:
        """How many messages each mobile was sent."""
        return Counter(one.to[-2:] for one in self.practice.texts())


def starts(event: Event) -> datetime:
    found = re.search(r"DTSTART;TZID=Europe/Paris:(\S+)", event.raw)
    assert found
    return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=PARIS)


@pytest.fixture
def day(first_day: Practice) -> Iterator[Day]:
    first_day.sets("  settle_seconds: 0", "  most_per_hour: 100000\n  most_per_pass: 100000\n  settle_seconds: 0")
    first_day.sets("sync: {every", 'page: {public_url: "https://rdv.lilas.example"}\nsync: {every')
    settings, problems = load([first_day.file], {})
    assert settings, problems
    clock = Clock()
    with open_world(settings, clock) as world:
        day = Day(first_day, world, clock)
        day.opens()
        yield day


def all_click(day: Day, value: str, beside: Callable[[], None] | None) -> list[Shown]:
    """At the same moment, from five telephones, each with a page of its own. Returns what they read."""
    pages = {name: day.sees(name) for name in NAMES}
    gate, read = threading.Barrier(len(NAMES) + bool(beside)), []

    def clicks(name: str) -> None:
        gate.wait()
        act = Act(What.MOVE, pages[name].revision, {"debut": (value,)})
        read.append(day.pages.act(LinkTo.APPOINTMENT, day.links[name], act))

    def she() -> None:
        gate.wait()
        assert beside is not None
        beside()

    hands = [threading.Thread(target=clicks, args=(name,)) for name in NAMES]
    hands += [threading.Thread(target=she)] if beside else []
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert len(read) == len(NAMES)
    return [one for one in read if one]


@contextmanager
def quick(day: Day, when: str, books: Callable[[], None]) -> Iterator[None]:
    """She books just before or just after our next write that moves something."""
    kind = type(day.world.sources[0].calendar)
    plain: Any = kind.apply

    def apply(self: Any, ref: str, version: str | None, edit: Edit) -> Any:
        if edit.start is None:
            return plain(self, ref, version, edit)
        if when == "before the write":
            books()
        done = plain(self, ref, version, edit)
        if when == "after the write":
            books()
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "apply", apply)
        yield


def one_round(day: Day, dice: random.Random, when: str) -> str:
    """Who has the time afterwards."""
    free = [one.value for of in day.sees(NAMES[0], What.MOVE, dice.randrange(1, 6)).days for one in of.times]
    value = dice.choice(free)
    start = datetime.strptime(value, "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    hers: list[Event] = []

    def books() -> None:
        if not hers:
            hers.append(day.practice.martin.books("Réunion", start.astimezone(PARIS), 30))

    def in_the_middle() -> None:
        time.sleep(dice.random() / 20)
        books()

    before, told = day.where(), day.told()
    if when == "before the clicks":
        books()
    read = all_click(day, value, in_the_middle if when == "during the clicks" else None)
    assert sum(one.pending for one in read) == 1, [one.news for one in read]
    assert sum("vient d'être pris" in one.news for one in read) == len(NAMES) - 1, [one.news for one in read]
    if when == "after the clicks":
        books()
    with quick(day, when, books):
        day.passes()
    for _ in range(3):
        day.passes(1)
    after = day.where()
    moved = [name for name in NAMES if after[name] != before[name]]
    assert moved == [name for name in NAMES if after[name] == start]
    assert len(moved) + len(hers) == 1, (when, moved)
    heard = day.told() - told
    assert sum(heard.values()) == len(moved), (when, heard)
    assert [
        name for name in NAMES if day.sees(name).news == page_words.moved(day.world.practice, start, told=True)
    ] == moved
    for one in hers:
        day.practice.martin.deletes(day.practice.martin.sees(one))
    day.passes(2)
    return "hers" if hers else "a patient"


def test_g10_p45_of_five_who_choose_one_time_at_once_one_has_it_or_she_has(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, began = random.Random(45), time.monotonic()
    ends = Counter(one_round(day, dice, MOMENTS[turn % len(MOMENTS)]) for turn in range(ROUNDS))
    assert ends["hers"] + ends["a patient"] == ROUNDS
    assert ends["hers"] == sum(MOMENTS[turn % len(MOMENTS)] != "never" for turn in range(ROUNDS))
    with day.world.store.read() as tx:
        rows = messages.with_state(tx, "sent", "failed", "uncertain", "pending", zone=PARIS)
    assert {row.state for row in rows if row.channel is Channel.SMS} == {"sent"}
    with capsys.disabled():
        print(f"{dict(ends)} in {time.monotonic() - began:.0f} s\n" if ROUNDS == 500 else "", end="")
