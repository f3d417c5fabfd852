"""What was kept long enough is found without walking through what is kept."""

from alembic import op

revision = "0018"
down_revision = "0017"

BY_AGE = (
    ("journal", "at"), ("intent", "asked_at"), ("link", "made_at"), ("waiting", "closed_at"), ("gap", "closed_at"),
    ("rescue", "start"), ("notice", "sent_at"),
)  # fmt: skip


def upgrade() -> None:
    for table, column in BY_AGE:
        op.create_index(f"ix_{table}_practice_{column}", table, ["practice", column])
