"""Decides why a due message must wait: nothing is told from stale knowledge (law L6, hard case H08)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.model import MessageKind
from rules.telling.planning import continues
from sync.plan import event_faults, older_store
from sync.store import bookings, calendars, resources
from sync.store.bookings import VANISHED, BookingRow
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.store.messages import MessageRow

WAIT_AT_MOST = timedelta(minutes=30)  # a reminder for a failing calendar, a message for another calendar's reading
_ANY_ZONE = ZoneInfo("UTC")  # where only places and moments are compared


def why_wait(tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> str:
    """Why the due message must wait, in French; empty if it may go.

    - Its calendar fails, or its event is missing or to be fetched: it waits, a reminder 30 min at most (hard case H08).
    - Its calendar left the configuration: nobody reads it, so all but reminders wait, which are planned no more.
    - Another installation writes in its calendar, and reminds too (hard case D07).
    - A cancellation waits until every calendar was read since the booking vanished, so that a move is seen; for a
      failing calendar 30 min at most.
    - The evaluation of its event fails, so that the newest version is not known: only reminders go.
    - A confirmation waits while its appointment may have moved here from an event in doubt (`_moving`).
    - The store is older than the calendars, and a person has not answered yet (`older_store.holds`).
    - Other appointments are still to be evaluated for the first time, or after a changed configuration
      (docs/design.md#slices).
    """
    if held := _with_others(tx, booking, row):
        return held
    rows = {calendar.calendar: calendar for calendar in calendars.every(tx) if calendar.active}
    own = rows.get(booking.calendar)
    if own is None and row.kind is not MessageKind.REMINDER:
        return _NOT_READ
    failing = own is not None and own.fail_count > 0
    if failing or _in_doubt(tx, booking):
        left = own is not None and own.trouble == "rival"
        waits = left or row.kind is not MessageKind.REMINDER or now - row.due_at < WAIT_AT_MOST
        why = _LEFT if left else _FAILING if failing else _DOUBT
        return why if waits else ""
    if row.kind is not MessageKind.REMINDER and event_faults.is_faulty(tx, (booking.calendar, booking.ref)):
        return _NOT_EVALUATED
    if row.kind is MessageKind.CONFIRMATION and _moving(tx, booking, row, now):
        return _DOUBT
    gone = booking.vanished_at if booking.state == VANISHED and not booking.outcome else None
    return _UNREAD if gone and any(_unread_since(calendar, gone, now) for calendar in rows.values()) else ""


def may_have_moved(tx: Tx, booking: BookingRow, now: datetime) -> bool:
    """Whether the booking vanished and not every calendar was read since: one of them may hold it."""
    gone = booking.vanished_at
    if gone is None or booking.outcome:
        return False
    return any(_unread_since(row, gone, now) for row in calendars.every(tx) if row.active)


_FAILING = "l'agenda ne répond pas : rien ne part avant qu'il soit relu"
_NOT_READ = "l'agenda n'est plus dans la configuration : rien n'en part"
_LEFT = "une autre installation d'attitre travaille dans cet agenda"
_DOUBT = "l'événement est à relire dans l'agenda"
_NOT_EVALUATED = "attitre n'a pas pu vérifier l'événement : rien de nouveau n'est dit avant"
_NOT_ALL_KNOWN = "des rendez-vous restent à vérifier : les messages partent ensuite"
_UNREAD = "chaque agenda est d'abord relu : le rendez-vous a peut-être été déplacé"


def _with_others(tx: Tx, booking: BookingRow, row: MessageRow) -> str:
    """Why messages wait whatever is known of this booking."""
    if resources.backlog_is_open(tx):
        return _NOT_ALL_KNOWN
    return older_store.WAITS if older_store.holds(tx, row.kind, (booking.calendar, booking.ref)) else ""


def _in_doubt(tx: Tx, booking: BookingRow) -> bool:
    row = resources.get(tx, booking.calendar, booking.ref)
    return row is not None and (row.owed or row.state == resources.SUSPECT)


def _moving(tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> bool:
    """Whether the appointment may have moved here, which is not clear yet: the same event is in doubt elsewhere (hard
    case G04), or, for 30 min at most, another one of the patient that this one may continue (hard case G08)."""
    others = bookings.with_uid(tx, booking.uid, booking.recurrence, _ANY_ZONE)
    if any(other.id != booking.id and _in_doubt(tx, other) for other in others):
        return True
    if booking.patient is None or now - row.due_at >= WAIT_AT_MOST:
        return False
    theirs = bookings.of_patient(tx, booking.patient, _ANY_ZONE)
    return any(_may_continue(tx, other, booking, now) for other in theirs)


def _may_continue(tx: Tx, other: BookingRow, booking: BookingRow, now: datetime) -> bool:
    if other.id == booking.id or other.vanished_at is not None or other.start <= now:
        return False
    return continues(other.facts, booking.facts) and _in_doubt(tx, other)


def _unread_since(calendar: CalendarRow, moment: datetime, now: datetime) -> bool:
    read = calendar.last_success is not None and calendar.last_success >= moment
    return not read and not (calendar.fail_count and now - moment > WAIT_AT_MOST)
