"""The push channels of calendars, opened and closed by us or ended by time. Only hashes of their secrets are stored.

A channel's name says of which practice it is, as links do, so that a notification asks one practice of a thousand.
Older names, a UUID alone, may be of any, until they expire.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack
from uuid import uuid4

from msgspec import Struct
from sqlalchemy import delete, insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here

if TYPE_CHECKING:
    from sync.store.columns import SubscriptionColumns


_EVERY = select(t.subscription).where(*here(t.subscription)).order_by(t.subscription.c.opened_at, t.subscription.c.id)
_GET = select(t.subscription).where(*here(t.subscription, "id"))
_NEW, _CHANGE = insert(t.subscription), update(t.subscription).where(*here(t.subscription, "id"))
_FORGET = delete(t.subscription).where(*here(t.subscription, "id"))
WORN = 0.8  # of a channel's life, then it is renewed
_MARK = 16  # signs
_OLDER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Subscription(Struct, frozen=True):
    """One push channel. `resource` and `expires_at` are None until the server told them. `heard_at`: when the first
    notification came, which proves that notifications reach us. `not_before`: when closing it is tried again."""

    id: str
    calendar: str
    address: str
    secret_hash: str
    resource: str | None
    opened_at: datetime
    expires_at: datetime | None
    heard_at: datetime | None
    not_before: datetime | None

    def fits(self, secret: str) -> bool:
        """Whether that is the channel's secret; compared in constant time."""
        return hmac.compare_digest(self.secret_hash, hashed(secret))

    def lives(self, now: datetime) -> bool:
        """Whether the server granted the channel and it has not expired."""
        return self.expires_at is not None and self.expires_at > now

    def worn(self, now: datetime) -> bool:
        """Whether the channel is due for renewal: four fifths of its life are over."""
        if self.expires_at is None:
            return True
        return now >= self.opened_at + WORN * (self.expires_at - self.opened_at)

    def silent(self, now: datetime, patience: timedelta) -> bool:
        """Whether no notification ever came within `patience`, although the server sends a first one at once."""
        return self.heard_at is None and now - self.opened_at > patience


def new_name(practice: str) -> str:
    """For a channel of that practice; Google takes 64 signs."""
    return f"{uuid4()}-{mark_of(practice)}"


def mark_of(practice: str) -> str:
    """The end of the names of its channels, which says nothing of the practice."""
    return hashlib.sha256(f"attitre channel {practice}".encode()).hexdigest()[:_MARK]


def has_mark(name: str, mark: str) -> bool:
    """Whether a channel of the practice with that mark may be called so."""
    return name.endswith(f"-{mark}") or _OLDER.fullmatch(name) is not None


def hashed(secret: str) -> str:
    """The secret's hash. One plain hash is enough for a secret that is long and random."""
    return hashlib.sha256(secret.encode()).hexdigest()


def every(tx: Tx) -> tuple[Subscription, ...]:
    """All push channels of the practice, the oldest first."""
    return tuple(_row(row) for row in tx.run(_EVERY).mappings())


def get(tx: Tx, ident: str) -> Subscription | None:
    """The push channel of that id; None if there is none."""
    row = tx.run(_GET, the_id=ident).mappings().first()
    return _row(row) if row else None


def add(tx: Tx, ident: str, secret: str, *, calendar: str, address: str, now: datetime) -> None:
    """Store the channel before it is requested: the first notification may come before the answer."""
    row = {"id": ident, "calendar": calendar, "address": address, "secret_hash": hashed(secret), "opened_at": now}
    tx.add(_NEW, [row])


def change(tx: Tx, ident: str, **values: Unpack[SubscriptionColumns]) -> None:
    """Set columns of one channel."""
    tx.run(_CHANGE, the_id=ident, **values)


def forget(tx: Tx, ident: str) -> None:
    """Delete the channel; its notifications are refused from now on."""
    tx.run(_FORGET, the_id=ident)


def _row(row: Any) -> Subscription:
    return Subscription(**{name: row[name] for name in Subscription.__struct_fields__})
