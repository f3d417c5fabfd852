"""`patients show | merge | erase`: one record at a time."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose
from sync.cli.output import as_json, say, table

if TYPE_CHECKING:
    from rules.model import Patient, Practice
    from sync.core.context import World
    from sync.people.erase import Erased
    from sync.people.merge import Merger
    from sync.store.bookings import BookingRow
    from sync.store.engine import Tx

_FIELDS = {
    "family_name": "Nom", "given_name": "Prénom", "birth_name": "Nom de naissance", "birth_date": "Naissance",
    "mobile": "Mobile", "email": "E-mail", "address": "Adresse", "dentist": "Dentiste", "guardian": "Responsable",
    "foreign_id": "N° du logiciel", "guardian_mobile": "Mobile du responsable",
    "guardian_email": "E-mail du responsable", "guardian_since": "Responsable noté le",
    "without_mobile": "Sans mobile", "without_mobile_since": "Sans mobile, noté le",
    "without_email": "Sans e-mail", "without_email_since": "Sans e-mail, noté le",
    "no_sms_since": "Ne veut plus de SMS, dit le", "no_email_since": "Ne veut plus d'e-mails, dit le",
}  # fmt: skip
_DAYS = frozenset(name for name in _FIELDS if name.endswith(("_date", "_since")))
_STATES = {"valid": "validé", "invalid": "à compléter", "vanished": "annulé"}
_ENDINGS = {"honoured": "honoré", "excused": "absence excusée", "unexcused": "absence non excusée"}


class Card(Struct, frozen=True):
    """Everything that the store knows of one patient."""

    patient: Patient
    provisional: bool
    coming: list[BookingRow]
    past: list[BookingRow]
    history: list[dict[str, Any]]
    consents: list[dict[str, Any]]


_WHO = typer.Argument(metavar="N°|RECHERCHE", help="Numéro du dossier, nom, mobile, naissance.")
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Sans demander.")]


def show(
    who: Annotated[list[str], _WHO],
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Montrer un dossier : renseignements, rendez-vous, absences, accords, historique.

    Exemples : attitre patients show 42 ; attitre patients show dupont marie
    """
    from sync.cli.practices import desk, one_settings

    with desk(one_settings(config)) as world:
        record = _one(world, " ".join(who))
        with world.store.read() as tx:
            card = _card(world, tx, record)
    if json:
        as_json(_data(card))
    else:
        _print(card, world.practice)


