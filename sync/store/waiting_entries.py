"""Who waits for an earlier slot (P44): one row for each appointment that waits, and for each event of the list's own
calendar. A closed row stays, so that it is known how it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import func, insert, literal_column, or_, select, update

from rules.model import Wish
from rules.text.fold import words
from sync.store import bookings, counters, patients, resources, wishes
from sync.store import tables as t
from sync.store.codec import wish_from_json, wish_to_json
from sync.store.engine import Tx
from sync.store.states import BookingState, EntryState
from sync.store.tx import here, in_parts, the, those
from sync.store.wishes import WishKind

OPEN, PAUSED, CLOSED = EntryState
LEFT, ANOTHER = "ne veut plus de propositions", "l'inscription est à un autre patient"
MOVED, REMOVED = "a accepté un créneau plus tôt", "retiré de l'agenda de la liste d'attente"
_BY_HER = frozenset({ANOTHER, REMOVED})  # what she did to the list's own event ended it

_w, _b = t.waiting.c, t.booking.c
_ADD = insert(t.waiting)
_GET = select(t.waiting).where(*here(t.waiting, "id"))
_PLACE = select(_w.booking, _w.calendar, _w.ref).where(*here(t.waiting, "id"))
_CHANGE = update(t.waiting).where(*here(t.waiting, "id"))
# without ORDER BY id, as all that follow: with it, SQLite walks through all that ever waited instead of using an index
_OF_ANY = select(t.waiting).where(*here(t.waiting), those(_w.booking))
# as a literal, not as a parameter: only then SQLite uses the partial index of events
_OF_EVENT = select(t.waiting).where(*here(t.waiting, "calendar", "ref"), _w.ref != literal_column("''"))
_PLACES = select(_w.calendar, _w.ref).where(*here(t.waiting, "patient"), _w.ref != "", _w.state != EntryState.CLOSED)
_STATES = select(t.waiting).where(*here(t.waiting), those(_w.state))
WAITS = _w.state.in_((EntryState.OPEN.value, EntryState.PAUSED.value))  # not by what it is not: an index range
_HELD = t.waiting.join(t.booking, (_b.practice == _w.practice) & (_b.id == _w.booking))
_OVER = (
    select(t.waiting)
    .select_from(_HELD)
    .where(*here(t.waiting), WAITS)
    .where(or_(_b.state == BookingState.VANISHED, _b.start <= the(_b.start)))
)
_OLD = select(t.waiting).where(*here(t.waiting), _w.state == EntryState.OPEN, _w.confirmed_at <= the(_w.confirmed_at))


class Origin(StrEnum):
    """`waiting.origin`: how the patient came onto the list."""

    TAG = "tag"  # « Liste d'attente » in the appointment
    PAGE = "page"  # asked for by the link
    CALENDAR = "calendar"  # an event in the list's own calendar


class Standing(Struct, frozen=True):
    """What is known of who waits, as last evaluated. `held`: when the present appointment begins; `fit`: it has no
    error."""

    patient: int
    dentist: str
    motif: str | None
    minutes: int
    wish: Wish
    urgent: bool
    held: datetime | None
    mobile: str | None
    email: str | None
    name: str
    fit: bool


class EntryRow(Struct, frozen=True):
    """One who waits. `booking`: the appointment held, 0 for none; `calendar`, `ref`: the list's own event, else empty.
    `silences`: offers in a row that found no answer; `confirmed_at`: when it was last sure that the patient waits."""

    id: int
    origin: Origin
    booking: int
    calendar: str
    ref: str
    standing: Standing
    since: datetime
    state: EntryState
    silences: int
    confirmed_at: datetime
    closed_at: datetime | None
    why: str | None


def of_booking(tx: Tx, booking: int, zone: ZoneInfo) -> EntryRow | None:
    """The latest entry of that appointment, closed or not."""
    if booking not in tx.cache.waiting:
        expect(tx, [booking])
    found = tx.cache.waiting[booking]
    return _row(found, zone) if found is not None else None


def expect(tx: Tx, bookings: Sequence[int]) -> None:
    """Read in one query the latest entries of these appointments, before they are asked for one by one."""
    tx.cache.waiting.update(dict.fromkeys(bookings))
    for part in in_parts(bookings):
        found = sorted(tx.run(_OF_ANY, those_booking=part).mappings(), key=_number)
        tx.cache.waiting.update((row["booking"], row) for row in found)


def get(tx: Tx, entry: int, zone: ZoneInfo) -> EntryRow | None:
    """The entry of that number."""
    row = tx.run(_GET, the_id=entry).mappings().first()
    return _row(row, zone) if row else None


def in_states(tx: Tx, zone: ZoneInfo, *states: EntryState) -> list[EntryRow]:
    """The entries in those states, in the order in which they were made."""
    found = tx.run(_STATES, those_state=list(states)).mappings()
    return [_row(row, zone) for row in sorted(found, key=_number)]


def of_event(tx: Tx, place: tuple[str, str], zone: ZoneInfo) -> EntryRow | None:
    """The latest entry of that event of the list's calendar, closed or not."""
    found = tx.run(_OF_EVENT, the_calendar=place[0], the_ref=place[1]).mappings()
    row = max(found, key=_number, default=None)
    return _row(row, zone) if row else None


