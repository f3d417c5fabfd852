"""`patients import | search | export`: the directory; one record at a time is `patient`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from sync.cli.commands.imported import say_problems
from sync.cli.commands.patient import erase, show
from sync.cli.commands.patient import merge as merge_two
from sync.cli.frame import BESIDE, Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, table
from sync.cli.usage import Commands, Group

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from adapters.patients import Import
    from rules.model import Patient
    from sync.core.context import World
    from sync.store.engine import Tx

patients = Commands(
    beside=BESIDE,
    cls=Group,
    help="Le fichier des patients : importer, chercher, montrer, réunir, effacer, exporter.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(patients, name="patients")
patients.command("show")(show)
patients.command("merge")(merge_two)
patients.command("erase")(erase)
_SHOWN = 10


class Merge(Struct, frozen=True):
    """What an import would do: records to create, to change, and the number of those unchanged."""

    new: tuple[Patient, ...]
    changed: tuple[Patient, ...]
    same: int


@patients.command("import")
def import_(  # noqa: PLR0917  options
    file: Annotated[
        Path,
        typer.Argument(metavar="FICHIER.csv", help="Colonnes : nom;prenom;naissance;mobile;email;adresse;dentiste."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Importer sans demander.")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Chaque ligne à corriger, si nombreuses soient-elles.")
    ] = False,
    config: Configs = None,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Importer un fichier CSV : aperçu, puis confirmation. Refaire le même import ne change rien.

    Les colonnes de Doctolib, Logos_w ou LibreOsteo sont reconnues, et l'adresse en plusieurs colonnes.

    Exemples : attitre patients import patients.csv ; attitre patients import patients.csv --yes
    """
    from sync.cli.practices import desk, one_settings

    settings = one_settings(config)
    with desk(settings) as world:
        read = _read(world, file)
        say_problems(read.problems, file, details=details)
        with world.store.read() as tx:
            plan = merge(tx, [row.patient for row in read.rows])
        _preview(plan)
        if not (plan.new or plan.changed):
            if not read.rows:
                raise Failure("Rien à importer.")
            return
        if _agreed(yes):
            _store(world, read)


def _read(world: World, file: Path) -> Import:
    from adapters.patients import read_csv

    try:
        content = file.read_bytes()
    except OSError as error:
        raise Failure(f"Le fichier {file} ne peut pas être lu : {error.strerror}.") from error
    names = {dentist.key: dentist.name for dentist in world.practice.dentists}
    return read_csv(content, names, world.now().date())


def merge(tx: Tx, incoming: list[Patient]) -> Merge:
    """Compare with the directory. The same foreign id, or else the same name and birth date, is the same person."""
    from sync.store import patients as records

    standing = records.every(tx)
    by_id = {one.foreign_id: one for one in standing if one.foreign_id}
    by_name = {_identity(one): one for one in standing}
    new: dict[tuple[object, ...], Patient] = {}
    changed: dict[int, Patient] = {}
    for one in incoming:
        before = by_id.get(one.foreign_id) if one.foreign_id else None
        before = before or _same_person(by_name.get(_identity(one)), one)
        if before is None:
            new[(one.foreign_id or "", *_identity(one))] = one
        elif (after := _combined(changed.get(before.id or 0, before), one)) != before:
            changed[before.id or 0] = after
    return Merge(tuple(new.values()), tuple(changed.values()), len(incoming) - len(new) - len(changed))


def _same_person(before: Patient | None, one: Patient) -> Patient | None:
    """Two numbers of the practice's software are two people, whatever their names."""
    other = before is not None and before.foreign_id and one.foreign_id and before.foreign_id != one.foreign_id
    return None if other else before


def _identity(patient: Patient) -> tuple[object, ...]:
    from rules.text.fold import key

    return key(patient.family_name), key(patient.given_name), patient.birth_date


