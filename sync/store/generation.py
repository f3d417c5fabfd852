"""The store's generation: its messages bear it, so that another store of the same practice never tells under its names.

A gateway that knows keys swallows what comes under one that it has seen. Booking numbers begin anew in a new store and
are taken again in a backup that was put back, so a key without a generation may have been another patient's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sync.store import keyvalue
from sync.store.engine import Tx

NAME = "generation"
A_STEP = 1000  # tellings of one appointment that a generation may number, where the clock went back since
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Generation:
    """`mark` stands in the keys of messages. `since`: minutes since 2026 at which it began, at least 1; what is
    numbered from there on is higher than whatever an earlier generation numbered."""

    mark: str
    since: int


def current(tx: Tx, now: datetime) -> Generation:
    """This store's, made at first use: for a writing transaction."""
    if tx.cache.generation is None:
        tx.cache.generation = known(tx) or _begin(tx, now, 0)
    made: Generation = tx.cache.generation
    return made


def known(tx: Tx) -> Generation | None:
    """This store's; None where nothing was told yet."""
    kept = keyvalue.get(tx, NAME)
    if kept is None:
        return None
    mark, _, since = kept.partition(" ")
    return Generation(mark, int(since))


def mark_of(tx: Tx) -> str:
    """What stands in the names of mails to the practice; empty where nothing was told yet."""
    made = known(tx)
    return made.mark if made else ""


def renew(tx: Tx, now: datetime) -> None:
    """This store is another's continuation: nothing is told any more under the names that it used until now."""
    before = known(tx)
    tx.cache.generation = _begin(tx, now, before.since if before else 0)


def _begin(tx: Tx, now: datetime, after: int) -> Generation:
    minutes = int((now - _EPOCH).total_seconds() // 60)
    made = Generation(secrets.token_hex(4), max(1, minutes, after + A_STEP if after else 0))
    keyvalue.put(tx, NAME, f"{made.mark} {made.since}")
    return made