def places_of_patient(tx: Tx, patient: int) -> set[tuple[str, str]]:
    """(calendar, ref) of the events of the list's own calendar by which the patient waits."""
    return {(calendar, ref) for calendar, ref in tx.run(_PLACES, the_patient=patient)}


def over(tx: Tx, now: datetime, zone: ZoneInfo) -> list[EntryRow]:
    """The entries whose appointment is cancelled or past."""
    return [_row(row, zone) for row in tx.run(_OVER, the_start=now).mappings()]


def older(tx: Tx, moment: datetime, zone: ZoneInfo) -> list[EntryRow]:
    """The open entries of which nobody said since that moment that they still stand."""
    return [_row(row, zone) for row in tx.run(_OLD, the_confirmed_at=moment).mappings()]


def stays_off(entry: EntryRow) -> bool:
    """Whether the list's own event does not put its patient onto the list again: something else than it ended the
    entry."""
    return entry.state is CLOSED and entry.why not in _BY_HER


def is_anothers(tx: Tx, entry: EntryRow, patient: int, name: str) -> bool:
    """Whether the entry is not that patient's, who may have no record yet: 0 and a name."""
    known = entry.standing
    if known.patient and patient:
        return not patients.is_same(tx, known.patient, patient)
    one, other = set(words(known.name)), set(words(name))
    return not (one <= other or other <= one)  # a name that was typed in part may have been completed


def add(
    tx: Tx, origin: Origin, standing: Standing, now: datetime, *, booking: int = 0, place: tuple[str, str] = ("", "")
) -> int:
    """Add an entry. Returns its number."""
    number = counters.take_numbers(tx, "waiting")[0]
    row = {"id": number, "origin": origin.value, "booking": booking, "calendar": place[0], "ref": place[1]}
    begun = {"since": now, "confirmed_at": now, "state": OPEN.value, "silences": 0, "closed_at": None, "why": None}
    made = {**row, **begun, **_columns(standing)}
    tx.add(_ADD, [made])
    if booking:
        tx.cache.waiting[booking] = made
    return number


def keep(tx: Tx, row: EntryRow, standing: Standing, origin: Origin | None = None) -> None:
    """Store what is known of the entry now."""
    if (row.standing, row.origin) != (standing, origin or row.origin):
        change(tx, row.id, origin=(origin or row.origin).value, **_columns(standing))


def change(tx: Tx, entry: int, **values: Any) -> None:
    """Set columns of one entry."""
    tx.run(_CHANGE.values(**values), the_id=entry)
    known = tx.cache.waiting
    for booking, row in known.items():
        if row is not None and row["id"] == entry:
            known[booking] = {**row, **values}
            break


def close(tx: Tx, entry: int, why: str, now: datetime) -> None:
    """The patient waits no more, nor does the wish of the page stand; the event is to say so. `why`: in French."""
    row = tx.run(_PLACE, the_id=entry).one()
    wish = wishes.open_of(tx, row.booking, WishKind.WAIT) if row.booking else None
    place = bookings.place(tx, row.booking) if row.booking else None
    if wish is not None:
        wishes.close(tx, wish.id, now)
    if place is not None:
        resources.mark_dirty(tx, [place], now)
    if row.ref and why not in _BY_HER:
        resources.mark_dirty(tx, [(row.calendar, row.ref)], now)
    change(tx, entry, state=CLOSED.value, why=why, closed_at=now, confirmed_at=now)


def counted(tx: Tx) -> dict[str, int]:
    """State → number of entries."""
    query = select(_w.state, func.count()).where(_w.practice == tx.practice).group_by(_w.state)
    return {state: int(count) for state, count in tx.connection.execute(query)}


def _columns(standing: Standing) -> dict[str, Any]:
    return {name: getattr(standing, name) for name in Standing.__struct_fields__} | {
        "wish": wish_to_json(standing.wish)
    }


def _number(row: Any) -> int:
    return int(row["id"])


def _row(row: Any, zone: ZoneInfo) -> EntryRow:
    standing = {name: row[name] for name in Standing.__struct_fields__}
    standing |= {"wish": wish_from_json(row["wish"]), "held": row["held"].astimezone(zone) if row["held"] else None}
    own = {name: row[name] for name in EntryRow.__struct_fields__ if name != "standing"}
    return EntryRow(
        **{**own, "origin": Origin(row["origin"]), "state": EntryState(row["state"]), "standing": Standing(**standing)}
    )
