"""Assesses one event: its kind, its booking, and all findings at once (ruling 1, laws L2 and L3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from rules.checks import agenda, agreement, by_link, checklist, kept_answers, leave, visit_length, waiting_list
from rules.checks.by_link import ChosenTime, PageWish
from rules.checks.own_dentist import Agreed, Attribution, attribute
from rules.checks.slot_wish import own_first, shown_once, slot_lines
from rules.checks.typed_time import typed_time
from rules.details import names
from rules.entry.is_patient import Likeness, called, has_patient_details, looks_like_patient
from rules.entry.reserved_slots import is_reserved
from rules.findings import RULES, raised, severity
from rules.model import (
    Assessment,
    Booking,
    Busy,
    CalendarEvent,
    Consent,
    Entry,
    Finding,
    Guardian,
    Kind,
    Length,
    Outcome,
    OutcomeKind,
    Patient,
    Practice,
    Question,
    Severity,
    Slot,
    Status,
)
from rules.patients.identify import Match, identify
from rules.patients.likeness import is_named, names_family
from rules.patients.record_update import complete
from rules.patients.shared_contact import shared
from rules.patients.shown import label
from rules.patients.standing_answers import answered
from rules.text.fold import key
from rules.text.french import day_and_clock

_NO_BLOCKS = frozenset({"birthday", "workingLocation"})  # kinds of Google events that take no time
_ORDER = {rule: index for index, rule in enumerate(RULES)}
_UNDECIDED = frozenset({"patient-ambiguous", "patient-mismatch", "patient-namesake"})
_WHO = frozenset({*_UNDECIDED, "patient-unknown"})
_IN_THE_RECORD = frozenset(
    {"birth-date-missing", "mobile-missing", "email-missing", "address-missing", "dentist-unasked"}
)


class Context(Struct, frozen=True):
    """What the store knows about the event's surroundings."""

    dentist: str  # in whose calendar the event is
    now: datetime
    order: int = 0  # rank in conflicts: of two events at one time, the one with the higher number has the error (P10)
    candidates: tuple[Patient, ...] = ()  # the records that `identify.clues` point at
    match: Match | None = None  # whom the entry means, where that was asked already: of these candidates, as known here
    nearest: tuple[Patient, ...] = ()  # records with names similar to an unknown one, for proposals only
    busy: tuple[Busy, ...] = ()  # what else takes the dentist's time, or the patient's
    linked: int | None = None  # the record to which the booking belongs already
    born_here: bool = True  # that record was made from this event
    consent: Consent | None = None  # the patient's own answer by the link
    questions: tuple[Question, ...] = ()  # what the patient was asked by link of this booking (P23)
    words_copied: bool = False  # what is typed in a new event came with a copied one
    consent_dentist: str | None = None  # the dentist for whom an agreement was noted before
    guardian: Guardian | None = None  # who is named here, as another child's record knows them
    slot_counts: bool = True  # False: « Créneau confirmé » was typed for another time, or copied along (ruling 18)
    slot_start: datetime | None = None  # the time for which it was typed; None: copied along
    consent_counts: bool = True  # False: what is typed was agreed for another booking, and copied (ruling 10)
    slots: tuple[Slot, ...] = ()  # free times to propose
    no_slots: str = ""  # the sentence if there is none
    updated: tuple[str, ...] = ()  # changes that this event made in the directory, shown as long as it exists
    given: Mapping[str, str] = field(default_factory=dict)  # details that the directory has from this event (P4)
    kept_time: bool = False  # it was at this time before the time came, so its past date is no typing error (P17)
    length: Length | None = None  # what is remembered of the event's length (P8)
    fixed: str = ""  # why its length cannot be changed (P8)
    first_seen: datetime | None = None  # when the booking was first seen
    wishes: tuple[PageWish, ...] = ()  # what the patient asked for on their page, and nobody dealt with (P39)
    chosen: ChosenTime | None = None  # the event's time is the patient's own choice, by link (P44, P45)
    wait_ended: str = ""  # why the typed « Liste d'attente » does not count any more (P44)
    offered: tuple[str, ...] = ()  # the patients that she was shown to choose from (`= 1`)


def assess(event: CalendarEvent, entry: Entry, practice: Practice, context: Context) -> Assessment:
    """The event's kind, booking and findings. Never raises for any event; the same facts give the same answer."""
    kind = _kind(event, entry)
    if kind is not None:
        return Assessment(kind)
    match = _who(entry, practice, context)
    if _is_booking(event, entry, practice, context, match):
        return _booking(event, entry, practice, context, match)
    if event.transparent or event.status is Status.CANCELLED:
        return Assessment(Kind.IGNORED)
    named = _somebody_named(event, entry, practice, context, match)
    return Assessment(Kind.BLOCK, named or agenda.block_findings(event, practice))


