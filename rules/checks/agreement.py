"""Asks a patient by link whether they agree to another dentist (P23): whether the question may be asked, and what
became of it. The answer counts for one booking, dentist, day and hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.findings import raised
from rules.model import (
    Assessment,
    Booking,
    CalendarEvent,
    Consent,
    Entry,
    Finding,
    Patient,
    Practice,
    Question,
    Severity,
)
from rules.text.fold import key
from rules.text.french import clock, day_and_clock

SOONEST = timedelta(hours=1)  # before a nearer appointment nobody is asked by message: there is no time to answer
_ELSEWHERE = frozenset({"dentist-other", "dentist-left"})
LIFTED = _ELSEWHERE | {"consent-void"}  # the errors that the agreement lifts
_OURS = frozenset({"consent-asked", "consent-refused", "consent-first", "consent-again", "consent-no-way"})

Findings = tuple[Finding, ...]


class Asking(Struct, frozen=True):
    """What is known: the event as typed, the patient's own dentist, the one in whose calendar it stands, the questions
    of this booking. `copied`: the event is new and its words came with a copy."""

    event: CalendarEvent
    entry: Entry
    practice: Practice
    own: str | None
    where: str
    now: datetime
    questions: Sequence[Question]
    copied: bool = False

    def said(self, rule: str, **facts: object) -> Findings:
        """The finding of that rule."""
        return raised(self.practice.policy, rule, **facts)  # type: ignore[arg-type]

    def about(self, patient: Patient) -> Question | None:
        """The question to this patient about the present dentist and time."""
        return about(self.questions, patient, self.where, self.event.start)


def about(questions: Iterable[Question], patient: Patient, where: str, start: datetime) -> Question | None:
    """The question to this patient about that dentist and time."""
    return next((one for one in questions if _about(one, patient, where, start)), None)


def by_link(questions: Iterable[Question], patient: Patient, where: str, start: datetime) -> Consent | None:
    """The agreement that this patient gave by link to just this dentist at just this time; None without one."""
    for one in questions:
        if one.answer and one.at and _about(one, patient, where, start):
            at = one.at.astimezone(start.tzinfo)
            return Consent(True, f"{at:%d/%m} à {clock(at)}", where, by_link=True)
    return None


def asked(found: Assessment, asking: Asking) -> Assessment:
    """The assessment with what « Demander l'accord » leads to: a question, or why none is asked."""
    booking, entry = found.booking, asking.entry
    if booking is None or (entry.ask_consent is None and not asking.questions):
        return found
    needed = any(one.rule in LIFTED for one in found.findings)
    mine = asking.about(booking.patient)
    if needed and mine and mine.answer is False and entry.consent is None:
        return _with(found, _refused(mine, asking))
    if entry.ask_consent is None or entry.consent is not None:
        return found
    return _asked(found, booking, entry.ask_consent, asking) if needed else _with(found, _needless(found, asking))


def without(found: Assessment, event: CalendarEvent, practice: Practice, where: str) -> Assessment:
    """The assessment where a typed agreement was copied along, and was needed: why it does not count, and what to type
    for this booking (ruling 10)."""
    if _ELSEWHERE.isdisjoint(finding.rule for finding in found.findings):
        return found
    dentist = practice.name_of(where)
    problem = "copié d'un autre rendez-vous (mêmes mots), il ne vaut pas pour celui-ci"
    again = (f"Accord patient : oui ({dentist}, pour le {event.start:%d/%m}, quand, comment)",)
    return _with(found, raised(practice.policy, "consent-void", problem=problem, dentist=dentist, proposals=again))


def _asked(found: Assessment, booking: Booking, words: str, asking: Asking) -> Assessment:
    mine = asking.about(booking.patient)
    when = day_and_clock(asking.event.start.astimezone(asking.practice.zone))
    called = asking.practice.name_of(asking.where)
    if problem := "" if mine else _not_meant(words, asking):
        return _with(found, asking.said("consent-again", problem=problem, seen=f"{called}, {when}"))
    if any(_is_another_error(one) for one in found.findings):
        return _with(found, asking.said("consent-first"))
    if why := _no_way(booking, asking):
        return _with(found, asking.said("consent-no-way", problem=why))
    who = booking.patient
    new = Question(asking.where, asking.event.start, asking.own, who.id or 0, who.name, words)
    waiting = _with(found, asking.said("consent-asked", dentist=called, seen=when))
    return replace(waiting, question=replace(mine or new, words=words))


def _about(one: Question, patient: Patient, where: str, start: datetime) -> bool:
    """Whether the question is to this patient, about this dentist and time. Without a record the name tells."""
    if (one.dentist, one.start) != (where, start):
        return False
    if one.patient_id and patient.id:
        return one.patient_id == patient.id
    return key(one.name) == key(patient.name)


def _not_meant(words: str, asking: Asking) -> str:
    """Why these words do not ask for the present dentist and time, in French; empty if they do. A question that did not
    leave follows its event."""
    if asking.copied:
        return _COPIED
    before = next((one for one in asking.questions if one.words is not None and key(one.words) == key(words)), None)
    if before is None:
        return ""
    if not before.dentist:
        return _COPIED
    when = day_and_clock(before.start.astimezone(asking.practice.zone))
    return f"a été tapé pour {asking.practice.name_of(before.dentist)}, {when}" if before.left else ""


_COPIED = "vient d'un événement copié"


def _is_another_error(one: Finding) -> bool:
    return one.severity is Severity.ERROR and one.rule not in LIFTED | _OURS


def _no_way(booking: Booking, asking: Asking) -> str:
    """Why the patient cannot be asked by link, in French; empty if they can."""
    event, mine = asking.event, asking.about(booking.patient)
    if not asking.practice.page_url:
        return "sans page des patients (page: dans la configuration), aucun lien n'est envoyé"
    if event.recurring:
        return "pas de question par lien pour une série"
    if not (booking.reached_by_sms or booking.reached_by_email):
        return "ni mobile ni e-mail"
    return "le rendez-vous est trop proche" if mine is None and event.start - asking.now < SOONEST else ""


def _refused(mine: Question, asking: Asking) -> Findings:
    assert mine.at is not None
    at = mine.at.astimezone(asking.practice.zone)
    here = {one.key for one in asking.practice.dentists}
    own = asking.practice.name_of(asking.own) if asking.own in here else "un autre dentiste"
    return asking.said("consent-refused", seen=f"{at:%d/%m} à {clock(at)}", own=own)


def _needless(found: Assessment, asking: Asking) -> Findings:
    """The finding that nobody is asked: the event is with the patient's own dentist, who may be away (P24)."""
    if asking.own is None or asking.own != asking.where:
        return ()
    away = any(one.rule == "on-leave" for one in found.findings)
    called = asking.practice.name_of(asking.where)
    problem = _MOVE_FIRST if away else f"{called} est le dentiste du patient, rien n'est demandé"
    return asking.said("consent-needless", problem=problem)


_MOVE_FIRST = "déplacez d'abord le rendez-vous dans l'agenda du dentiste à proposer"


def _with(found: Assessment, more: Findings) -> Assessment:
    return replace(found, findings=(*found.findings, *more))
