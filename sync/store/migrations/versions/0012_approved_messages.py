"""Messages that a person let go are told apart; how many left within the hour is asked of an index."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("approved_at", UtcDateTime()))
    op.create_index("ix_message_practice_started_at", "message", ["practice", "started_at"])
