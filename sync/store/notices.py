"""Alerts to the practice. An alert whose key exists is not raised again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from msgspec import Struct
from sqlalchemy import delete, insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, the

if TYPE_CHECKING:
    from sync.store.columns import NoticeColumns


_c = t.notice.c
_DUE = (
    select(t.notice)
    .where(*here(t.notice), _c.sent_at.is_(None), (_c.next_try.is_(None)) | (_c.next_try <= the(_c.next_try)))
    .order_by(_c.created_at, _c.key)
)


class NoticeRow(Struct, frozen=True):
    """One alert to the practice, by e-mail."""

    key: str
    subject: str
    text: str
    attempts: int


def raise_once(tx: Tx, key: str, subject: str, text: str, now: datetime) -> None:
    """Raise this alert, unless one with that key was raised before."""
    exists = select(t.notice.c.key).where(t.notice.c.practice == tx.practice, t.notice.c.key == key)
    if tx.connection.execute(exists).first() is None:
        row = {"key": key, "subject": subject, "text": text, "created_at": now}
        tx.connection.execute(insert(t.notice).values(practice=tx.practice, **row))


def due(tx: Tx, now: datetime) -> list[NoticeRow]:
    """Alerts not sent yet."""
    return [NoticeRow(row.key, row.subject, row.text, row.attempts) for row in tx.run(_DUE, the_next_try=now)]


def withdraw(tx: Tx, key: str) -> None:
    """Delete the alert if it was not sent yet: its reason is over."""
    c = t.notice.c
    tx.connection.execute(delete(t.notice).where(c.practice == tx.practice, c.key == key, c.sent_at.is_(None)))


def change(tx: Tx, key: str, **values: Unpack[NoticeColumns]) -> None:
    """Set columns of one alert."""
    where = (t.notice.c.practice == tx.practice, t.notice.c.key == key)
    tx.connection.execute(update(t.notice).where(*where).values(**values))
