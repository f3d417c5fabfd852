"""Offers for a freed slot among 2,000 who wait, in a big practice: CPU milliseconds without the calendar's answer."""

from __future__ import annotations

import statistics
import time
from datetime import datetime, timedelta

from msgspec.structs import replace

from bench.judging import BOOKINGS, DENTISTS, ZONE, big_practice, event
from rules.entry.wished_times import read
from rules.model import ANY_TIME, Channel, Waiting
from sync.core.context import World
from sync.evaluate.evaluate import evaluate
from sync.pull.mirror import mirror
from sync.store import gaps, offers, waiting_entries
from sync.store.waiting_entries import Origin, Standing
from sync.waiting import offering

ENTRIES = 2000
_WEEKS_AHEAD = 60  # behind the last booking of the big practice, so that every event is valid


def measure(repeats: int = 20, many: int = BOOKINGS) -> dict[str, float]:
    """Median milliseconds of CPU from a freed slot that is sure to the offer of it."""
    with big_practice(many) as (bare, calendars, names):
        practice = replace(bare.practice, page_url="https://rdv.lilas.example", waiting=Waiting(per_day=1000))
        noon = bare.now().replace(hour=12)
        noon += timedelta(days=(7 - noon.weekday()) % 7 + 7)  # a Monday: nobody waits for the night to end
        world = replace(bare, practice=practice, clock=lambda: noon, senders={Channel.SMS: None})
        monday = noon.date() + timedelta(weeks=_WEEKS_AHEAD)
        for number, name in zip(range(repeats), names[DENTISTS - 1 :: DENTISTS], strict=False):
            ref, body = event(number, name, monday + timedelta(weeks=2 + number // 5))
            calendars[0].put(ref, body.replace(b"END:VEVENT", b"DESCRIPTION:Liste d'attente\r\nEND:VEVENT"))
        mirror(world, world.sources[0])
        evaluate(world)
        _others(world, noon + timedelta(weeks=_WEEKS_AHEAD + 9))
        spent = [_cpu(world, noon.replace(hour=10) + timedelta(weeks=_WEEKS_AHEAD, days=n % 5)) for n in range(repeats)]
        return {"offer": round(statistics.median(spent), 2)}


def _others(world: World, held: datetime) -> None:
    """Who waits besides, and wishes something else, or joined later than those who are asked."""
    with world.store.write() as tx:
        for number in range(ENTRIES):
            wish = read("mardi matin, jeudi après 17 h") if number % 2 else None
            one = Standing(
                number + 1, "d0", "Détartrage", 30, wish or ANY_TIME, False, held, "+33612345678", None, "BANC", True
            )
            waiting_entries.add(tx, Origin.TAG, one, world.now() + timedelta(days=1), booking=number + 1)


def _cpu(world: World, start: datetime) -> float:
    start, now = start.astimezone(ZONE), world.now()
    with world.store.write() as tx:
        span = {"start": start, "end": start + timedelta(minutes=30)}
        number = gaps.add(tx, now, place=("d0", "memory:d0"), booking=0, depth=0, **span)  # type: ignore[arg-type]
        gaps.open_(tx, number)
    began = time.process_time()
    offering.attend(world)
    spent = (time.process_time() - began) * 1000
    with world.store.write() as tx:
        made = offers.of_gap(tx, number, ZONE)
        assert len(made) == 1, "nobody was asked"
        gaps.close(tx, number, "mesuré", now)
        offers.move(tx, made[0].id, (offers.OPEN,), offers.REFUSED, closed_at=now)
    return spent


if __name__ == "__main__":
    print(measure())
