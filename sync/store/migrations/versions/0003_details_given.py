"""Which details an event gave the directory already: it does not give them again over newer ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.add_column(sa.Column("given", sa.JSON(none_as_null=True), nullable=True))
