"""What a listing lacked is found without a walk through the calendar's whole copy: each pass asks for it."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_resource_practice_calendar_state"), ["practice", "calendar", "state"], unique=False
        )
