"""Any number of workers share the practices of a PostgreSQL: leases end by the server's clock, workers are counted.

`holder` has no default on purpose: the statement by which an older attitre takes a lease fails from now on, so that
one that still runs works beside none of this version.
"""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    with op.batch_alter_table("lease") as table:
        table.add_column(sa.Column("holder", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("until", UtcDateTime()))
        table.add_column(sa.Column("due_at", UtcDateTime()))
        table.add_column(sa.Column("memory", sa.JSON()))
    with op.batch_alter_table("lease") as table:
        table.alter_column("holder", server_default=None)
    op.create_table(
        "process",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )
