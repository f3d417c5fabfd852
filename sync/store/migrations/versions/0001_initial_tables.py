"""The first tables."""

import sqlalchemy as sa
from alembic import op

from sync.store.utc import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "booking",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("recurrence", sa.String(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("end", UtcDateTime(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("mobile", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("born_here", sa.Boolean(), nullable=False),
        sa.Column("updates", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("vanished_at", UtcDateTime(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("practice", "id", name=op.f("pk_booking")),
    )
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_booking_practice_calendar_ref"), ["practice", "calendar", "ref"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_booking_practice_patient_start"), ["practice", "patient", "start"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_booking_practice_start"), ["practice", "start"], unique=False)
        batch_op.create_index(batch_op.f("ix_booking_practice_uid"), ["practice", "uid"], unique=False)

    op.create_table(
        "calendar",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cursor_kind", sa.String(), nullable=True),
        sa.Column("cursor_value", sa.Text(), nullable=True),
        sa.Column("cursor_query", sa.String(), nullable=True),
        sa.Column("baseline_at", UtcDateTime(), nullable=True),
        sa.Column("last_success", UtcDateTime(), nullable=True),
        sa.Column("last_attempt", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("fail_count", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("held_at", UtcDateTime(), nullable=True),
        sa.Column("read_only", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "calendar", name=op.f("pk_calendar")),
    )
    op.create_table(
        "consent",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "booking", "dentist", name=op.f("pk_consent")),
    )
    op.create_table(
        "counter",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "name", name=op.f("pk_counter")),
    )
    op.create_table(
        "edit",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("annotation", sa.JSON(), nullable=False),
        sa.Column("end", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "calendar", "ref", name=op.f("pk_edit")),
    )
    op.create_table(
        "journal",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=True),
        sa.Column("calendar", sa.String(), nullable=True),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_practice_booking"), ["practice", "booking"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_journal_practice_calendar_ref"), ["practice", "calendar", "ref"], unique=False
        )

    op.create_table(
        "message",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("next_try", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "id", name=op.f("pk_message")),
        sa.UniqueConstraint("practice", "key", name=op.f("uq_message_practice_key")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_practice_booking"), ["practice", "booking"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_message_practice_state_due_at"), ["practice", "state", "due_at"], unique=False
        )

    op.create_table(
        "notice",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("practice", "key", name=op.f("pk_notice")),
    )
    op.create_table(
        "occurrence",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("recurrence", sa.String(), nullable=False),
        sa.Column("dentist", sa.String(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("end", UtcDateTime(), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=True),
        sa.Column("patient", sa.Integer(), nullable=True),
        sa.Column("motif", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("practice", "calendar", "ref", "uid", "recurrence", name=op.f("pk_occurrence")),
    )
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_occurrence_practice_dentist_lasting_start"),
            ["practice", "dentist", "lasting", "start"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_occurrence_practice_patient_start"), ["practice", "patient", "start"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_occurrence_practice_uid"), ["practice", "uid"], unique=False)

    op.create_table(
        "patient",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("birth_name", sa.String(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("mobile", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("dentist", sa.String(), nullable=True),
        sa.Column("guardian", sa.String(), nullable=True),
        sa.Column("foreign_id", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("practice", "id", name=op.f("pk_patient")),
    )
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patient_practice_birth_date"), ["practice", "birth_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_patient_practice_email"), ["practice", "email"], unique=False)
        batch_op.create_index(batch_op.f("ix_patient_practice_mobile"), ["practice", "mobile"], unique=False)

    op.create_table(
        "patient_history",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("old", sa.String(), nullable=True),
        sa.Column("new", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "id", name=op.f("pk_patient_history")),
    )
    with op.batch_alter_table("patient_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patient_history_practice_patient"), ["practice", "patient"], unique=False)

    op.create_table(
        "patient_name",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("patient", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "token", "patient", name=op.f("pk_patient_name")),
    )
    with op.batch_alter_table("patient_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patient_name_practice_patient"), ["practice", "patient"], unique=False)

    op.create_table(
        "resource",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=False),
        sa.Column("semantic", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("suspect_at", UtcDateTime(), nullable=True),
        sa.Column("owed", sa.Boolean(), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("first_pass", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("dirty_at", UtcDateTime(), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("written", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("rewrites", sa.Integer(), nullable=False),
        sa.Column("unwritable", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("practice", "calendar", "ref", name=op.f("pk_resource")),
    )
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_resource_practice_calendar_owed"), ["practice", "calendar", "owed"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_resource_practice_dirty_at"), ["practice", "dirty_at"], unique=False)

    op.create_table(
        "setting",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "name", name=op.f("pk_setting")),
    )
    op.create_table(
        "telling",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "booking", "channel", "number", name=op.f("pk_telling")),
    )
