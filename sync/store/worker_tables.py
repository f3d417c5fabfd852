"""The tables of who works for which practice. They are used through `sync.store.tables`."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table

from sync.store.metadata import key_of, metadata
from sync.store.utc import UtcDateTime

lease = Table(
    "lease",
    metadata,
    *key_of(),
    Column("fence", Integer, nullable=False),
    Column("holder", String, nullable=False),  # empty: nobody; these and all below: on PostgreSQL only
    Column("until", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("memory", JSON(none_as_null=True)),
)
process = Table(  # the workers of a PostgreSQL; they work for many, so their practice is empty
    "process",
    metadata,
    *key_of("id"),
    Column("name", String, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
