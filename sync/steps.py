"""What a pass does once the calendars were read: changes judged, due messages sent, events written, alerts mailed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sync import attribution, brakenotice, companion, floods, manage, moves, olderstore, queries, steptroubles
from sync.alerts import send_notices
from sync.digest import send_digest
from sync.guard import kept_apart
from sync.judge import judge
from sync.outbox import deliver
from sync.restore import hush
from sync.sweep import sweep
from sync.world import Watch, World
from sync.writeback import write_back

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done:
    """How many resources were judged, messages sent, events written."""

    judged: int
    sent: int
    written: int


def nothing_read() -> bool:
    """For passes that have just read everything."""
    return False


def take_all(
    world: World, read_again: Callable[[], None], watch: Watch, *, restored: bool, tell_all: bool = False,
    refresh: Callable[[], bool] = nothing_read,
) -> Done:  # fmt: skip
    """Every step once, whatever becomes of the others (law L10). `read_again` reads the calendars anew, before a
    cancellation that may be a move is told; `refresh` those that a due message must not be sent without (H08), and says
    whether it read any."""
    taken = Taken(world)
    taken.step("carry-out", manage.carry_out)  # what a crash left half done, before its trace is judged
    taken.judges()
    if taken.step("carry-out", manage.carry_out):
        taken.judges()
    if taken.step("second-reading", lambda world: _second_reading(world, read_again)):
        taken.judges()
    if taken.step("attribution", attribution.settle):
        taken.judges()
    taken.step("brake-answers", brakenotice.read_answers)
    hushed = not restored or taken.step("restore", _hushed)
    if tell_all:
        taken.step("restore", olderstore.tell_all)
    taken.step("reminders", sweep)
    if taken.step("fresh-reading", lambda _: refresh()):
        taken.judges()
    taken.step("holds", floods.hold)
    if taken.judged_all and hushed:  # nothing is told from what was not judged, or of what is known already
        taken.sent = taken.step("messages", lambda world: deliver(world, watch)) or 0
    taken.judges()
    taken.step("questions", queries.tidy)
    written = taken.step("writing", lambda world: write_back(world, watch)) or 0
    taken.step("brake-notices", brakenotice.show)
    taken.step("notices", companion.show)
    taken.step("alerts", lambda world: send_notices(world, watch))
    taken.step("digest", lambda world: send_digest(world, watch))
    taken.keep()
    return Done(taken.judged, taken.sent, written)


class Taken:
    """One pass's steps as they are taken: what was done, and which of them failed."""

    def __init__(self, world: World) -> None:
        self.world, self.judged, self.sent, self.judged_all = world, 0, 0, True
        self._became: dict[str, Exception | None] = {}

    def step(self, name: str, work: Callable[[World], T]) -> T | None:
        """Its result; None where it failed."""
        result = None
        with kept_apart("step failed", step=name) as fate:
            result = work(self.world)
        self._became[name] = fate.failed
        return result

    def judges(self) -> None:
        """Judge what is owed."""
        judged = self.step("judging", judge)
        self.judged_all = judged is not None
        self.judged += judged or 0

    def keep(self) -> None:
        """Note what failed, forget what did not any more."""
        with kept_apart("steps not noted"):
            steptroubles.keep(self.world, self._became)


def _second_reading(world: World, read_again: Callable[[], None]) -> bool:
    with world.store.read() as tx:
        missed = moves.may_be_missed(world, tx, world.now())
    if missed:
        read_again()
    return missed


def _hushed(world: World) -> bool:
    hush(world)
    return True
