"""Whose patient somebody is before the first visit: provisional until they came or the booking went (P25, ruling 9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.model import Assessment, Booking
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.plan.messages import is_held
from sync.plan.readiness import may_have_moved
from sync.store import basics, bookings, messages, patients, resources
from sync.store.attendance import ABSENT, HONOURED
from sync.store.bookings import VALID, BookingRow
from sync.store.engine import Tx
from sync.store.patients import Provisional


def note(tx: Tx, assessment: Assessment, what: Booking, patient: int | None, *, booking: int, now: datetime) -> None:
    """Keep that this booking, made without preference, is what gave the patient their dentist. Their other bookings
    have an answer now, and are judged again."""
    future = assessment.patient_update
    if future is None or patient is None or not assessment.valid or what.cancelled:
        return
    if what.no_preference and future.dentist == what.dentist != what.patient.dentist:
        patients.hang_on(tx, patient, booking)
        own = bookings.place(tx, booking)
        resources.mark_dirty(tx, resources.places_of_patient(tx, patient, now) - {own}, now)


def settle(world: World) -> int:
    """Make firm what a visit confirmed, undo what was cancelled for good. Returns how many were undone."""
    now, undone = world.now(), 0
    with world.store.read() as tx:
        doubtful = owed(world, tx, now)
    for one in doubtful:
        with kept_apart("dentist not settled"), world.store.write() as tx:
            verdict = _verdict(world, tx, one, now)
            patients.hang_on(tx, one.patient, verdict or None)
            if verdict is None:
                _undo(tx, one, now)
                undone += 1
    return undone


def owed(world: World, tx: Tx, now: datetime) -> list[Provisional]:
    """Whose dentist hangs no longer on that booking."""
    return [one for one in patients.doubtful(tx, now) if _verdict(world, tx, one, now) != one.booking]


_FIRM = 0  # no booking has this number


def _verdict(world: World, tx: Tx, one: Provisional, now: datetime) -> int | None:
    """On which booking the dentist hangs now; `_FIRM`: on none any more; None: the reason is gone."""
    theirs = bookings.of_patient(tx, one.patient, world.practice.zone)
    if one.dentist is None or any(_honoured(row, one, now) for row in theirs):
        return _FIRM
    if any(row.id == one.booking and not _gone(world, tx, row, now) for row in theirs):
        return one.booking
    return next((row.id for row in theirs if row.state == VALID and row.dentist == one.dentist and row.end > now), None)


def _honoured(row: BookingRow, one: Provisional, now: datetime) -> bool:
    """A visit to that dentist of which she wrote so, or of which nobody had said by its evening that it was missed."""
    came = row.state == VALID and row.attendance not in ABSENT and one.dentist == row.dentist
    return came and (row.end <= now if row.attendance == HONOURED else row.end.date() < now.date())


def _gone(world: World, tx: Tx, row: BookingRow, now: datetime) -> bool:
    """Cancelled long enough to be told: until then it may have moved, or come back."""
    if row.vanished_at is None or is_held(tx, row) or may_have_moved(tx, row, now):
        return False
    return row.vanished_at + timedelta(seconds=world.practice.policy.settle_change_seconds) <= now


def _undo(tx: Tx, one: Provisional, now: datetime) -> None:
    """Nobody follows the patient any more; their other bookings ask the question again (P22)."""
    record = patients.get(tx, one.patient)
    if record is not None:
        patients.save(tx, replace(record, dentist=None), now, source="annulation")
        resources.mark_dirty(tx, resources.places_of_patient(tx, one.patient, now), now)
        basics.log(tx, now, "attribution-undone", booking=one.booking)


def reconsider(tx: Tx, patient: int, now: datetime, zone: ZoneInfo) -> None:
    """The record was changed by hand: coming bookings are judged again before anything more is told of them
    (law L3)."""
    resources.mark_dirty(tx, resources.places_of_patient(tx, patient, now), now)
    for row in bookings.of_patient(tx, patient, zone):
        if row.end > now:
            messages.replace_pending(tx, row.id, [], now, zone)
