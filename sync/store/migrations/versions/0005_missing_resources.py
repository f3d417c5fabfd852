"""What a listing lacked is found without a walk through the calendar's whole copy: each pass asks for it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    missing = sa.text("state = 'suspect'")
    columns = ["practice", "calendar", "state"]
    op.create_index("ix_resource_suspect", "resource", columns, sqlite_where=missing, postgresql_where=missing)
