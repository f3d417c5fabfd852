"""An appointment's name in its patient's calendar follows the event; those already told keep the name they have.
An event that stands under a second address of its calendar knows whose double it is."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("booking", sa.Column("invite", sa.String()))
    op.add_column("resource", sa.Column("twin", sa.Integer()))