def may_be_booking(event: CalendarEvent, entry: Entry, practice: Practice) -> bool:
    """Whether the store has to be asked about the event at all; if not, no answer could make it a booking."""
    return _kind(event, entry) is None and looks_like_patient(entry, event, practice) is not Likeness.NONE


def drafted(event: CalendarEvent, entry: Entry, practice: Practice, context: Context) -> Booking | None:
    """The booking that the event would be, before its checks; None if it is none."""
    if _kind(event, entry) is not None:
        return None
    match = _who(entry, practice, context)
    if not _is_booking(event, entry, practice, context, match):
        return None
    patient, _, _ = _completed(match, entry, practice, context, context.given)
    return _made(event, entry, patient, context)


def somebody_is_unknown(event: CalendarEvent, entry: Entry, practice: Practice, context: Context) -> bool:
    """Whether the event means a patient who is not in the directory, so that similar names are worth proposing."""
    if _kind(event, entry) is not None or context.candidates:
        return False
    match = _who(entry, practice, context)
    missed = any(one.rule == "patient-unknown" for one in match.findings)
    return missed and _is_booking(event, entry, practice, context, match)


def _kind(event: CalendarEvent, entry: Entry) -> Kind | None:
    """The kind, if the directory is not needed to tell it; else None."""
    if event.private:
        return Kind.IGNORED if event.transparent or event.status is Status.CANCELLED else Kind.PRIVATE
    if event.kind in _NO_BLOCKS:
        return Kind.IGNORED
    if entry.query is not None:
        return Kind.QUERY
    if not is_reserved(event, entry):
        return None
    return Kind.IGNORED if event.transparent or event.status is Status.CANCELLED else Kind.PLACEHOLDER


def _who(entry: Entry, practice: Practice, context: Context) -> Match:
    return context.match or identify(
        entry,
        context.candidates,
        practice.policy,
        nearest=context.nearest,
        linked=context.linked,
        born_here=context.born_here,
        offered=context.offered,
    )


def _is_booking(event: CalendarEvent, entry: Entry, practice: Practice, context: Context, match: Match) -> bool:
    """Whether the event is a booking. If the entry alone does not tell, it is one if the directory knows the patient
    (ruling 11)."""
    likeness = looks_like_patient(entry, event, practice)
    if likeness is Likeness.SURE:
        return True
    if entry.kept_for and not (entry.motif or entry.motifs or has_patient_details(entry)):
        return False  # `rappeler DUPONT Marie`
    known = match.patient is not None or any(one.rule == "patient-ambiguous" for one in match.findings)
    meant = known or context.linked is not None or _family_name(entry, context.candidates)
    return likeness is Likeness.MAYBE and not event.transparent and meant


def _somebody_named(
    event: CalendarEvent, entry: Entry, practice: Practice, context: Context, match: Match
) -> tuple[Finding, ...]:
    """Somebody is named who may be a patient: her appointment, or a note about her? Nobody decides that in the
    secretary's place (ruling 22)."""
    if not entry.name_text or entry.no_booking:
        return ()
    by_name = called(event.title, entry, practice)
    if not (entry.kept_for or by_name):
        return ()
    name = names.split(entry.name_text)
    people = tuple(one for one in (*match.nearest, *context.candidates) if names_family(entry, one))
    if not (people or by_name) and not (name.certain and names.usual_given(name.given)):
        return ()
    shown = tuple(map(label, dict.fromkeys(people)))[:3]
    return raised(practice.policy, "block-patient", patient=entry.name_text, proposals=shown)


def _family_name(entry: Entry, candidates: Iterable[Patient]) -> bool:
    """Whether the whole title is the name of a family in the directory (`Dupont`): a patient is meant, and not the
    reason of a block."""
    typed = key(entry.name_text)
    return bool(typed) and any(typed in {key(one.family_name), key(one.birth_name or "")} for one in candidates)


