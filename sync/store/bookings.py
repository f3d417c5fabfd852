"""Bookings: one row for each appointment, as it was last evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, or_, select, update

from rules.model import Channel, Facts, Finding, MessageKind, Practice
from rules.telling.reminder_hour import hour_has_come
from sync.store import calendars, counters
from sync.store import tables as t
from sync.store.codec import facts_from_json, facts_to_json, findings_from_json, findings_to_json
from sync.store.engine import Tx
from sync.store.states import AttendanceState, BookingState, MessageState, TellingState
from sync.store.tx import here, in_parts, the, those

if TYPE_CHECKING:
    from sync.store.columns import BookingColumns


VALID, INVALID, VANISHED = BookingState


class BookingRow(Struct, frozen=True):
    """One booking as last evaluated. `start` and `end` are in the practice's zone, the other times in UTC."""

    id: int
    calendar: str  # with `ref`: where it stands, or stood last
    ref: str
    uid: str  # the event's UID; empty where it has none
    recurrence: str  # which occurrence of a series; empty: a single event
    dentist: str  # the dentist's key
    start: datetime
    end: datetime
    patient: int | None  # the number of the record; None: nobody in the directory
    state: BookingState
    facts: Facts  # what its patient is told
    mobile: str | None  # where an SMS goes; None: nowhere
    email: str | None  # where an e-mail goes; None: nowhere
    findings: tuple[Finding, ...]
    outcome: dict[str, Any] | None  # JSON of an Outcome: how it ended, or why it vanished; None: nobody said
    baseline: bool  # there before the first pass: its patient counts as told (ruling 7)
    born_here: bool  # the patient's record was made from this event
    updates: tuple[str, ...]  # French lines: what it changed in the directory (P4)
    given: dict[str, str] | None  # detail → value: what it gave the directory (P4)
    # free times that were proposed, and for which findings, so that time alone renews none (law L2)
    slots: dict[str, Any] | None
    # JSON of a Length: the length given to the event, and for which motif (P8, ruling 4)
    adjusted: dict[str, Any] | None
    # the words of « Créneau confirmé », and the start for which they were typed (None: copied along); None: not typed
    slot_confirmed: dict[str, Any] | None
    attendance: AttendanceState | None  # None: nothing is known yet (P47, P48)
    attendance_reason: str | None  # in French
    unlisted: bool  # « Sans liste »: its time is not offered when it becomes free (P44)
    invite: str | None  # its UID in the patient's calendar; None: booked when that was made of the booking's number
    created_at: datetime
    changed_at: datetime  # when what it says, its addresses, state or place last changed
    vanished_at: datetime | None  # when it was first missed, or found cancelled
    released_at: datetime | None  # when a person approved its cancellation, which the brake held


class Unknown(Struct, frozen=True):
    """A booking of nobody in the directory, with what was typed of who comes."""

    place: tuple[str, str]  # (calendar, ref)
    name: str
    mobile: str | None
    email: str | None


def add(tx: Tx, **values: Unpack[BookingColumns]) -> int:
    """Add a booking. Returns its number."""
    number = counters.take_numbers(tx, "booking")[0]
    tx.later(_ADD, {"id": number, **values})
    _is_new(tx, number)
    tx.cache.at_place.pop((values["calendar"], values["ref"]), None)
    tx.cache.with_uid.pop(values["uid"], None)
    tx.cache.history.pop(values["patient"] or 0, None)
    return number


def _is_new(tx: Tx, booking: int) -> None:
    """Nothing in the store is about that number yet."""
    tx.cache.tellings[booking], tx.cache.messages[booking], tx.cache.agreed[booking] = [], [], ()
    tx.cache.intents[booking] = tx.cache.waiting[booking] = None


def change(tx: Tx, booking: int, **values: Unpack[BookingColumns]) -> None:
    """Set columns of one booking. Nothing is written if it was read with all of these values."""
    known = tx.cache.bookings.get(booking)
    news = values.keys() if known is None else _news(known, values)
    if news:
        tx.run(_CHANGE, the_id=booking, **values)
        _forget(tx, booking, news, values.get("patient"))


def remove(tx: Tx, booking: int) -> None:
    """Delete a booking that turned out to continue another one and was never told."""
    tx.run(_REMOVE, the_id=booking)
    _forget(tx, booking, ())


