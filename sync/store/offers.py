"""Offers of freed time, and questions whether a patient still waits (P44): to whom, until when, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import CursorResult, func, insert, literal_column, select, update

from sync.store import counters, resources
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import OfferState
from sync.store.tx import here, in_parts, the, those

OPEN, WANTED, FLIGHT, DONE, REFUSED, LEFT, SILENT, UNREAD, GONE, WITHDRAWN, ARRIVED = OfferState
IN_FLIGHT = (FLIGHT, ARRIVED)
ACCEPTED = (WANTED, *IN_FLIGHT)
LIVE = (OPEN, *ACCEPTED)

_o = t.offer.c
_ADD, _GET = insert(t.offer), select(t.offer).where(*here(t.offer, "id"))
# without ORDER BY id, as all that follow: with it, SQLite walks through all offers instead of using an index
_WITH = select(t.offer).where(*here(t.offer), those(_o.state))
_OF_GAP = select(t.offer).where(*here(t.offer, "gap"))
_OF_ENTRY = select(t.offer).where(*here(t.offer, "waiting"))
_OF_BOOKING = select(t.offer).where(*here(t.offer, "booking"), those(_o.state))
_AT = select(t.offer).where(*here(t.offer, "dentist", "start"), those(_o.state))
_SINCE = select(t.offer).where(*here(t.offer, "kind"), _o.made_at > the(_o.made_at))
_LAST = select(_o.waiting, func.max(_o.made_at)).where(*here(t.offer, "kind"), those(_o.waiting)).group_by(_o.waiting)
_ASKED = select(_o.waiting, _o.patient, _o.gap, _o.state, _o.made_at).where(
    *here(t.offer, "kind"), _o.made_at > the(_o.made_at)
)
# a range by a literal, as the partial index of what is shown has it: only then SQLite surely uses that
_SHOWN = select(t.offer).where(*here(t.offer), _o.ref > literal_column("''"))
_UNSURE = select(t.offer).where(
    *here(t.offer, "kind"), _o.made_at > the(_o.made_at), _o.ref.is_(None), _o.state.not_in(LIVE)
)
_w = t.waiting.c
_EVENT = (
    select(_w.calendar, _w.ref)
    .select_from(t.offer.join(t.waiting, (_w.practice == _o.practice) & (_w.id == _o.waiting)))
    .where(*here(t.offer, "id"))
)
_MOVE = update(t.offer).where(*here(t.offer, "id"), those(_o.state))
_NOTE = update(t.offer).where(*here(t.offer, "id"))


class OfferKind(StrEnum):
    """`offer.kind`."""

    SLOT = "slot"  # freed time
    STILL = "still"  # whether the patient still waits


class Made(Struct, frozen=True):
    """An offer to be made; see `OfferRow`."""

    kind: OfferKind
    gap: int
    waiting: int
    booking: int
    patient: int
    dentist: str
    calendar: str
    start: datetime
    end: datetime
    until: datetime


class OfferRow(Struct, frozen=True):
    """One offer. `waiting`: the entry; `booking`: the appointment held, 0 for none. `ref`: the event that shows it,
    empty once that is out, None before it was written; `title`: that event's title as we wrote it; `shown_in`: its
    calendar, None where it is `calendar`, the dentist's."""

    id: int
    kind: OfferKind
    gap: int
    waiting: int
    booking: int
    patient: int
    dentist: str
    calendar: str
    start: datetime
    end: datetime
    until: datetime
    state: OfferState
    made_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    why: str | None
    ref: str | None
    title: str | None
    shown_in: str | None

    @property
    def stands_in(self) -> str:
        """The calendar of the event that shows the offer."""
        return self.shown_in or self.calendar


class Asked(Struct, frozen=True):
    """That somebody was asked, for the caps."""

    waiting: int
    patient: int
    gap: int
    state: OfferState
    made_at: datetime


def add(tx: Tx, made: Made, now: datetime) -> int:
    """Store an offer. Returns its number."""
    number = counters.take_numbers(tx, "offer")[0]
    row = {name: getattr(made, name) for name in Made.__struct_fields__} | {"kind": made.kind.value}
    tx.add(_ADD, [{"id": number, "state": OPEN.value, "made_at": now, **row}])
    _show(tx, number, now)
    return number


def get(tx: Tx, offer: int, zone: ZoneInfo) -> OfferRow | None:
    """The offer of that number."""
    row = tx.run(_GET, the_id=offer).mappings().first()
    return _row(row, zone) if row else None