def _booking(event: CalendarEvent, entry: Entry, practice: Practice, context: Context, match: Match) -> Assessment:
    if not context.consent_counts:
        entry = replace(entry, consent=None)
    if context.guardian is not None:
        entry = replace(entry, guardian=context.guardian)
    same = match.patient is not None and match.patient.id == context.linked
    given = context.given if same else {}
    patient, changes, kept = _completed(match, entry, practice, context, given)
    booking = _made(event, entry, patient, context)
    if booking.cancelled:
        return Assessment(Kind.BOOKING, (), booking)
    placed = _attributed(event, entry, patient, practice, context)
    findings = (
        *_read(entry, match, context),
        *match.findings,
        *kept,
        *shared(entry, match.patient, patient, context.candidates, policy=practice.policy, given=given),
        *placed.findings,
        *kept_answers.said(entry, patient, booking, practice, other_child=context.guardian is not None),
        *checklist.mandatory(booking, entry, practice),
        *checklist.visit(entry, patient, practice),
        *checklist.forms(event, entry, practice),
        *checklist.when(event, entry, practice, context.now, kept=context.kept_time),
        *agenda.meant(
            event, entry, practice, _slot(event, context), tuple(_time(event, entry, booking, practice, context))
        ),
        *checklist.remarks(patient, practice),
        *by_link.said(context.wishes, event.description, booking, practice),
        *by_link.chose(context.chosen, practice),
        *leave.elsewhere(entry, practice),
        *waiting_list.noted(booking, practice, ended=context.wait_ended),
        *_earlier(entry, placed, event, practice, context),
    )
    future = replace(patient, dentist=placed.dentist) if placed.dentist else patient
    found = Assessment(Kind.BOOKING, _ordered(_relevant(findings)), booking, None, changes)
    recorded = _recorded(found, match.patient, future, practice, context)
    fitted = _fitted(recorded, event, entry, practice, context)
    if not context.consent_counts:
        return agreement.without(fitted, event, practice, context.dentist)
    questions, copied = context.questions, context.words_copied
    asking = agreement.Asking(
        event, entry, practice, placed.dentist, context.dentist, context.now, questions, copied=copied
    )
    asked = agreement.asked(fitted, asking)
    return asked if asked is fitted else replace(asked, findings=_ordered(asked.findings))


def _relevant(findings: tuple[Finding, ...]) -> Iterable[Finding]:
    """While it is open who is meant, findings about missing details of the record are left out; of two people in one
    event, only that is asked."""
    rules = {one.rule for one in findings}
    if "name-twice" in rules:
        return (one for one in findings if one.rule not in _IN_THE_RECORD | _WHO)
    if "title-crossed" in rules:  # first of all: does it stand?
        findings = tuple(one for one in findings if one.rule != "motif-missing")
    nobody = {"name-missing", "birth-date-missing", "mobile-missing"} <= rules  # `détartrage`: first of all, who?
    return (
        findings
        if _WHO.isdisjoint(rules) and not nobody
        else (one for one in findings if one.rule not in _IN_THE_RECORD)
    )


def _recorded(
    found: Assessment, on_file: Patient | None, future: Patient, practice: Practice, context: Context
) -> Assessment:
    """The assessment with the changes of the directory; only a valid booking makes any (P4, P5, P25)."""
    if not found.valid:
        return replace(found, changes=())
    said = tuple(dict.fromkeys((*context.updated, *found.changes)))
    asked = severity("details-updated", practice.policy) is Severity.ERROR  # then only a person changes the record
    said = found.changes if asked else said
    done = "à mettre à jour" if asked else "mis à jour"
    noted = raised(practice.policy, "details-updated", seen=" ; ".join(said), done=done) if said else ()
    found = replace(found, findings=_ordered((*found.findings, *noted)))
    if not found.valid:
        return replace(found, changes=())
    return replace(found, patient_update=future if future != on_file else None)


def _fitted(found: Assessment, event: CalendarEvent, entry: Entry, practice: Practice, context: Context) -> Assessment:
    """The assessment with the length of the motif, for a valid coming booking (P8)."""
    booking = found.booking
    if booking is None or not found.valid or booking.cancelled or event.start <= context.now:
        return replace(found, length=context.length or Length(event.minutes))
    fitted = visit_length.fit(
        event, booking, entry, practice, busy=context.busy, known=context.length, fixed=context.fixed
    )
    lasting = replace(booking, end=fitted.end) if fitted.end else booking
    findings = _ordered((*found.findings, *fitted.findings))
    return replace(found, findings=findings, booking=lasting, end=fitted.end, length=fitted.length)


def _made(event: CalendarEvent, entry: Entry, patient: Patient, context: Context) -> Booking:
    outcome, day = entry.outcome, event.start.date()
    return Booking(
        dentist=context.dentist,
        start=event.start,
        end=event.end,
        patient=patient,
        motif=entry.motif,
        first_visit=checklist.first_visit(entry, patient),
        consent=entry.consent or _by_link(event, patient, context),
        guardian=kept_answers.guardian(entry, patient, day),
        without_mobile=entry.without_mobile or kept_answers.without(patient, "mobile"),
        without_email=entry.without_email or kept_answers.without(patient, "email"),
        comment=entry.comment,
        waiting=entry.waiting,
        wish=entry.wish,
        unlisted=entry.unlisted,
        teeth=entry.teeth,
        outcome=outcome,
        cancelled=event.status is Status.CANCELLED or _called_off(outcome),
        no_preference=entry.no_preference,
    )