def _combined(before: Patient, one: Patient) -> Patient:
    """What the file says; where it says nothing, what stood there."""
    from sync.store.patients import DETAILS

    told = {name: value for name in DETAILS if (value := getattr(one, name)) is not None}
    return replace(before, **told)


def _preview(plan: Merge) -> None:
    say(f"{len(plan.new)} à créer, {len(plan.changed)} à mettre à jour, {plan.same} sans changement.")
    for sign, people in (("+", plan.new), ("~", plan.changed)):
        for patient in people[:_SHOWN]:
            say(f"  {sign} {_shown(patient)}")
        if len(people) > _SHOWN:
            say(f"  {sign} … et {len(people) - _SHOWN} autres")


def _shown(patient: Patient) -> str:
    from rules.patients.shown import label

    return label(patient)


def _agreed(yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        say("Aperçu seulement : rien n'est importé. Pour importer, ajoutez --yes.")
        return False
    from sync.cli.init import ask

    return ask.yes("Importer ?", default=False)


def _store(world: World, read: Import) -> None:
    """Compare again inside the writing transaction, since a running worker may have stored somebody meanwhile."""
    from rules.text.french import counted

    with world.store.write() as tx:
        plan = merge(tx, [row.patient for row in read.rows])
        store(tx, plan, world.now(), world.practice.zone)
    say(f"Importé : {counted(len(plan.new), 'créé', 'créés')}, {len(plan.changed)} mis à jour.")


def store(tx: Tx, plan: Merge, now: datetime, zone: ZoneInfo) -> None:
    """Save the records; future events are evaluated again, since they may name the new patients."""
    from sync.evaluate.own_dentist import reconsider
    from sync.store import backlog
    from sync.store import patients as records

    for patient in (*plan.new, *plan.changed):
        reconsider(tx, records.save(tx, patient, now, source="import"), now, zone)
    if plan.new:
        backlog.put(tx, now)


@patients.command()
def search(
    term: Annotated[list[str], typer.Argument(metavar="RECHERCHE", help="Nom, mobile, e-mail ou date de naissance.")],
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Chercher un patient : nom, téléphone ou date de naissance.

    Exemples : attitre patients search dupont ; attitre patients search 12/05/1981
    """
    from rules.text.french import phone
    from sync.cli.find_patient import find_patient
    from sync.cli.practices import desk, one_settings

    with desk(one_settings(config)) as world:
        found = find_patient(world, " ".join(term))
    data = [
        {
            "id": one.id, "name": one.name, "birth_date": one.birth_date, "mobile": one.mobile, "email": one.email,
            "dentist": one.dentist,
        }
        for one in found
    ]  # fmt: skip
    if json:
        as_json(data)
    else:
        rows = [
            (str(one.id), one.name, f"{one.birth_date:%d/%m/%Y}" if one.birth_date else "", phone(one.mobile or ""),
             one.email or "", world.practice.name_of(one.dentist) if one.dentist else "")
            for one in found
        ]  # fmt: skip
        table(("N°", "Nom", "Naissance", "Mobile", "E-mail", "Dentiste"), rows, "Aucun patient trouvé.")
    if not found:
        raise typer.Exit(1)


@patients.command()
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FICHIER", help="Sinon, à l'écran.")] = None,
    config: Configs = None,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Exporter tout le fichier, avec les mêmes colonnes que l'import.

    Exemple : attitre patients export -o patients.csv
    """
    from adapters.patients import write_csv
    from rules.text.french import counted
    from sync.cli.practices import desk, one_settings
    from sync.store import patients as records

    with desk(one_settings(config)) as world:
        with world.store.read() as tx:
            everybody = records.every(tx)
        content = write_csv(everybody, {dentist.key: dentist.name for dentist in world.practice.dentists})
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.touch(mode=0o600)
        output.write_bytes(content)
    except OSError as error:
        raise Failure(f"Le fichier {output} ne peut pas être écrit : {error.strerror}.") from error
    say(f"{counted(len(everybody), 'patient', 'patients')} dans {output}.")
