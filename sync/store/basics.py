"""Small facts of a practice: settings by name, counters that give ids, and the journal."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx


def get(tx: Tx, name: str) -> str | None:
    """The setting, or None."""
    where = (t.setting.c.practice == tx.practice, t.setting.c.name == name)
    return tx.connection.execute(select(t.setting.c.value).where(*where)).scalar()


def put(tx: Tx, name: str, value: str) -> None:
    """Set it."""
    where = (t.setting.c.practice == tx.practice, t.setting.c.name == name)
    if not tx.connection.execute(update(t.setting).where(*where).values(value=value)).rowcount:
        tx.connection.execute(insert(t.setting).values(practice=tx.practice, name=name, value=value))


def secret(tx: Tx) -> bytes:
    """The installation's own secret, made at first use: it binds our block to its event."""
    known = get(tx, "secret")
    if known is None:
        known = secrets.token_hex(32)
        put(tx, "secret", known)
    return bytes.fromhex(known)


def take_numbers(tx: Tx, name: str, count: int = 1) -> range:
    """The next `count` numbers of that counter, never given before."""
    where = (t.counter.c.practice == tx.practice, t.counter.c.name == name)
    statement = update(t.counter).where(*where).values(value=t.counter.c.value + count).returning(t.counter.c.value)
    last = tx.connection.execute(statement).scalar()
    if last is None:
        tx.connection.execute(insert(t.counter).values(practice=tx.practice, name=name, value=count))
        last = count
    return range(last - count + 1, last + 1)


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
    """Add a line to the journal: ids, rule ids and times, no personal data (law L8)."""
    row = {"event": event, "detail": detail, "booking": booking, "calendar": calendar, "ref": ref, "at": now}
    number = take_numbers(tx, "journal")[0]
    tx.connection.execute(insert(t.journal).values(practice=tx.practice, id=number, **row))
