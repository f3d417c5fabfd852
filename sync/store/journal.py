"""The journal: what was done, when, and to which booking or resource. `attitre explain` shows it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from sync.store import tables as t
from sync.store.counters import take_numbers
from sync.store.engine import Tx

_LOG = insert(t.journal)


def log(
    tx: Tx,
    now: datetime,
    event: str,
    *,
    detail: str = "",
    booking: int | None = None,
    calendar: str | None = None,
    ref: str | None = None,
) -> None:
    """Add a line to the journal. It holds ids, rule ids and times, and no personal data (law L8)."""
    row = {"event": event, "detail": detail, "booking": booking, "calendar": calendar, "ref": ref, "at": now}
    tx.later(_LOG, {"id": take_numbers(tx, "journal")[0], **row})
