"""Calendars: the cursor, the health and the brake of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

from msgspec import Struct
from sqlalchemy import bindparam, case, func, insert, literal_column, select, union_all, update

from adapters.base import WHOLE, Cursor
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.states import CalendarState, ResourceState
from sync.store.tx import here, in_parts, the, those

if TYPE_CHECKING:
    from sync.store.columns import CalendarColumns

WAITING_LIST = "liste d'attente"  # stands where other calendars have their dentist's key (P44)

_EVERY = select(t.calendar).where(*here(t.calendar)).order_by(t.calendar.c.calendar)
_GET = select(t.calendar).where(*here(t.calendar, "calendar"))
_READ_AT = bindparam("read_at", type_=t.calendar.c.due_at.type)
_ASKED_SINCE = case((t.calendar.c.due_at > _READ_AT, t.calendar.c.due_at))
_THESE = update(t.calendar).where(*here(t.calendar), those(t.calendar.c.calendar)).values(due_at=_ASKED_SINCE)
_tried = t.calendar.c.last_attempt
_THESE_IF_LATEST = _THESE.where(_tried.is_(None) | (_tried <= _READ_AT))
_r = t.resource.c
_OF_THESE = select(_r.calendar).distinct().where(_r.practice == the(_r.practice), those(_r.calendar))
# as a literal, not as a parameter: only then SQLite uses the partial index of suspects
_SUSPECT: Any = literal_column(f"'{ResourceState.SUSPECT}'")
_UNFINISHED = union_all(
    _OF_THESE.where(_r.owed.is_(True), _r.state == ResourceState.PRESENT),
    _OF_THESE.where(_r.state == _SUSPECT),
)
_LATEST = select(func.max(t.calendar.c.last_success), func.max(t.calendar.c.last_attempt)).where(*here(t.calendar))
_ANY_HELD = select(t.calendar.c.calendar).where(*here(t.calendar), t.calendar.c.held_at.is_not(None)).limit(1)
# The addresses that left the configuration: what stands there takes no time, is no hour of a patient's, reminds nobody.
SUSPENDED = select(t.calendar.c.calendar).where(*here(t.calendar), t.calendar.c.state == CalendarState.SUSPENDED)
_CHANGE, _NEW = update(t.calendar).where(*here(t.calendar, "calendar")), insert(t.calendar)

_WELL = {
    "state": CalendarState.ACTIVE, "fail_count": 0, "reason": None, "trouble": None, "not_before": None,
    "failing_since": None, "refused": 0, "refused_since": None,
}  # fmt: skip


class CalendarRow(Struct, frozen=True):
    """What the store knows of one calendar. Times are in UTC."""

    calendar: str  # the calendar's address, its key
    dentist: str  # the dentist's key in the configuration
    state: CalendarState
    cursor: Cursor | None  # how far it was read; None: it is listed whole
    baseline_at: datetime | None  # when its first pass was complete; None until then (ruling 7)
    last_success: datetime | None  # the start of the last reading that succeeded
    last_attempt: datetime | None  # the start of the last reading, whatever came of it
    reason: str | None  # why the last reading failed, in French
    trouble: str | None  # the failure's kind: unreachable, denied, gone …
    fail_count: int  # failures in a row
    not_before: datetime | None  # Retry-After: the server asked for no request before then
    held_at: datetime | None  # since when the brake holds its cancellations
    read_only: str | None  # why nothing is written into it, in French; None: it takes writes
    audited_at: datetime | None  # when store and calendar were last compared
    audit_tried_at: datetime | None  # when that was last begun
    deep_audit_at: datetime | None  # when every body was last compared as well
    unreported: int  # changes that audits found and the sync token had not reported, ever
    doubted_at: datetime | None  # since when its sync token is not trusted because of that
    doubt: str | None  # why it is not trusted, in French
    spare_cursor: list[str] | None  # [kind, value, query] of a token kept to see whether it is honest again
    conditions_at: datetime | None  # when conditional writes were last tried out
    # after a failure: not read before then; after a hint: read by then; None: its ordinary interval
    due_at: datetime | None
    lively_at: datetime | None  # when a change by a person was last seen: it is read more often for a while
    pushed_until: datetime | None  # until when the server announces changes
    offered_seconds: int | None  # how often a feed itself wants to be read
    failing_since: datetime | None  # the first failure since the last success
    refused: int  # refused logins in a row
    refused_since: datetime | None  # the first of these

    @property
    def active(self) -> bool:
        """Whether the calendar is in the configuration."""
        return self.state is CalendarState.ACTIVE

    @property
    def well(self) -> bool:
        """Whether the row is as `were_read` leaves it, apart from the times of the reading."""
        return self.due_at is None and all(getattr(self, name) == value for name, value in _WELL.items())

    @property
    def asked_from(self) -> Cursor | None:
        """The cursor to ask from. A calendar whose sync token hid changes is listed whole."""
        return WHOLE if self.doubted_at else self.cursor


def every(tx: Tx) -> tuple[CalendarRow, ...]:
    """All calendars ever configured, in a stable order."""
    return tuple(_row(row) for row in tx.run(_EVERY).mappings())


def is_any_held(tx: Tx) -> bool:
    """Whether the brake holds what happened in one of them."""
    return tx.run(_ANY_HELD).first() is not None


def latest(tx: Tx) -> datetime | None:
    """The latest time at which a calendar was read or tried, by the clock of then."""
    moments = tx.run(_LATEST).one()
    return max(filter(None, moments), default=None)


def get(tx: Tx, calendar: str) -> CalendarRow | None:
    """The calendar's row; None if it was never configured."""
    if calendar not in tx.cache.calendars:
        row = tx.run(_GET, the_calendar=calendar).mappings().first()
        tx.cache.calendars[calendar] = _row(row) if row else None
    known: CalendarRow | None = tx.cache.calendars[calendar]
    return known


