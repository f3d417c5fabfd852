"""Stores how each appointment ended; if that changes, the patient's coming bookings are evaluated again (P47, P48)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from rules.checks.attendance import Attendance, Verdict, classify, findings
from rules.model import Assessment, Booking, Outcome, OutcomeKind, Patient, Severity
from sync.core.context import World
from sync.plan.messages import is_held
from sync.store import attendance, bookings, history, occurrences, resources
from sync.store.bookings import VANISHED, BookingRow
from sync.store.codec import outcome_from_json
from sync.store.engine import Tx
from sync.store.states import AttendanceState

SLIP_WITHIN = timedelta(hours=1)  # an event deleted so soon, and told to nobody, was never an appointment
_UNTYPED = frozenset({OutcomeKind.CANCELLED, OutcomeKind.DROPPED})


def with_remarks(tx: Tx, patient: Patient, start: datetime, booking: BookingRow | None, zone: ZoneInfo) -> Patient:
    """The record with the unexcused absences that are shown on a booking at `start` (P48)."""
    assert patient.id is not None
    days = history.unexcused_before(tx, patient.id, start, booking.id if booking else None, zone)
    return replace(patient, remarks=days) if days else patient


def classified(
    world: World, assessment: Assessment, before: BookingRow | None, *, baseline: bool, typed: datetime
) -> Verdict | None:
    """The attendance of a booking in its calendar, from the outcome typed, when it was typed, and when a cancellation
    was first seen."""
    what, practice = assessment.booking, world.practice
    assert what is not None
    seen = _seen(world, what, before, baseline=baseline)
    verdict = classify(
        what.start, what.outcome, practice.policy, practice.zone, gone=what.cancelled, seen=seen, typed=typed
    )
    unknown = verdict is not None and verdict.attendance is Attendance.UNDECIDED and what.outcome is None
    return None if unknown and seen is None else verdict  # cancelled before the first pass: no person need decide


def said(world: World, assessment: Assessment, verdict: Verdict | None) -> Assessment:
    """The assessment with the findings about the attendance."""
    more = findings(verdict, world.practice.policy)
    return replace(assessment, findings=(*assessment.findings, *more)) if more else assessment


def note(world: World, tx: Tx, number: int, verdict: Verdict | None, before: BookingRow | None) -> None:
    """Store the attendance of that booking; `before`: the booking as it was."""
    row = bookings.get(tx, number, world.practice.zone)
    if row is None:
        return
    if row.state == VANISHED and before is None and not row.baseline:
        bookings.change(tx, number, vanished_at=world.now())
    _keep(world, tx, row, verdict)


def note_gone(world: World, tx: Tx, number: int) -> None:
    """Store the attendance of a booking that is in no calendar any more: none while the brake holds its calendar, nor
    for one deleted within an hour."""
    row = bookings.get(tx, number, world.practice.zone)
    if row is None or row.state != VANISHED:
        return
    typed = outcome_from_json(row.outcome)
    if typed is not None and typed.kind not in _UNTYPED:
        return  # its outcome was typed before it was deleted
    counts = not is_held(tx, row) and _was_appointment(world, tx, row)
    _keep(world, tx, row, _gone(world, row, typed) if counts else None)


def _seen(world: World, what: Booking, before: BookingRow | None, *, baseline: bool) -> datetime | None:
    """When the cancellation was first seen; None if it was cancelled before the first pass."""
    if not what.cancelled or (before is None and baseline):
        return None
    if before is None:
        return world.now()
    return before.vanished_at or (None if before.state == VANISHED else world.now())


def _was_appointment(world: World, tx: Tx, row: BookingRow) -> bool:
    """Whether the patient was told, or it was complete for an hour; not if it was so long ago that its deletion is
    tidying up."""
    if row.start < world.window(world.now())[0]:
        return False
    complete = all(finding.severity is not Severity.ERROR for finding in row.findings)
    lasted = row.vanished_at is not None and row.vanished_at - row.created_at >= SLIP_WITHIN
    return attendance.told(tx, row.id) or (complete and lasted)


def _gone(world: World, row: BookingRow, typed: Outcome | None) -> Verdict | None:
    practice = world.practice
    if typed is not None and typed.kind is OutcomeKind.DROPPED:
        return None
    return classify(row.start, typed, practice.policy, practice.zone, gone=True, seen=row.vanished_at)


def _keep(world: World, tx: Tx, row: BookingRow, verdict: Verdict | None) -> None:
    now_is = _stored(verdict)
    reason = verdict.reason if verdict else None
    if (row.attendance, row.attendance_reason) == (now_is, reason):
        return
    bookings.change(tx, row.id, attendance=now_is, attendance_reason=reason)
    changes_remarks = attendance.UNEXCUSED in {row.attendance, now_is} or row.attendance in attendance.ABSENT
    if changes_remarks and row.patient is not None:
        others = occurrences.places_of_patient(tx, row.patient, world.now())
        resources.mark_dirty(tx, others - {(row.calendar, row.ref)}, world.now())


def _stored(verdict: Verdict | None) -> AttendanceState | None:
    """The attendance as stored: late but treated is honoured (the reason keeps the delay), too early is undecided."""
    if verdict is None:
        return None
    if verdict.attendance is Attendance.EARLY:
        return attendance.UNDECIDED
    return attendance.HONOURED if verdict.attendance is Attendance.LATE else AttendanceState(verdict.attendance)
