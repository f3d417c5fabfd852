"""Who may write for a practice is numbered; what a patient asks for by the link waits for the worker."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("fence", sa.Integer(), nullable=False),
    )
    op.create_table(
        "intent",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("booking", sa.Integer(), primary_key=True),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime()),
    )
    op.create_index("ix_intent_practice_state", "intent", ["practice", "state"])
