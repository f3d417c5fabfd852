"""Evaluates one occurrence in three steps: gather the facts, assess them by the procedure, apply the result.

The rules assess at most twice: once with the facts, and once more with free times if the findings ask for some. An
event that may continue a deleted one is first assessed as its continuation.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.assess import Context, assess, drafted
from rules.entry.is_patient import Likeness, has_patient_details, looks_like_patient
from rules.findings import raised
from rules.model import Annotation, Assessment, Booking, CalendarEvent, Entry, Finding, Kind
from rules.patients.likeness import says_no_more
from rules.patients.record_update import spoken
from rules.telling.event_block import feedback, problem_feedback
from rules.telling.planning import facts_of
from rules.text.french import day_and_clock, listed
from sync.evaluate import apply, duplicates, leave, relocation, typed_questions
from sync.evaluate.gather import Case, Occurrence, gather, offered
from sync.evaluate.slot_offers import Offer
from sync.plan.messages import receipts
from sync.store import patients
from sync.store.bookings import BookingRow


class Outcome(Struct, frozen=True):
    """What is to be written into the event because of one occurrence."""

    annotation: Annotation
    end: datetime | None = None  # its new end (P8); None: unchanged


def evaluate(case: Case, event: CalendarEvent, stood: BookingRow | None) -> Outcome:
    """Gather, assess and apply one occurrence. `stood`: the booking that it was so far."""
    dentist = case.source.dentist_of(event)
    if dentist is None:
        return Outcome(_untagged(case, event, stood))
    one = Occurrence(case, event, _as_booked(case, case.entries.read(event), stood), dentist, stood)
    context = gather(one)
    draft = drafted(event, one.entry, case.practice, context)
    if draft is None:
        return Outcome(_no_booking(one, assess(event, one.entry, case.practice, context)))
    if stood is None:
        twin = duplicates.twin_of(case.world, case.tx, case.row, event)
        if twin is not None and not duplicates.counts_more(case.tx, case.row, twin):
            return Outcome(_twice(one, twin))
        one = replace(one, booking=_stood_elsewhere(one, draft, twin))
        context = gather(one) if one.booking else context
    return _made_anew(one, draft) or _booked(one, context, *_assessed(one, context))


def _as_booked(case: Case, entry: Entry, stood: BookingRow | None) -> Entry:
    """What happened is of the appointment as it was booked, whatever of its title gave way to `Pas venue` (P48)."""
    if stood is None or entry.outcome is None:
        return entry
    if not (entry.motif or entry.motifs):
        motif = stood.facts.motif
        entry = replace(entry, motif=motif, motifs=(motif,) if motif else (), findings=_but_of(entry, "motif"))
    record = patients.get(case.tx, stood.patient) if stood.patient is not None else None
    if record is None or has_patient_details(entry) or not says_no_more(entry, record):
        return entry
    return replace(entry, name_text=record.name, findings=_but_of(entry, "name"))


def _but_of(entry: Entry, field: str) -> tuple[Finding, ...]:
    return tuple(one for one in entry.findings if one.field != field)


def _stood_elsewhere(one: Occurrence, draft: Booking, twin: BookingRow | None) -> BookingRow | None:
    """The booking of this very event, from its duplicate or from the place that it left; None if it is new."""
    case = one.case
    if twin is not None:
        duplicates.take_over(case.tx, case.row, twin, case.now)
        return replace(twin, ref=case.row.ref)
    if draft.cancelled:
        return None
    left = relocation.dragged_here(case.world, case.tx, case.row, one.event, case.now)
    return relocation.settle_here(case.tx, left, case.row, one.event, case.now) if left else None


def _made_anew(one: Occurrence, draft: Booking) -> Outcome | None:
    """The outcome as the continuation of a deleted event (hard case G08); None if it continues none."""
    case = one.case
    elder = None if draft.cancelled else relocation.made_anew(case.world, case.tx, draft, one.booking, case.now)
    if elder is None:
        return None
    as_elder = replace(one, booking=elder)
    context = gather(as_elder)
    found, offer = _assessed(as_elder, context)
    after = facts_of(found.booking, case.practice) if found.booking else None
    if after is None or not relocation.goes_on(elder.facts, after, valid=found.valid):
        return None
    if one.booking is not None:
        relocation.absorb(case.tx, elder, one.booking)
    here = relocation.settle_here(case.tx, elder, case.row, one.event, case.now)
    return _booked(replace(one, booking=here), context, found, offer)


def _assessed(one: Occurrence, context: Context) -> tuple[Assessment, Offer]:
    """The assessment, with the free times that its findings ask for (P24)."""
    found = assess(one.event, one.entry, one.case.practice, context)
    offer = offered(one, context, found)
    if offer.slots or offer.nothing:
        context = replace(context, slots=offer.slots, no_slots=offer.nothing)
        found = assess(one.event, one.entry, one.case.practice, context)
    return found, offer


# --- what each kind of event leads to --------------------------------------------------------------------------------


def _booked(one: Occurrence, context: Context, found: Assessment, offer: Offer) -> Outcome:
    case, copied = one.case, None if context.consent_counts else one.entry.consent
    given = apply.Given(offer.kept, spoken(one.entry), copied, context.slot_start)
    number, found = apply.booking(one, found, given)
    if case.fixed:
        return Outcome(Annotation(), found.end)  # nothing is written there
    sent = receipts(case.world, case.tx, number) if one.booking is not None else ()
    return Outcome(feedback(found, one.event, case.practice, sent, case.now), found.end)


def _no_booking(one: Occurrence, found: Assessment) -> Annotation:
    case, event, asks = one.case, one.event, found.kind is Kind.QUERY
    if event.end <= case.now and not asks:
        return Annotation()
    kind = Kind.IGNORED if asks else found.kind  # a question takes nobody's time
    apply.no_booking(one, kind, "" if asks or kind is Kind.PRIVATE else event.title[:80])
    apply.unbooked(case, one.booking, found.findings)
    if asks:
        return typed_questions.answered(case.world, case.tx, case.row, event, one.dentist)
    if found.kind is Kind.BLOCK and not case.shows_nothing:
        found = replace(found, findings=(*found.findings, *leave.findings(one)))
    return feedback(found, event, case.practice, (), case.now)


def _twice(one: Occurrence, twin: BookingRow) -> Annotation:
    """The event is a duplicate: its other copy in the calendar is the appointment."""
    case = one.case
    duplicates.note(case.tx, case.row, twin)
    apply.no_booking(one, Kind.IGNORED, "")
    return problem_feedback(raised(case.practice.policy, "event-twice", seen=day_and_clock(twin.start)), case.practice)


def _untagged(case: Case, event: CalendarEvent, stood: BookingRow | None) -> Annotation:
    """An appointment in a shared calendar without a dentist's tag gets a finding (P2); other events get none."""
    entry = case.entries.read(event)
    likely = looks_like_patient(entry, event, case.practice) is Likeness.SURE
    if event.end <= case.now or not (likely or stood):
        return Annotation()
    tags = listed([f"« [{tag}] »" for tag in case.source.tags], "ou")
    findings = raised(case.practice.policy, "dentist-untagged", tags=tags)
    if stood is not None:
        apply.no_booking(Occurrence(case, event, entry, stood.dentist, stood), Kind.IGNORED, "")
    apply.unbooked(case, stood, findings)
    return problem_feedback(findings, case.practice)
