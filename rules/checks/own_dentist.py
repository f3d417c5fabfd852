"""Checks that a patient is with their own dentist, or has agreed to another (P20 to P27, P49)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from rules.findings import raised
from rules.model import Consent, Entry, Finding, Patient, Practice, Question

_RECENT = 3  # past visits that are compared with the dentist in the directory (P27)

Findings = tuple[Finding, ...]


class Agreed(Struct, frozen=True):
    """The agreements stored for this booking. `consent`: given by the patient's link. `dentist`: the one for whom an
    agreement in the entry was noted before (ruling 10). `question`: what the patient was asked by link about the
    present dentist and time."""

    consent: Consent | None = None
    dentist: str | None = None
    question: Question | None = None


class Attribution(Struct, frozen=True):
    """`dentist`: the patient's own dentist once the booking is valid; None if that is not known yet."""

    dentist: str | None
    findings: Findings = ()


def attribute(
    entry: Entry, patient: Patient, where: str, practice: Practice, agreed: Agreed, *, proposals: Sequence[str] = ()
) -> Attribution:
    """The patient's own dentist, and findings if the booking may not be in the calendar of the dentist `where`. Both
    are dentists' keys."""
    own = patient.dentist or None
    if own and not _works_here(own, practice):
        own = _successor(entry, where) or own
    contradiction = _contradiction(entry, patient, own, practice)
    own = own or entry.dentist or (practice.dentists[0].key if len(practice.dentists) == 1 else None)
    if own is None and entry.no_preference:
        own = where
    if own is None:
        return Attribution(None, _unasked(entry, where, practice))
    findings = (
        *contradiction,
        *_placed(entry, where, practice, agreed, own=own, who=patient.name or "Ce patient", proposals=proposals),
        *_follows(entry, own, where, practice),
        *_visits(patient, own, practice),
    )
    return Attribution(own, findings)


def consented(entry: Entry, where: str, agreed: Agreed) -> bool:
    """Whether the patient agreed to the dentist `where` for this booking (P23). The entry counts before the link."""
    typed = entry.consent
    if typed is None:
        recorded = agreed.consent
        return recorded is not None and recorded.given and recorded.dentist == where
    return typed.given and not _void(entry, where, agreed)


def _void(entry: Entry, where: str, agreed: Agreed) -> bool:
    named = entry.consent.dentist if entry.consent else None
    return named != where if named else agreed.dentist not in {None, where}


def _placed(
    entry: Entry, where: str, practice: Practice, agreed: Agreed, *, own: str, who: str, proposals: Sequence[str]
) -> Findings:
    if own == where:
        return ()
    if consented(entry, where, agreed):
        consent = entry.consent or agreed.consent or Consent(True)
        detail = consent.detail or "oui"
        if consent.by_link:
            return raised(practice.policy, "consent-by-link", dentist=practice.name_of(where), seen=detail)
        return raised(practice.policy, "consent-recorded", dentist=practice.name_of(where), seen=detail)
    facts = {"patient": who, "own": practice.name_of(own), "dentist": practice.name_of(where)}
    facts |= _what_to_do(entry, practice, agreed.question)
    wrong = "dentist-other" if _works_here(own, practice) else "dentist-left"
    return (
        *raised(practice.policy, wrong, proposals=proposals, **facts),
        *_consent_void(entry, where, practice, agreed),
    )


def _what_to_do(entry: Entry, practice: Practice, question: Question | None) -> dict[str, str]:
    """How the sentence goes on: what is asked already is not proposed again."""
    typed = entry.ask_consent is not None
    if typed and question and question.left and question.answer is None and question.asked_at:
        at = question.asked_at.astimezone(practice.zone)
        return {"move": f"Accord demandé par lien le {at:%d/%m}, réponse attendue ; sinon, déplacez", "ask": ""}
    refused = question is not None and question.answer is False
    propose = practice.page_url and not (typed or refused)
    return {"move": "Déplacez", "ask": ", ou tapez « Demander l'accord »" if propose else ""}


def _consent_void(entry: Entry, where: str, practice: Practice, agreed: Agreed) -> Findings:
    if not (entry.consent and entry.consent.given and _void(entry, where, agreed)):
        return ()
    given_for = practice.name_of(entry.consent.dentist or agreed.dentist or "") or "un autre dentiste"
    called = practice.name_of(where)
    again = f"Accord patient : oui ({called}, quand, comment)"
    facts = {"problem": f"il a été donné pour {given_for}", "dentist": called}
    return raised(practice.policy, "consent-void", proposals=(again,), **facts)


def _unasked(entry: Entry, where: str, practice: Practice) -> Findings:
    """The finding that question 2 has no answer (P22). An unreadable answer, or two of them, have a finding already."""
    if any(finding.field == "dentist" for finding in entry.findings):
        return ()
    return raised(practice.policy, "dentist-unasked", dentist=practice.name_of(where))


def _contradiction(entry: Entry, patient: Patient, own: str | None, practice: Practice) -> Findings:
    """The finding that the typed dentist is not the one of the record; the record stays as it is."""
    if not (own and entry.dentist and entry.dentist != own):
        return ()
    facts = {"dentist": practice.name_of(entry.dentist), "own": practice.name_of(own)}
    return raised(practice.policy, "dentist-contradiction", patient=patient.name or "ce patient", **facts)


def _follows(entry: Entry, own: str, where: str, practice: Practice) -> Findings:
    if not entry.no_preference or entry.dentist or own != where:
        return ()
    return raised(practice.policy, "dentist-follows", dentist=practice.name_of(where))


def _visits(patient: Patient, own: str, practice: Practice) -> Findings:
    """The finding that none of the last visits was with the own dentist (P27)."""
    seen = [dentist for _, dentist, _ in patient.visits[:_RECENT]]
    if not seen or own in seen:
        return ()
    facts = {"own": practice.name_of(own), "dentist": practice.name_of(seen[0])}
    return raised(practice.policy, "visits-disagree", **facts)


def _successor(entry: Entry, where: str) -> str | None:
    """The new dentist of a patient whose dentist left the practice: only one who was typed, or `where` with `Sans
    préférence`; else None (S41)."""
    return entry.dentist or (where if entry.no_preference else None)


def _works_here(key: str, practice: Practice) -> bool:
    return any(dentist.key == key for dentist in practice.dentists)
