"""The waiting list: who waits, which time became free, to whom it was offered."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("booking", sa.Column("unlisted", sa.Boolean(), nullable=False, server_default=sa.false()))
    _waiting()
    _gap()
    _offer()


def _waiting() -> None:
    op.create_table(
        "waiting",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("motif", sa.String()),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("held", UtcDateTime()),
        sa.Column("mobile", sa.String()),
        sa.Column("email", sa.String()),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fit", sa.Boolean(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("silences", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("why", sa.Text()),
    )
    op.create_index("ix_waiting_practice_state_dentist", "waiting", ["practice", "state", "dentist"])
    op.create_index("ix_waiting_practice_booking", "waiting", ["practice", "booking"])
    op.create_index("ix_waiting_practice_patient", "waiting", ["practice", "patient"])


def _gap() -> None:
    op.create_table(
        "gap",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("end", UtcDateTime(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("why", sa.Text()),
        sa.Column("ref", sa.String()),
    )
    op.create_index("ix_gap_practice_state", "gap", ["practice", "state"])
    op.create_index("ix_gap_practice_dentist_start", "gap", ["practice", "dentist", "start"])


def _offer() -> None:
    op.create_table(
        "offer",
        sa.Column("practice", sa.String(), primary_key=True),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("gap", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("end", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("why", sa.Text()),
        sa.Column("ref", sa.String()),
        sa.Column("title", sa.Text()),
    )
    for names in (["state"], ["gap"], ["waiting", "made_at"], ["made_at"], ["booking"]):
        op.create_index(f"ix_offer_practice_{'_'.join(names)}", "offer", ["practice", *names])
