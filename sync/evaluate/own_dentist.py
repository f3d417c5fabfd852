"""The provisional dentist of a new patient without preference: the dentist of their first booking, confirmed by a
visit, revoked if the booking is cancelled (P25, ruling 9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Assessment, Booking
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.plan.messages import is_held
from sync.plan.readiness import may_have_moved
from sync.store import bookings, journal, messages, occurrences, patients, resources, waiting_entries
from sync.store.attendance import ABSENT, HONOURED
from sync.store.bookings import VALID, BookingRow
from sync.store.engine import Tx
from sync.store.patients import Provisional


def note(tx: Tx, assessment: Assessment, what: Booking, patient: int | None, *, booking: int, now: datetime) -> None:
    """Note that this booking, made without preference, gave the patient their dentist provisionally. The patient's
    other bookings are evaluated again, now that the dentist is known."""
    future = assessment.patient_update
    if future is None or patient is None or not assessment.valid or what.cancelled:
        return
    if what.no_preference and future.dentist == what.dentist != what.patient.dentist:
        patients.set_provisional_dentist(tx, patient, booking)
        own = bookings.place(tx, booking)
        resources.mark_dirty(tx, occurrences.places_of_patient(tx, patient, now) - {own}, now)


def settle(world: World) -> int:
    """Confirm the provisional dentists whom a visit confirmed, revoke those whose booking is cancelled for good.
    Returns how many were revoked."""
    now, undone = world.now(), 0
    with world.store.read() as tx:
        doubtful = to_settle(world, tx, now)
    for one in doubtful:
        with kept_apart("dentist not settled"), world.store.write() as tx:
            verdict = _verdict(world, tx, one, now)
            patients.set_provisional_dentist(tx, one.patient, verdict.booking)
            if verdict.decision is Decision.REVOKE:
                _undo(tx, one, now)
                undone += 1
    return undone


def to_settle(world: World, tx: Tx, now: datetime) -> list[Provisional]:
    """The provisional dentists to be confirmed, revoked, or kept because of another booking."""
    return [one for one in patients.doubtful(tx, now) if _verdict(world, tx, one, now) != _kept(one.booking)]


class Decision(Enum):
    """What becomes of a provisional dentist."""

    KEEP = "keep"  # provisional, because of the booking beside it
    CONFIRM = "confirm"
    REVOKE = "revoke"


class _Verdict(Struct, frozen=True):
    """The decision, and the booking on which a kept dentist depends."""

    decision: Decision
    booking: int | None = None


def _kept(booking: int) -> _Verdict:
    return _Verdict(Decision.KEEP, booking)


def _verdict(world: World, tx: Tx, one: Provisional, now: datetime) -> _Verdict:
    """Confirmed by an honoured visit; kept while the booking, or another coming one with that dentist, stands."""
    theirs = bookings.of_patient(tx, one.patient, world.practice.zone)
    if one.dentist is None or any(_honoured(row, one, now) for row in theirs):
        return _Verdict(Decision.CONFIRM)
    if any(row.id == one.booking and not _gone(world, tx, row, now) for row in theirs):
        return _kept(one.booking)
    coming = (row.id for row in theirs if row.state == VALID and row.dentist == one.dentist and row.end > now)
    other = next(coming, None)
    return _Verdict(Decision.REVOKE) if other is None else _kept(other)


def _honoured(row: BookingRow, one: Provisional, now: datetime) -> bool:
    """Whether the patient came to that dentist: the entry says so, or its day ended without a word of an absence."""
    came = row.state == VALID and row.attendance not in ABSENT and one.dentist == row.dentist
    return came and (row.end <= now if row.attendance == HONOURED else row.end.date() < now.date())


def _gone(world: World, tx: Tx, row: BookingRow, now: datetime) -> bool:
    """Whether the booking is cancelled for good: before a cancellation may be told, it may have moved or come back."""
    if row.vanished_at is None or is_held(tx, row) or may_have_moved(tx, row, now):
        return False
    return row.vanished_at + timedelta(seconds=world.practice.policy.settle_change_seconds) <= now


def _undo(tx: Tx, one: Provisional, now: datetime) -> None:
    """Take the dentist from the patient's record; their other bookings ask for one again (P22)."""
    record = patients.get(tx, one.patient)
    if record is not None:
        patients.save(tx, replace(record, dentist=None), now, source="annulation")
        resources.mark_dirty(tx, occurrences.places_of_patient(tx, one.patient, now), now)
        journal.log(tx, now, "attribution-undone", booking=one.booking)


def reconsider(tx: Tx, patient: int, now: datetime, zone: ZoneInfo) -> None:
    """After a change of the record by hand: evaluate the coming bookings again before any message about them (law L3),
    and the events by which the patient waits."""
    places = {*occurrences.places_of_patient(tx, patient, now), *waiting_entries.places_of_patient(tx, patient)}
    resources.mark_dirty(tx, places, now)
    for row in bookings.of_patient(tx, patient, zone):
        if row.end > now:
            messages.replace_pending(tx, row.id, [], now, zone)
