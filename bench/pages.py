"""A patient's page in a big practice: 10 dentists, 50,000 bookings, in CPU milliseconds without the HTML."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from adapters.web.patients import Act, LinkTo, What
from bench.judging import BOOKINGS, DENTISTS, big_practice, event
from rules.model import Channel
from sync.core.context import World
from sync.evaluate.evaluate import evaluate
from sync.people.desk import PagesOfPatients
from sync.pull.mirror import mirror
from sync.store import bookings, links
from sync.store.links import About, LinkKind

_WEEKS_AHEAD = 60  # behind the last booking of the big practice, so that every event is valid


def measure(repeats: int = 40, many: int = BOOKINGS) -> dict[str, float]:
    """Median milliseconds of CPU by what the patient does."""
    with big_practice(many) as (bare, calendars, names):
        own = names[DENTISTS - 1 :: DENTISTS]  # the patients of the first dentist
        dice = random.Random(7)  # noqa: S311 - the same questions at every run is the point
        world = replace(bare, practice=replace(bare.practice, page_url="https://rdv.lilas.example"))
        today = world.now().date()
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=_WEEKS_AHEAD)
        for number in range(repeats):
            calendars[0].put(*event(number, own[dice.randrange(len(own))], monday + timedelta(weeks=number // 5)))
        mirror(world, world.sources[0])
        evaluate(world)
        secrets = _links(world)
        pages = PagesOfPatients(world, lambda: None)
        asked: dict[str, Callable[[str], object]] = {
            "page": lambda secret: pages.shown(LinkTo.APPOINTMENT, secret),
            "free times": lambda secret: pages.shown(LinkTo.APPOINTMENT, secret, What.MOVE),
            "wrong link": lambda secret: pages.shown(LinkTo.APPOINTMENT, secret[::-1]),
            "to be called": lambda secret: pages.act(LinkTo.APPOINTMENT, secret, Act(What.CALL, "")),
        }
        return {name: round(statistics.median(_cpu(ask, one) for one in secrets), 2) for name, ask in asked.items()}


def _links(world: World) -> list[str]:
    now = world.now()
    with world.store.write() as tx:
        rows = [row for row in bookings.starting(tx, now, now + timedelta(days=800), world.practice.zone) if row.mobile]
        return [
            links.make(tx, About(LinkKind.APPOINTMENT, row.id, row.patient or 0, row.mobile or "", Channel.SMS), now)
            for row in rows
        ]


def _cpu(ask: Callable[[str], object], secret: str) -> float:
    began = time.process_time()
    ask(secret)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    print(measure())
