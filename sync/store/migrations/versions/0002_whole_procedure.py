"""What the whole procedure keeps: proposed slots, adjusted lengths, attendance, provisional attribution, questions."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slots", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("adjusted", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("attendance", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("attendance_reason", sa.String(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_booking_practice_attendance_start"), ["practice", "attendance", "start"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_booking_practice_vanished_at"), ["practice", "vanished_at"], unique=False)
    with op.batch_alter_table("edit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remove", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("together", sa.String(), nullable=True))
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.add_column(sa.Column("provisional", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index(batch_op.f("ix_patient_practice_revision"), ["practice", "revision"], unique=False)
        batch_op.create_index(batch_op.f("ix_patient_practice_provisional"), ["practice", "provisional"], unique=False)
        batch_op.create_index(batch_op.f("ix_patient_practice_merged_into"), ["practice", "merged_into"], unique=False)
    op.create_table(
        "query",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "calendar", "ref", name=op.f("pk_query")),
    )
