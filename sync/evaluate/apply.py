"""Applies the assessment of one occurrence: stores patient, booking, agreement and messages, and marks for evaluation
the bookings that share its time or its patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

from msgspec import Struct
from msgspec.structs import replace

from adapters.senders.invite import name_of
from rules.checks.by_link import is_answered
from rules.model import Assessment, Booking, CalendarEvent, Channel, Consent, Finding, Kind, OutcomeKind
from rules.telling.planning import facts_of
from sync.evaluate import agreement, attendance, duplicates, leave, own_dentist, waiting_list
from sync.evaluate.gather import Case, Occurrence, is_noted, page_wishes
from sync.plan.messages import plan_booking, tell_baseline
from sync.store import agreements, bookings, consents, journal, occurrences, patients, resources, wishes
from sync.store.bookings import INVALID, VALID, VANISHED, BookingRow
from sync.store.codec import (
    facts_to_json,
    findings_to_json,
    length_to_json,
    outcome_to_json,
    slot_confirmed_to_json,
)

if TYPE_CHECKING:
    from sync.store.columns import BookingColumns, FoundColumns


class Given(Struct, frozen=True):
    """What the booking keeps besides its assessment."""

    slots: dict[str, Any] | None  # the free times proposed (P24)
    details: dict[str, str]  # what the entry adds to the patient's record (P4)
    copied: Consent | None  # an agreement copied from another event, which does not count (ruling 10)
    slot_start: datetime | None  # the time for which « Créneau confirmé » counts (ruling 18)


def booking(one: Occurrence, found: Assessment, given: Given) -> tuple[int, Assessment]:
    """Store the booking and its consequences. Returns its number, and the assessment with its attendance findings."""
    case, what, before = one.case, found.booking, one.booking
    assert what is not None
    verdict = attendance.classified(case.world, found, before, baseline=case.row.baseline, typed=case.row.changed_at)
    found = attendance.said(case.world, found, verdict)
    patient = _patient(case, found, what)
    number = _kept(one, what, _columns(one, found, what, patient, given))
    if before is not None or verdict is not None or what.cancelled:
        attendance.note(case.world, case.tx, number, verdict, before)
    own_dentist.note(case.tx, found, what, patient, booking=number, now=case.now)
    _agreements(one, found, what, patient, number=number, given=given)
    if before is not None:
        _deal_with_wishes(one, what, before, valid=found.valid)
    if before is not None and (before.start, before.dentist) != (what.start, what.dentist):
        leave.wake(case.tx, before, case.now)
    waiting_list.note(case, number, what, patient, valid=found.valid, accepted=is_noted(one.event))
    if before is not None or not case.row.baseline:  # the first pass plans no messages
        plan_booking(case.world, case.tx, number, case.now)
    kind = Kind.IGNORED if what.cancelled else Kind.BOOKING
    completed = _records(found, what) and what.patient.id is not None
    _seen(
        one, completed=completed, kind=kind.value, label=what.patient.name, booking=number, patient=patient,
        motif=what.motif, end=what.end,
    )  # fmt: skip
    return number, found


def _agreements(
    one: Occurrence, found: Assessment, what: Booking, patient: int | None, *, number: int, given: Given
) -> None:
    """Store what was agreed to and what is asked by link (P23); nothing of it is another patient's."""
    case, before = one.case, one.booking
    if before is not None and before.patient is not None and patient not in {before.patient, None}:
        consents.forget(case.tx, number)
        agreements.forget(case.tx, number)
    if what.consent and what.consent.given and not what.consent.by_link:
        consents.record(case.tx, number, what.dentist, what.consent, case.now)
    if given.copied:
        consents.note_copied(case.tx, number, given.copied.detail, case.now)
    typed = agreement.Typed(one.entry.ask_consent, before is None and case.reading.foreign_block)
    agreement.keep(agreement.At(case.world, case.tx, number, case.now), found, typed)


def _deal_with_wishes(one: Occurrence, what: Booking, before: BookingRow, *, valid: bool) -> None:
    """Close what the patient asked for on their page, and a person dealt with in the event (P39); details reach the
    record from a valid booking only."""
    for wish in page_wishes(one, before):
        if (valid or wish.kind != "correct") and is_answered(wish, one.event.description, what.patient):
            wishes.close(one.case.tx, wish.number, one.case.now)


def unbooked(case: Case, stood: BookingRow | None, findings: Sequence[Finding]) -> None:
    """The event is no valid booking any more: store that, and plan what its patient is told."""
    if stood is not None and stood.vanished_at is None:
        bookings.change(case.tx, stood.id, state=INVALID, findings=findings_to_json(findings))
        plan_booking(case.world, case.tx, stood.id, case.now)


def no_booking(one: Occurrence, kind: Kind, label: str) -> None:
    """Store that the event is no appointment."""
    _seen(one, kind=kind.value, label=label, booking=None, patient=None, motif=None)


