"""`waiting`: who waits for an earlier slot, what was offered to whom, and how it ended (P44)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say
from sync.cli.page import grid, title

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sync.core.context import World
    from sync.store.engine import Tx
    from sync.store.offers import OfferRow
    from sync.store.waiting_entries import EntryRow


_MEANT = (
    "Pour retirer une proposition : attitre waiting stop 12 ; toutes : attitre waiting stop ; "
    "la liste, avec les numéros : attitre waiting"
)


@app.command()
def waiting(  # noqa: PLR0917  options
    action: Annotated[str | None, typer.Argument(metavar="[stop]", help="Retirer des propositions en cours.")] = None,
    offer: Annotated[
        int | None, typer.Argument(metavar="[N°]", help="Numéro d'une proposition ; sans lui, toutes.")
    ] = None,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """La liste d'attente : qui attend, quels créneaux sont proposés à qui, et comment cela a fini depuis sept jours.

    « stop » retire une proposition, ou toutes : leurs patients lisent que le cabinet a repris le créneau.

    Exemples : attitre waiting ; attitre waiting stop 12 ; attitre waiting stop
    """
    from sync.cli.practices import desk, one_settings

    if action not in {None, "stop"}:
        raise typer.BadParameter(f"« {action} » n'est pas une action. {_MEANT}")
    with desk(one_settings(config)) as world:
        if action:
            _stop(world, offer, json=json)
        else:
            _list(world, json=json)


def _stop(world: World, number: int | None, *, json: bool) -> None:
    from sync.store import offers
    from sync.waiting.answers import STOPPED, withdraw

    with world.store.write() as tx:
        live = [one for one in offers.in_states(tx, world.practice.zone, offers.OPEN) if one.gap]
        chosen = [one for one in live if number in {None, one.id}]
        if number is not None and not chosen:
            raise Failure(f"Aucune proposition en cours n'a le numéro {number}. La liste : attitre waiting")
        for one in chosen:
            withdraw(world, tx, one, STOPPED, world.now())
        names = [entry.standing.name if (entry := _entry_of(world, tx, one)) else "" for one in chosen]
    if json:
        as_json({"withdrawn": [one.id for one in chosen]})
    else:
        _say_stopped(list(zip(chosen, names, strict=True)))


def _entry_of(world: World, tx: Tx, offer: OfferRow) -> EntryRow | None:
    from sync.store import waiting_entries

    return waiting_entries.get(tx, offer.waiting, world.practice.zone)


def _say_stopped(stopped: list[tuple[OfferRow, str]]) -> None:
    """Which ones: without a number all are withdrawn."""
    from rules.text.french import counted

    if not stopped:
        say("Aucune proposition en cours.")
        return
    say(f"{counted(len(stopped), 'proposition retirée', 'propositions retirées')} :")
    grid([(f"n° {one.id}", name, f"{one.start:%d/%m/%Y %H:%M}") for one, name in stopped])


def _list(world: World, *, json: bool) -> None:
    from sync.waiting import report

    with world.store.read() as tx:
        entries = [_entry(one) for one in report.entries(world, tx)]
        asked = [_asked(one) for one in report.asked_lately(world, tx)]
    if json:
        as_json({"entries": entries, "offers": asked})
        return
    if world.practice.waiting is None:
        say("La liste d'attente n'est pas configurée (« waiting_list: »).")
    _show(world, entries, asked)


def _entry(row: Any) -> dict[str, Any]:
    from rules.entry.wished_times import said
    from rules.model import ANY_TIME

    one = row.standing
    wish = "" if one.wish == ANY_TIME else said(one.wish)
    return {
        "id": row.id, "patient": one.name, "dentist": one.dentist, "motif": one.motif, "minutes": one.minutes,
        "wish": wish, "since": row.since, "held": one.held, "state": str(row.state), "urgent": one.urgent,
        "origin": str(row.origin), "complete": one.fit,
    }  # fmt: skip


def _asked(one: Any) -> dict[str, Any]:
    offer = one.offer
    return {
        "id": offer.id, "patient": one.name, "dentist": offer.dentist, "start": offer.start, "asked": offer.made_at,
        "until": offer.until, "state": str(offer.state), "end": one.end,
    }  # fmt: skip


def _show(world: World, entries: list[dict[str, Any]], asked: list[dict[str, Any]]) -> None:
    from rules.telling.spoken_names import short
    from sync.store.states import EntryState
    from sync.waiting.report import ENTRY_STATES

    practice, zone = world.practice, world.practice.zone
    title("Qui attend" if entries else "Personne n'attend.")
    rows = [
        (
            one["patient"], short(one["dentist"], practice), one["motif"] or "",
            f"{one['since'].astimezone(zone):%d/%m/%Y}", f"{one['held']:%d/%m/%Y %H:%M}" if one["held"] else "–",
            ENTRY_STATES[EntryState(one["state"])] if one["complete"] else "à compléter",
            one["wish"],
        )
        for one in entries
    ]  # fmt: skip
    grid(rows, ("Patient", "Dentiste", "Motif", "Depuis", "Rendez-vous", "État", "Souhait"))
    title("Créneaux proposés depuis sept jours" if asked else "Aucun créneau proposé depuis sept jours.")
    lines = [
        (
            str(one["id"]), f"{one['start']:%d/%m/%Y %H:%M}", short(one["dentist"], practice), one["patient"],
            f"{one['asked'].astimezone(zone):%d/%m %H:%M}", _until(one, zone), one["end"],
        )
        for one in asked
    ]  # fmt: skip
    grid(lines, ("N°", "Créneau", "Dentiste", "Patient", "Proposé", "Jusqu'à", "Résultat"))


def _until(asked: dict[str, Any], zone: ZoneInfo) -> str:
    """Until when it could be answered: the hour, and the day where that is another."""
    at, until = asked["asked"].astimezone(zone), asked["until"].astimezone(zone)
    return f"{until:%H:%M}" if until.date() == at.date() else f"{until:%d/%m %H:%M}"
