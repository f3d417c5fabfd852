"""The columns that may be set, table by table: for the type checker only, so that a misspelt one is an error of mypy.

Nothing here is imported at run time. Keys of a table that a function takes by position are left out. Times are aware;
JSON columns have the shapes of `sync.store.codec`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from sync.store.states import AttendanceState, BookingState, CalendarState, ResourceState

Json = dict[str, Any]


class CalendarColumns(TypedDict, total=False):
    """`calendar`, but for its address; `CalendarRow` says what each one means."""

    dentist: str
    state: CalendarState
    cursor_kind: str | None
    cursor_value: str | None
    cursor_query: str | None
    baseline_at: datetime | None
    last_success: datetime | None
    last_attempt: datetime | None
    reason: str | None
    trouble: str | None
    fail_count: int
    not_before: datetime | None
    held_at: datetime | None
    read_only: str | None
    audited_at: datetime | None
    audit_tried_at: datetime | None
    deep_audit_at: datetime | None
    unreported: int
    doubted_at: datetime | None
    doubt: str | None
    spare_cursor: list[str] | None
    conditions_at: datetime | None
    due_at: datetime | None
    lively_at: datetime | None
    pushed_until: datetime | None
    offered_seconds: int | None
    failing_since: datetime | None
    refused: int
    refused_since: datetime | None


class ResourceColumns(TypedDict, total=False):
    """`resource`, but for its place; `payload` is packed."""

    version: str | None
    payload: bytes
    raw_hash: bytes
    semantic: str
    state: ResourceState
    suspect_at: datetime | None
    owed: bool
    baseline: bool
    first_pass: bool
    problem: str
    changed_at: datetime
    dirty_at: datetime | None
    order: int
    written: Json | None
    rewrites: int
    unwritable: str | None
    twin: int | None


class FoundColumns(TypedDict, total=False):
    """What evaluation finds out of an `occurrence`."""

    end: datetime
    kind: str
    label: str
    booking: int | None
    patient: int | None
    motif: str | None


class BookingColumns(TypedDict, total=False):
    """`booking`, but for its number."""

    calendar: str
    ref: str
    uid: str
    recurrence: str
    dentist: str
    start: datetime
    end: datetime
    patient: int | None
    state: BookingState
    facts: Json
    mobile: str | None
    email: str | None
    findings: list[Json]
    outcome: Json | None
    baseline: bool
    born_here: bool
    updates: list[str]
    given: dict[str, str] | None
    slots: Json | None
    adjusted: Json | None
    slot_confirmed: Json | None
    attendance: AttendanceState | None
    attendance_reason: str | None
    invite: str
    created_at: datetime
    changed_at: datetime
    vanished_at: datetime | None
    released_at: datetime | None


class MessageColumns(TypedDict, total=False):
    """What a change of state sets in `message`."""

    due_at: datetime
    next_try: datetime | None
    attempts: int
    unclear: int
    started_at: datetime | None
    done_at: datetime | None
    reason: str | None
    reference: str | None
    together: str | None
    approved_at: datetime | None


class NoticeColumns(TypedDict, total=False):
    """`notice`, once it is raised."""

    sent_at: datetime | None
    attempts: int
    next_try: datetime | None


class SubscriptionColumns(TypedDict, total=False):
    """`subscription`, once it is asked for."""

    resource: str | None
    expires_at: datetime | None
    heard_at: datetime | None
    not_before: datetime | None