def _seen(one: Occurrence, *, completed: bool = False, **values: Unpack[FoundColumns]) -> None:
    """Store the kind of the occurrence; if it changed, mark bookings of the same time or patient for evaluation, and of
    the patient whose it was. `completed`: it changed the record of a known patient."""
    case, event = one.case, one.event
    whose = occurrences.evaluated(case.tx, case.place, event.uid, event.recurrence, **values)
    if whose is None or (case.shows_nothing and not completed):
        return  # what the first pass finds takes its time from the start
    near = set[tuple[str, str]]()
    if not case.shows_nothing:
        near = occurrences.neighbours(case.tx, one.dentist, event.start, values.get("end", event.end))
    for patient in whose:
        near |= occurrences.places_of_patient(case.tx, patient, case.now)
    resources.mark_dirty(case.tx, near - {case.place}, case.now)


def _patient(case: Case, found: Assessment, what: Booking) -> int | None:
    """The number of the patient's record, which a valid booking makes or completes (P4, P5)."""
    update = found.patient_update
    if update is None or not _records(found, what):
        return what.patient.id
    return patients.save(case.tx, update, case.now, source=f"{case.row.calendar} {case.row.ref}", keep_name=True)


def _records(found: Assessment, what: Booking) -> bool:
    """Whether the booking makes or completes the patient's record."""
    return found.patient_update is not None and found.valid and not what.cancelled


# --- the booking's row -----------------------------------------------------------------------------------------------


def _kept(one: Occurrence, what: Booking, values: BookingColumns) -> int:
    if one.booking is None:
        return _added(one.case, one.event, what, values)
    _changed(one.case, one.booking, values)
    return one.booking.id


def _added(case: Case, event: CalendarEvent, what: Booking, values: BookingColumns) -> int:
    known = case.row.baseline or _came_into_view(case, event)
    values |= {"baseline": known, "created_at": case.now, "changed_at": case.row.changed_at}
    values["invite"] = name_of(case.practice.key, event.uid, event.recurrence)
    number = bookings.add(case.tx, **values)
    journal.log(case.tx, case.now, "booked", booking=number, calendar=case.row.calendar, ref=case.row.ref)
    if known and not what.cancelled:
        addresses = {Channel.SMS: what.reached_by_sms, Channel.EMAIL: what.reached_by_email}
        tell_baseline(case.tx, number, values["facts"], addresses, case.now)
    return number


def _came_into_view(case: Case, event: CalendarEvent) -> bool:
    """Whether no person made this visit: the moving window reached it, and the patient knows of the series (law L7)."""
    return event.recurring and event.start >= case.world.window(case.row.changed_at)[1]


def _changed(case: Case, before: BookingRow, values: BookingColumns) -> None:
    stored: BookingColumns = {
        "facts": facts_to_json(before.facts), "mobile": before.mobile, "email": before.email, "state": before.state,
    }  # fmt: skip
    if not stored.items() <= values.items():
        values["changed_at"] = max(case.now, before.changed_at)
        duplicates.tell_twins(case.tx, before, case.now)
    if values["state"] == VANISHED:
        values["vanished_at"] = before.vanished_at or (None if before.state == VANISHED else case.now)
    else:
        values |= {"vanished_at": None, "released_at": None}
    _note_left(case, before, values)
    bookings.change(case.tx, before.id, **values)


def _note_left(case: Case, before: BookingRow, values: BookingColumns) -> None:
    """Note the time that the appointment leaves, for the waiting list (P44)."""
    to = (values["dentist"], values["start"], values["end"])
    if values["state"] == VANISHED:
        waiting_list.left(case.world, case.tx, before, case.now)
    elif to != (before.dentist, before.start, before.end):
        waiting_list.left(case.world, case.tx, before, case.now, to)


def _columns(one: Occurrence, found: Assessment, what: Booking, patient: int | None, given: Given) -> BookingColumns:
    row, event = one.case.row, one.event
    facts = replace(facts_of(what, one.case.practice), patient_id=patient or 0)
    cancelled = {"kind": OutcomeKind.CANCELLED} | (outcome_to_json(what.outcome) or {})
    return {
        "calendar": row.calendar, "ref": row.ref, "uid": event.uid, "recurrence": event.recurrence,
        "dentist": what.dentist, "start": what.start, "end": what.end, "patient": patient,
        "state": VANISHED if what.cancelled else VALID if found.valid else INVALID,
        "facts": facts_to_json(facts), "mobile": what.reached_by_sms, "email": what.reached_by_email,
        "findings": findings_to_json(found.findings), "adjusted": length_to_json(found.length),
        "slot_confirmed": slot_confirmed_to_json(one.entry.slot_confirmed, given.slot_start),
        "outcome": cancelled if what.cancelled else outcome_to_json(what.outcome),
        "slots": given.slots, "unlisted": what.unlisted,
        **_traces(found, what, one.booking, given.details),
    }  # fmt: skip


def _traces(found: Assessment, what: Booking, before: BookingRow | None, given: dict[str, str]) -> BookingColumns:
    """What the event added to the directory, kept so that its feedback stays the same (law L2)."""
    born = found.patient_update is not None and what.patient.id is None and found.valid
    said = (*(before.updates if before else ()), *found.changes)
    if not found.valid or what.cancelled:
        given = before.given or {} if before else {}  # this time nothing reached the directory
    return {
        "born_here": born or bool(before and before.born_here),
        "updates": list(dict.fromkeys(said)),
        "given": given or None,
    }
