"""The store's generation, part of the idempotency keys of its messages.

A gateway ignores a message whose key it knows. Booking numbers start again in a new store, and are given again after a
restored backup; without the generation, such a key may be that of another patient's message.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from msgspec import Struct

from sync.store import keyvalue
from sync.store.engine import Tx

NAME = "generation"
A_STEP = 1000  # at least, between two generations: more tellings than one booking has
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Generation(Struct, frozen=True):
    """`mark` stands in the keys of messages. `since`: minutes since 2026 at which the generation began, at least 1.
    Numbers counted from `since` are higher than all those of earlier generations."""

    mark: str
    since: int


def current(tx: Tx, now: datetime) -> Generation:
    """The store's generation, created at first use; needs a writing transaction."""
    if tx.cache.generation is None:
        tx.cache.generation = known(tx) or _begin(tx, now, 0)
    made: Generation = tx.cache.generation
    return made


def known(tx: Tx) -> Generation | None:
    """The store's generation; None if no message was ever planned."""
    kept = keyvalue.get(tx, NAME)
    if kept is None:
        return None
    mark, _, since = kept.partition(" ")
    return Generation(mark, int(since))


def mark_of(tx: Tx) -> str:
    """The mark, for the Message-IDs of mails to the practice; empty if there is no generation yet."""
    made = known(tx)
    return made.mark if made else ""


def renew(tx: Tx, now: datetime) -> None:
    """Begin a new generation: from now on messages get other keys."""
    before = known(tx)
    tx.cache.generation = _begin(tx, now, before.since if before else 0)


def _begin(tx: Tx, now: datetime, after: int) -> Generation:
    minutes = int((now - _EPOCH).total_seconds() // 60)
    made = Generation(secrets.token_hex(4), max(1, minutes, after + A_STEP if after else 0))
    keyvalue.put(tx, NAME, f"{made.mark} {made.since}")
    return made
