"""What all tables share: their metadata, and the practice at the head of every key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key_of(*names: str) -> list[Column[Any]]:
    """The columns of a primary key: the practice, then these texts."""
    return [Column(name, String, primary_key=True) for name in ("practice", *names)]
