"""What the first pass found, and what a changed configuration concerns, waits in a backlog by the day of its event."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    with op.batch_alter_table("resource") as table:
        table.add_column(sa.Column("backlog_at", UtcDateTime()))
        table.add_column(sa.Column("body_before", sa.LargeBinary()))
    op.create_index("ix_resource_practice_backlog_at_order", "resource", ["practice", "backlog_at", "order"])
