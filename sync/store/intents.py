"""What patients ask for by their link, one row a booking; the worker carries it out. Numbers and hashes only
(law L8)."""

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
    """A wish to cancel. `seen`: the revision of what the patient was shown. Wanted → in flight (the event may be out
    already) → done; changed: the secretary was faster, hers stands; call: it cannot be done for them."""

    booking: int
    seen: str
    state: IntentState
    asked_at: datetime
    done_at: datetime | None


def get(tx: Tx, booking: int) -> IntentRow | None:
    """What was last asked for that booking."""
    row = tx.run(_GET, the_booking=booking).mappings().first()
    return _row(row) if row else None


def open_ones(tx: Tx) -> Sequence[IntentRow]:
    """What is still to be carried out, oldest first."""
    return [_row(row) for row in tx.run(_WITH, those_state=OPEN).mappings()]


def ask(tx: Tx, booking: int, seen: str, now: datetime) -> None:
    """It is wanted, in place of what was asked before."""
    tx.run(_DROP, the_booking=booking)
    tx.add(_ADD, [{"booking": booking, "seen": seen, "state": WANTED, "asked_at": now}])


def move(tx: Tx, booking: int, state: IntentState, now: datetime) -> None:
    """It is in that state now."""
    tx.run(_MOVE, the_booking=booking, the_state=state, the_done_at=None if state in OPEN else now)


def _row(row: Any) -> IntentRow:
    return IntentRow(**{**{name: row[name] for name in IntentRow.__slots__}, "state": IntentState(row["state"])})
