"""Wishes to cancel that patients expressed by their link, one row for each booking; the worker carries them out. The
rows hold numbers and hashes only (law L8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import IntentState
from sync.store.tx import here, the, those

WANTED, FLIGHT, DONE, CHANGED, CALL = IntentState
OPEN = (WANTED, FLIGHT)

_c = t.intent.c
_GET = select(t.intent).where(*here(t.intent, "booking"))
_WITH = select(t.intent).where(*here(t.intent), those(_c.state)).order_by(_c.asked_at, _c.booking)
_DROP, _ADD = delete(t.intent).where(*here(t.intent, "booking")), insert(t.intent)
_MOVE = update(t.intent).where(*here(t.intent, "booking")).values(state=the(_c.state), done_at=the(_c.done_at))


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A wish to cancel. `seen`: the revision of the appointment that the patient was shown. `states.IntentState` has
    the states."""

    booking: int
    seen: str
    state: IntentState
    asked_at: datetime
    done_at: datetime | None


def get(tx: Tx, booking: int) -> IntentRow | None:
    """The latest wish about that booking."""
    row = tx.run(_GET, the_booking=booking).mappings().first()
    return _row(row) if row else None


def open_ones(tx: Tx) -> Sequence[IntentRow]:
    """The wishes still to be carried out, oldest first."""
    return [_row(row) for row in tx.run(_WITH, those_state=OPEN).mappings()]


def ask(tx: Tx, booking: int, seen: str, now: datetime) -> None:
    """Store a wish, in place of an earlier one."""
    tx.run(_DROP, the_booking=booking)
    tx.add(_ADD, [{"booking": booking, "seen": seen, "state": WANTED, "asked_at": now}])


def move(tx: Tx, booking: int, state: IntentState, now: datetime) -> None:
    """Change the state of the wish."""
    tx.run(_MOVE, the_booking=booking, the_state=state, the_done_at=None if state in OPEN else now)


def _row(row: Any) -> IntentRow:
    return IntentRow(**{**{name: row[name] for name in IntentRow.__slots__}, "state": IntentState(row["state"])})
