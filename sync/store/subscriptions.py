"""Push channels of calendars: opened by us, ended by us or by time. Their secrets are kept as hashes only."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

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
WORN = 0.8  # of its life, after which it is replaced


@dataclass(frozen=True, slots=True)
class Subscription:
    """One channel. `resource` and `expires_at` are None until the server said them; `heard_at`: when its first message
    came, which proves that messages reach us; `not_before`: when ending it is tried again."""

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
        """Whether that is its secret; takes as long for a wrong one."""
        return hmac.compare_digest(self.secret_hash, hashed(secret))

    def lives(self, now: datetime) -> bool:
        """The server granted it, and its time is not over."""
        return self.expires_at is not None and self.expires_at > now

    def worn(self, now: datetime) -> bool:
        """Four fifths of what the server granted are over."""
        if self.expires_at is None:
            return True
        return now >= self.opened_at + WORN * (self.expires_at - self.opened_at)

    def silent(self, now: datetime, patience: timedelta) -> bool:
        """Nothing was ever heard of it, and the first message should have come at once."""
        return self.heard_at is None and now - self.opened_at > patience


def hashed(secret: str) -> str:
    """How a secret is kept: it is long and random, so one hash hides it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def every(tx: Tx) -> tuple[Subscription, ...]:
    """All of the practice, the oldest first."""
    return tuple(_row(row) for row in tx.run(_EVERY).mappings())


def get(tx: Tx, ident: str) -> Subscription | None:
    """One, or None."""
    row = tx.run(_GET, the_id=ident).mappings().first()
    return _row(row) if row else None


def add(tx: Tx, ident: str, secret: str, *, calendar: str, address: str, now: datetime) -> None:
    """About to be asked for: its first message may come before the answer."""
    row = {"id": ident, "calendar": calendar, "address": address, "secret_hash": hashed(secret), "opened_at": now}
    tx.add(_NEW, [row])


def change(tx: Tx, ident: str, **values: Unpack[SubscriptionColumns]) -> None:
    """Set columns of one."""
    tx.run(_CHANGE, the_id=ident, **values)


def forget(tx: Tx, ident: str) -> None:
    """Its messages are a stranger's from now on."""
    tx.run(_FORGET, the_id=ident)


def _row(row: Any) -> Subscription:
    return Subscription(**{name: row[name] for name in Subscription.__slots__})
