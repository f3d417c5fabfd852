"""What the waiting list asks of several tables at once (P44)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from sync.store import tables as t
from sync.store import waiting_entries
from sync.store.engine import Tx
from sync.store.states import EntryState
from sync.store.tx import here, the
from sync.store.waiting_entries import EntryRow

_w, _c = t.waiting.c, t.consent.c
_AGREED = select(_c.booking).where(*here(t.consent, "dentist"))
_WAITING = select(t.waiting).where(*here(t.waiting), _w.state != EntryState.CLOSED).order_by(_w.id)
_OF_DENTIST = _WAITING.where(or_(_w.dentist == the(_w.dentist), _w.booking.in_(_AGREED)))


def waiting(tx: Tx, zone: ZoneInfo, dentist: str | None = None) -> list[EntryRow]:
    """Who waits, paused ones too: all, or those whose dentist it is, or who agreed to that dentist."""
    found = tx.run(_WAITING) if dentist is None else tx.run(_OF_DENTIST, the_dentist=dentist)
    return waiting_entries.rows(found.mappings(), zone)


def agreed(tx: Tx, dentist: str) -> frozenset[int]:
    """The bookings whose patients agreed to that dentist (P23)."""
    return frozenset(tx.run(_AGREED, the_dentist=dentist).scalars())
