"""The columns that may be set, table by table. For the type checker only, so that mypy reports a misspelt column.

Nothing here is imported at run time. Key columns that functions take by position are left out. Times are aware; JSON
columns have the shapes of `sync.store.codec`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from sync.store.states import AttendanceState, BookingState, CalendarState, ResourceState

Json = dict[str, Any]


class CalendarColumns(TypedDict, total=False):
    """Columns of `calendar` without its address; `CalendarRow` says what each one means."""

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
    """Columns of `resource` without its place; `payload` is compressed (`resources.pack`)."""

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
    backlog_at: datetime | None
    body_before: bytes | None
    order: int
    written: Json | None
    rewrites: int
    unwritable: str | None
    twin: int | None
    over_at: datetime | None


class FoundColumns(TypedDict, total=False):
    """What evaluation found out about an `occurrence`."""

    end: datetime
    kind: str
    label: str
    booking: int | None
    patient: int | None
    motif: str | None


class BookingColumns(TypedDict, total=False):
    """Columns of `booking` without its number."""

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
    unlisted: bool
    invite: str
    created_at: datetime
    changed_at: datetime
    vanished_at: datetime | None
    released_at: datetime | None


class MessageColumns(TypedDict, total=False):
    """Columns of `message` that a change of state sets."""

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
    """Columns of `notice` that change after it was raised."""

    sent_at: datetime | None
    attempts: int
    next_try: datetime | None


class SubscriptionColumns(TypedDict, total=False):
    """Columns of `subscription` that change after it was requested."""

    resource: str | None
    expires_at: datetime | None
    heard_at: datetime | None
    not_before: datetime | None
