"""Agreements to another dentist, kept per booking and dentist (P23, ruling 10)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select

from sync.store import tables as t
from sync.store.engine import Tx


def record(tx: Tx, booking: int, dentist: str, detail: str, now: datetime) -> None:
    """Keep it once; the first record stands."""
    if dentist not in of(tx, booking):
        row = {"booking": booking, "dentist": dentist, "detail": detail, "at": now}
        tx.connection.execute(insert(t.consent).values(practice=tx.practice, **row))


def of(tx: Tx, booking: int) -> tuple[str, ...]:
    """The dentists whom the patient agreed to for that booking."""
    c = t.consent.c
    query = select(c.dentist).where(c.practice == tx.practice, c.booking == booking, c.dentist != _COPIED)
    return tuple(tx.connection.execute(query.order_by(c.at)).scalars())


def copied(tx: Tx, booking: int) -> str | None:
    """The words of an agreement that came with a copied event: they were said for another booking (ruling 10)."""
    c = t.consent.c
    query = select(c.detail).where(c.practice == tx.practice, c.booking == booking, c.dentist == _COPIED)
    return tx.connection.execute(query).scalar()


def note_copied(tx: Tx, booking: int, detail: str, now: datetime) -> None:
    """Keep those words, so that they never count for this booking."""
    if copied(tx, booking) is None:
        row = {"booking": booking, "dentist": _COPIED, "detail": detail, "at": now}
        tx.connection.execute(insert(t.consent).values(practice=tx.practice, **row))


_COPIED = ""  # stands for no dentist
