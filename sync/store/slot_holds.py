"""Times kept from a patient's click until the calendar has taken them: a row for each dentist and five minutes, so that
no two patients can have one (P44). A time is kept for two minutes, and longer while its wish is carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from rules.model import Busy, Kind, Slot
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, the, those

KEPT_FOR = timedelta(minutes=2)
_STEP = timedelta(minutes=5)
_h = t.slot_hold.c
_THERE = (*here(t.slot_hold, "dentist"), those(_h.at))
_TAKEN = select(_h.booking).where(*_THERE, _h.until > the(_h.until), _h.booking != the(_h.booking)).limit(1)
_CLEAR, _ADD = delete(t.slot_hold).where(*_THERE, _h.until <= the(_h.until)), insert(t.slot_hold)
_RELEASE = delete(t.slot_hold).where(*here(t.slot_hold, "booking"))
_KEPT = select(_h.at).where(*here(t.slot_hold, "dentist"), _h.until > the(_h.until), _h.booking != the(_h.booking))


def take(tx: Tx, slot: Slot, booking: int, now: datetime) -> bool:
    """Keep the slot for that booking, which gives back what it kept before. False, and
    nothing changes, where another booking keeps a part of it."""
    steps, dentist = list(_steps(slot.start, slot.end)), slot.dentist
    if tx.run(_TAKEN, the_dentist=dentist, those_at=steps, the_until=now, the_booking=booking).first():
        return False
    release(tx, booking)
    tx.run(_CLEAR, the_dentist=dentist, those_at=steps, the_until=now)
    kept = {"dentist": dentist, "booking": booking, "until": now + KEPT_FOR}
    try:
        with tx.part():  # two servers' sessions may both have found it free
            tx.add(_ADD, [{**kept, "at": at} for at in steps])
    except IntegrityError:
        return False
    return True


def release(tx: Tx, booking: int) -> None:
    """Give back what is kept for that booking."""
    tx.run(_RELEASE, the_booking=booking)


def kept(tx: Tx, dentist: str, now: datetime, *, but: int = 0) -> tuple[Busy, ...]:
    """The times of that dentist that are kept now, except for the booking `but`."""
    found = tx.run(_KEPT, the_dentist=dentist, the_until=now, the_booking=but).scalars()
    return tuple(Busy(dentist, at, at + _STEP, Kind.BLOCK, 0, "") for at in found)


def _steps(start: datetime, end: datetime) -> Iterator[datetime]:
    at = start.astimezone(UTC).replace(second=0, microsecond=0)
    at -= timedelta(minutes=at.minute % 5)
    while at < end.astimezone(UTC):
        yield at
        at += _STEP
