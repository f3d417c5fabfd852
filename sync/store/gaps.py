"""Time that became free, from the moment at which an appointment left it until it is used or given up (P44)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import insert, literal_column, select, update

from sync.store import counters, keyvalue
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import GapState
from sync.store.tx import here, in_parts, the, those

SEEN, OPEN, TAKEN, CLOSED = GapState
LIVE = (SEEN, OPEN)
NO_LIST = "sans liste"
_DOUBTED = "call-lists"  # a setting

_g = t.gap.c
_ADD, _GET = insert(t.gap), select(t.gap).where(*here(t.gap, "id"))
_WITH = select(t.gap).where(*here(t.gap), those(_g.state)).order_by(_g.start, _g.id)
_CLOSED_SINCE = select(t.gap).where(*here(t.gap), _g.closed_at > the(_g.closed_at)).order_by(_g.start, _g.id)
_GIVEN_UP = (*here(t.gap), _g.state == CLOSED, _g.start > the(_g.start))
_COMING = select(t.gap).where(*_GIVEN_UP).order_by(_g.start, _g.id)
# a range by a literal, as the partial index of what is shown has it: only then SQLite surely uses that
_SHOWN = select(t.gap).where(*here(t.gap), _g.ref > literal_column("''"))
_NOTE = update(t.gap).where(*here(t.gap, "id"))
_OF_BOOKING = select(t.gap).where(*here(t.gap, "booking")).order_by(_g.id)
_AT = select(t.gap).where(*here(t.gap, "dentist"), _g.start < the(_g.end), _g.end > the(_g.start)).order_by(_g.id)
_DUE = select(_g.id).where(*here(t.gap), those(_g.state), _g.look_at <= the(_g.look_at)).limit(1)
# without a clause on the dentist: with one, SQLite walks through all that ever became free of that dentist's time
_LIVE = select(_g.id, _g.dentist).where(*here(t.gap), those(_g.state))
_LOOK = update(t.gap).where(*here(t.gap), those(_g.id))
_MOVE = update(t.gap).where(*here(t.gap, "id"), those(_g.state))


class GapRow(Struct, frozen=True):
    """One freed time. `booking`: whose appointment left it; `depth`: how many accepted offers led here; `look_at`: when
    something is to be done about it next; `why`: how it ended, in French; `ref`: the event that lists whom to call,
    empty once that is out, None where there was none."""

    id: int
    dentist: str
    calendar: str
    booking: int
    start: datetime
    end: datetime
    depth: int
    state: GapState
    seen_at: datetime
    look_at: datetime
    closed_at: datetime | None
    why: str | None
    ref: str | None


def add(
    tx: Tx, now: datetime, *, place: tuple[str, str], booking: int, start: datetime, end: datetime, depth: int
) -> int:
    """An appointment left this time. `place`: (dentist, calendar). Returns the number."""
    number = counters.take_numbers(tx, "gap")[0]
    row = {"id": number, "dentist": place[0], "calendar": place[1], "booking": booking, "start": start, "end": end}
    tx.add(_ADD, [{**row, "depth": depth, "state": SEEN.value, "seen_at": now, "look_at": now}])
    return number


def get(tx: Tx, gap: int, zone: ZoneInfo) -> GapRow | None:
    """The freed time of that number."""
    row = tx.run(_GET, the_id=gap).mappings().first()
    return _row(row, zone) if row else None


def live(tx: Tx, zone: ZoneInfo) -> list[GapRow]:
    """What is not closed, soonest first."""
    return [_row(row, zone) for row in tx.run(_WITH, those_state=list(LIVE)).mappings()]


def closed_since(tx: Tx, moment: datetime, zone: ZoneInfo) -> list[GapRow]:
    """What was taken or given up after that moment, soonest first."""
    return [_row(row, zone) for row in tx.run(_CLOSED_SINCE, the_closed_at=moment).mappings()]


def closed_coming(tx: Tx, now: datetime, zone: ZoneInfo) -> list[GapRow]:
    """What was given up and is still to come, soonest first."""
    return [_row(row, zone) for row in tx.run(_COMING, the_start=now).mappings()]


def shown(tx: Tx, zone: ZoneInfo) -> list[GapRow]:
    """What an event of ours stands for."""
    found = (_row(row, zone) for row in tx.run(_SHOWN).mappings())
    return sorted(found, key=lambda one: one.id)


def note_event(tx: Tx, gap: int, ref: str) -> None:
    """Note the event that lists whom to call; empty: it is out."""
    tx.run(_NOTE.values(ref=ref), the_id=gap)


def doubt_lists(tx: Tx) -> None:
    """Somebody was erased: the events that list whom to call are looked at once more."""
    keyvalue.put(tx, _DOUBTED, "1")


def lists_doubted(tx: Tx) -> bool:
    """Whether they are to be looked at once more."""
    return keyvalue.get(tx, _DOUBTED) == "1"


def lists_sure(tx: Tx) -> None:
    """They name nobody who was erased."""
    keyvalue.put(tx, _DOUBTED, "")


def of_booking(tx: Tx, booking: int, zone: ZoneInfo) -> list[GapRow]:
    """What that appointment left, oldest first."""
    return [_row(row, zone) for row in tx.run(_OF_BOOKING, the_booking=booking).mappings()]


def at(tx: Tx, dentist: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[GapRow]:
    """What became free of that dentist's time between the two."""
    return [_row(row, zone) for row in tx.run(_AT, the_dentist=dentist, the_start=start, the_end=end).mappings()]


def is_due(tx: Tx, now: datetime) -> bool:
    """Whether something is to be done about one of them."""
    return tx.run(_DUE, those_state=list(LIVE), the_look_at=now).first() is not None


def look_again(tx: Tx, at: datetime, *, gap: int | None = None, dentist: str | None = None) -> None:
    """Look at that freed time again then; at all of a dentist, where no single one is named."""
    if gap is not None:
        _moved(tx, gap, list(LIVE), look_at=at)
    else:
        found = [number for number, whose in tx.run(_LIVE, those_state=list(LIVE)) if whose == dentist]
        for part in in_parts(found):
            tx.run(_LOOK.values(look_at=at), those_id=part)


def open_(tx: Tx, gap: int) -> bool:
    """It is offered from now on."""
    return _moved(tx, gap, [SEEN], state=OPEN.value)


def open_again(tx: Tx, gap: int, now: datetime) -> bool:
    """Nobody took it after all: what was accepted could not be done, for a reason of the patient's own."""
    return _moved(tx, gap, [TAKEN], state=OPEN.value, closed_at=None, look_at=now)


def take(tx: Tx, gap: int, now: datetime) -> bool:
    """Somebody accepted it. False where it is not open any more: of several who accept at once one gets it."""
    return _moved(tx, gap, [OPEN], state=TAKEN.value, closed_at=now)


def close(tx: Tx, gap: int, why: str, now: datetime) -> bool:
    """It is not offered any more. `why`: in French."""
    return _moved(tx, gap, [*LIVE, TAKEN], state=CLOSED.value, why=why, closed_at=now)


def _moved(tx: Tx, gap: int, expected: list[GapState], **values: Any) -> bool:
    return tx.run(_MOVE.values(**values), the_id=gap, those_state=expected).rowcount == 1


def _row(row: Any, zone: ZoneInfo) -> GapRow:
    values = {name: row[name] for name in GapRow.__struct_fields__}
    values["state"] = GapState(row["state"])
    values["start"], values["end"] = row["start"].astimezone(zone), row["end"].astimezone(zone)
    return GapRow(**values)
