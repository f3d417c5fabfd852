"""One occurrence of an event: read, compared with the house, kept as booking or block, planned."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from adapters.base import Reading
from adapters.senders.invite import name_of
from rules import reading as entries
from rules.agenda import longest_minutes
from rules.assess import Context, assess, may_be_booking
from rules.findings import find
from rules.french import day_and_clock, listed
from rules.identity import clues, identify
from rules.model import (
    Annotation,
    Assessment,
    Booking,
    Busy,
    CalendarEvent,
    Channel,
    Consent,
    Entry,
    Kind,
    Patient,
    Practice,
)  # fmt: skip
from rules.planning import facts_of
from rules.record import spoken
from rules.text import fold
from rules.wording import feedback, problem_feedback
from sync import attendance, attribution, moves, proposals, queries, twice
from sync.planner import plan_booking, receipts, tell_baseline
from sync.store import basics, bookings, consents, patients, resources, sharing
from sync.store.bookings import INVALID, VALID, VANISHED, BookingRow
from sync.store.codec import facts_to_json, findings_to_json, length_from_json, length_to_json, outcome_to_json
from sync.store.engine import Tx
from sync.store.resources import ResourceRow
from sync.world import Source, World

_ELSEWHERE = frozenset({"dentist-other", "dentist-left"})


class Occurrences:
    """Judges the occurrences of one resource, inside one transaction."""

    def __init__(self, world: World, tx: Tx, source: Source, row: ResourceRow, reading: Reading) -> None:
        self.world, self.tx, self.source, self.row, self.reading = world, tx, source, row, reading
        self.practice, self.now = world.practice, world.now()
        self.entries = entries.Reader(self.practice, self.now)
        self.place = (row.calendar, row.ref)
        self.fixed = ""  # why no length may be adjusted (P8); empty where it may
        self.given: dict[str, str] = {}  # the details that the occurrence being judged gives the directory (P4)
        self.end: datetime | None = None  # the new end that the event is to get (P8)
        self.offer = proposals.Offer()  # free times proposed for the occurrence that is being judged (P24)

    def judge(self, event: CalendarEvent, booking: BookingRow | None) -> Annotation:
        """Everything about one occurrence; what is to stand in the event because of it."""
        dentist = self.source.dentist_of(event)
        if dentist is None:
            return self._untagged(event, booking)
        entry = self.entries.read(event)
        self.given = spoken(entry)
        assessment = self._assess(event, entry, dentist, booking)
        if assessment.booking is None and event.end <= self.now and assessment.kind is not Kind.QUERY:
            return Annotation()
        if assessment.booking is None:
            return self._no_booking(event, assessment, dentist, booking)
        if booking is None:
            twin = twice.twin_of(self.world, self.tx, self.row, event)
            if twin is not None and not twice.counts_more(self.tx, self.row, twin):
                return self._twice(event, dentist, twin)
            if twin is not None:
                twice.take_over(self.tx, self.row, twin, self.now)
                booking = replace(twin, ref=self.row.ref)
            else:
                booking = moves.adopt(self.world, self.tx, self.row, event, assessment.booking, now=self.now)
            if booking is not None:
                assessment = self._assess(event, entry, dentist, booking)
        assert assessment.booking is not None
        annotation = self._booking(event, assessment, assessment.booking, booking)
        if entry.consent is not None and assessment.booking.consent is None:
            self._note_copied(event, entry.consent)
        return annotation

    def _untagged(self, event: CalendarEvent, booking: BookingRow | None) -> Annotation:
        """A patient's appointment in a shared calendar that does not say whose it is (P2); others are nobody's."""
        entry = self.entries.read(event)
        likely = entries.looks_like_patient(entry, event, self.practice) is entries.Likeness.SURE
        if event.end <= self.now or not (likely or booking):
            return Annotation()
        tags = listed([f"« [{tag}] »" for tag in self.source.tags], "ou")
        findings = find(self.practice.policy, "dentist-untagged", tags=tags)
        if booking is not None and booking.vanished_at is None:
            bookings.change(self.tx, booking.id, state=INVALID, findings=findings_to_json(findings))
            plan_booking(self.world, self.tx, booking.id, self.now)
        return problem_feedback(findings, self.practice)

    def _twice(self, event: CalendarEvent, dentist: str, twin: BookingRow) -> Annotation:
        """The same event stands under another address, and that one is the appointment."""
        twice.note(self.tx, self.row, twin)
        self._judged(event, Kind.IGNORED, dentist, label="", booking=None, patient=None, motif=None)
        findings = find(self.practice.policy, "event-twice", seen=day_and_clock(twin.start))
        return problem_feedback(findings, self.practice)

    def _note_copied(self, event: CalendarEvent, consent: Consent) -> None:
        for row in bookings.at_place(self.tx, *self.place, self.practice.zone):
            if (row.uid, row.recurrence) == (event.uid, event.recurrence):
                consents.note_copied(self.tx, row.id, consent.detail, self.now)

    def _was_copied(self, entry: Entry, booking: BookingRow | None) -> bool:
        """The agreement came with a copy of another event: it was given for that booking, not for this one."""
        if entry.consent is None:
            return False
        if booking is None:
            return self.reading.foreign_block
        return consents.copied(self.tx, booking.id, entry.consent.detail)

    def _was_said_before(self, assessment: Assessment, entry: Entry, booking: BookingRow | None) -> bool:
        """The same words were noted for another booking of this patient: a copy whose client dropped our block."""
        patient = assessment.booking.patient.id if assessment.booking else None
        if patient is None or entry.consent is None or not entry.consent.given:
            return False
        number = booking.id if booking else None
        return consents.said_elsewhere(self.tx, patient, entry.consent.detail, number, self.place)

    def _assess(self, event: CalendarEvent, entry: Entry, dentist: str, booking: BookingRow | None) -> Assessment:
        assessment = self._assess_as_said(event, entry, dentist, booking)
        if self._was_copied(entry, booking) or self._was_said_before(assessment, entry, booking):
            assessment = self._assess_as_said(event, replace(entry, consent=None), dentist, booking)
            return _without_agreement(assessment, event, self.practice, self.world.called(dentist))
        return assessment

    def _assess_as_said(
        self, event: CalendarEvent, entry: Entry, dentist: str, booking: BookingRow | None
    ) -> Assessment:
        agreed = consents.of(self.tx, booking.id) if booking else ()
        asks = may_be_booking(event, entry, self.practice)
        found, meant = self._patients(event, entry, booking) if asks else ((), None)
        context = Context(
            dentist=dentist,
            now=self.now,
            order=self.row.order,
            candidates=found,
            busy=self._busy(event, dentist, meant, booking) if asks else (),
            linked=booking.patient if booking else None,
            consent_dentist=dentist if dentist in agreed else agreed[-1] if agreed else None,
            born_here=booking.born_here if booking else False,
            updated=booking.updates if booking else (),
            given=booking.given or {} if booking else {},
            kept_time=booking is not None and _kept_time(booking, event),
            length=length_from_json(booking.adjusted) if booking else None,
            fixed=self.fixed,
            first_seen=booking.created_at if booking else None,
        )
        assessment = assess(event, entry, self.practice, context)
        if not found and any(finding.rule == "patient-unknown" for finding in assessment.findings):
            # the whole directory: only where somebody is missed
            context = replace(context, nearest=patients.nearest(self.tx, fold(entry.name_text)))
            assessment = assess(event, entry, self.practice, context) if context.nearest else assessment
        return self._with_slots(event, entry, context, assessment, booking)

    def _with_slots(
        self, event: CalendarEvent, entry: Entry, context: Context, found: Assessment, booking: BookingRow | None
    ) -> Assessment:
        """Judged again with the free times that the findings ask for, where there are any (P24)."""
        self.offer = proposals.Offer()
        if self.row.baseline and not self.practice.policy.write_existing:
            return found  # nothing is written there, so nothing is proposed
        stored = booking.slots if booking else None
        self.offer = proposals.offer(self.world, self.tx, found, event, entry, context=context, stored=stored)
        if not (self.offer.slots or self.offer.nothing):
            return found
        context = replace(context, slots=self.offer.slots, no_slots=self.offer.nothing)
        return assess(event, entry, self.practice, context)

    def _patients(
        self, event: CalendarEvent, entry: Entry, booking: BookingRow | None
    ) -> tuple[tuple[Patient, ...], int | None]:
        """Whom the clues point at, and who of them is meant: only that one's past and other bookings are asked for."""
        found = patients.candidates(self.tx, clues(entry))
        if not found:
            return (), None
        meant = identify(entry, found, self.practice.policy, linked=booking.patient if booking else None).patient
        if meant is None or meant.id is None:
            return found, None
        return tuple(self._with_past(one, event, booking) if one.id == meant.id else one for one in found), meant.id

    def _with_past(self, patient: Patient, event: CalendarEvent, booking: BookingRow | None) -> Patient:
        assert patient.id is not None
        before = min(self.now, event.start, key=datetime.timestamp)  # an appointment is no past visit of its own
        visits = patients.visits(self.tx, patient.id, before, self.practice.zone)
        known = replace(patient, visits=visits) if visits else patient
        return attendance.with_remarks(self.tx, known, event.start, booking, self.practice.zone)

    def _busy(
        self, event: CalendarEvent, dentist: str, meant: int | None, booking: BookingRow | None
    ) -> tuple[Any, ...]:
        around = resources.busy(self.tx, *beside(event, dentist, self.practice))
        people = {meant, booking.patient if booking else None} - {None}
        theirs = [item for who in people if who for item in resources.busy_of_patient(self.tx, who, self.now)]
        return tuple(item for item in dict.fromkeys([*around, *theirs]) if not self._old_place(item, event, booking))

    def _old_place(self, item: Busy, event: CalendarEvent, booking: BookingRow | None) -> bool:
        """The same event where it no longer stands, for it moved; or where it stands besides."""
        if item.uid != event.uid or item.order == self.row.order:
            return False
        return not resources.stands(self.tx, item.uid, item.order) or self._is_twin(item, event, booking)

    def _is_twin(self, item: Busy, event: CalendarEvent, booking: BookingRow | None) -> bool:
        """It is there twice, but one appointment."""
        both = item.kind is Kind.BOOKING and booking is not None
        if both or item.recurrence != event.recurrence:
            return False
        found = sharing.standing_with(self.tx, self.row.calendar, event.uid, event.recurrence)
        return any(number == item.order and (start == event.start or twin) for _, number, start, twin in found)

    def _no_booking(
        self, event: CalendarEvent, assessment: Assessment, dentist: str, booking: BookingRow | None
    ) -> Annotation:
        asks = assessment.kind is Kind.QUERY
        kind = Kind.IGNORED if asks else assessment.kind  # a question takes nobody's time
        label = "" if asks or kind is Kind.PRIVATE else event.title[:80]
        self._judged(event, kind, dentist, label=label, booking=None, patient=None, motif=None)
        if booking is not None and booking.vanished_at is None:
            bookings.change(self.tx, booking.id, state=INVALID, findings=findings_to_json(assessment.findings))
            plan_booking(self.world, self.tx, booking.id, self.now)
        if asks:
            return queries.answered(self.world, self.tx, self.row, event, dentist)
        return feedback(assessment, event, self.practice, (), self.now)

    def _booking(
        self, event: CalendarEvent, assessment: Assessment, what: Booking, before: BookingRow | None
    ) -> Annotation:
        verdict = attendance.judged(
            self.world, assessment, before, baseline=self.row.baseline, typed=self.row.changed_at
        )
        assessment = attendance.said(self.world, assessment, verdict)
        patient_id = self._save_patient(assessment, what)
        number = self._save_booking(event, assessment, what, before, patient_id)
        if before is not None or verdict is not None or what.cancelled:
            attendance.note(self.world, self.tx, number, verdict, before)
        attribution.note(self.tx, assessment, what, patient_id, booking=number, now=self.now)
        if what.consent and what.consent.given:
            consents.record(self.tx, number, what.dentist, what.consent, self.now)
        if before is not None or not self.row.baseline:  # at the first pass there is nothing to plan
            plan_booking(self.world, self.tx, number, self.now)
        kind = Kind.IGNORED if what.cancelled else Kind.BOOKING
        values = {"label": what.patient.name, "booking": number, "patient": patient_id, "motif": what.motif}
        self.end = assessment.end or self.end
        self._judged(event, kind, what.dentist, **values, end=what.end)
        if self.fixed:
            return Annotation()  # nothing is written there
        sent = receipts(self.world, self.tx, number) if before is not None else ()
        return feedback(assessment, event, self.practice, sent, self.now)

    def _save_patient(self, assessment: Assessment, what: Booking) -> int | None:
        update = assessment.patient_update
        if update is None or not assessment.valid or what.cancelled:
            return what.patient.id
        return patients.save(self.tx, update, self.now, source=f"{self.row.calendar} {self.row.ref}")

    def _save_booking(
        self,
        event: CalendarEvent,
        assessment: Assessment,
        what: Booking,
        before: BookingRow | None,
        patient_id: int | None,
    ) -> int:
        values = self._columns(event, assessment, what, patient_id) | _traces(assessment, what, before, self.given)
        if before is None:
            known = self.row.baseline or self._came_into_view(event)
            name = name_of(self.practice.key, event.uid, event.recurrence)
            number = bookings.add(self.tx, **values, **self._born(baseline=known), invite=name)
            basics.log(self.tx, self.now, "booked", booking=number, calendar=self.row.calendar, ref=self.row.ref)
            if known and not what.cancelled:
                addresses = {Channel.SMS: what.mobile, Channel.EMAIL: what.email}
                tell_baseline(self.tx, number, values["facts"], addresses, self.now)
            return number
        kept = {"facts", "mobile", "email", "state"}
        if any(values[name] != _stored(before)[name] for name in kept):
            values["changed_at"] = max(self.now, before.changed_at)
            twice.tell_twins(self.tx, before, self.now)
        if values["state"] == VANISHED:
            values["vanished_at"] = before.vanished_at or (None if before.state == VANISHED else self.now)
        else:
            values |= {"vanished_at": None, "released_at": None}
        bookings.change(self.tx, before.id, **values)
        return before.id

    def _came_into_view(self, event: CalendarEvent) -> bool:
        """No person did anything: the days brought this visit of a series into view, and its patient knows of the
        series (L7)."""
        return event.recurring and event.start >= self.world.window(self.row.changed_at)[1]

    def _born(self, *, baseline: bool) -> dict[str, Any]:
        return {"baseline": baseline, "created_at": self.now, "changed_at": self.row.changed_at}

    def _columns(
        self, event: CalendarEvent, assessment: Assessment, what: Booking, patient_id: int | None
    ) -> dict[str, Any]:
        facts = replace(facts_of(what, self.practice), patient_id=patient_id or 0)
        cancelled = {"kind": "cancelled"} | (outcome_to_json(what.outcome) or {})
        return {
            "calendar": self.row.calendar, "ref": self.row.ref, "uid": event.uid, "recurrence": event.recurrence,
            "dentist": what.dentist, "start": what.start, "end": what.end, "patient": patient_id,
            "state": VANISHED if what.cancelled else VALID if assessment.valid else INVALID,
            "facts": facts_to_json(facts), "mobile": what.mobile, "email": what.email,
            "findings": findings_to_json(assessment.findings), "adjusted": length_to_json(assessment.length),
            "slots": self.offer.kept,
            "outcome": cancelled if what.cancelled else outcome_to_json(what.outcome),
        }  # fmt: skip

    def _judged(self, event: CalendarEvent, kind: Kind, dentist: str, **values: Any) -> None:
        """Keep what was found; whoever shares this time or this patient is judged again where that is news."""
        news = resources.judged(self.tx, self.place, event.uid, event.recurrence, kind=kind.value, **values)
        if not news or (self.row.baseline and not self.practice.policy.write_existing):
            return  # at the first pass everything is judged anyway, and nothing is written
        near = resources.neighbours(self.tx, dentist, event.start, values.get("end", event.end))
        if values["patient"] is not None:
            near |= resources.places_of_patient(self.tx, values["patient"], self.now)
        resources.mark_dirty(self.tx, near - {self.place}, self.now)


