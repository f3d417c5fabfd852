"""Each night, what was kept long enough is deleted (`retention:`), in slices that nobody waits for.

The days are counted by a clock of their own that gains two days a night at most: a computer whose clock jumps ahead by
years deletes nothing of the present, and one that was off for a month catches up. In a store older than the calendars
nothing is deleted until a person has answered (law L7).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.core.context import World
from sync.core.log import log
from sync.store import keyvalue, purging
from sync.store.engine import Tx

GAINS = timedelta(days=2)  # a night, of the clock by which days are counted
FULL_SLICES = 20  # in one round; the next one goes on


def attend(world: World) -> int:
    """Delete what is due this night. Returns how many rows; nothing the first time, which only begins to count."""
    now = world.now()
    with world.store.read() as tx:
        known, asks = _last(tx), bool(keyvalue.get(tx, keyvalue.OLDER))
    if asks:
        return 0
    if known is None:
        _note(world, now, clock=now)
        return 0
    clock = min(now, known + GAINS)
    done, finished = _delete(world, clock)
    if finished:
        _note(world, now, clock)
    if done:
        log.info("old rows deleted", rows=done)
    return done


def _delete(world: World, clock: datetime) -> tuple[int, bool]:
    """(how many rows, whether nothing is left)."""
    kept = world.retention
    before = clock - timedelta(days=kept.messages_days), clock - timedelta(days=kept.journal_days)
    done, full = 0, 0
    for statement, moment in purging.slices(*before):
        count = purging.SLICE
        while count >= purging.SLICE:
            if full == FULL_SLICES:
                return done, False
            with world.store.write() as tx:
                count = purging.purge(tx, statement, moment)
            done, full = done + count, full + (count >= purging.SLICE)
    return done, True


def _last(tx: Tx) -> datetime | None:
    """By which clock it was last done."""
    kept = keyvalue.get(tx, keyvalue.RETENTION)
    return datetime.fromisoformat(kept.split()[1]) if kept else None


def _note(world: World, now: datetime, clock: datetime) -> None:
    with world.store.write() as tx:
        keyvalue.put(tx, keyvalue.RETENTION, f"{now.isoformat()} {clock.isoformat()}")
    world.purged.at = now
