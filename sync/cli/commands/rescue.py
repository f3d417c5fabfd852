"""`rescue`: other times of the same dentist for the patients of an absence (P24)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, table
from sync.cli.typed import day_of, dentist_of

if TYPE_CHECKING:
    from sync.core.context import World
    from sync.people.rescue import Line


@app.command()
def rescue(  # noqa: PLR0917  options
    dentist: Annotated[str, typer.Argument(metavar="DENTISTE", help="Clé, nom, agenda ou adresse.")],
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="Premier jour : 24/11/2026 ou 2026-11-24.")],
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="Dernier jour compris.")],
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Proposer d'autres dates aux patients dont le rendez-vous tombe sur une absence du dentiste, par SMS et e-mail.

    L'absence doit être dans l'agenda : c'est là que leurs réponses s'affichent, comme si « Proposer d'autres dates » y
    était tapé. Chacun n'est interrogé qu'une fois ; rien n'est annulé. En JSON : booking, start, patient, asked,
    reason.

    Exemple : attitre rescue martin --from 07/12/2026 --to 11/12/2026
    """
    from sync.cli.practices import desk, one_settings
    from sync.people import rescue as people

    with desk(one_settings(config)) as world:
        who = dentist_of(world, dentist)
        assert who is not None
        first, last = _span(world, since, until)
        with world.store.read() as tx:
            known = people.absences(world, tx, who, first, last)
        _possible(world, who, absent=bool(known))
        lines = people.offer(world, who, first, last)
    if json:
        as_json([_data(one) for one in lines])
    else:
        _show(lines)


def _possible(world: World, dentist: str, *, absent: bool) -> None:
    """Raises Failure with what to do first."""
    called = world.practice.name_of(dentist)
    if world.practice.page_url is None:
        raise Failure("Sans page des patients (page.public_url dans la configuration), aucun lien ne peut être envoyé.")
    if not absent:
        raise Failure(f"Aucune absence de {called} n'est dans l'agenda à ces dates : saisissez-la d'abord.")


def _span(world: World, since: str, until: str) -> tuple[datetime, datetime]:
    first, last = day_of(since), day_of(until)
    if last < first:
        raise typer.BadParameter("la date de fin est avant celle de début.")
    zone = world.practice.zone
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def _data(line: Line) -> dict[str, Any]:
    row = line.booking
    asked = not line.why_not
    return {
        "booking": row.id, "start": row.start, "patient": row.facts.name, "asked": asked, "reason": line.why_not,
    }  # fmt: skip


def _show(lines: list[Line]) -> None:
    rows = [(f"{one.booking.start:%d/%m/%Y %H:%M}", one.booking.facts.name, _said(one)) for one in lines]
    table(("Rendez-vous", "Patient", "Autres dates"), rows, "Aucun rendez-vous ne tombe sur cette absence.")
    asked = len([one for one in lines if not one.why_not and not one.again])
    if asked:
        from rules.text.french import counted

        answers = "sa réponse s'affichera" if asked == 1 else "leurs réponses s'afficheront"
        say(f"\nProposées à {counted(asked, 'patient', 'patients')} ; {answers} dans l'absence, dans l'agenda.")


def _said(line: Line) -> str:
    return line.why_not or ("déjà proposées" if line.again else "proposées")
