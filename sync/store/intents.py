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
from sync.store.tx import here, in_parts, the, those

WANTED, FLIGHT, DONE, CHANGED, CALL, TAKEN, ARRIVED = IntentState
IN_FLIGHT = (FLIGHT, ARRIVED)
OPEN = (WANTED, *IN_FLIGHT)
CANCEL, MOVE, ACCEPT = IntentKind

_c = t.intent.c
_GET = select(t.intent).where(*here(t.intent, "booking"))
_WITH = select(t.intent).where(*here(t.intent), those(_c.state))
_OF_ANY = select(t.intent).where(*here(t.intent), those(_c.booking))
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
    found = map(_row, tx.run(_WITH, those_state=OPEN).mappings())
    return sorted(found, key=lambda one: (one.asked_at, one.booking))  # with ORDER BY, SQLite walks through all wishes


def arrived(tx: Tx, booking: int) -> IntentRow | None:
    """The move of that booking that was carried out for its patient."""
    if booking not in tx.cache.intents:
        expect(tx, [booking])
    row: IntentRow | None = tx.cache.intents[booking]
    return row if row is not None and row.state == DONE and row.start is not None else None


def expect(tx: Tx, bookings: Sequence[int]) -> None:
    """Read in one query the wishes about these bookings, before they are asked for one by one."""
    tx.cache.intents.update(dict.fromkeys(bookings))
    for part in in_parts(bookings):
        for row in tx.run(_OF_ANY, those_booking=part).mappings():
            tx.cache.intents[row["booking"]] = _row(row)


def in_flight(tx: Tx, booking: int) -> bool:
    """Whether a wish about that booking may be in the calendar, and was not looked at again: nothing is told."""
    row = get(tx, booking)
    return row is not None and row.state in IN_FLIGHT


_NO_MORE = Wanted()


def ask(tx: Tx, booking: int, seen: str, now: datetime, wanted: Wanted = _NO_MORE) -> None:
    """Store a wish, in place of an earlier one."""
    tx.cache.intents.pop(booking, None)
    tx.run(_DROP, the_booking=booking)
    what = {name: getattr(wanted, name) for name in Wanted.__struct_fields__}
    tx.add(_ADD, [{"booking": booking, "seen": seen, "state": WANTED, "asked_at": now, **what}])


def move(tx: Tx, booking: int, state: IntentState, now: datetime) -> None:
    """Change the state of the wish."""
    tx.cache.intents.pop(booking, None)
    tx.run(_MOVE, the_booking=booking, the_state=state, the_done_at=None if state in OPEN else now)


def _row(row: Any) -> IntentRow:
    values = {name: row[name] for name in IntentRow.__struct_fields__}
    return IntentRow(**{**values, "kind": IntentKind(row["kind"]), "state": IntentState(row["state"])})
