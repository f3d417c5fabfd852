"""The facts recognised in an event, and their source: typed in it, kept in the directory, or inferred."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from rules.checks.checklist import first_visit
from rules.model import CalendarEvent, Entry, Patient, Practice
from rules.patients.shown import label
from rules.text.fold import key
from rules.text.french import listed, minutes, numeric_day
from sync.store.bookings import BookingRow

TYPED, DIRECTORY, INFERRED, CALENDAR, MISSING = "typed", "directory", "inferred", "calendar", "missing"
_NOTHING = "–"


class Fact(Struct, frozen=True):
    """One fact recognised, or missing. `source`: one of the words above; `note`: a remark in French."""

    name: str
    value: str
    source: str
    note: str = ""


def facts(
    event: CalendarEvent, entry: Entry, booking: BookingRow, patient: Patient | None, practice: Practice
) -> Iterator[Fact]:
    """In the order in which the procedure asks. `patient`: the record of the booking, None where there is none."""
    record = patient or Patient("", "")
    yield _dentist(booking, practice)
    yield _patient(entry, booking, patient)
    yield _detail("Naissance", entry.birth_date, record.birth_date, entry.birth_text)
    yield from _contact(entry, booking, record)
    yield _detail("Adresse", entry.address, record.address, entry.address_text)
    yield _motif(entry)
    yield _visit(entry, record)
    yield _own_dentist(entry, record, practice)
    yield from _length(event, entry, booking, practice)
    yield from _said(entry)


def _dentist(booking: BookingRow, practice: Practice) -> Fact:
    return Fact("Praticien", practice.name_of(booking.dentist), CALENDAR)


def _patient(entry: Entry, booking: BookingRow, patient: Patient | None) -> Fact:
    typed = f"tapé « {entry.name_text} »" if entry.name_text else ""
    if patient is None:
        return Fact("Patient", booking.facts.name or _NOTHING, TYPED if typed else MISSING, "pas dans le fichier")
    made = "dossier créé par cet événement" if booking.born_here else f"dossier n° {patient.id}"
    return Fact("Patient", label(patient), DIRECTORY, f"{typed}, {made}" if typed else made)


def _detail(name: str, typed: date | str | None, on_file: date | str | None, text: str = "") -> Fact:
    if typed:
        same = "comme dans le fichier" if on_file == typed else ""
        return Fact(name, _plain(typed), TYPED, same)
    refused = f"« {text} » n'est pas valable" if text else ""
    if on_file:
        return Fact(name, _plain(on_file), DIRECTORY, refused)
    return Fact(name, _NOTHING, MISSING, refused or "ni tapé, ni dans le fichier")


def _plain(value: date | str) -> str:
    return numeric_day(value) if isinstance(value, date) else value


def _contact(entry: Entry, booking: BookingRow, patient: Patient) -> Iterator[Fact]:
    """Where messages go: the guardian's address first (P34), then the typed one, then the directory's."""
    guardian = entry.guardian
    for name, theirs, typed, on_file, text, waived, used in (
        ("Mobile", guardian and guardian.mobile, entry.mobile, patient.mobile, entry.mobile_text,
         entry.without_mobile, booking.mobile),
        ("E-mail", guardian and guardian.email, entry.email, patient.email, entry.email_text,
         entry.without_email, booking.email),
    ):  # fmt: skip
        if theirs and used == theirs:
            yield Fact(name, theirs, TYPED, f"du responsable, {guardian.name}" if guardian else "")
        elif waived and not used:
            yield Fact(name, _NOTHING, TYPED, f"sans, noté : {waived}")
        elif typed and used and typed != used:  # the record is newer (P4)
            yield Fact(name, used, DIRECTORY, f"« {text} » est plus ancien")
        else:
            yield _detail(name, typed, on_file, text)


def _motif(entry: Entry) -> Fact:
    if entry.motif:
        other = key(entry.motif_text) not in {"", key(entry.motif)}
        return Fact("Motif", entry.motif, TYPED, f"« {entry.motif_text} »" if other else "")
    several = f"plusieurs : {listed(entry.motifs, 'et')}" if entry.motifs else ""
    unknown = f"« {entry.motif_text} » n'est pas un motif du cabinet" if entry.motif_text else "pas tapé"
    return Fact("Motif", _NOTHING, MISSING, several or unknown)


def _visit(entry: Entry, patient: Patient) -> Fact:
    stated = entry.first_visit is not None
    first = first_visit(entry, patient)
    value = _NOTHING if first is None else "première consultation" if first else "suivi"
    if stated:
        return Fact("Visite", value, TYPED)
    if entry.new_patient:
        return Fact("Visite", value, INFERRED, "« Nouveau patient » est tapé")
    if patient.visits:
        return Fact("Visite", value, INFERRED, f"dernière visite le {numeric_day(patient.visits[0][0])}")
    return Fact("Visite", value, MISSING, "pas dite, et aucune visite passée n'est connue")


def _own_dentist(entry: Entry, patient: Patient, practice: Practice) -> Fact:
    if patient.dentist:
        return Fact("Dentiste attitré", practice.name_of(patient.dentist), DIRECTORY)
    if entry.dentist:
        return Fact("Dentiste attitré", practice.name_of(entry.dentist), TYPED)
    if entry.no_preference:
        return Fact("Dentiste attitré", "sans préférence", TYPED)
    return Fact("Dentiste attitré", _NOTHING, MISSING, "ni tapé, ni dans le fichier")


def _length(event: CalendarEvent, entry: Entry, booking: BookingRow, practice: Practice) -> Iterator[Fact]:
    motif = practice.motif(booking.facts.motif)
    wanted = motif.length(booking.facts.first_visit) if motif else None
    note = f"{minutes(wanted)} prévues pour ce motif" if wanted and wanted != event.minutes else ""
    value = "toute la journée" if event.all_day else minutes(max(event.minutes, 0))
    yield Fact("Durée", value, CALENDAR, note)
    if entry.keep_minutes is not None:
        yield Fact("Durée à garder", minutes(entry.keep_minutes), TYPED)


def _said(entry: Entry) -> Iterator[Fact]:
    """What the secretary added: agreement, outcome, waiting list, comment. The comment's text is not shown (P19)."""
    if entry.consent:
        agreed = "oui" if entry.consent.given else "non"
        yield Fact("Accord patient", f"{agreed} ({entry.consent.detail})" if entry.consent.detail else agreed, TYPED)
    if entry.outcome:
        yield Fact("Suite", _OUTCOMES.get(entry.outcome.kind, entry.outcome.kind), TYPED)
    if entry.waiting:
        yield Fact("Liste d'attente", "oui", TYPED)
    if entry.comment:
        yield Fact("Commentaire", "oui", TYPED, "reste au cabinet, jamais envoyé au patient")


_OUTCOMES = {
    "cancelled": "annulé", "absent": "absent", "excused": "absence excusée", "unexcused": "absence non excusée",
    "late": "en retard", "arrived": "arrivé", "honoured": "honoré",
}  # fmt: skip
