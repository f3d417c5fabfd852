"""What patients asked for by their link (to cancel, to move, to take an offered time), one row for each booking; the
worker carries it out. The rows hold numbers, hashes and times only (law L8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import IntentKind, IntentState
from sync.store.tx import here, the, those

WANTED, FLIGHT, DONE, CHANGED, CALL, TAKEN, ARRIVED = IntentState
IN_FLIGHT = (FLIGHT, ARRIVED)
OPEN = (WANTED, *IN_FLIGHT)
CANCEL, MOVE, ACCEPT = IntentKind

_c = t.intent.c
_GET = select(t.intent).where(*here(t.intent, "booking"))
_WITH = select(t.intent).where(*here(t.intent), those(_c.state)).order_by(_c.asked_at, _c.booking)
_ARRIVED = select(t.intent).where(*here(t.intent, "state"), _c.start.is_not(None))
_DROP, _ADD = delete(t.intent).where(*here(t.intent, "booking")), insert(t.intent)
_MOVE = update(t.intent).where(*here(t.intent, "booking")).values(state=the(_c.state), done_at=the(_c.done_at))


class IntentRow(Struct, frozen=True):
    """A wish. `seen`: the revision of the appointment that the patient was shown; `start`: the time that they chose;
    `old_start`, `old_end`: where the appointment stood then; `offer`: the number of the offer that they accepted.
    `states.IntentState` has the states."""

    booking: int
    kind: IntentKind
    seen: str
    start: datetime | None
    old_start: datetime | None
    old_end: datetime | None
    offer: int | None
    state: IntentState
    asked_at: datetime
    done_at: datetime | None


class Wanted(Struct, frozen=True):
    """What is asked for; see `IntentRow`."""

    kind: IntentKind = CANCEL
    start: datetime | None = None
    old_start: datetime | None = None
    old_end: datetime | None = None
    offer: int | None = None


def get(tx: Tx, booking: int) -> IntentRow | None:
    """The latest wish about that booking."""
    row = tx.run(_GET, the_booking=booking).mappings().first()
    return _row(row) if row else None


def open_ones(tx: Tx) -> Sequence[IntentRow]:
    """The wishes still to be carried out, oldest first."""
    return [_row(row) for row in tx.run(_WITH, those_state=OPEN).mappings()]


def arrived(tx: Tx) -> dict[int, IntentRow]:
    """booking → the move that was carried out for its patient: all in one query, asked once in a transaction."""
    if tx.cache.arrived is None:
        tx.cache.arrived = {row["booking"]: _row(row) for row in tx.run(_ARRIVED, the_state=DONE).mappings()}
    known: dict[int, IntentRow] = tx.cache.arrived
    return known


def in_flight(tx: Tx, booking: int) -> bool:
    """Whether a wish about that booking may be in the calendar, and was not looked at again: nothing is told."""
    row = get(tx, booking)
    return row is not None and row.state in IN_FLIGHT


_NO_MORE = Wanted()


def ask(tx: Tx, booking: int, seen: str, now: datetime, wanted: Wanted = _NO_MORE) -> None:
    """Store a wish, in place of an earlier one."""
    tx.cache.arrived = None
    tx.run(_DROP, the_booking=booking)
    what = {name: getattr(wanted, name) for name in Wanted.__struct_fields__}
    tx.add(_ADD, [{"booking": booking, "seen": seen, "state": WANTED, "asked_at": now, **what}])


def move(tx: Tx, booking: int, state: IntentState, now: datetime) -> None:
    """Change the state of the wish."""
    tx.cache.arrived = None
    tx.run(_MOVE, the_booking=booking, the_state=state, the_done_at=None if state in OPEN else now)


def _row(row: Any) -> IntentRow:
    values = {name: row[name] for name in IntentRow.__struct_fields__}
    return IntentRow(**{**values, "kind": IntentKind(row["kind"]), "state": IntentState(row["state"])})
