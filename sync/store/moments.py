"""Corrects the times in the store after the clock was set back.

Two kinds of columns are corrected: a time at which something happened cannot lie ahead (`WORKING`, `HISTORY`), and a
time that attitre itself planned cannot lie further ahead than such a wait lasts (`AT_ONCE`, and when messages and edits
are due). Times of appointments and of servers are left alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from rules.model import MessageKind, Practice
from rules.telling.reminder_hour import reminder_at
from sync.store import backlog, resources
from sync.store import tables as t
from sync.store.bookings import INVALID
from sync.store.codec import facts_from_json
from sync.store.engine import Tx
from sync.store.messages import EARLY, PENDING, SUPPRESSED

_c, _r, _b, _m = t.calendar.c, t.resource.c, t.booking.c, t.message.c
WORKING = (  # happened; some step compares it with now
    _c.baseline_at, _c.last_success, _c.last_attempt, _c.held_at, _c.audited_at, _c.audit_tried_at, _c.deep_audit_at,
    _c.doubted_at, _c.conditions_at, _c.failing_since, _c.refused_since, _r.suspect_at, _r.changed_at, _r.dirty_at,
    _b.changed_at, _b.vanished_at, t.query.c.answered_at, t.gap.c.seen_at, t.offer.c.made_at,
    t.waiting.c.confirmed_at, t.subscription.c.opened_at, t.subscription.c.heard_at,
)  # fmt: skip
HISTORY = (  # happened; only shown to people
    _b.created_at, _b.released_at, t.telling.c.at, _m.created_at, _m.started_at, _m.done_at, _m.approved_at,
    t.intent.c.asked_at, t.intent.c.done_at, t.patient.c.created_at, t.patient.c.changed_at, t.companion.c.at,
    t.link.c.made_at, t.link.c.revoked_at, t.wish.c.at, t.wish.c.closed_at, t.patient.c.no_sms_since,
    t.agreement.c.asked_at, t.agreement.c.answered_at, t.rescue.c.asked_at, t.rescue.c.answered_at,
    t.patient.c.no_email_since, t.waiting.c.since, t.waiting.c.closed_at, t.gap.c.closed_at, t.offer.c.answered_at,
    t.offer.c.closed_at, t.consent.c.at, t.notice.c.created_at, t.notice.c.sent_at,
)  # fmt: skip
AT_ONCE = (  # planned by attitre: may be tried at once
    _c.not_before, _c.due_at, _c.lively_at, _m.next_try, t.notice.c.next_try, t.subscription.c.not_before,
    t.slot_hold.c.until,
)  # fmt: skip
_SETTINGS = ("no-writes:", "unfolded:")


def worked_for(tx: Tx, since: datetime) -> timedelta:
    """The time from the first to the last line of the journal after that moment."""
    j = t.journal.c
    first, last = tx.connection.execute(
        select(func.min(j.at), func.max(j.at)).where(j.practice == tx.practice, j.at > since)
    ).one()
    return last - first if first is not None else timedelta(0)


def stored_after(tx: Tx, since: datetime) -> list[tuple[str, str]]:
    """(calendar, ref) of the bodies that changed after that moment."""
    query = select(_r.calendar, _r.ref).where(_r.practice == tx.practice, _r.changed_at > since)
    return [(calendar, ref) for calendar, ref in tx.connection.execute(query)]


def draw_back(tx: Tx, since: datetime, now: datetime, settle: timedelta) -> None:
    """Set times after `since` at which something happened to `now`, and shorten waits that became too long. `settle`:
    the longest time for which a message is kept back."""
    for column in WORKING:
        _change(tx, column, since, now)
    for column in AT_ONCE:
        _change(tx, column, now, None)
    _change(tx, _m.due_at, now + settle, now + settle)
    _change(tx, t.edit.c.due_at, now, now)
    _change(tx, t.gap.c.look_at, now, now)
    s = t.setting.c
    for name in _SETTINGS:
        kept = select(s.name, s.value).where(s.practice == tx.practice, s.name.startswith(name, autoescape=True))
        late = [row.name for row in tx.connection.execute(kept) if datetime.fromisoformat(row.value) > now]
        for one in late:
            mine = (s.practice == tx.practice, s.name == one)
            tx.connection.execute(update(t.setting).where(*mine).values(value=now.isoformat()))


def draw_history_back(tx: Tx, since: datetime, now: datetime) -> None:
    """Set times after `since` that are only shown to people to `now`."""
    for column in HISTORY:
        _change(tx, column, since, now)


def undo(tx: Tx, since: datetime) -> None:
    """Undo what was concluded by the wrong clock after `since`, except what was sent: vanished bookings have to be
    missed again, and messages that were suppressed are pending or planned again."""
    _update(tx, t.booking, _b.vanished_at > since, vanished_at=None, state=INVALID)
    given_up = (_m.state == SUPPRESSED) & (_m.done_at > since)
    reminder = _m.kind == MessageKind.REMINDER.value
    _delete(tx, given_up & _m.started_at.is_(None))
    _update(tx, t.message, given_up & ~reminder, state=PENDING, done_at=None)
    _delete(tx, reminder & (_m.state == PENDING) & _m.started_at.is_(None) & (_m.created_at > since))


def count_early_reminders_out(tx: Tx, since: datetime, now: datetime, practice: Practice) -> None:
    """Mark reminders sent after `since` whose hour is more than a day away as not sent."""
    went = select(_m.id, _m.facts).where(
        _m.practice == tx.practice, _m.kind == MessageKind.REMINDER.value, _m.created_at > since
    )
    for row in tx.connection.execute(went).all():
        start = facts_from_json(row.facts, practice.zone).start
        if reminder_at(start, practice.policy.reminder_hours, practice) > now + timedelta(days=1):
            _update(tx, t.message, _m.id == row.id, number=EARLY)


def evaluate_coming_again(tx: Tx, now: datetime) -> None:
    """Mark all coming events for evaluation, those in a calendar and those gone from it."""
    backlog.put(tx, now)
    coming = select(_b.calendar, _b.ref).where(_b.practice == tx.practice, _b.start > now).distinct()
    resources.mark_dirty(tx, [(row.calendar, row.ref) for row in tx.connection.execute(coming)], now)


def _change(tx: Tx, column: Any, after: datetime, to: datetime | None) -> None:
    _update(tx, column.table, column > after, **{column.name: to})


def _update(tx: Tx, table: Table, clause: ColumnElement[bool], **values: Any) -> None:
    tx.connection.execute(update(table).where(table.c.practice == tx.practice, clause).values(**values))


def _delete(tx: Tx, clause: ColumnElement[bool]) -> None:
    tx.connection.execute(delete(t.message).where(_m.practice == tx.practice, clause))
