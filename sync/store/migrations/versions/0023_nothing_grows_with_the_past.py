"""What is, and what is still to come, is found without walking through what is over."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0023"
down_revision = "0022"

FULL = {
    "ix_companion_practice_day": ("companion", "practice", "day"),
}
PARTIAL = {
    "ix_resource_shut": ("unwritable is not null", "resource", "practice", "over_at"),
}
LAST_END = """update resource set over_at = (
    select max(o."end") from occurrence o
    where o.practice = resource.practice and o.calendar = resource.calendar and o.ref = resource.ref
)"""


def upgrade() -> None:
    op.add_column("resource", sa.Column("over_at", UtcDateTime()))
    op.execute(LAST_END)
    for name, (table, *columns) in FULL.items():
        op.create_index(name, table, columns)
    for name, (where, table, *columns) in PARTIAL.items():
        there = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=there, postgresql_where=there)
