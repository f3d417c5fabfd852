"""What is known of each calendar's honesty: audits, doubts, heeded conditions; notices beside events we may not touch."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("calendar", schema=None) as batch_op:
        batch_op.add_column(sa.Column("audited_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("audit_tried_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("deep_audit_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("unreported", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("doubted_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("doubt", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("spare_cursor", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("conditions_at", UtcDateTime(), nullable=True))
    there = sa.text("unwritable is not null")
    op.create_index(
        "ix_resource_unwritable", "resource", ["practice", "unwritable", "calendar"],
        sqlite_where=there, postgresql_where=there,
    )  # fmt: skip
    op.create_table(
        "companion",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("semantic", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "calendar", "day", name=op.f("pk_companion")),
    )
