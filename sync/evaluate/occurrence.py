"""One occurrence of an event, in three steps: gather what is known, assess it by the procedure, apply what was found.

The rules assess at most twice: once with what is known, and where their findings ask for free times, once with these.
What may continue an event that she deleted is assessed as that first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from rules.checks.assess import Context, assess, drafted
from rules.entry import reading as entries
from rules.findings import find
from rules.model import Annotation, Assessment, Booking, CalendarEvent, Kind
from rules.patients.record_update import spoken
from rules.telling.event_block import feedback, problem_feedback
from rules.telling.planning import facts_of
from rules.text.french import day_and_clock, listed
from sync.evaluate import apply, duplicates, relocation, typed_questions
from sync.evaluate.gather import Case, Occurrence, gather, offered
from sync.evaluate.slot_offers import Offer
from sync.plan.messages import receipts
from sync.store.bookings import BookingRow


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to stand in the event because of one occurrence. `end`: the new end that it is to get (P8)."""

    annotation: Annotation
    end: datetime | None = None


def evaluate(case: Case, event: CalendarEvent, stood: BookingRow | None) -> Outcome:
    """Everything about one occurrence. `stood`: the booking that it was so far."""
    dentist = case.source.dentist_of(event)
    if dentist is None:
        return Outcome(_untagged(case, event, stood))
    one = Occurrence(case, event, case.entries.read(event), dentist, stood)
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


def _stood_elsewhere(one: Occurrence, draft: Booking, twin: BookingRow | None) -> BookingRow | None:
    """The booking of this very event: its double's, or that of the place that it left. None: it is new."""
    case = one.case
    if twin is not None:
        duplicates.take_over(case.tx, case.row, twin, case.now)
        return replace(twin, ref=case.row.ref)
    if draft.cancelled:
        return None
    left = relocation.dragged_here(case.world, case.tx, case.row, one.event, case.now)
    return relocation.settle_here(case.tx, left, case.row, one.event, case.now) if left else None


def _made_anew(one: Occurrence, draft: Booking) -> Outcome | None:
    """Assessed as what continues an event that she deleted, and applied where it does (hard case G08)."""
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
    """What is to be said of it, with the free times that its findings ask for (P24)."""
    found = assess(one.event, one.entry, one.case.practice, context)
    offer = offered(one, context, found)
    if offer.slots or offer.nothing:
        context = replace(context, slots=offer.slots, no_slots=offer.nothing)
        found = assess(one.event, one.entry, one.case.practice, context)
    return found, offer


# --- what each kind of event leads to --------------------------------------------------------------------------------


def _booked(one: Occurrence, context: Context, found: Assessment, offer: Offer) -> Outcome:
    case, copied = one.case, None if context.consent_counts else one.entry.consent
    given = apply.Given(offer.kept, spoken(one.entry), copied)
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
    return feedback(found, event, case.practice, (), case.now)


def _twice(one: Occurrence, twin: BookingRow) -> Annotation:
    """The same event stands under another address, and that one is the appointment."""
    case = one.case
    duplicates.note(case.tx, case.row, twin)
    apply.no_booking(one, Kind.IGNORED, "")
    return problem_feedback(find(case.practice.policy, "event-twice", seen=day_and_clock(twin.start)), case.practice)


def _untagged(case: Case, event: CalendarEvent, stood: BookingRow | None) -> Annotation:
    """A patient's appointment in a shared calendar that does not say whose it is (P2); others are nobody's."""
    entry = case.entries.read(event)
    likely = entries.looks_like_patient(entry, event, case.practice) is entries.Likeness.SURE
    if event.end <= case.now or not (likely or stood):
        return Annotation()
    tags = listed([f"« [{tag}] »" for tag in case.source.tags], "ou")
    findings = find(case.practice.policy, "dentist-untagged", tags=tags)
    apply.unbooked(case, stood, findings)
    return problem_feedback(findings, case.practice)
