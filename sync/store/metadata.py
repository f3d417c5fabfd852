"""What all tables share: their metadata, the revision of their schema, and the practice at the head of every key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, String

HEAD = "0023"
IS_NEWER = f"exists (select from alembic_version where version_num > '{HEAD}')"
"""In a statement on PostgreSQL: whether a newer version has migrated the store meanwhile, so that the rest is to be
left to it. A table of one row, in a statement that is sent anyway."""

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
