"""What of a calendar's pace must survive a restart: when it is due, when somebody last worked in it, refused logins."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("calendar", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("lively_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("pushed_until", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("offered_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("failing_since", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("refused", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("refused_since", UtcDateTime(), nullable=True))
