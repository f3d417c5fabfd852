"""The store's tables. Every key starts with the practice; times are UTC.

    calendar → resource → occurrence → booking → telling
                                        booking → message (outbox)     resource → edit (calendar outbox)
    calendar → subscription (push)
    patient → patient_name, patient_history          consent, notice, setting, counter, journal

What patients ask for by link stands in `sync.store.patient_tables`, leases in `sync.store.worker_tables`; both are
imported from here as well.

`resource.dirty_at` marks a resource whose bookings were not evaluated since it changed. It is committed together with
the cursor, so that no change covered by a cursor is lost (law L5).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sync.store.metadata import key_of, metadata
from sync.store.patient_tables import agreement, gap, intent, link, offer, rescue, slot_hold, waiting, wish
from sync.store.utc import UtcDateTime
from sync.store.worker_tables import lease, process

__all__ = (  # imported elsewhere from here
    "agreement", "gap", "intent", "lease", "link", "metadata", "offer", "process", "rescue", "slot_hold", "waiting",
    "wish",
)  # fmt: skip

setting = Table("setting", metadata, *key_of("name"), Column("value", Text, nullable=False))
counter = Table("counter", metadata, *key_of("name"), Column("value", Integer, nullable=False))
calendar = Table(
    "calendar",
    metadata,
    *key_of("calendar"),
    Column("dentist", String, nullable=False),
    Column("state", String, nullable=False, default="active"),
    Column("cursor_kind", String),
    Column("cursor_value", Text),
    Column("cursor_query", String),
    Column("baseline_at", UtcDateTime),
    Column("last_success", UtcDateTime),
    Column("last_attempt", UtcDateTime),
    Column("reason", Text),
    Column("trouble", String),
    Column("fail_count", Integer, nullable=False, default=0),
    Column("not_before", UtcDateTime),
    Column("held_at", UtcDateTime),
    Column("read_only", Text),
    Column("audited_at", UtcDateTime),
    Column("audit_tried_at", UtcDateTime),
    Column("deep_audit_at", UtcDateTime),
    Column("unreported", Integer, nullable=False, default=0),
    Column("doubted_at", UtcDateTime),
    Column("doubt", Text),
    Column("spare_cursor", JSON(none_as_null=True)),
    Column("conditions_at", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("lively_at", UtcDateTime),
    Column("pushed_until", UtcDateTime),
    Column("offered_seconds", Integer),
    Column("failing_since", UtcDateTime),
    Column("refused", Integer, nullable=False, default=0),
    Column("refused_since", UtcDateTime),
    Column("generation", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
)

subscription = Table(
    "subscription",
    metadata,
    *key_of("id"),
    Column("calendar", String, nullable=False),
    Column("address", String, nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("resource", String),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("heard_at", UtcDateTime),
    Column("not_before", UtcDateTime),
)

resource = Table(
    "resource",
    metadata,
    *key_of("calendar", "ref"),
    Column("version", String),
    Column("payload", LargeBinary, nullable=False),
    Column("raw_hash", LargeBinary, nullable=False),
    Column("semantic", String, nullable=False),
    Column("state", String, nullable=False),
    Column("suspect_at", UtcDateTime),
    Column("owed", Boolean, nullable=False, default=False),
    Column("baseline", Boolean, nullable=False, default=False),
    Column("first_pass", Boolean, nullable=False, default=False),
    Column("problem", String, nullable=False, default=""),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("dirty_at", UtcDateTime),
    Column("backlog_at", UtcDateTime),
    Column("body_before", LargeBinary),
    Column("order", Integer, nullable=False),
    Column("written", JSON(none_as_null=True)),
    Column("rewrites", Integer, nullable=False, default=0),
    Column("unwritable", Text),
    Column("twin", Integer),
    Column("over_at", UtcDateTime),
    Index(None, "practice", "dirty_at"),
    Index(None, "practice", "backlog_at", "order"),
    Index(None, "practice", "calendar", "owed"),
    Index(None, "practice", "calendar", "changed_at"),
    Index(
        "ix_resource_unwritable",
        "practice",
        "unwritable",
        "calendar",
        sqlite_where=text("unwritable is not null"),
    ),
    Index("ix_resource_shut", "practice", "over_at", sqlite_where=text("unwritable is not null")),
    Index("ix_resource_shut_changed", "practice", "changed_at", sqlite_where=text("unwritable is not null")),
    Index(
        "ix_resource_suspect",
        "practice",
        "calendar",
        "state",
        sqlite_where=text("state = 'suspect'"),
    ),
)

occurrence = Table(
    "occurrence",
    metadata,
    *key_of("calendar", "ref", "uid", "recurrence"),
    Column("dentist", String, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("end", UtcDateTime, nullable=False),
    Column("all_day", Boolean, nullable=False),
    Column("lasting", Boolean, nullable=False),
    Column("kind", String, nullable=False),
    Column("label", String, nullable=False, default=""),
    Column("order", Integer, nullable=False),
    Column("booking", Integer),
    Column("patient", Integer),
    Column("motif", String),
    Index(None, "practice", "dentist", "lasting", "start"),
    Index(None, "practice", "uid"),
    Index(None, "practice", "patient", "start"),
    Index(
        "ix_occurrence_series",  # with all that is asked of a series, so that SQLite takes it without statistics
        "practice",
        "uid",
        "calendar",
        "ref",
        "recurrence",
        sqlite_where=text("recurrence <> ''"),
    ),
)

booking = Table(
    "booking",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("calendar", String, nullable=False),
    Column("ref", String, nullable=False),
    Column("uid", String, nullable=False),
    Column("recurrence", String, nullable=False),
    Column("dentist", String, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("end", UtcDateTime, nullable=False),
    Column("patient", Integer),
    Column("state", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("mobile", String),
    Column("email", String),
    Column("findings", JSON, nullable=False),
    Column("outcome", JSON(none_as_null=True)),
    Column("baseline", Boolean, nullable=False),
    Column("born_here", Boolean, nullable=False, default=False),
    Column("updates", JSON, nullable=False, default=list),
    Column("given", JSON(none_as_null=True)),
    Column("slots", JSON(none_as_null=True)),
    Column("adjusted", JSON(none_as_null=True)),
    Column("slot_confirmed", JSON(none_as_null=True)),
    Column("attendance", String),
    Column("attendance_reason", String),
    Column("invite", String),
    Column("unlisted", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("vanished_at", UtcDateTime),
    Column("released_at", UtcDateTime),
    Index(None, "practice", "calendar", "ref"),
    Index(None, "practice", "uid"),
    Index(None, "practice", "start"),
    Index(None, "practice", "patient", "start"),
    Index(None, "practice", "attendance", "start"),
    Index(None, "practice", "vanished_at"),
)

telling = Table(
    "telling",
    metadata,
    *key_of(),
    Column("booking", Integer, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("recipient", String),
    Column("state", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

message = Table(
    "message",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("booking", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("state", String, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("next_try", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("unclear", Integer, nullable=False, default=0),
    Column("started_at", UtcDateTime),
    Column("done_at", UtcDateTime),
    Column("reason", Text),
    Column("reference", String),
    Column("together", String),
    Column("approved_at", UtcDateTime),
    Column("fence", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("practice", "key"),
    Index(None, "practice", "started_at"),
    Index(None, "practice", "state", "due_at"),
    Index(None, "practice", "booking"),
    Index("ix_message_together", "practice", "together", sqlite_where=text("together is not null")),
)

edit = Table(
    "edit",
    metadata,
    *key_of("calendar", "ref"),
    Column("annotation", JSON, nullable=False),
    Column("end", UtcDateTime),
    Column("remove", Boolean, nullable=False, default=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
)


patient = Table(
    "patient",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("family_name", String, nullable=False),
    Column("given_name", String, nullable=False),
    Column("birth_name", String),
    Column("birth_date", Date),
    Column("mobile", String),
    Column("email", String),
    Column("address", String),
    Column("dentist", String),
    Column("provisional", Integer),
    Column("guardian_mobile", String),
    Column("guardian_email", String),
    Column("guardian_since", Date),
    Column("without_mobile", String),
    Column("without_mobile_since", Date),
    Column("without_email", String),
    Column("without_email_since", Date),
    Column("guardian", String),
    Column("foreign_id", String),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("merged_into", Integer),
    Column("no_sms_since", UtcDateTime),
    Column("no_email_since", UtcDateTime),
    Column("revision", Integer, nullable=False, default=0),
    Index(None, "practice", "revision"),
    Index(None, "practice", "provisional"),
    Index(None, "practice", "merged_into"),
    Index(None, "practice", "mobile"),
    Index(None, "practice", "email"),
    Index(None, "practice", "birth_date"),
)

patient_name = Table(
    "patient_name",
    metadata,
    *key_of(),
    Column("token", String, primary_key=True),
    Column("patient", Integer, primary_key=True),
    Index(None, "practice", "patient", "token"),
)

patient_history = Table(
    "patient_history",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("patient", Integer, nullable=False),
    Column("field", String, nullable=False),
    Column("old", String),
    Column("new", String),
    Column("source", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "practice", "patient"),
)

query = Table(
    "query",
    metadata,
    *key_of("calendar", "ref"),
    Column("asked", Text, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("answered_at", UtcDateTime, nullable=False),
)

companion = Table(
    "companion",
    metadata,
    *key_of("calendar", "day"),
    Column("ref", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("said", String, nullable=False),
    Column("semantic", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "practice", "day"),
)

consent = Table(
    "consent",
    metadata,
    *key_of(),
    Column("booking", Integer, primary_key=True),
    Column("dentist", String, primary_key=True),
    Column("detail", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)


notice = Table(
    "notice",
    metadata,
    *key_of("key"),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try", UtcDateTime),
    Index(None, "practice", "sent_at"),
)

journal = Table(
    "journal",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("booking", Integer),
    Column("calendar", String),
    Column("ref", String),
    Column("event", String, nullable=False),
    Column("detail", String, nullable=False, default=""),
    Index(None, "practice", "booking"),
    Index(None, "practice", "calendar", "ref"),
    Index(None, "practice", "at"),
)


def for_postgresql() -> None:
    """Give PostgreSQL the partial indexes of SQLite. Called when such a store is opened, since it imports the
    dialect."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
