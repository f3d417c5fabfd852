"""What is, and what is still to come, is found without walking through what is over."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0023"
down_revision = "0022"

FULL = {
    "ix_companion_practice_day": ("companion", "practice", "day"),
    "ix_patient_name_practice_patient_token": ("patient_name", "practice", "patient", "token"),
    "ix_gap_practice_state_start": ("gap", "practice", "state", "start"),
    "ix_offer_practice_dentist_start": ("offer", "practice", "dentist", "start"),
}
PARTIAL = {
    "ix_resource_shut": ("unwritable is not null", "resource", "practice", "over_at"),
    "ix_resource_shut_changed": ("unwritable is not null", "resource", "practice", "changed_at"),
    "ix_message_together": ("together is not null", "message", "practice", "together"),
    "ix_waiting_event": ("ref <> ''", "waiting", "practice", "calendar", "ref"),
    "ix_gap_shown": ("ref > ''", "gap", "practice", "ref"),
    "ix_offer_shown": ("ref > ''", "offer", "practice", "ref"),
}
LONGER = {"ix_patient_name_practice_patient": "patient_name", "ix_gap_practice_state": "gap"}  # a new one begins alike
LAST_END = """update resource set over_at = (
    select max(o."end") from occurrence o
    where o.practice = resource.practice and o.calendar = resource.calendar and o.ref = resource.ref
) where (practice, calendar, ref) in (select practice, calendar, ref from occurrence where "end" > :lately)"""
LATELY = timedelta(days=2)  # nobody asks for what was over before, whatever the zone: its rows are left as they are


def upgrade() -> None:
    op.add_column("resource", sa.Column("over_at", UtcDateTime()))
    lately = sa.bindparam("lately", datetime.now(UTC) - LATELY, UtcDateTime())
    op.execute(sa.text(LAST_END).bindparams(lately))
    for name, table in LONGER.items():
        op.drop_index(name, table)
    for name, (table, *columns) in FULL.items():
        op.create_index(name, table, columns)
    for name, (where, table, *columns) in PARTIAL.items():
        there = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=there, postgresql_where=there)
