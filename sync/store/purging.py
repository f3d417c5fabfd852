"""Deletes what was kept long enough, a slice at a time: messages, wishes, links, offers and questions about
appointments that lie far back, and old lines of the journal.

An appointment keeps its own row, its agreements and what its patient was told, so that no later look at its event tells
or counts anything anew. A row stays as long as it may be needed: those of an appointment that is not long over,
the highest number of a telling (docs/design.md#told), a link that was revoked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Table, Update, bindparam, delete, exists, or_, select, tuple_, update

from rules.model import MessageKind
from rules.model.action import QUESTIONS
from sync.store import intents, offers
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.resources import GONE
from sync.store.states import EntryState, GapState, MessageState
from sync.store.tx import here
from sync.store.utc import UtcDateTime

SLICE = 200  # rows of one statement
_ENDS = (
    MessageState.SENT, MessageState.FAILED, MessageState.UNCERTAIN, MessageState.SUPPRESSED, MessageState.DROPPED,
    MessageState.SUPERSEDED,
)  # fmt: skip
_BEFORE: Any = bindparam("before", type_=UtcDateTime())
_m, _b, _t, _w, _o, _g = t.message.c, t.booking.c, t.telling.c, t.wish.c, t.offer.c, t.gap.c
_e, _i, _l, _a, _r, _n = t.waiting.c, t.intent.c, t.link.c, t.agreement.c, t.rescue.c, t.notice.c
_s = t.resource.c


def _is_over(table: Table) -> ColumnElement[bool]:
    """Whether the row's appointment ended before, or is no row any more."""
    return ~exists().where(_b.practice == table.c.practice, _b.id == table.c.booking, _b.end >= _BEFORE)


def _oldest(table: Table, *clauses: ColumnElement[bool]) -> Delete:
    """Delete a slice of the rows of which all clauses hold."""
    key = [column for column in table.primary_key if column.name != "practice"]
    found = select(*key).where(*here(table), *clauses).limit(SLICE)
    return delete(table).where(*here(table), tuple_(*key).in_(found) if len(key) > 1 else key[0].in_(found))


_NUMBERED = or_(  # a telling of that number, or a later one, says which number comes next
    _m.kind.in_([*QUESTIONS, MessageKind.REMINDER]),
    exists().where(
        _t.practice == _m.practice, _t.booking == _m.booking, _t.channel == _m.channel, _t.number >= _m.number
    ),
)
_OUT_OF_SIGHT = or_(_o.ref.is_(None), _o.ref == "")
_WAITS = exists().where(_e.practice == _o.practice, _e.id == _o.waiting, _e.state != EntryState.CLOSED)
_LISTED = exists().where(  # the event that still stands would put its patient onto the list again
    _s.practice == _e.practice, _s.calendar == _e.calendar, _s.ref == _e.ref, _s.state != GONE
)
_OFFERED = exists().where(_o.practice == _g.practice, _o.gap == _g.id)

JOURNAL = _oldest(t.journal, t.journal.c.at < _BEFORE)
OF_PATIENTS: tuple[Delete | Update, ...] = (
    _oldest(
        t.message, _m.state.in_(_ENDS), _m.due_at < _BEFORE, _m.created_at < _BEFORE, _is_over(t.message), _NUMBERED,
    ),
    _oldest(t.wish, _w.closed_at < _BEFORE, _is_over(t.wish)),
    _oldest(t.wish, _w.closed_at.is_(None), _w.at < _BEFORE, _is_over(t.wish)),
    _oldest(t.intent, _i.state.not_in(intents.OPEN), _i.asked_at < _BEFORE, _is_over(t.intent)),
    _oldest(t.link, _l.revoked_at.is_(None), _l.made_at < _BEFORE, _is_over(t.link)),
    _oldest(
        t.offer, _o.state.not_in(offers.LIVE), _o.made_at < _BEFORE, _o.closed_at < _BEFORE, _OUT_OF_SIGHT, ~_WAITS,
        _is_over(t.offer),
    ),
    _oldest(
        t.gap, _g.state.in_([GapState.TAKEN, GapState.CLOSED]), _g.closed_at < _BEFORE, _g.start < _BEFORE,
        or_(_g.ref.is_(None), _g.ref == ""), ~_OFFERED,
    ),
    _oldest(t.waiting, _e.state == EntryState.CLOSED, _e.closed_at < _BEFORE, _is_over(t.waiting), ~_LISTED),
    _oldest(t.agreement, _a.start < _BEFORE, _a.asked_at < _BEFORE, _is_over(t.agreement)),
    _oldest(t.rescue, _r.start < _BEFORE, _r.asked_at < _BEFORE, _is_over(t.rescue)),
    # its key stays: the same alert is not raised again
    update(t.notice).where(*here(t.notice), _n.sent_at < _BEFORE, _n.text != "").values(subject="", text=""),
)  # fmt: skip


def slices(messages_before: datetime, journal_before: datetime) -> Iterator[tuple[Delete | Update, datetime]]:
    """(statement, moment) of each kind of row, to be repeated by `purge` until it says that nothing was left."""
    yield from ((one, messages_before) for one in OF_PATIENTS)
    yield JOURNAL, journal_before


def purge(tx: Tx, statement: Delete | Update, before: datetime) -> int:
    """Delete one slice of what is older. Returns how many rows; fewer than `SLICE` where nothing is left."""
    return tx.run(statement, before=before).rowcount
