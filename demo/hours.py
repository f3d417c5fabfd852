"""At which hour the story is told.

Patients are asked about freed time from 8 to 20 h, not on Sundays and holidays (P44): told at another hour, the last
scene would wait for the morning. The product has no switch for that; the clocks of the story go ahead together.

`DEMO_NOW=2026-12-06T03:00` tells it as if that were the present moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from demo import sample
from rules.model import Practice
from rules.waiting import turns

LASTS = timedelta(minutes=10)  # the story, on a slow machine
_LILAS = Practice("lilas", "", "", "", "", sample.ZONE, (), (), holidays=sample.HOLIDAYS)


def begins(now: datetime) -> datetime:
    """The moment at which the story begins: now, or the next at which patients may be asked until it is over."""
    soon = turns.next_awake(now, _LILAS)
    fits = turns.is_awake(soon + LASTS, _LILAS)
    return (soon if fits else turns.next_awake(soon + LASTS, _LILAS)).astimezone(sample.ZONE)


def now() -> datetime:
    """The present moment at the practice, or the one that `DEMO_NOW` names."""
    named = os.environ.get("DEMO_NOW")
    if named:
        return datetime.fromisoformat(named).replace(tzinfo=sample.ZONE)
    return datetime.now(UTC).astimezone(sample.ZONE)


@contextmanager
def going_on_from(moment: datetime) -> Iterator[int]:
    """Every clock of this process goes on from there; the seconds by which they differ from the machine's, 0 for none.
    Raises ModuleNotFoundError without the extra `demo`."""
    ahead = round(moment.timestamp() - time.time())
    if not ahead:
        yield 0
        return
    from time_machine import travel

    with travel(time.time() + ahead, tick=True):
        yield ahead
