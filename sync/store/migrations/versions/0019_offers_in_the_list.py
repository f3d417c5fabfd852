"""An offer may stand in the waiting list's own calendar, not in the dentist's."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("offer", sa.Column("shown_in", sa.String()))