def beside(event: CalendarEvent, dentist: str, practice: Practice) -> tuple[str, datetime, datetime]:
    """Whose time is asked about, from when until when: as long as the event, or as P8 may make it."""
    longest = event.start + timedelta(minutes=longest_minutes(practice))
    return dentist, event.start, max(event.end, longest, key=datetime.timestamp)


def _without_agreement(found: Assessment, event: CalendarEvent, practice: Practice, dentist: str) -> Assessment:
    """Where the agreement was needed, say why it does not count, and what to type for this booking."""
    if _ELSEWHERE.isdisjoint(finding.rule for finding in found.findings):
        return found
    problem = "copié d'un autre rendez-vous (mêmes mots), il ne vaut pas pour celui-ci"
    again = (f"Accord patient : oui ({dentist}, pour le {event.start:%d/%m}, quand, comment)",)
    void = find(practice.policy, "consent-void", problem=problem, dentist=dentist, proposals=again)
    return replace(found, findings=(*found.findings, *void))


def _kept_time(booking: BookingRow, event: CalendarEvent) -> bool:
    return booking.start == event.start and all(finding.rule != "date-past" for finding in booking.findings)


def _traces(assessment: Assessment, what: Booking, before: BookingRow | None, given: dict[str, str]) -> dict[str, Any]:
    """What the event did to the directory, so that its feedback says the same ever after (law L2)."""
    born = assessment.patient_update is not None and what.patient.id is None and assessment.valid
    said = (*(before.updates if before else ()), *assessment.changes)
    if not assessment.valid or what.cancelled:
        given = before.given or {} if before else {}  # nothing reached the directory
    return {
        "born_here": born or bool(before and before.born_here),
        "updates": list(dict.fromkeys(said)),
        "given": given or None,
    }


def _stored(row: BookingRow) -> dict[str, Any]:
    return {"facts": facts_to_json(row.facts), "mobile": row.mobile, "email": row.email, "state": row.state}