def _completed(
    match: Match, entry: Entry, practice: Practice, context: Context, given: Mapping[str, str]
) -> tuple[Patient, tuple[str, ...], list[Finding]]:
    """As `complete`, with the answers that stay on the record."""
    patient, changes, kept = complete(match.patient, entry, practice.policy, given, renames=match.renames)
    return answered(match.patient, patient, entry, context.now.astimezone(practice.zone).date()), changes, kept


def _called_off(outcome: Outcome | None) -> bool:
    """Whether the entry says that the appointment does not take place, whatever attendance it says."""
    if outcome is None or outcome.kind == OutcomeKind.CONTRADICTORY:
        return False
    return outcome.kind == OutcomeKind.CANCELLED or outcome.called_off


def _read(entry: Entry, match: Match, context: Context) -> tuple[Finding, ...]:
    """The findings of reading. A record found by other clues completes an incomplete name (P4)."""
    on_file, needless = match.patient, set[str]()
    if on_file is not None and not names.joined(on_file.family_name, on_file.given_name).problem:
        needless.add("name-suspicious")
    own = on_file is not None and context.born_here and on_file.id == context.linked
    if not entry.new_patient or not (on_file is None or own):
        needless.add("name-order")  # another record tells it, or who is meant is asked first
    if any(one.rule in _WHO and one.proposals for one in match.findings):
        needless.add("name-suspicious")
    if on_file is not None and entry.also_named and all(is_named(one, on_file) for one in entry.also_named):
        needless.add("name-twice")  # the title has the former name, and « Nom » the corrected one (P39)
    return tuple(one for one in entry.findings if one.rule not in needless)


def _by_link(event: CalendarEvent, patient: Patient, context: Context) -> Consent | None:
    return context.consent or agreement.by_link(context.questions, patient, context.dentist, event.start)


def _attributed(
    event: CalendarEvent, entry: Entry, patient: Patient, practice: Practice, context: Context
) -> Attribution:
    question = agreement.about(context.questions, patient, context.dentist, event.start)
    agreed = Agreed(_by_link(event, patient, context), context.consent_dentist, question)
    proposals = _offered(context, context.slots, patient.dentist or entry.dentist, practice)
    return attribute(entry, patient, context.dentist, practice, agreed, proposals=proposals)


def _slot(event: CalendarEvent, context: Context) -> datetime | None:
    """The time for which « Créneau confirmé » stands."""
    return event.start if context.slot_counts else context.slot_start


def _time(
    event: CalendarEvent, entry: Entry, booking: Booking, practice: Practice, context: Context
) -> Iterable[Finding]:
    yield from typed_time(event, entry, practice, by_link=context.chosen is not None)
    dentist = next((one for one in practice.dentists if one.key == context.dentist), None)
    offered = _offered(context, context.slots, context.dentist, practice)
    if dentist is not None:
        yield from agenda.opening(event, dentist, practice, offered)
    yield from agenda.conflicts(event, booking, practice, context.busy, order=context.order, proposals=offered)
    sooner = tuple(one for one in context.slots if one.start < event.start)
    earlier = _offered(context, sooner, context.dentist, practice)
    yield from agenda.urgency(event, booking, practice, context.first_seen or context.now, earlier)


def _earlier(
    entry: Entry, placed: Attribution, event: CalendarEvent, practice: Practice, context: Context
) -> tuple[Finding, ...]:
    """The finding that another dentist is free sooner, for a patient without preference (P25)."""
    if not entry.no_preference or entry.dentist or placed.dentist != context.dentist:
        return ()
    sooner = [
        one
        for one in context.slots
        if one.dentist != context.dentist and one.start < event.start and not one.needs_consent
    ]
    if not sooner:
        return ()
    best = min(sooner, key=lambda one: (one.start, one.dentist))
    seen = day_and_clock(best.start.astimezone(practice.zone))
    return raised(practice.policy, "dentist-earlier", dentist=practice.name_of(best.dentist), seen=seen)


def _offered(context: Context, slots: tuple[Slot, ...], own: str | None, practice: Practice) -> tuple[str, ...]:
    return slot_lines(own_first(slots, own), practice) or ((context.no_slots,) if context.no_slots else ())


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, in the order of the procedure, without those that are off."""
    kept = [one for one in dict.fromkeys(findings) if one.severity is not Severity.OFF]
    return shown_once(sorted(kept, key=lambda one: _ORDER.get(one.rule, len(_ORDER))))