def in_states(tx: Tx, zone: ZoneInfo, *states: OfferState) -> list[OfferRow]:
    """The offers in those states, oldest first."""
    return _rows(tx.run(_WITH, those_state=list(states)), zone)


def of_gap(tx: Tx, gap: int, zone: ZoneInfo) -> list[OfferRow]:
    """All offers of that freed time, oldest first."""
    return _rows(tx.run(_OF_GAP, the_gap=gap), zone)


def of_entry(tx: Tx, entry: int, zone: ZoneInfo) -> list[OfferRow]:
    """All offers to that entry, oldest first."""
    return _rows(tx.run(_OF_ENTRY, the_waiting=entry), zone)


def accepted_for(tx: Tx, booking: int, zone: ZoneInfo) -> list[OfferRow]:
    """The accepted offers for which that appointment is moved, or was."""
    return _rows(tx.run(_OF_BOOKING, the_booking=booking, those_state=[*ACCEPTED, DONE]), zone)


def accepted_at(tx: Tx, dentist: str, start: datetime, zone: ZoneInfo) -> OfferRow | None:
    """The accepted offer of that time for which a new appointment was noted."""
    found = tx.run(_AT, the_dentist=dentist, the_start=start, those_state=[*ACCEPTED, DONE])
    return next((one for one in _rows(found, zone) if not one.booking), None)


def since(tx: Tx, moment: datetime, zone: ZoneInfo) -> list[OfferRow]:
    """The offers of freed time that were made after that moment, oldest first."""
    return _rows(tx.run(_SINCE, the_kind=OfferKind.SLOT, the_made_at=moment), zone)


def asked_since(tx: Tx, moment: datetime) -> list[Asked]:
    """Who was asked after that moment, and for which time."""
    found = tx.run(_ASKED, the_kind=OfferKind.SLOT, the_made_at=moment)
    return [Asked(entry, who, gap, OfferState(state), at) for entry, who, gap, state, at in found]


def last_asked(tx: Tx, entries: Sequence[int]) -> dict[int, datetime]:
    """Entry → when it was last asked, of those that ever were."""
    parts = (tx.run(_LAST, the_kind=OfferKind.SLOT, those_waiting=part) for part in in_parts(entries))
    return {row[0]: row[1] for part in parts for row in part}


def shown(tx: Tx, zone: ZoneInfo) -> list[OfferRow]:
    """The offers that an event in a calendar shows."""
    return _rows(tx.run(_SHOWN), zone)


def unsure(tx: Tx, since: datetime, zone: ZoneInfo) -> list[OfferRow]:
    """The offers of freed time, made after that moment, that ended before it was known whether an event shows them."""
    return _rows(tx.run(_UNSURE, the_kind=OfferKind.SLOT, the_made_at=since), zone)


def move(tx: Tx, offer: int, expected: tuple[OfferState, ...], state: OfferState, **values: Any) -> bool:
    """Change the state, only where it is one of the `expected`. Returns whether it was."""
    done = tx.run(_MOVE.values(state=state.value, **values), the_id=offer, those_state=list(expected)).rowcount == 1
    now = values.get("closed_at") or values.get("answered_at")
    if done and now is not None:
        _show(tx, offer, now)
    return done


def _show(tx: Tx, offer: int, now: datetime) -> None:
    """Mark the list's own event for evaluation, which says who was asked and how it ended."""
    place = tx.run(_EVENT, the_id=offer).first()
    if place is not None and place.ref:
        resources.mark_dirty(tx, [(place.calendar, place.ref)], now)


def note_event(tx: Tx, offer: int, ref: str, **values: Any) -> None:
    """Note the event that shows the offer, with its `title` and `until` when; an empty `ref`: it is out."""
    tx.run(_NOTE.values(ref=ref, **values), the_id=offer)


def _rows(found: CursorResult[*tuple[Any, ...]], zone: ZoneInfo) -> list[OfferRow]:
    return [_row(row, zone) for row in sorted(found.mappings(), key=lambda row: int(row["id"]))]


def _row(row: Any, zone: ZoneInfo) -> OfferRow:
    values = {name: row[name] for name in OfferRow.__struct_fields__}
    values["kind"], values["state"] = OfferKind(row["kind"]), OfferState(row["state"])
    for name in ("start", "end", "until"):
        values[name] = row[name].astimezone(zone)
    return OfferRow(**values)
