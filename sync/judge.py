"""From the local copy to bookings, feedback and messages: every changed resource is read, checked and planned.

Present resources come before gone ones, so that a move finds its new place before its old one is missed; between the
two the brake looks at what vanished (law L6). Each resource is one transaction, so one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from adapters.calendars.block import alike
from rules import reading as entries
from rules.assess import Context, assess
from rules.findings import find
from rules.french import day_and_clock
from rules.identity import clues
from rules.model import Annotation, Assessment, Booking, CalendarEvent, Consent, Entry, Kind, Patient, Practice
from rules.planning import facts_of
from rules.text import fold
from rules.wording import feedback, problem_feedback
from sync import moves
from sync.faults import described
from sync.holding import apply_brake
from sync.planner import plan_booking, receipts, tell_baseline
from sync.store import basics, bookings, calendars, consents, edits, notices, patients, resources
from sync.store.bookings import INVALID, VALID, VANISHED, BookingRow
from sync.store.codec import facts_to_json, findings_to_json, outcome_to_json
from sync.store.engine import StoreProblem, Tx
from sync.store.resources import GONE, ResourceRow
from sync.world import Source, World

log = structlog.get_logger()


def judge(world: World) -> int:
    """Judge everything owed, until nothing is. Returns how many resources were judged."""
    done = 0
    for _ in range(20):  # a judgement may owe another to a neighbour; a fixed point is reached long before
        with world.store.read() as tx:
            todo = resources.dirty(tx)
        if not todo:
            return done
        standing = [(calendar, ref) for calendar, ref, state in todo if state != GONE]
        gone = [(calendar, ref) for calendar, ref, state in todo if state == GONE]
        for place in standing:
            _safely(world, place, _judge_standing)
        if gone:
            apply_brake(world, gone)
        for place in gone:
            _safely(world, place, _judge_gone)
        done += len(todo)
    return done


def _safely(world: World, place: tuple[str, str], step: Callable[[World, Tx, ResourceRow], None]) -> None:
    """One resource in one transaction; a fault of ours is journaled, and the resource is left until it changes."""
    try:
        with world.store.write() as tx:
            row = resources.get(tx, *place)
            if row is not None and row.dirty_at is not None:
                step(world, tx, row)
                resources.change(tx, *place, dirty_at=None)
    except StoreProblem:
        raise
    except Exception as error:
        log.error("judging failed", **described(error))
        with world.store.write() as tx:
            resources.change(tx, *place, dirty_at=None, problem="event-unreadable")
            basics.log(tx, world.now(), "judge-failed", detail=type(error).__name__, calendar=place[0], ref=place[1])


def _judge_gone(world: World, tx: Tx, row: ResourceRow) -> None:
    now, zone = world.now(), world.practice.zone
    resources.replace_occurrences(tx, row.calendar, row.ref, [])
    edits.drop(tx, row.calendar, row.ref)
    for booking in bookings.at_place(tx, row.calendar, row.ref, zone):
        if not moves.take_new_place(world, tx, booking, now):
            _vanish(world, tx, booking, now)


def _vanish(world: World, tx: Tx, booking: BookingRow, now: datetime, outcome: dict[str, Any] | None = None) -> None:
    if booking.vanished_at is None:
        values = {"state": VANISHED, "vanished_at": now, "outcome": outcome or booking.outcome}
        bookings.change(tx, booking.id, **values)
        basics.log(tx, now, "vanished", booking=booking.id, calendar=booking.calendar, ref=booking.ref)
    plan_booking(world, tx, booking.id, now)


def _judge_standing(world: World, tx: Tx, row: ResourceRow) -> None:
    source = world.source(row.calendar)
    if source is None:
        return
    _Standing(world, tx, source, row).judge()


class _Standing:
    """Judges one resource that stands in its calendar, inside one transaction."""

    def __init__(self, world: World, tx: Tx, source: Source, row: ResourceRow) -> None:
        self.world, self.tx, self.source, self.row = world, tx, source, row
        self.practice, self.now = world.practice, world.now()
        self.reading = world.readings.of(source, row.ref, row.payload, world.window(self.now))
        self.place = (row.calendar, row.ref)

    def judge(self) -> None:
        """Every occurrence, then the bookings whose occurrence went, then what is to stand in the event."""
        known = self._known()
        shown: Annotation | None = None
        for event in self.reading.events:
            booking = known.pop((event.uid, event.recurrence), None)
            if event.end > self.now or booking or self._typed_too_late():
                annotation = self._event(event, booking)
                shown = annotation if shown is None or _outranks(annotation, shown) else shown
        for booking in known.values():
            if not self.reading.problem and not moves.take_new_place(self.world, self.tx, booking, self.now):
                _vanish(self.world, self.tx, booking, self.now)
        self._want(self._problem() if self.reading.problem else shown)

    def _known(self) -> dict[tuple[str, str], BookingRow]:
        """The bookings that stood here, by occurrence. Where an event became a series, or a series an event, the
        occurrence at the same time is the same appointment."""
        stood = {(b.uid, b.recurrence): b for b in bookings.at_place(self.tx, *self.place, self.practice.zone)}
        now_stand = {(event.uid, event.recurrence) for event in self.reading.events}
        left = {(b.uid, b.start): key for key, b in stood.items() if key not in now_stand}
        for event in self.reading.events:
            key = left.get((event.uid, event.start))
            if key is not None and (event.uid, event.recurrence) not in stood:
                stood[(event.uid, event.recurrence)] = stood.pop(key)
        return stood

    def _typed_too_late(self) -> bool:
        """A past event is looked at only where it was typed since the first pass: a slip of the date (P17)."""
        return self.reading.sole and not self.row.first_pass

    def _problem(self) -> Annotation:
        """Said in the event where that can be; by mail where the event itself cannot be written to."""
        if self.reading.blocked and not self.row.first_pass:
            key = f"unreadable:{self.row.calendar}:{self.row.ref}:{self.row.semantic[:16]}"
            notices.raise_once(self.tx, key, *self._unreadable(), self.now)
        findings = find(self.practice.policy, self.reading.problem, problem=_PROBLEMS[self.reading.problem])
        return problem_feedback(findings, self.practice)

    def _unreadable(self) -> tuple[str, str]:
        when = next((f" du {day_and_clock(event.start)}" for event in self.reading.events), "")
        text = (
            f"Dans l'agenda « {self.world.called(self.source.dentist)} », un événement{when} n'a pas pu être lu : "
            f"{_PROBLEMS[self.reading.problem]}.\n\n"
            "Aucun patient n'est prévenu de ce qu'il contient. Recréez-le dans votre agenda, puis supprimez l'ancien. "
            "Les autres rendez-vous ne sont pas concernés."
        )
        return "attitre : un événement n'a pas pu être lu", text

    # --- one occurrence ----------------------------------------------------------------------------------------------

    def _event(self, event: CalendarEvent, booking: BookingRow | None) -> Annotation:
        dentist = self.source.dentist_of(event)
        if dentist is None:
            return Annotation()
        entry = entries.read(event, self.practice, self.now)
        assessment = self._assess(event, entry, dentist, booking)
        if assessment.booking is None and event.end <= self.now:
            return Annotation()
        if assessment.booking is None:
            return self._no_booking(event, assessment, dentist, booking)
        if booking is None:
            booking = moves.adopt(self.world, self.tx, self.row, event, assessment.booking, now=self.now)
            if booking is not None:
                assessment = self._assess(event, entry, dentist, booking)
        assert assessment.booking is not None
        annotation = self._booking(event, assessment, assessment.booking, booking)
        if booking is None and self.reading.foreign_block and entry.consent:
            self._note_copied(event, entry.consent)
        return annotation

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
        return consents.copied(self.tx, booking.id) == entry.consent.detail

    def _assess(self, event: CalendarEvent, entry: Entry, dentist: str, booking: BookingRow | None) -> Assessment:
        if self._was_copied(entry, booking):
            assessment = self._assess(event, replace(entry, consent=None), dentist, booking)
            return _without_agreement(assessment, self.practice, self.world.called(dentist))
        agreed = consents.of(self.tx, booking.id) if booking else ()
        found = self._patients(entry)
        context = Context(
            dentist=dentist,
            now=self.now,
            order=self.row.order,
            candidates=found,
            busy=self._busy(event, dentist, found, booking),
            linked=booking.patient if booking else None,
            consent_dentist=dentist if dentist in agreed else agreed[-1] if agreed else None,
            born_here=booking.born_here if booking else False,
            updated=booking.updates if booking else (),
            kept_time=booking is not None and _kept_time(booking, event),
        )
        assessment = assess(event, entry, self.practice, context)
        if found or all(finding.rule != "patient-unknown" for finding in assessment.findings):
            return assessment
        near = patients.nearest(self.tx, fold(entry.name_text))  # the whole directory: only where somebody is missed
        return assess(event, entry, self.practice, replace(context, nearest=near)) if near else assessment

    def _patients(self, entry: Entry) -> tuple[Patient, ...]:
        found = patients.candidates(self.tx, clues(entry))
        return tuple(self._with_visits(patient) for patient in found) if len(found) <= 8 else found

    def _with_visits(self, patient: Patient) -> Patient:
        assert patient.id is not None
        visits = patients.visits(self.tx, patient.id, self.now, self.practice.zone)
        return replace(patient, visits=visits) if visits else patient

    def _busy(
        self, event: CalendarEvent, dentist: str, found: tuple[Patient, ...], booking: BookingRow | None
    ) -> tuple[Any, ...]:
        around = resources.busy(self.tx, dentist, event.start, event.end)
        people = {patient.id for patient in found[:8] if patient.id} | ({booking.patient} if booking else set())
        theirs = [item for who in people if who for item in resources.busy_of_patient(self.tx, who, self.now)]
        return tuple(dict.fromkeys([*around, *theirs]))

    def _no_booking(
        self, event: CalendarEvent, assessment: Assessment, dentist: str, booking: BookingRow | None
    ) -> Annotation:
        label = "" if assessment.kind is Kind.PRIVATE else event.title[:80]
        self._judged(event, assessment.kind, dentist, label=label, booking=None, patient=None, motif=None)
        if booking is not None and booking.vanished_at is None:
            bookings.change(self.tx, booking.id, state=INVALID, findings=findings_to_json(assessment.findings))
            plan_booking(self.world, self.tx, booking.id, self.now)
        return feedback(assessment, event, self.practice, (), self.now)

    def _booking(
        self, event: CalendarEvent, assessment: Assessment, what: Booking, before: BookingRow | None
    ) -> Annotation:
        patient_id = self._save_patient(assessment, what)
        number = self._save_booking(event, assessment, what, before, patient_id)
        if what.consent and what.consent.given and assessment.valid:
            consents.record(self.tx, number, what.dentist, what.consent.detail, self.now)
        if before is not None or not self.row.baseline:  # at the first pass there is nothing to plan
            plan_booking(self.world, self.tx, number, self.now)
        kind = Kind.IGNORED if what.cancelled else Kind.BOOKING
        values = {"label": what.patient.name, "booking": number, "patient": patient_id, "motif": what.motif}
        self._judged(event, kind, what.dentist, **values)
        return feedback(assessment, event, self.practice, receipts(self.world, self.tx, number), self.now)

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
        values = self._columns(event, assessment, what, patient_id) | _traces(assessment, what, before)
        if before is None:
            number = bookings.add(self.tx, **values, **self._born())
            basics.log(self.tx, self.now, "booked", booking=number, calendar=self.row.calendar, ref=self.row.ref)
            if self.row.baseline and not what.cancelled:
                tell_baseline(self.world, self.tx, number, self.now)
            return number
        kept = {"facts", "mobile", "email", "state"}
        if any(values[name] != _stored(before)[name] for name in kept):
            values["changed_at"] = max(self.now, before.changed_at)
        if values["state"] == VANISHED:
            values["vanished_at"] = before.vanished_at or self.now
        else:
            values |= {"vanished_at": None, "released_at": None}
        bookings.change(self.tx, before.id, **values)
        return before.id

    def _born(self) -> dict[str, Any]:
        return {"baseline": self.row.baseline, "created_at": self.now, "changed_at": self.row.changed_at}

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
            "findings": findings_to_json(assessment.findings),
            "outcome": cancelled if what.cancelled else outcome_to_json(what.outcome),
        }  # fmt: skip

    def _judged(self, event: CalendarEvent, kind: Kind, dentist: str, **values: Any) -> None:
        """Keep what was found; whoever shares this time or this patient is judged again where that is news."""
        news = resources.judged(self.tx, self.place, event.uid, event.recurrence, kind=kind.value, **values)
        if not news or (self.row.baseline and not self.practice.policy.write_existing):
            return  # at the first pass everything is judged anyway, and nothing is written
        near = resources.neighbours(self.tx, dentist, event.start, event.end)
        if values["patient"] is not None:
            near |= resources.places_of_patient(self.tx, values["patient"], self.now)
        resources.mark_dirty(self.tx, near - {self.place}, self.now)

    # --- what is to stand in the event -------------------------------------------------------------------------------

    def _want(self, annotation: Annotation | None) -> None:
        """Owe the edit that brings our part to this, where we may write and it is not so already."""
        edits.drop(self.tx, *self.place)
        if annotation is None or not self._may_write() or not self._must_write(annotation):
            return
        stamp = max((event.modified for event in self.reading.events if event.modified), default=self.now)
        due = min(stamp, self.now) + timedelta(seconds=self.practice.policy.quiet_seconds)
        edits.want(self.tx, *self.place, annotation, due=due)

    def _may_write(self) -> bool:
        calendar = calendars.get(self.tx, self.row.calendar)
        existing = self.row.baseline and not self.practice.policy.write_existing
        unwritable = self.row.unwritable or self.reading.blocked or (calendar and calendar.read_only)
        return not (existing or unwritable)

    def _must_write(self, annotation: Annotation) -> bool:
        if alike(self.reading.annotation, annotation) and not self.reading.foreign_block:
            return False
        if annotation != self.row.written:
            return True
        if self.row.rewrites:  # she took our part out twice: respect her (D08)
            return False
        resources.change(self.tx, *self.place, rewrites=self.row.rewrites + 1)
        return True


def _without_agreement(found: Assessment, practice: Practice, dentist: str) -> Assessment:
    """Where the agreement was needed, say why it does not count."""
    if all(finding.rule != "dentist-other" for finding in found.findings):
        return found
    problem = "copié d'un autre rendez-vous, il ne vaut pas pour celui-ci (changez la date ou la façon)"
    return replace(
        found, findings=(*found.findings, *find(practice.policy, "consent-void", problem=problem, dentist=dentist))
    )


def _kept_time(booking: BookingRow, event: CalendarEvent) -> bool:
    return booking.start == event.start and all(finding.rule != "date-past" for finding in booking.findings)


def _traces(assessment: Assessment, what: Booking, before: BookingRow | None) -> dict[str, Any]:
    """What the event did to the directory, so that its feedback says the same ever after (law L2)."""
    born = assessment.patient_update is not None and what.patient.id is None and assessment.valid
    said = (*(before.updates if before else ()), *assessment.changes)
    return {"born_here": born or bool(before and before.born_here), "updates": list(dict.fromkeys(said))}


_PROBLEMS = {
    "event-unreadable": "son contenu est abîmé",
    "recurrence-refused": "elle se répète trop souvent ou sans fin",
}


def _outranks(one: Annotation, other: Annotation) -> bool:
    """Of a series, the occurrence that needs attention is shown."""
    return one.mark.startswith("⚠") and not other.mark.startswith("⚠")


def _stored(row: BookingRow) -> dict[str, Any]:
    return {"facts": facts_to_json(row.facts), "mobile": row.mobile, "email": row.email, "state": row.state}