def is_suspended(tx: Tx, calendar: str) -> bool:
    """Whether the calendar left the configuration, so that nobody reads it."""
    row = get(tx, calendar)
    return row is not None and not row.active


def ensure(tx: Tx, calendar: str, dentist: str) -> CalendarRow:
    """The calendar's row, created or made active again."""
    known = get(tx, calendar)
    if known is None:
        tx.add(_NEW, [{"calendar": calendar, "dentist": dentist, "state": CalendarState.ACTIVE}])
        del tx.cache.calendars[calendar]
    elif known.state != CalendarState.ACTIVE or known.dentist != dentist:
        change(tx, calendar, state=CalendarState.ACTIVE, dentist=dentist)
    row = get(tx, calendar)
    assert row is not None
    return row


def change(tx: Tx, calendar: str, **values: Unpack[CalendarColumns]) -> None:
    """Set columns of one calendar."""
    tx.run(_CHANGE, the_calendar=calendar, **values)
    tx.cache.calendars.pop(calendar, None)


def unfinished(tx: Tx, calendars: Sequence[str]) -> set[str]:
    """The calendars with more to read than their own report: bodies to be fetched, absences to be confirmed."""
    return {calendar for part in in_parts(calendars) for calendar in tx.run(_UNFINISHED, those_calendar=part).scalars()}


def were_read(tx: Tx, calendars: Sequence[str], at: datetime, *, late: bool = False) -> None:
    """Note that these calendars answered at `at` and that nothing is wrong with them. A push notification that came
    since is kept; `late`: so is what was noted of a reading since, perhaps by another process."""
    these = _THESE_IF_LATEST if late else _THESE
    for part in in_parts(calendars):
        tx.run(these, those_calendar=part, read_at=at, last_success=at, last_attempt=at, **_WELL)
    for calendar in calendars:
        tx.cache.calendars.pop(calendar, None)


def due_now(tx: Tx, calendar: str, at: datetime) -> None:
    """Note a push notification: the worker reads the calendar at once, unless the server asked to wait. The caller
    wakes it with `Worker.wake()`. Does nothing for a calendar that was never read."""
    change(tx, calendar, due_at=at)


def suspend_others(tx: Tx, configured: frozenset[str]) -> None:
    """Suspend the calendars that left the configuration. Their bookings are not cancelled (docs/design.md#keys)."""
    tx.connection.execute(
        update(t.calendar)
        .where(t.calendar.c.practice == tx.practice, t.calendar.c.calendar.not_in(configured))
        .values(state=CalendarState.SUSPENDED)
    )
    tx.cache.calendars.clear()


def save_cursor(tx: Tx, calendar: str, cursor: Cursor | None) -> None:
    """Store the cursor; None: list the calendar whole next time."""
    kind, value, query = (cursor.kind, cursor.value, cursor.query) if cursor else (None, None, None)
    change(tx, calendar, cursor_kind=kind, cursor_value=value, cursor_query=query)


def _row(row: Any) -> CalendarRow:
    cursor = Cursor(row["cursor_kind"], row["cursor_value"], row["cursor_query"] or "") if row["cursor_kind"] else None
    plain = CalendarRow.__struct_fields__  # the columns share the fields' names
    values = {name: row[name] for name in plain if name != "cursor"}
    return CalendarRow(**values | {"cursor": cursor, "state": CalendarState(row["state"])})
