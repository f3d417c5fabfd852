"""`links revoke`: ends the links in messages that patients received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli.frame import BESIDE, Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say
from sync.cli.usage import Commands, Group

if TYPE_CHECKING:
    from sync.core.context import World

links = Commands(
    beside=BESIDE,
    cls=Group,
    help="Les liens reçus par les patients : les rendre inutilisables.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(links, name="links")


@links.command()
def revoke(  # noqa: PLR0917  options
    who: Annotated[
        list[str] | None,
        typer.Argument(metavar="[N°|PATIENT]", help="Numéro d'un rendez-vous, ou nom, mobile d'un patient."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Tous les liens du cabinet.")] = False,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Rendre des liens inutilisables, par exemple si un message est parti à un mauvais numéro. Le prochain message en
    donne un nouveau.

    Exemples : attitre links revoke 128 ; attitre links revoke dupont marie ; attitre links revoke --all
    """
    from sync.cli.practices import desk, one_settings

    if every == bool(who):
        raise Failure("De qui ? Donnez le numéro d'un rendez-vous, un patient, ou --all.")
    with desk(one_settings(config)) as world:
        count = _revoked(world, " ".join(who or ()))
    if json:
        as_json({"revoked": count})
    else:
        say({0: "Aucun lien à révoquer.", 1: "1 lien révoqué."}.get(count, f"{count} liens révoqués."))


def _revoked(world: World, who: str) -> int:
    """Revoke the links of that booking or patient; of everybody where nobody is named."""
    from sync.store import bookings
    from sync.store import links as stored

    if not who:
        with world.store.write() as tx:
            return stored.revoke(tx, world.now())
    number = who.strip(" #")
    if number.isdecimal() and len(number) <= 9:
        with world.store.write() as tx:
            if bookings.get(tx, int(number), world.practice.zone) is None:
                raise Failure(f"Aucun rendez-vous n'a le numéro {number}.")
            return stored.revoke(tx, world.now(), booking=int(number))
    patient = _patient(world, who)
    with world.store.write() as tx:
        return stored.revoke(tx, world.now(), patient=patient)


def _patient(world: World, term: str) -> int:
    """The number of the one patient meant. Raises Failure where it is nobody, or several."""
    from rules.patients.shown import label
    from sync.cli.find_patient import find_patient

    found = find_patient(world, term)
    if len(found) == 1 and found[0].id is not None:
        return found[0].id
    if not found:
        raise Failure(f"Aucun patient ne correspond à « {term} ».")
    shown = "\n".join(f"  {label(one)}" for one in found[:20])
    raise Failure(f"Plusieurs patients correspondent à « {term} » : précisez.\n{shown}")
