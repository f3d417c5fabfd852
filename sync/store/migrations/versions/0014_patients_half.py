"""What patients do by their link: the links themselves, slots kept for a click, wishes, messages not wanted."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("intent", sa.Column("kind", sa.String(), nullable=False, server_default="cancel"))
    op.add_column("intent", sa.Column("start", UtcDateTime()))
    op.add_column("intent", sa.Column("old_start", UtcDateTime()))
    op.add_column("intent", sa.Column("old_end", UtcDateTime()))
    op.add_column("intent", sa.Column("offer", sa.Integer()))
    op.create_table(
        "link",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
    )
    op.create_index("ix_link_practice_booking", "link", ["practice", "booking"])
    op.create_index("ix_link_practice_patient", "link", ["practice", "patient"])
    op.create_table(
        "slot_hold",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("dentist", sa.String(), primary_key=True),
        sa.Column("at", UtcDateTime(), primary_key=True),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_slot_hold_practice_booking", "slot_hold", ["practice", "booking"])
    op.create_table(
        "wish",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
    )
    op.create_index("ix_wish_practice_closed_at", "wish", ["practice", "closed_at"])
    op.create_index("ix_wish_practice_booking", "wish", ["practice", "booking"])
    op.create_index("ix_wish_practice_patient", "wish", ["practice", "patient"])
    op.add_column("patient", sa.Column("no_sms_since", UtcDateTime()))
    op.add_column("patient", sa.Column("no_email_since", UtcDateTime()))
