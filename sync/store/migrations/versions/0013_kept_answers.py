"""What was answered once for a patient is kept with its date (no mobile, no e-mail, how to reach who answers for them);
a booking keeps the time for which its slot was confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for name in ("without_mobile", "without_email", "guardian_mobile", "guardian_email"):
        op.add_column("patient", sa.Column(name, sa.String()))
    for name in ("without_mobile_since", "without_email_since", "guardian_since"):
        op.add_column("patient", sa.Column(name, sa.Date()))
    op.add_column("booking", sa.Column("slot_confirmed", sa.JSON(none_as_null=True)))