def unlearn(tx: Tx, calendar: str, ref: str, kept: set[tuple[str, str]], now: datetime) -> None:
    """Delete the coming bookings of a resource except those of the `kept` occurrences, if we told nobody of them: the
    parser had invented them."""
    for row in tx.run(_AT, the_calendar=calendar, the_ref=ref).all():
        told = tx.run(_TOLD_AS, the_booking=row.id).scalars().all()
        if (
            (row.uid, row.recurrence) in kept
            or row.start <= now
            or any(state != TellingState.BASELINE for state in told)
        ):
            continue
        for table in (t.telling, t.message):
            tx.connection.execute(delete(table).where(table.c.practice == tx.practice, table.c.booking == row.id))
        tx.cache.tellings.pop(row.id, None)
        tx.cache.messages.pop(row.id, None)
        remove(tx, row.id)


def get(tx: Tx, booking: int, zone: ZoneInfo) -> BookingRow | None:
    """The booking of that number."""
    known: BookingRow | None = tx.cache.bookings.get(booking)
    return known or next(iter(these(tx, [booking], zone)), None)


def these(tx: Tx, bookings: Sequence[int], zone: ZoneInfo) -> list[BookingRow]:
    """The bookings of these numbers."""
    return [row for part in in_parts(bookings) for row in _kept(tx, tx.run(_THESE, those_id=part), zone)]


def at_place(tx: Tx, calendar: str, ref: str, zone: ZoneInfo) -> list[BookingRow]:
    """The bookings whose event stands, or last stood, in that resource."""
    if (calendar, ref) not in tx.cache.at_place:
        expect(tx, calendar, [ref], zone)
    return list(tx.cache.at_place[calendar, ref])


def expect(tx: Tx, calendar: str, refs: Sequence[str], zone: ZoneInfo) -> None:
    """Read the bookings of these resources in one query, before they are evaluated."""
    stood = tx.cache.at_place
    stood.update({(calendar, ref): [] for ref in refs})
    for part in in_parts(refs):
        for row in _kept(tx, tx.run(_AT_ANY, the_calendar=calendar, those_ref=part), zone):
            stood[(calendar, row.ref)].append(row)


def with_uid(tx: Tx, uid: str, recurrence: str, zone: ZoneInfo) -> list[BookingRow]:
    """The bookings of that occurrence, in any calendar. Empty for an empty UID, which does not tell two files apart."""
    if not uid:
        return []
    known = tx.cache.with_uid.get(uid)
    if known is None:
        return list(_rows(tx.run(_WITH_UID, the_uid=uid, the_recurrence=recurrence), zone))
    return [row for row in known if row.recurrence == recurrence]


def with_any_uid(tx: Tx, uids: Sequence[str], zone: ZoneInfo) -> list[BookingRow]:
    """The bookings of all occurrences of those events, in any calendar."""
    return [row for part in in_parts(uids) for row in _rows(tx.run(_WITH_ANY_UID, those_uid=part), zone)]


def expected(tx: Tx) -> list[BookingRow]:
    """The bookings that were read so far."""
    known: dict[int, BookingRow] = tx.cache.bookings
    return [known[number] for number in sorted(known)]


def expect_uids(tx: Tx, uids: Sequence[str], zone: ZoneInfo) -> None:
    """Read the bookings of these events in one query, before they are evaluated."""
    bore = tx.cache.with_uid
    bore.update({uid: [] for uid in uids})
    for part in in_parts(uids):
        for row in _kept(tx, tx.run(_WITH_ANY_UID, those_uid=part), zone):
            bore[row.uid].append(row)


def of_patient(tx: Tx, patient: int, zone: ZoneInfo) -> list[BookingRow]:
    """All bookings of that patient, coming and past, in order."""
    found = _rows(tx.run(_OF_PATIENT, the_patient=patient), zone)
    return sorted(found, key=lambda row: (row.start, row.id))


def of_nobody(tx: Tx, now: datetime) -> list[Unknown]:
    """The coming bookings whose patient was not found in the directory."""
    rows = tx.run(_OF_NOBODY, since=now - timedelta(days=1), the_end=now)
    return [Unknown((row.calendar, row.ref), row.facts.get("name", ""), row.mobile, row.email) for row in rows]


def length_stands(tx: Tx, calendar: str, ref: str, zone: ZoneInfo) -> None:
    """Note that the length which we gave the event (P8) is in the calendar now, so that the user may change it (ruling
    4)."""
    for booking in at_place(tx, calendar, ref, zone):
        if booking.adjusted is not None:
            change(tx, booking.id, adjusted={**booking.adjusted, "done": True})


