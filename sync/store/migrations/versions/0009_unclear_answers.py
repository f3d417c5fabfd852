"""How often a message's answer was lost is counted apart from its other attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unclear", sa.Integer(), nullable=False, server_default="0"))
