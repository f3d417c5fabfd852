"""A thousand messages are due, and everything dies by turns: workers by SIGKILL at random moments, one that sleeps
beyond its lease and wakes, PostgreSQL restarted, and gone for a while."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bench.scale.lost import LEASE_S, MARGIN_S
from bench.scale.processes import Crew
from bench.scale.stage import OF_A_SERVER_S, Stage
from bench.scale.steady import all_read
from bench.scale.witness import Witness
from bench.scale.world import Messages, until

WORKERS, EACH = 4, 2  # bookings that appear in each calendar
ALL_TOLD_S, ALL_SETTLED_S, AFTERWARDS_S = 1800.0, 300.0, 15.0
DICE = random.Random(7)  # noqa: S311 - the same at every run


@dataclass(slots=True)
class Storm:
    """Patients who are to be told (`wanted`), were told `once`, `twice` and `never`, and `others` who were told all the
    same. `repeats`: calls that a gateway answered from memory, since their first answer was lost with its worker.
    `stale`: rows written from a stale fence, of `watched`.
    `left`: messages that are not at their end. What was done: `kills`, `frozen` workers, `restarts`, seconds `away`."""

    wanted: int
    kills: int = 0
    frozen: int = 0
    restarts: int = 0
    away: float = 0.0
    once: int = 0
    twice: int = 0
    never: int = 0
    others: int = 0
    repeats: int = 0
    stale: int = 0
    watched: int = 0
    left: int = 0
    seconds: float = 0.0


def storm(stage: Stage) -> Storm:
    """Play it until every patient was told, and some seconds more: a second message would come then."""
    witness = Witness(stage.server)
    stage.around.slow(OF_A_SERVER_S, stage.size.call_latency)
    try:
        with stage.crew("storm", stage.size.every, bounded=True) as fleet:
            fleet.more(WORKERS)
            all_read(stage.around, fleet)
            before = set(stage.around.messages().taken)
            patients = stage.around.show(EACH)
            found = Storm(len(patients))
            began = time.monotonic()
            _play(stage, fleet, found, lambda: len(stage.around.messages().taken) - len(before))
            found.seconds = time.monotonic() - began
            time.sleep(AFTERWARDS_S)
            found.left = _left(stage)
            _counted(found, patients, stage.around.messages(), before)
        found.stale, found.watched = witness.found()
        return found
    finally:
        witness.close()
        stage.around.slow(OF_A_SERVER_S)


def _left(stage: Stage) -> int:
    """What is not at its end, after some patience: whose answer was lost is asked once more, a little later."""
    asked = "select count(*) from message where state not in ('sent', 'dropped')"  # nobody here has a mail server
    with suppress(TimeoutError):
        until(lambda: stage.server.ask(asked) == [(0,)], ALL_SETTLED_S, "every message at its end")
    [(left,)] = stage.server.ask(asked)
    return int(left)


def _play(stage: Stage, fleet: Crew, found: Storm, told: Callable[[], int]) -> None:
    """Until all are told. What happens once happens at a share of the messages, so that there is something to lose."""
    once = [(0.2, _restart), (0.35, _freeze), (0.55, _away)]
    end = time.monotonic() + ALL_TOLD_S
    while (share := told() / found.wanted) < 1:
        if time.monotonic() > end:
            return
        if once and share >= once[0][0]:
            once.pop(0)[1](stage, fleet, found)
        DICE.choice(fleet.alive).kill()
        found.kills += 1
        fleet.more()
        time.sleep(DICE.uniform(0.5, 1.5) * stage.size.kill_every)


def _restart(stage: Stage, _fleet: Crew, found: Storm) -> None:
    stage.server.restart()
    found.restarts += 1


def _away(stage: Stage, _fleet: Crew, found: Storm) -> None:
    stage.server.stop()
    time.sleep(stage.size.away)
    stage.server.start()
    found.away = stage.size.away


def _freeze(stage: Stage, fleet: Crew, found: Storm) -> None:
    """Asleep until its leases are others', then awake with all that it held."""
    asleep = DICE.choice(fleet.alive)
    asleep.freeze()
    time.sleep(LEASE_S + MARGIN_S)
    asleep.thaw()
    found.frozen += 1


def _counted(found: Storm, patients: Sequence[str], messages: Messages, before: set[str]) -> None:
    told = Counter(to for key, (_, to, _) in messages.taken.items() if key not in before)
    found.once = sum(told[one] == 1 for one in patients)
    found.twice = sum(told[one] > 1 for one in patients)
    found.never = sum(told[one] == 0 for one in patients)
    found.others = len(told.keys() - {*patients})
    found.repeats = sum(messages.repeats.values())