def at_the_hour(tx: Tx, patient: int, start: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """That patient's bookings that stand in a calendar which is read, and begin at `start`."""
    return list(_rows(tx.run(_AT_THE_HOUR, the_patient=patient, the_start=start), zone))


def between(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo, dentist: str | None = None) -> list[BookingRow]:
    """Bookings that overlap the time from `start` to `end`, in order."""
    c = t.booking.c
    clauses = [c.start < end, c.end > start, *([c.dentist == dentist] if dentist else [])]
    return sorted(_select(tx, zone, *clauses), key=lambda row: (row.start, row.id))


def starting(tx: Tx, start: datetime, end: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """Bookings that begin between `start` and `end`."""
    c = t.booking.c
    return _select(tx, zone, c.start >= start, c.start < end)


def horizon(practice: Practice, now: datetime) -> datetime:
    """Bookings that start later need no reminder yet. The margin of 3 h covers the change to and from daylight
    saving."""
    return now + timedelta(hours=practice.policy.reminder_hours + 3)


def unreminded(tx: Tx, practice: Practice, now: datetime) -> list[BookingRow]:
    """Bookings whose reminder's hour has come, without a reminder to one of their addresses since they last changed.
    A cheap preselection at each pass; `rules.telling.planning.reminder_due` decides."""
    coming = tx.run(_UNREMINDED, the_start=now, the_end=horizon(practice, now))
    ids = [number for number, start, told in coming if told is not None and hour_has_come(start, told, practice, now)]
    return these(tx, ids, practice.zone)


def vanished_since(tx: Tx, moment: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """All bookings that vanished after that moment."""
    return list(_rows(tx.run(_VANISHED_SINCE, the_vanished_at=moment), zone))


def vanished_lately(tx: Tx, calendar: str, now: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """The vanished bookings that the brake counts: within the last hour, still to come, neither cancelled explicitly
    nor released."""
    c = t.booking.c
    return _select(
        tx, zone, c.calendar == calendar, c.vanished_at > now - timedelta(hours=1), c.start > now,
        c.outcome.is_(None), c.released_at.is_(None),
    )  # fmt: skip


def vanished_untold(tx: Tx, calendar: str, now: datetime, zone: ZoneInfo) -> list[BookingRow]:
    """The cancellations that a held calendar holds back: vanished, still to come, neither cancelled explicitly nor
    released, and not told before."""
    gone = (_b.vanished_at.is_not(None), _b.start > now, _b.outcome.is_(None), _b.released_at.is_(None))
    return _select(tx, zone, _b.calendar == calendar, *gone, ~_CANCELLATION_TOLD)


def count_future(tx: Tx, calendar: str, now: datetime) -> int:
    """How many events with coming bookings stand in that calendar. A series counts once."""
    c = t.booking.c
    standing = (c.practice == tx.practice, c.calendar == calendar, c.start > now, c.vanished_at.is_(None))
    events = select(c.ref, c.uid).where(*standing).distinct().subquery()
    return int(tx.connection.execute(select(func.count()).select_from(events)).scalar() or 0)


def release(tx: Tx, bookings: Iterable[int], now: datetime) -> None:
    """Note that a person approved these cancellations."""
    for booking in bookings:
        change(tx, booking, released_at=now)


def invite_of(tx: Tx, booking: int) -> str:
    """The UID of the appointment in its patient's own calendar, the same in all messages about it (P36)."""
    name = tx.run(_INVITE, the_id=booking).scalar()
    return name or f"{tx.practice}-{booking}@attitre"


def place(tx: Tx, booking: int) -> tuple[str, str] | None:
    """(calendar, ref) of the booking."""
    row = tx.run(_PLACE, the_id=booking).first()
    return (row.calendar, row.ref) if row else None


def _select(tx: Tx, zone: ZoneInfo, *clauses: Any) -> list[BookingRow]:
    return list(_rows(tx.connection.execute(_EVERY.where(t.booking.c.practice == tx.practice, *clauses)), zone))


def _rows(found: Iterable[Any], zone: ZoneInfo) -> Iterator[BookingRow]:
    # sorted here: with ORDER BY id, SQLite scans the whole table instead of using the index of the clause
    return (_row(row, zone) for row in sorted(found, key=lambda row: int(row.id)))


def _kept(tx: Tx, found: Iterable[Any], zone: ZoneInfo) -> list[BookingRow]:
    rows = list(_rows(found, zone))
    tx.cache.bookings.update((row.id, row) for row in rows)
    return rows


def _row(row: Any, zone: ZoneInfo) -> BookingRow:
    values = row._asdict()
    values["state"], values["facts"] = BookingState(row.state), facts_from_json(row.facts, zone)
    values["findings"], values["updates"] = findings_from_json(row.findings), tuple(row.updates)
    values["attendance"] = AttendanceState(row.attendance) if row.attendance else None
    values["start"], values["end"] = row.start.astimezone(zone), row.end.astimezone(zone)
    return BookingRow(**values)


def _news(row: BookingRow, values: BookingColumns) -> set[str]:
    """The columns that differ from the row."""
    return {name for name, value in values.items() if _stored(getattr(row, name)) != _stored(value)}


def _stored(value: Any) -> Any:
    """A value as the table has it. Times as instants: of two times in one zone Python compares the clocks, and an hour
    comes twice in October."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Facts):
        return facts_to_json(value)
    if isinstance(value, tuple):
        return findings_to_json(value) if value and isinstance(value[0], Finding) else list(value)
    return value


def _forget(tx: Tx, booking: int, columns: Collection[str], patient: int | None = None) -> None:
    """Drop what the cache holds of the booking, which is that patient's now; if its place or UID changes, all that it
    holds by place and UID."""
    before: BookingRow | None = tx.cache.bookings.pop(booking, None)
    if before is None:
        tx.cache.history.clear()
    for whose in (patient, before and before.patient):
        tx.cache.history.pop(whose or 0, None)
    kept: tuple[dict[Any, list[BookingRow]], ...] = (tx.cache.at_place, tx.cache.with_uid)
    for known in kept:
        if _MOVES.isdisjoint(columns):
            for key in [key for key, rows in known.items() if any(row.id == booking for row in rows)]:
                del known[key]
        else:
            known.clear()


# --- the statements --------------------------------------------------------------------------------------------------

_MOVES = frozenset({"calendar", "ref", "uid", "recurrence"})
_b, _t = t.booking.c, t.telling.c
_EVERY = select(*(_b[name] for name in BookingRow.__struct_fields__))
_ADD, _REMOVE = insert(t.booking), delete(t.booking).where(*here(t.booking, "id"))
_CHANGE = update(t.booking).where(*here(t.booking, "id"))
_AT = _EVERY.where(*here(t.booking, "calendar", "ref"))
_AT_ANY = _EVERY.where(*here(t.booking, "calendar"), those(_b.ref))
_WITH_ANY_UID = _EVERY.where(*here(t.booking), those(_b.uid))
_WITH_UID = _EVERY.where(*here(t.booking, "uid", "recurrence"))
_OF_PATIENT = _EVERY.where(*here(t.booking, "patient"))
_OF_NOBODY = select(_b.calendar, _b.ref, _b.facts, _b.mobile, _b.email).where(
    *here(t.booking), _b.patient.is_(None), _b.start > bindparam("since", type_=_b.start.type),
    _b.end > the(_b.end), _b.state == INVALID,
)  # fmt: skip
_IS_READ = _b.calendar.not_in(calendars.SUSPENDED)
_AT_THE_HOUR = _OF_PATIENT.where(_b.start == the(_b.start), _b.vanished_at.is_(None), _IS_READ)
_VANISHED_SINCE = _EVERY.where(*here(t.booking), _b.vanished_at > the(_b.vanished_at))
_later = t.telling.alias().c
_CANCELLATION_TOLD = exists().where(
    _t.practice == _b.practice, _t.booking == _b.id, _t.kind == MessageKind.CANCELLATION.value,
    _t.state != TellingState.FAILED,
    ~exists().where(
        _later.practice == _t.practice, _later.booking == _t.booking, _later.channel == _t.channel,
        _later.number > _t.number,
    ),
)  # fmt: skip
_m = t.message.c
_REMINDED = (
    select(func.count(_m.channel.distinct()))
    .where(_m.practice == _b.practice, _m.booking == _b.id, _m.kind == MessageKind.REMINDER.value)
    .where(
        _m.number >= 0,
        _m.created_at >= _b.changed_at,
        or_(_m.state != MessageState.PENDING, _m.started_at.is_not(None)),
        or_(  # a corrected address is still to be reminded where the one before was not
            and_(_m.state != MessageState.FAILED, _m.state != MessageState.SUPPRESSED),
            _m.recipient == case((_m.channel == Channel.SMS.value, _b.mobile), else_=_b.email),
        ),
    )
    .scalar_subquery()
)
_ADDRESSES = case((_b.mobile.is_not(None), 1), else_=0) + case((_b.email.is_not(None), 1), else_=0)
_FIRST_TOLD = select(func.min(_t.at)).where(_t.practice == _b.practice, _t.booking == _b.id).scalar_subquery()
_THESE = _EVERY.where(*here(t.booking), those(_b.id))
_UNREMINDED = select(_b.id, _b.start, _FIRST_TOLD).where(
    *here(t.booking), _b.start >= the(_b.start), _b.start < the(_b.end), _REMINDED < _ADDRESSES, _IS_READ
)
_PLACE = select(_b.calendar, _b.ref).where(*here(t.booking, "id"))
_INVITE = select(_b.invite).where(*here(t.booking, "id"))
_TOLD_AS = select(_t.state).where(*here(t.telling, "booking"))
