"""The backlog: resources that are evaluated in slices, the nearest day first (docs/design.md#slices).

What the first pass found waits there, and what a changed configuration concerns. What is edited meanwhile waits behind
it; until it is evaluated, its event shows a preview (`sync.evaluate.preview`). After a new version of our parser, all
wait until the stored series are expanded again, in slices too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, exists, func, or_, select, update

from adapters.base import Reading
from sync.store import keyvalue, resources
from sync.store import tables as t
from sync.store.calendars import WAITING_LIST
from sync.store.engine import Tx
from sync.store.resources import CONFIGURED, GONE, IN_BACKLOG, LAST, PRESENT, ResourceRow
from sync.store.tx import here, the

Place = tuple[str, str]  # (calendar, ref)
_FIRST: Place = ("", "")  # before every resource


class Slice(Struct, frozen=True):
    """What is evaluated next."""

    places: tuple[Place, ...]
    more: bool  # whether others wait for their turn
    edited: bool  # whether nothing but what was edited meanwhile comes after it


def place_of(reading: Reading, now: datetime) -> datetime | None:
    """The place in the backlog of an event that the first pass found: the day of its next occurrence, so that within a
    day the order of creation decides (P10); None if nothing of it is to come."""
    coming = min((event.start for event in reading.events if event.end > now), default=None)
    if coming is None:
        return now if reading.problem else None
    return coming.astimezone(now.tzinfo).replace(hour=0, minute=0, second=0, microsecond=0)


def put(tx: Tx, now: datetime, dentists: Collection[str] | None = None) -> None:
    """Put all coming events into the backlog, after a change of the configuration, and those of the waiting list's own
    calendar, whose dates say nothing (P44); or only those of these dentists and those that propose free times."""
    o, b, c, k = t.occurrence.c, t.booking.c, t.resource.c, t.calendar.c
    theirs = [o.practice == tx.practice, o.calendar == c.calendar, o.ref == c.ref, o.end >= now]
    if dentists is not None:
        proposing = select(b.id).where(b.practice == tx.practice, b.end >= now, b.slots.is_not(None))
        theirs.append(or_(o.dentist.in_(dentists), o.booking.in_(proposing)))
    lists = select(k.calendar).where(k.practice == tx.practice, k.dentist == WAITING_LIST)
    meant, soonest = exists().where(*theirs), select(func.min(o.start)).where(*theirs).scalar_subquery()
    tx.connection.execute(
        update(t.resource)
        .where(c.practice == tx.practice, c.state == PRESENT, c.dirty_at.is_(None), c.backlog_at.is_(None))
        .where(meant if dentists is not None else or_(meant, c.calendar.in_(lists)))
        .values(backlog_at=func.coalesce(soonest, now))
    )


def size(tx: Tx) -> int:
    """How many resources wait."""
    return int(tx.run(_SIZE).scalar() or 0)


def before(tx: Tx, row: ResourceRow) -> int:
    """How many resources have their turn before this one."""
    at = row.backlog_at
    return int(tx.run(_BEFORE, the_backlog_at=at, the_order=row.order).scalar() or 0) if at else 0


def nearest(tx: Tx, at_most: int) -> Slice:
    """What is evaluated next: at most so many occurrences, and at least one resource."""
    found: list[Place] = []
    rows = tx.run(_NEAREST.limit(at_most + 1)).all()
    in_turn = [row for row in rows if row.backlog_at < LAST]
    for row in in_turn:
        at_most -= max(1, row.occurrences)
        if found and at_most < 0:
            break
        found.append((row.calendar, row.ref))
    return Slice(tuple(found), more=len(found) < len(in_turn), edited=len(in_turn) < len(rows))


def evaluated(tx: Tx, row: ResourceRow, now: datetime) -> None:
    """Note that the resource was evaluated in its turn. If a person changed it meanwhile, that is next."""
    left = {"the_calendar": row.calendar, "the_ref": row.ref, "backlog_at": None, "body_before": None}
    changed = row.dirty_at or (now if row.body_before is not None or row.state == GONE else None)
    tx.later(_CHANGE, {**left, "dirty_at": changed}, (row.calendar, row.ref))


def leave(tx: Tx, calendar: str, ref: str, now: datetime) -> None:
    """Note that the resource cannot be evaluated in its turn: it is tried again with what changes."""
    tx.run(_LEAVE, the_calendar=calendar, the_ref=ref, dirty_at=now)


def previewed(tx: Tx, calendar: str, ref: str) -> None:
    """Note that the event shows a preview: it is evaluated in its turn, or last."""
    tx.run(_PREVIEWED, the_calendar=calendar, the_ref=ref)


def close(tx: Tx, now: datetime) -> None:
    """Nothing else waits: mark for evaluation what was edited meanwhile."""
    c = t.resource.c
    last = (c.practice == tx.practice, c.backlog_at == LAST, CONFIGURED)
    tx.connection.execute(update(t.resource).where(*last).values(dirty_at=now, backlog_at=None))


def unfold(tx: Tx, calendars: Iterable[str]) -> None:
    """Have the stored series of these calendars expanded again, if there are any."""
    if resources.repeating_after(tx, calendars, _FIRST, 1):
        unfolded(tx, _FIRST)


def unfolding(tx: Tx) -> Place | None:
    """The last resource that was expanded again; None if none is to be."""
    kept = keyvalue.get(tx, keyvalue.UNFOLDING)
    if kept is None:
        return None
    calendar, ref = json.loads(kept)
    return calendar, ref


def unfolded(tx: Tx, last: Place | None) -> None:
    """Note the last resource that was expanded again; None: all are."""
    if last is None:
        keyvalue.drop(tx, keyvalue.UNFOLDING)
    else:
        keyvalue.put(tx, keyvalue.UNFOLDING, json.dumps(last))


def never_evaluated(tx: Tx, places: Iterable[Place]) -> list[ResourceRow]:
    """Those of these resources that the first pass found and nobody changed since, while they wait; in the order of
    their creation."""
    found = [row for row in (resources.get(tx, *place) for place in places) if row and row.backlog_at]
    return sorted((row for row in found if row.baseline and row.state == PRESENT), key=lambda row: row.order)


# --- the statements --------------------------------------------------------------------------------------------------

_r, _o = t.resource.c, t.occurrence.c
_SIZE = select(func.count()).where(*IN_BACKLOG)
_BEFORE = _SIZE.where(
    or_(_r.backlog_at < the(_r.backlog_at), and_(_r.backlog_at == the(_r.backlog_at), _r.order < the(_r.order)))
)
_THEIRS = select(func.count()).where(_o.practice == _r.practice, _o.calendar == _r.calendar, _o.ref == _r.ref)
_NEAREST = (
    select(_r.calendar, _r.ref, _r.backlog_at, _THEIRS.scalar_subquery().label("occurrences"))
    .where(*IN_BACKLOG)
    .order_by(_r.backlog_at, _r.order)
)
_AT = here(t.resource, "calendar", "ref")
_CHANGE = update(t.resource).where(*_AT)
_LEAVE = _CHANGE.where(_r.backlog_at.is_not(None)).values(backlog_at=None)
_PREVIEWED = _CHANGE.values(dirty_at=None, backlog_at=func.coalesce(_r.backlog_at, LAST))
