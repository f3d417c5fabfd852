"""Small facts of a practice: settings by name, counters that give ids, and the journal."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here

BRAKE = "brake-notice:"  # and the calendar: where the brake's question stands in it
OLDER = "older-store"  # the store is a backup that was put back, and nobody has answered yet
_GET = select(t.setting.c.value).where(*here(t.setting, "name"))
_BETWEEN = select(t.setting.c.name, t.setting.c.value).where(
    *here(t.setting), t.setting.c.name >= bindparam("first"), t.setting.c.name < bindparam("last")
)
_PUT, _NEW = update(t.setting).where(*here(t.setting, "name")), insert(t.setting)
_COUNT = update(t.counter).where(*here(t.counter, "name"))
_TAKE = _COUNT.values(value=t.counter.c.value + bindparam("count")).returning(t.counter.c.value)
_COUNTED = select(t.counter.c.value).where(*here(t.counter, "name"))
_NEW_COUNTER, _LOG = insert(t.counter), insert(t.journal)


def get(tx: Tx, name: str) -> str | None:
    """The setting, or None."""
    return tx.run(_GET, the_name=name).scalar()


def starting_with(tx: Tx, name: str) -> dict[str, str]:
    """The settings whose names begin so."""
    rows = tx.run(_BETWEEN, first=name, last=name[:-1] + chr(ord(name[-1]) + 1))
    return {row.name: row.value for row in rows}


def put(tx: Tx, name: str, value: str) -> None:
    """Set it."""
    if not tx.run(_PUT, the_name=name, value=value).rowcount:
        tx.add(_NEW, [{"name": name, "value": value}])


def secret(tx: Tx) -> bytes:
    """The installation's own secret, made at first use: it binds our block to its event."""
    known = get(tx, "secret")
    if known is None:
        known = secrets.token_hex(32)
        put(tx, "secret", known)
    return bytes.fromhex(known)


def take_numbers(tx: Tx, name: str, count: int = 1) -> range:
    """The next `count` numbers of that counter, never given before."""
    if name in tx.cache.counters:  # the row is ours until the transaction ends
        last = tx.cache.counters[name] + count
        tx.later(_COUNT, {"the_name": name, "value": last}, name)
    else:
        counted = tx.run(_TAKE, the_name=name, count=count).scalar()
        if counted is None:
            tx.add(_NEW_COUNTER, [{"name": name, "value": count}])
        last = counted or count
    tx.cache.counters[name] = last
    return range(last - count + 1, last + 1)


def ever_counted(tx: Tx, name: str) -> bool:
    """Whether that counter ever gave a number."""
    return tx.run(_COUNTED, the_name=name).first() is not None


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
    tx.later(_LOG, {"id": take_numbers(tx, "journal")[0], **row})
