"""The tables of what patients ask for and answer by their links (P23, P24, P39, P44). Every key starts with the
practice; times are UTC. They are used through `sync.store.tables`.

    link → booking | agreement | offer          intent → slot_hold (to be written into a calendar)
    waiting → offer ← gap                       wish (shown to the practice), agreement, rescue (questions)
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from sync.store.metadata import key_of, metadata
from sync.store.utc import UtcDateTime

intent = Table(
    "intent",
    metadata,
    *key_of(),
    Column("booking", Integer, primary_key=True),
    Column("kind", String, nullable=False, default="cancel"),
    Column("seen", String, nullable=False),
    Column("start", UtcDateTime),
    Column("old_start", UtcDateTime),
    Column("old_end", UtcDateTime),
    Column("offer", Integer),
    Column("state", String, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index(None, "practice", "state"),
    Index(None, "practice", "asked_at"),
)

link = Table(
    "link",
    metadata,
    *key_of("hash"),
    Column("kind", String, nullable=False),
    Column("booking", Integer, nullable=False),
    Column("patient", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("subject", Integer, nullable=False, default=0),
    Column("made_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index(None, "practice", "booking"),
    Index(None, "practice", "patient"),
    Index(None, "practice", "made_at"),
)

slot_hold = Table(
    "slot_hold",
    metadata,
    *key_of("dentist"),
    Column("at", UtcDateTime, primary_key=True),
    Column("booking", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Index(None, "practice", "booking"),
)

wish = Table(
    "wish",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("booking", Integer, nullable=False),
    Column("patient", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index(None, "practice", "closed_at"),
    Index(None, "practice", "booking"),
    Index(None, "practice", "patient"),
)

waiting = Table(
    "waiting",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("origin", String, nullable=False),
    Column("booking", Integer, nullable=False),
    Column("calendar", String, nullable=False),
    Column("ref", String, nullable=False),
    Column("patient", Integer, nullable=False),
    Column("dentist", String, nullable=False),
    Column("motif", String),
    Column("minutes", Integer, nullable=False),
    Column("wish", JSON, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("held", UtcDateTime),
    Column("mobile", String),
    Column("email", String),
    Column("name", String, nullable=False),
    Column("fit", Boolean, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("silences", Integer, nullable=False, default=0),
    Column("confirmed_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("why", Text),
    Index(None, "practice", "state", "dentist"),
    Index(None, "practice", "booking"),
    Index(None, "practice", "patient"),
    Index(None, "practice", "closed_at"),
    Index("ix_waiting_event", "practice", "calendar", "ref", sqlite_where=text("ref <> ''")),
)

gap = Table(
    "gap",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("dentist", String, nullable=False),
    Column("calendar", String, nullable=False),
    Column("booking", Integer, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("end", UtcDateTime, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("look_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("why", Text),
    Column("ref", String),
    Index(None, "practice", "state", "start"),
    Index(None, "practice", "dentist", "start"),
    Index(None, "practice", "closed_at"),
    Index("ix_gap_shown", "practice", "ref", sqlite_where=text("ref > ''")),
)

offer = Table(
    "offer",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("gap", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("booking", Integer, nullable=False),
    Column("patient", Integer, nullable=False),
    Column("dentist", String, nullable=False),
    Column("calendar", String, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("end", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("why", Text),
    Column("ref", String),
    Column("title", Text),
    Column("shown_in", String),
    Index(None, "practice", "state"),
    Index(None, "practice", "gap"),
    Index(None, "practice", "waiting", "made_at"),
    Index(None, "practice", "made_at"),
    Index(None, "practice", "booking"),
    Index(None, "practice", "dentist", "start"),
    Index("ix_offer_shown", "practice", "ref", sqlite_where=text("ref > ''")),
)

agreement = Table(
    "agreement",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("booking", Integer, nullable=False),
    Column("dentist", String, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("own", String),
    Column("patient", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("words", Text),
    Column("stands", Boolean, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("answer", String),
    Column("answered_at", UtcDateTime),
    Column("wording", Text),
    UniqueConstraint("practice", "booking", "dentist", "start"),
    Index(None, "practice", "start"),
)

rescue = Table(
    "rescue",
    metadata,
    *key_of(),
    Column("id", Integer, primary_key=True),
    Column("calendar", String, nullable=False),
    Column("uid", String, nullable=False),
    Column("booking", Integer, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("at_prompt", Boolean, nullable=False, default=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("answer", String),
    Column("answered_at", UtcDateTime),
    UniqueConstraint("practice", "calendar", "uid", "booking"),
    Index(None, "practice", "booking"),
    Index(None, "practice", "start"),
)
