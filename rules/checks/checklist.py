"""Checks of the list before saving: identity, contact, motif, visit, date and hour (P7, P12 to P17, P28 to P34)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from rules.findings import raised
from rules.model import Booking, CalendarEvent, Entry, Finding, Patient, Practice
from rules.text.french import counted, day_and_clock, minutes, numeric_day

FIRST_HOUR, LAST_HOUR = 6, 22  # local hours; outside them, the hour is probably a typing error
LONGEST_MINUTES = 8 * 60
DISTANT = timedelta(days=365)  # a date further ahead is probably a wrong year
ADULT = 18  # years

Findings = tuple[Finding, ...]


def mandatory(booking: Booking, entry: Entry, practice: Practice) -> Iterator[Finding]:
    """A finding for each missing mandatory field (P28 to P34). A wrongly typed field has a finding already and gets
    none."""
    said = {finding.field for finding in entry.findings if finding.field in practice.policy.mandatory}
    missing = _missing(booking, practice)
    for field, rule in _RULES.items():
        if field in practice.policy.mandatory and missing[field] and field not in said:
            reason = _waived(booking, field)
            labels = ", ".join(one.label for one in practice.motifs)
            yield from raised(practice.policy, f"{field}-waived" if reason else rule, seen=reason, motifs=labels)


_RULES = {
    "name": "name-missing",
    "birth_date": "birth-date-missing",
    "mobile": "mobile-missing",
    "email": "email-missing",
    "address": "address-missing",
    "motif": "motif-missing",
}


def _missing(booking: Booking, practice: Practice) -> dict[str, bool]:
    patient, guardian = booking.patient, booking.guardian
    answering = guardian if guardian and not adult(patient, booking.start.astimezone(practice.zone).date()) else None
    return {
        "name": not (patient.family_name or patient.given_name),
        "birth_date": patient.birth_date is None,
        "mobile": not ((patient.mobile and not booking.without_mobile) or (answering and answering.mobile)),
        "email": not ((patient.email and not booking.without_email) or (answering and answering.email)),
        "address": not patient.address,
        "motif": booking.motif is None,
    }


def adult(patient: Patient, day: date) -> bool:
    """Whether the patient is known to be of age on that day (P34); False without a birth date."""
    born = patient.birth_date
    return born is not None and day.year - born.year - ((day.month, day.day) < (born.month, born.day)) >= ADULT


def _waived(booking: Booking, field: str) -> str | None:
    """The reason of `Sans mobile : oui (raison)`; None without one, as then the field still counts as missing."""
    reason = {"mobile": booking.without_mobile, "email": booking.without_email}.get(field)
    return reason if reason != "oui" else None


# --- first consultation or follow-up ---------------------------------------------------------------------------------


def first_visit(entry: Entry, patient: Patient) -> bool | None:
    """Whether it is a first visit: as typed, else by past visits, else by `Nouveau patient`; None: unknown (P7)."""
    if entry.first_visit is not None:
        return entry.first_visit
    if patient.visits:
        return False
    return True if entry.new_patient else None


def visit(entry: Entry, patient: Patient, practice: Practice) -> Findings:
    """The finding if the typed kind of visit contradicts past visits, or if it is missing (P7)."""
    if problem := _contradiction(entry, patient):
        return raised(practice.policy, "visit-contradiction", seen=problem)
    if entry.first_visit is None and patient.visits:
        seen = f"suivi (dernière visite le {numeric_day(patient.visits[0][0])})"
        return raised(practice.policy, "visit-unstated", seen=seen)
    return ()


def _contradiction(entry: Entry, patient: Patient) -> str:
    if entry.first_visit and patient.visits:
        return f"« Première consultation » est tapé, mais la dernière visite est du {numeric_day(patient.visits[0][0])}"
    if entry.first_visit and entry.known:
        return "« Première consultation » et « Déjà venu : oui » sont tapés tous les deux"
    if entry.first_visit is False and entry.new_patient:
        return "« Suivi » et « Nouveau patient » sont tapés tous les deux"
    if entry.first_visit is False and patient.id is not None and not patient.visits:
        return "« Suivi » est tapé, mais aucune visite passée n'est connue"
    return ""


# --- date and hour ---------------------------------------------------------------------------------------------------


def when(event: CalendarEvent, entry: Entry, practice: Practice, now: datetime, *, kept: bool) -> Iterator[Finding]:
    """Findings about date, hour and length that are probably typing errors (P17). `kept`: the event was at this time
    before the time came, so its past date is none."""
    start = event.start.astimezone(practice.zone)
    seen, policy = day_and_clock(start, year=True), practice.policy
    if start < now and not kept and entry.outcome is None:
        yield from raised(policy, "date-past", seen=seen)
    if start - now > DISTANT:
        yield from raised(policy, "date-distant", seen=seen)
    if event.all_day:
        yield from raised(policy, "date-all-day")
        return
    if not FIRST_HOUR <= start.hour < LAST_HOUR:
        yield from raised(policy, "date-night", seen=seen)
    if problem := _length(event):
        yield from raised(policy, "date-length", problem=problem)
    if "zone-unknown" in event.flags:
        yield from raised(policy, "zone-unknown", seen=seen)
    if "nonexistent-time" in event.flags:
        yield from raised(policy, "time-shifted", seen=seen)


def _length(event: CalendarEvent) -> str:
    if "end-before-start" in event.flags or event.end < event.start:
        return "la fin est avant le début"
    if event.flags & {"zero-length", "no-end"} or event.minutes <= 0:
        return "l'heure de fin manque"
    return f"{minutes(event.minutes)}, c'est trop long" if event.minutes > LONGEST_MINUTES else ""


# --- the text in two forms -------------------------------------------------------------------------------------------


def forms(event: CalendarEvent, entry: Entry, practice: Practice) -> Findings:
    """The finding about what only the second form of the description says, so that nothing typed is lost (P17). With
    `Texte confirmé` the first form counts and there is none."""
    if not event.apart or entry.text_confirmed:
        return ()
    rule = "text-differs" if "text-differs" in event.flags else "text-added"
    return raised(practice.policy, rule, seen=" ; ".join(event.apart[:_SHOWN]))


_SHOWN = 3  # lines of the other form, as our block has few


# --- attendance ------------------------------------------------------------------------------------------------------


_DAYS = 5  # of absences, as our block has few lines


def remarks(patient: Patient, practice: Practice) -> Findings:
    """The finding about earlier unexcused absences, with their number and dates (P48)."""
    if not patient.remarks:
        return ()
    days = ", ".join([*map(numeric_day, patient.remarks[:_DAYS]), *(["…"] if len(patient.remarks) > _DAYS else [])])
    seen = counted(len(patient.remarks), "absence non excusée", "absences non excusées")
    return raised(practice.policy, "unexcused-before", seen=f"{seen} ({days})")