def merge(  # noqa: PLR0917  options
    first: Annotated[str, typer.Argument(metavar="DOSSIER", help="Celui qui reste : numéro ou recherche.")],
    second: Annotated[str, typer.Argument(metavar="DOUBLON", help="Celui qui disparaît.")],
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Même si ce semblent être deux personnes.")] = False,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Réunir deux dossiers d'une même personne : aperçu, puis confirmation. Jamais fait tout seul.

    Exemple : attitre patients merge 42 57
    """
    from sync.cli.practices import desk, one_settings
    from sync.people.merge import merge as unite

    with desk(one_settings(config)) as world:
        planned = _merger(world, _one(world, first), _one(world, second))
        if planned.conflict and not force:
            raise Failure(f"{planned.conflict} Rien n'est fait. Si c'est bien la même : --force.")
        if not json:
            _preview(planned, world.practice)
        done = _agreed(yes, "Réunir ces deux dossiers ?", quiet=json)
        if done:
            with world.store.write() as tx:
                unite(tx, planned, world.now(), world.practice.zone)
    if json:
        names = {"kept": planned.kept.id, "merged": planned.given_up.id, "bookings": planned.bookings}
        as_json({**names, "conflict": planned.conflict, "done": done})
    elif done:
        say(f"Réunis sous le n° {planned.kept.id} ({planned.bookings} rendez-vous repris).")


def erase(  # noqa: PLR0917  options
    who: Annotated[list[str], _WHO],
    yes: Yes = False,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Effacer un patient (RGPD) : plus rien dans la base ne dit qui c'était. Ses événements restent à supprimer.

    Exemple : attitre patients erase 42
    """
    from sync.cli.practices import desk, one_settings
    from sync.people import erase as erasure
    from sync.store import resources

    with desk(one_settings(config)) as world:
        record = _one(world, " ".join(who))
        if not json:
            say(f"À effacer définitivement : n° {record.id}, {_label(record)}, avec tous ses rendez-vous et messages.")
        done = _agreed(yes, "Effacer ce patient ?", quiet=json)
        erased = erasure.Erased((), 0, 0)
        if done:
            with world.store.write() as tx:
                if resources.backlog_is_open(tx):  # an event that was never evaluated would bring the record back
                    raise Failure(NOT_ALL_KNOWN)
                erased = erasure.erase(world, tx, record)
            world.store.shred()
    if json:
        events = [{"dentist": one.dentist, "start": one.start, "uid": one.uid} for one in erased.events]
        counts = {"bookings": erased.bookings, "others": erased.others}
        as_json({"id": record.id, "done": done, **counts, "events": events})
    elif done:
        _say_erased(erased, world)


NOT_ALL_KNOWN = (
    "Des rendez-vous restent à vérifier : on ne sait pas encore lesquels sont de ce patient. Rien n'est fait. "
    "Réessayez quand « attitre status » n'en compte plus."
)


# --- whom ------------------------------------------------------------------------------------------------------------


def _one(world: World, term: str) -> Patient:
    """The one record meant. Raises Failure where it is nobody, or several."""
    from sync.cli.find_patient import find_patient
    from sync.store import patients

    if term.strip(" #").isdigit() and len(term.strip(" #")) <= 7:
        with world.store.read() as tx:
            found = [one] if (one := patients.get(tx, int(term.strip(" #")))) else []
    else:
        found = find_patient(world, term)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(f"Aucun patient ne correspond à « {term} ».")
    shown = "\n".join(f"  {one.id} : {_label(one)}" for one in found[:20])
    raise Failure(f"Plusieurs patients correspondent à « {term} » : donnez le numéro.\n{shown}")


def _label(patient: Patient) -> str:
    from rules.patients.shown import label

    return label(patient)


def _agreed(yes: bool, question: str, *, quiet: bool = False) -> bool:
    if yes:
        return True
    if quiet or not sys.stdin.isatty():
        if not quiet:
            say("Aperçu seulement : rien n'est fait. Pour le faire, ajoutez --yes.")
        return False
    from sync.cli.init import ask

    return ask.yes(question, default=False)


# --- show ------------------------------------------------------------------------------------------------------------


def _card(world: World, tx: Tx, record: Patient) -> Card:
    from sync.store import bookings, consents, patients

    assert record.id is not None
    now, rows = world.now(), bookings.of_patient(tx, record.id, world.practice.zone)
    agreed = [{"booking": row.id, "start": row.start, **one} for row in rows for one in consents.noted(tx, row.id)]
    return Card(
        record,
        any(one.patient == record.id for one in patients.provisional(tx)),
        [row for row in rows if row.end > now],
        [row for row in rows if row.end <= now],
        patients.history(tx, record.id),
        agreed,
    )


def _missed(card: Card) -> list[date]:
    from sync.store.attendance import UNEXCUSED

    return [row.start.date() for row in card.past if row.attendance == UNEXCUSED]


def _data(card: Card) -> dict[str, Any]:
    record = {name: getattr(card.patient, name) for name in _FIELDS}
    return {
        "id": card.patient.id, "name": card.patient.name, **record, "provisional": card.provisional,
        "coming": [_booking(row) for row in card.coming], "past": [_booking(row) for row in card.past],
        "remarks": _missed(card),
        "consents": card.consents, "history": card.history,
    }  # fmt: skip


def _booking(row: BookingRow) -> dict[str, Any]:
    return {
        "booking": row.id, "uid": row.uid, "start": row.start, "end": row.end, "dentist": row.dentist,
        "motif": row.facts.motif, "state": row.state, "attendance": row.attendance, "reason": row.attendance_reason,
        "findings": [{"rule": one.rule, "severity": one.severity, "text": one.text} for one in row.findings],
    }  # fmt: skip


def _print(card: Card, practice: Practice) -> None:
    say(f"N° {card.patient.id}  {_label(card.patient)}")
    for name, label in _FIELDS.items():
        value = _shown(name, getattr(card.patient, name), practice)
        if value and name not in {"family_name", "given_name", "birth_date"}:
            say(f"  {label} : {value}{' (provisoire)' if name == 'dentist' and card.provisional else ''}")
    missed = [f"{day:%d/%m/%Y}" for day in _missed(card)]
    if missed:
        from rules.text.french import counted

        say(f"  {counted(len(missed), 'absence non excusée', 'absences non excusées')} : {', '.join(missed)}")
    off = [row for row in card.coming if row.state == "vanished"]
    coming = [row for row in card.coming if row not in off]
    for title, rows in (("À venir", coming), *([("Annulés", off)] if off else []), ("Passés", card.past)):
        say(f"\n{title}")
        lines = [_line(row, practice) for row in rows]
        table(("Date", "Dentiste", "Motif", "État"), lines, "Aucun rendez-vous.")
    if card.consents:
        say("\nAccords pour un autre dentiste")
        agreed = [
            (f"{one['start']:%d/%m/%Y}", practice.name_of(one["dentist"]), one["detail"]) for one in card.consents
        ]
        table(("Rendez-vous", "Dentiste", "Accord"), agreed, "")
    if card.history:
        say("\nHistorique")
        changes = [
            (
                f"{one['at']:%d/%m/%Y}",
                _FIELDS.get(one["field"], one["field"]),
                _shown(one["field"], one["old"], practice),
                _shown(one["field"], one["new"], practice),
            )
            for one in card.history
        ]
        table(("Le", "Renseignement", "Avant", "Après"), changes, "")


def _line(row: BookingRow, practice: Practice) -> tuple[str, str, str, str]:
    state = _ENDINGS.get(row.attendance or "", _STATES.get(row.state, row.state))
    return f"{row.start:%d/%m/%Y %H:%M}", practice.name_of(row.dentist), row.facts.motif or "", state


def _shown(name: str, value: Any, practice: Practice) -> str:
    """As people read it: a dentist's name, a number as it is dialled."""
    from rules.text.french import phone

    if not value:
        return ""
    if name in _DAYS and isinstance(value, str):  # as the history keeps it
        value = datetime.fromisoformat(value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return practice.name_of(value) if name == "dentist" else phone(str(value))


# --- merge and erase -------------------------------------------------------------------------------------------------


def _merger(world: World, first: Patient, second: Patient) -> Merger:
    from sync.people.merge import preview

    if first.id == second.id:
        raise Failure("C'est le même dossier.")
    with world.store.read() as tx:
        return preview(tx, first, second, world.practice.zone)


def _preview(planned: Merger, practice: Practice) -> None:
    kept, given_up = planned.kept, planned.given_up
    say(f"n° {given_up.id} ({_label(given_up)}) rejoint n° {kept.id} ({_label(kept)}) :")
    lines = [
        (label, stays, "" if goes == stays else goes)
        for name, label in _FIELDS.items()
        for stays, goes in [[_shown(name, getattr(one, name), practice) for one in (kept, given_up)]]
        if stays or goes
    ]
    table(("Renseignement", "Gardé", "Abandonné"), lines, "")
    say(f"{planned.bookings} rendez-vous suivront.")


def _say_erased(erased: Erased, world: World) -> None:
    say(f"Effacé : {erased.bookings} rendez-vous et leurs messages ne sont plus dans la base.")
    if erased.events:
        say("\nÀ supprimer vous-même dans les agendas (son nom y est encore) :")
        rows = [(f"{one.start:%d/%m/%Y %H:%M}", world.practice.name_of(one.dentist)) for one in erased.events]
        table(("Date", "Agenda"), rows, "")
    if erased.others:
        say(f"{erased.others} rendez-vous d'autres patients le citaient : corrigés au prochain passage.")
