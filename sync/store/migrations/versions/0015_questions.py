"""What patients are asked by link: whether they agree to another dentist (P23), and to choose another time of the same
dentist (P24)."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("own", sa.String()),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("words", sa.Text()),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String()),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("wording", sa.Text()),
        sa.UniqueConstraint("practice", "booking", "dentist", "start"),
    )
    op.create_index("ix_agreement_practice_start", "agreement", ["practice", "start"])
    op.create_table(
        "rescue",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("at_prompt", sa.Boolean(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String()),
        sa.Column("answered_at", UtcDateTime()),
        sa.UniqueConstraint("practice", "calendar", "uid", "booking"),
    )
    op.create_index("ix_rescue_practice_booking", "rescue", ["practice", "booking"])
