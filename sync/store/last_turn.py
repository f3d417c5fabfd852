"""What a practice's last turn left for the next one, whichever process had it (`sync.store.lease`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here

_LEFT = select(t.lease.c.memory).where(*here(t.lease))


def left(tx: Tx) -> Mapping[str, Any]:
    """Nothing before the first turn."""
    return tx.run(_LEFT).scalar() or {}
