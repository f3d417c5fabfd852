"""What changed, and what is of a series, are found without walking through a calendar's history."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_index("ix_resource_practice_calendar_changed_at", "resource", ["practice", "calendar", "changed_at"])
    series = sa.text("recurrence <> ''")
    columns = ["practice", "uid", "calendar", "ref", "recurrence"]
    op.create_index("ix_occurrence_series", "occurrence", columns, sqlite_where=series, postgresql_where=series)
